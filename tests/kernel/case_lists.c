#include "tests/kernel/case_lists.h"

#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/response.h"

// Of both links that have a scale, one that is no power of two.
static float scale_of(apo_i32 response) {
  if (response == APO_RESPONSE_NEG_EXP2) return -0.11552453f;
  return response == APO_RESPONSE_SIGMOID || response == APO_RESPONSE_OVR ? 1.7f : 1.0f;
}

case_lists case_lists_choose(
    uint64_t seed, uint32_t group, apo_i32 response, bool is_small, bool is_cheap) {
  static const uint32_t n_words[] = {68, 4, 132};
  static const uint32_t n_players[] = {40, 11, 37};
  const bool meets = response == APO_RESPONSE_SOFTMAX || response == APO_RESPONSE_OVR;
  case_lists lists = {
      .n_rows = is_small ? 2 : 3,
      .n_lists = 2,
      .n_players = n_players[seed % 3],
      .n_outputs = meets ? 3 : 1 + (uint32_t)(seed % 3),
      .n_planes = 1 + (uint32_t)(seed % 2),
      .n_words = n_words[seed % 3],
      .first_background = 3,
      .n_background = is_small ? 2 : 2 * APO_BACKGROUND_BLOCK + 5,
      .response_scale = scale_of(response),
  };
  if (is_small) lists.n_words = 4;
  if (is_small && is_cheap) {
    lists.n_words = 68;
    lists.n_background = APO_BACKGROUND_BLOCK + 1;
  }
  lists.n_blocks = (lists.n_background + APO_BACKGROUND_BLOCK - 1) / APO_BACKGROUND_BLOCK;
  lists.n_chunks = group == 1 ? 1 : (lists.n_words + group - 1) / group;
  return lists;
}

uint32_t case_lists_background_rows(const case_lists *lists) {
  return lists->first_background + lists->n_background + 2;
}

void case_lists_buffers(const case_lists *lists,
                        uint64_t *state,
                        size_t weight,
                        size_t member,
                        size_t list_of_row,
                        kernel_case *out) {
  const uint32_t n_background = case_lists_background_rows(lists);
  float *weights = kernel_buffer_set(out, weight, n_background * sizeof *weights);
  for (uint32_t b = 0; b < n_background; ++b) {
    weights[b] = (float)(kernel_random_below(state, 1000) + 1) / (500.0f * (float)n_background);
  }
  const size_t n_members = (size_t)lists->n_lists * lists->n_players * lists->n_words;
  uint32_t *members = kernel_buffer_set(out, member, n_members * sizeof *members);
  for (size_t i = 0; i < n_members; ++i) members[i] = (uint32_t)kernel_random(state);
  for (size_t i = 0; i < n_members; i += lists->n_words) {
    members[i] = (members[i] & ~1u) | 2u;  // coalition 0 is empty, 1 is full
  }
  uint32_t *list = kernel_buffer_set(out, list_of_row, lists->n_rows * sizeof *list);
  for (uint32_t row = 0; row < lists->n_rows; ++row) list[row] = (row + 1) % lists->n_lists;
}

size_t case_lists_n_partial(const case_lists *lists) {
  return (size_t)lists->n_rows * lists->n_blocks * lists->n_planes * lists->n_outputs * 32 *
         lists->n_words;
}
