#define _POSIX_C_SOURCE 200809L
#include "host/io/system_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

apo_status apo_fail_errno(apo_error *err, int code, const char *format, ...) {
  char words[128];
  // strerror() may share one buffer among threads.
  if (strerror_r(code, words, sizeof words) != 0) snprintf(words, sizeof words, "errno %d", code);
  char where[sizeof((apo_error *)0)->message];
  va_list args;
  va_start(args, format);
  vsnprintf(where, sizeof where, format, args);
  va_end(args);
  const apo_status status = apo_fail(err, APO_ERR_IO, "%s: %s", where, words);
  if (err != NULL) err->native = code;
  return status;
}
