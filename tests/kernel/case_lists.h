/* case_lists.h - coalition lists, backgrounds and outputs for the two mean stages. */
#ifndef APO_TESTS_KERNEL_CASE_LISTS_H
#define APO_TESTS_KERNEL_CASE_LISTS_H

#include "tests/kernel/kernel_case.h"

/* What coalition_mean and linear_mean share. */
typedef struct case_lists {
  uint32_t n_rows;
  uint32_t n_lists;
  uint32_t n_players;
  uint32_t n_outputs;
  uint32_t n_planes;
  uint32_t n_words;
  uint32_t first_background;
  uint32_t n_background; /* rows from first_background on; the buffers have two more behind */
  uint32_t n_blocks;     /* the last one is short */
  uint32_t n_chunks;
  float response_scale;
} case_lists;

/** Sizes by seed; small ones keep a second row, list and chunk, and a second block where
 * `is_cheap`. */
case_lists case_lists_choose(
    uint64_t seed, uint32_t group, apo_i32 response, bool is_small, bool is_cheap);

/** Rows of background that the buffers hold. */
uint32_t case_lists_background_rows(const case_lists *lists);

/** Weights, members and list numbers; `weight`, `member` and `list_of_row` number the buffers. */
void case_lists_buffers(const case_lists *lists,
                        uint64_t *state,
                        size_t weight,
                        size_t member,
                        size_t list_of_row,
                        kernel_case *out);

/** Floats that the stage writes: [n_rows x n_blocks x n_planes x n_outputs x 32 n_words]. */
size_t case_lists_n_partial(const case_lists *lists);

#endif
