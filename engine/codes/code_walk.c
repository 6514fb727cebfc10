#include "engine/codes/code_walk.h"

enum { ROWS = 16 }; /* walked side by side, so that their loads overlap */

static uint32_t code_at(const void *codes, uint32_t code_bytes, size_t at) {
  return code_bytes == 2 ? ((const uint16_t *)codes)[at] : ((const uint32_t *)codes)[at];
}

static uint32_t goes_right(const apo_code_forest *forest, const apo_node *node, uint32_t code) {
  const uint32_t mask = forest->cuts->code_bytes == 2 ? UINT16_MAX : UINT32_MAX;
  if ((node->next & APO_NODE_SET) != 0) {
    const uint32_t bit = (code + 1) & mask;
    return ~forest->set_words[node->cut + bit / 32] >> (bit % 32) & 1;
  }
  return ((code + (node->next >> 31)) & mask) > node->cut ? 1 : 0;
}

// One level down for every row; true while some row was above its leaf.
static bool step(const apo_code_forest *forest, const void *codes, uint32_t n, uint32_t *at) {
  const uint32_t code_bytes = forest->cuts->code_bytes;
  bool is_inside = false;
  for (uint32_t r = 0; r < n; ++r) {
    const apo_node *node = &forest->nodes[at[r]];
    const uint32_t code = code_at(codes, code_bytes, (size_t)r * forest->n_columns + node->column);
    at[r] = (node->next & APO_NODE_NEXT) + goes_right(forest, node, code);
    is_inside = is_inside || node->leaf == APO_NODE_INNER;
  }
  return is_inside;
}

// The same for the usual forest: codes of 2 bytes, no sets, a whole number of rows.
static bool step_usual(const apo_node *nodes,
                       const uint16_t *codes,
                       size_t n_columns,
                       uint32_t *at) {
  uint32_t n_inside = 0;
  for (uint32_t r = 0; r < ROWS; ++r) {
    const apo_node *node = &nodes[at[r]];
    const uint32_t code = codes[r * n_columns + node->column];
    const uint32_t next = node->next;
    n_inside += node->leaf == APO_NODE_INNER;
    at[r] = (next & APO_NODE_NEXT) + (((code + (next >> 31)) & UINT16_MAX) > node->cut);
  }
  return n_inside > 0;
}

// A leaf is its own left child, so all rows take as many steps as the deepest.
static void add_tree(const apo_code_forest *forest,
                     const apo_instance *tree,
                     const void *codes,
                     uint32_t n,
                     int64_t *margin) {
  const bool is_usual = forest->cuts->code_bytes == 2 && !forest->has_sets && n == ROWS;
  uint32_t at[ROWS];
  for (uint32_t r = 0; r < n; ++r) at[r] = tree->root;
  bool is_inside = true;
  for (uint32_t level = 0; level < tree->depth && is_inside; ++level) {
    is_inside = is_usual ? step_usual(forest->nodes, codes, forest->n_columns, at)
                         : step(forest, codes, n, at);
  }
  for (uint32_t r = 0; r < n; ++r) {
    margin[(size_t)r * forest->n_outputs] +=
        forest->leaf64[tree->value_base + forest->nodes[at[r]].leaf];
  }
}

void apo_code_margins(const apo_code_forest *forest,
                      const void *codes,
                      uint64_t n_rows,
                      int64_t *margin) {
  const size_t row_bytes = (size_t)forest->n_columns * forest->cuts->code_bytes;
  for (uint64_t i = 0; i < n_rows * forest->n_outputs; ++i) margin[i] = 0;
  // Trees outside: a tree stays in the nearest cache while rows stream past.
  for (uint32_t k = 0; k < forest->n_outputs; ++k) {
    for (uint32_t i = forest->output_begin[k]; i < forest->output_begin[k + 1]; ++i) {
      for (uint64_t first = 0; first < n_rows; first += ROWS) {
        const uint32_t n = n_rows - first < ROWS ? (uint32_t)(n_rows - first) : ROWS;
        add_tree(forest, &forest->instances[i], (const char *)codes + first * row_bytes, n,
                 margin + first * forest->n_outputs + k);
      }
    }
  }
}
