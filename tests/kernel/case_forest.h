/* case_forest.h - forests for the cases of the stages that walk trees.
 *
 * A case forest has trees of one leaf, grown trees and chains; with sets, also categories, equality
 * and splits for which zero is missing.  It is built as a model and compiled as a run compiles it.
 * Codes of 4 bytes come from a forest with so many cuts that it needs them, or are widened.
 */
#ifndef APO_TESTS_KERNEL_CASE_FOREST_H
#define APO_TESTS_KERNEL_CASE_FOREST_H

#include "engine/codes/code_forest.h"
#include "tests/kernel/kernel_case.h"

typedef struct case_forest_wish {
  uint64_t seed;
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_trees;
  uint32_t max_depth;   /* of grown trees */
  uint32_t chain_depth; /* of every seventh tree */
  bool has_sets;
  bool vector_leaves;
  bool cast_f32;
  bool many_cuts; /* more than 2-byte codes hold; has_sets is then ignored */
  size_t code_bytes;
} case_forest_wish;

typedef struct case_forest {
  apo_model *model;
  apo_code_forest *codes;
  size_t code_bytes;
} case_forest;

/** Build it; the program ends when it cannot. */
case_forest case_forest_create(const case_forest_wish *wish);
void case_forest_destroy(case_forest *forest);

/** Codes of rows that sit where splits decide.
 *
 * Shapes:  codes [n_rows x n_columns] of code_bytes
 */
void case_forest_codes(const case_forest *forest, uint64_t *state, size_t n_rows, void *codes);

/** Set buffer `buffer` of a case to a copy of `n_bytes`, and at least one word. */
void *case_buffer_copy(kernel_case *of, size_t buffer, const void *from, size_t n_bytes);

/** Nodes, instances and sets as buffers `node`, `node + 1` and `node + 3`. */
void case_forest_buffers(const case_forest *forest, kernel_case *of, size_t node);

/** Players of columns: as many as columns, or fewer, which makes groups.  Shapes: [n_columns] */
void case_players(uint64_t *state, uint32_t n_columns, uint32_t n_players, uint32_t *out);

/** Most players on a path, as plans count them: at least 1. */
uint32_t case_max_literals(const case_forest *forest, uint32_t n_players);

#endif
