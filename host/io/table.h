/* table.h - what every kind of source is behind apo_table; for the files of host/io only. */
#ifndef APO_HOST_IO_TABLE_H
#define APO_HOST_IO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/io/source.h"

/** The first part of every table. */
struct apo_table {
  uint32_t n_cols;
  uint32_t n_ignored;
  uint64_t n_unknown; /* so far */
  bool is_by_position;
  uint64_t n_rows;          /* UINT64_MAX when not known ahead */
  const char *const *names; /* [n_cols], or NULL */
  const char *const *ids;   /* of the latest block, or NULL */
  /* As apo_source.next, its messages without the path, which source.c puts in front. */
  apo_status (*next)(apo_table *self, uint64_t max_rows, apo_rows *out, apo_error *err);
  void (*destroy)(apo_table *self);
  char *where; /* set and freed by source.c */
};

/** One kind of source; sources.c lists them. */
typedef struct apo_source_kind {
  const char *name;
  /** Is this where these bytes come from?  `head`: the first bytes of a file, none of others. */
  bool (*claims)(const char *where, const uint8_t *head, size_t n_head);
  /** As apo_table_open, its messages with the path. */
  apo_status (*open)(const char *where,
                     const apo_table_options *options,
                     apo_table **out,
                     apo_error *err);
} apo_source_kind;

/** Ends in NULL; the first that claims is taken. */
extern const apo_source_kind *const apo_source_kinds[];

#endif
