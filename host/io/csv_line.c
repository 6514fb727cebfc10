#include "host/io/csv_line.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/core/number.h"

enum { NUMBER_BYTES = 40 };

static bool is_formula(const char *value) {
  double number;
  return *value != '\0' && strchr("=+-@\t\r", *value) != NULL &&
         !apo_number_read(value, strlen(value), &number);
}

static bool reserve(apo_csv_line *line, size_t n_more) {
  if (n_more <= line->capacity - line->n_bytes) return true;
  const size_t capacity = 2 * (line->n_bytes + n_more);
  char *grown = apo_resize(line->bytes, capacity, 1);
  if (grown == NULL) {
    line->has_failed = true;
    return false;
  }
  line->bytes = grown;
  line->capacity = capacity;
  return true;
}

/* A comma where one is needed, and room for a cell of `n_bytes`. */
static bool begin_cell(apo_csv_line *line, size_t n_bytes) {
  if (!reserve(line, n_bytes + 1)) return false;
  if (line->n_cells++ > 0) line->bytes[line->n_bytes++] = ',';
  return true;
}

void apo_csv_line_text(apo_csv_line *line, const char *value) {
  // At most: every byte a doubled quote, two quotes around, an apostrophe.
  if (!begin_cell(line, 2 * strlen(value) + 3)) return;
  const bool is_quoted = strpbrk(value, ",\"\r\n") != NULL;
  char *out = line->bytes + line->n_bytes;
  if (is_quoted) *out++ = '"';
  if (is_formula(value)) *out++ = '\'';
  for (; *value != '\0'; ++value) {
    if (*value == '"') *out++ = '"';
    *out++ = *value;
  }
  if (is_quoted) *out++ = '"';
  line->n_bytes = (size_t)(out - line->bytes);
}

static void put_plain(apo_csv_line *line, const char *number) {
  const size_t n_bytes = strlen(number);
  if (!begin_cell(line, n_bytes)) return;
  memcpy(line->bytes + line->n_bytes, number, n_bytes);
  line->n_bytes += n_bytes;
}

void apo_csv_line_count(apo_csv_line *line, uint64_t value) {
  char number[NUMBER_BYTES];
  snprintf(number, sizeof number, "%" PRIu64, value);
  put_plain(line, number);
}

void apo_csv_line_real(apo_csv_line *line, double value, int n_digits) {
  // printf prints a sign of NaN on some systems and not on others.
  char number[NUMBER_BYTES] = "nan";
  const int first = n_digits > 0 ? n_digits : 15;
  const int last = n_digits > 0 ? n_digits : 17;
  for (int digits = first; digits <= last && !isnan(value); ++digits) {
    snprintf(number, sizeof number, "%.*g", digits, value);
    if (strtod(number, NULL) == value) break;
  }
  put_plain(line, number);
}

apo_status apo_csv_line_end(apo_csv_line *line, apo_output_file *file, apo_error *err) {
  apo_status status = APO_OK;
  if (reserve(line, 1)) line->bytes[line->n_bytes++] = '\n';
  if (line->has_failed) {
    status = apo_fail(err, APO_ERR_MEMORY, "csv: a line: out of memory");
  } else {
    status = apo_output_file_write(file, line->bytes, line->n_bytes, err);
  }
  line->n_bytes = line->n_cells = 0;
  line->has_failed = false;
  return status;
}

void apo_csv_line_clear(apo_csv_line *line) {
  free(line->bytes);
  *line = (apo_csv_line){0};
}
