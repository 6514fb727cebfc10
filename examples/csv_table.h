/* csv_table.h - rows in memory for the examples, and just enough CSV to fill them: a line of names,
 * then numbers.  An empty field is a missing value.  Quotes are not understood. */
#ifndef APO_EXAMPLES_CSV_TABLE_H
#define APO_EXAMPLES_CSV_TABLE_H

#include <apportion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct csv_table {
  apo_rows rows;
  double *values;   /* [n_rows x n_cols]; freed by the caller */
  uint64_t n_given; /* rows that table_source has handed out */
} csv_table;

static inline void die(const char *where, const char *what) {
  fprintf(stderr, "%s: %s\n", where, what);
  exit(1);
}

/* The fields of a line as numbers; returns how many there are, at most `max_fields`. */
static inline uint32_t read_fields(const char *line, double *out, uint32_t max_fields) {
  uint32_t n = 0;
  while (n < max_fields) {
    char *end;
    out[n] = strtod(line, &end);
    if (end == line) out[n] = (double)NAN;
    ++n;
    line += strcspn(line, ",\r\n");
    if (*line != ',') break;
    ++line;
  }
  return n;
}

/** Read at most `max_rows` lines of a file. */
static inline csv_table csv_read(const char *path, uint64_t max_rows) {
  static char line[1 << 16];
  csv_table table = {.rows = {.n_cols = 1, .col_stride = 1, .dtype = APO_F64}};
  FILE *file = fopen(path, "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) die(path, "cannot be read");
  for (const char *at = line; *at != '\0'; ++at) table.rows.n_cols += *at == ',';
  const uint32_t n_cols = table.rows.n_cols;
  while (table.rows.n_rows < max_rows && fgets(line, sizeof line, file) != NULL) {
    const size_t n = (size_t)(table.rows.n_rows + 1) * n_cols;
    table.values = realloc(table.values, n * sizeof *table.values);
    if (table.values == NULL) die(path, "no memory");
    if (read_fields(line, table.values + n - n_cols, n_cols) != n_cols) die(path, "a short line");
    ++table.rows.n_rows;
  }
  fclose(file);
  table.rows.values = table.values;
  table.rows.row_stride = n_cols;
  return table;
}

static inline apo_status table_next(void *context, uint64_t max_rows, apo_rows *out, apo_error *e) {
  csv_table *table = context;
  const uint64_t n_left = table->rows.n_rows - table->n_given;
  (void)e;
  *out = table->rows;
  out->values = table->values + table->n_given * table->rows.n_cols;
  out->n_rows = n_left < max_rows ? n_left : max_rows;
  table->n_given += out->n_rows;
  return APO_OK;
}

/** The table as rows for the library; each row once. */
static inline apo_source table_source(csv_table *table) {
  table->n_given = 0;
  return (apo_source){table, table_next};
}

/** The bytes of a file, to be freed; their number in `*n_bytes`. */
static inline void *read_bytes(const char *path, size_t *n_bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) die(path, "cannot be read");
  const long n = ftell(file);
  rewind(file);
  void *bytes = malloc(n > 0 ? (size_t)n : 1);
  *n_bytes = (size_t)n;
  if (n < 0 || bytes == NULL || fread(bytes, 1, (size_t)n, file) != (size_t)n) {
    die(path, "cannot be read");
  }
  fclose(file);
  return bytes;
}

#endif
