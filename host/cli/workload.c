/* workload.c - trees in heap order: the children of node i are 2 i + 1 and 2 i + 2. */
#include "host/cli/workload.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/draw.h"
#include "engine/core/memory.h"

enum { N_INNER = (1 << APO_WORKLOAD_DEPTH) - 1, N_LEAVES = N_INNER + 1 };

/* Text that grows; a failure is remembered. */
typedef struct text {
  char *at;
  size_t n_bytes;
  size_t capacity;
  bool failed;
} text;

APO_PRINTF(2, 3) static void add(text *to, const char *format, ...) {
  enum { MAX_PIECE = 512 };
  if (to->failed) return;
  if (to->n_bytes + MAX_PIECE > to->capacity) {
    const size_t capacity = (to->capacity + MAX_PIECE) * 2;
    char *at = apo_resize(to->at, capacity, 1);
    to->failed = at == NULL;
    if (to->failed) return;
    to->at = at;
    to->capacity = capacity;
  }
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(to->at + to->n_bytes, MAX_PIECE, format, args);
  va_end(args);
  if (n > 0) to->n_bytes += (size_t)n;
}

static void add_children(text *to, const char *name, int first) {
  add(to, "\"%s\":[", name);
  for (int node = 0; node < N_INNER; ++node) {
    const int child = 2 * node + first;
    add(to, "%s%d", node > 0 ? "," : "", child < N_INNER ? child : -1 - (child - N_INNER));
  }
  add(to, "],");
}

static void add_tree(text *to, uint64_t seed, uint32_t tree) {
  apo_draw draw = apo_draw_start(seed, APO_STREAM_BENCH, tree, 2);
  add(to, "%s{\"output\":0,\"column\":[", tree > 0 ? "," : "");
  for (int node = 0; node < N_INNER; ++node) {
    add(to, "%s%u", node > 0 ? "," : "", apo_draw_below(&draw, APO_WORKLOAD_COLUMNS));
  }
  add(to, "],\"threshold\":[");
  for (int node = 0; node < N_INNER; ++node) {
    // A multiple of 2^-16 is the same number as float32, and short in decimal.
    add(to, "%s%.17g", node > 0 ? "," : "", (1 + apo_draw_below(&draw, 65535)) / 65536.0);
  }
  add(to, "],");
  add_children(to, "left", 1);
  add_children(to, "right", 2);
  add(to, "\"leaf\":[");
  for (int leaf = 0; leaf < N_LEAVES; ++leaf) {
    const double value = ((double)apo_draw_below(&draw, 65536) - 32768) / 65536 / 8;
    add(to, "%s%.17g", leaf > 0 ? "," : "", value);
  }
  add(to, "]}");
}

apo_status apo_workload_model(
    uint64_t seed, uint32_t n_trees, char **out, size_t *n_bytes, apo_error *err) {
  text to = {0};
  add(&to,
      "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\","
      "\"origin\":{\"library\":\"apportion\"},\"columns\":{\"count\":%d},"
      "\"input\":{\"cast\":\"float32\"},"
      "\"outputs\":{\"count\":1,\"link\":{\"name\":\"sigmoid\"}},"
      "\"forest\":{\"defaults\":{\"op\":\"lt\",\"missing\":\"nan\",\"default_left\":0},"
      "\"trees\":[",
      APO_WORKLOAD_COLUMNS);
  for (uint32_t tree = 0; tree < n_trees; ++tree) add_tree(&to, seed, tree);
  add(&to, "]}}");
  if (to.failed) {
    free(to.at);
    return apo_fail(err, APO_ERR_MEMORY, "workload: %u trees: out of memory", n_trees);
  }
  *out = to.at;
  *n_bytes = to.n_bytes;
  return APO_OK;
}

apo_status apo_workload_rows(uint64_t seed,
                             uint32_t table,
                             uint64_t n_rows,
                             apo_rows *out,
                             double **values_out,
                             apo_error *err) {
  double *values = apo_alloc(n_rows, APO_WORKLOAD_COLUMNS * sizeof *values);
  if (values == NULL) return apo_fail(err, APO_ERR_MEMORY, "workload: rows: out of memory");
  for (uint64_t row = 0; row < n_rows; ++row) {
    apo_draw draw = apo_draw_start(seed, APO_STREAM_BENCH, row, table);
    for (uint32_t col = 0; col < APO_WORKLOAD_COLUMNS; ++col) {
      values[row * APO_WORKLOAD_COLUMNS + col] = apo_draw_unit(&draw);
    }
  }
  *values_out = values;
  *out = (apo_rows){.values = values,
                    .n_rows = n_rows,
                    .row_stride = APO_WORKLOAD_COLUMNS,
                    .col_stride = 1,
                    .n_cols = APO_WORKLOAD_COLUMNS,
                    .dtype = APO_F64};
  return APO_OK;
}
