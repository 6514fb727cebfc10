/* quoted.h - a text of unknown origin, made fit for a message of one line. */
#ifndef APO_HOST_IO_QUOTED_H
#define APO_HOST_IO_QUOTED_H

#include <stddef.h>

enum { APO_QUOTED_BYTES = 64 };

typedef struct apo_quoted {
  char text[APO_QUOTED_BYTES];
} apo_quoted;

/** The text in double quotes; control bytes become '?', and a long text ends in "...". */
apo_quoted apo_quote(const char *text, size_t n_bytes);

#endif
