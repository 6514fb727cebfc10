/* case_synth_rows.c - pairs that begin and end inside a coalition, groups of columns. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/synth_rows/synth_rows_abi.h"
#include "tests/kernel/case_forest.h"

enum { X, BACKGROUND, MEMBER, PLAYER_OF_COLUMN, OUT };

enum { N_COLUMNS = 37, N_WORDS = 8, N_BACKGROUND = 7 };

void case_synth_rows(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Bits of doubles, NaN of any payload among them: they must come through unchanged.
static void fill(uint64_t *state, size_t n, uint64_t *words) {
  for (size_t i = 0; i < n; ++i) words[i] = kernel_random(state);
}

void case_synth_rows(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t n_players = seed % 2 == 0 ? N_COLUMNS : 5;
  const apo_synth_rows_args args = {
      .n_pairs = is_small ? 100 : 1000,
      .n_columns = N_COLUMNS,
      .n_words = N_WORDS,
      .n_background = N_BACKGROUND,
      .first_coalition = (apo_u32)(30 + seed % 5),
      .first_background = (apo_u32)(seed % N_BACKGROUND),
  };
  memcpy(out->args.bytes, &args, sizeof args);
  fill(&state, N_COLUMNS, kernel_buffer_set(out, X, N_COLUMNS * sizeof(uint64_t)));
  fill(&state, (size_t)N_BACKGROUND * N_COLUMNS,
       kernel_buffer_set(out, BACKGROUND, (size_t)N_BACKGROUND * N_COLUMNS * sizeof(uint64_t)));
  const size_t n_member = (size_t)n_players * N_WORDS;
  uint32_t *member = kernel_buffer_set(out, MEMBER, n_member * sizeof *member);
  for (size_t i = 0; i < n_member; ++i) member[i] = (uint32_t)kernel_random(&state);
  case_players(&state, N_COLUMNS, n_players,
               kernel_buffer_set(out, PLAYER_OF_COLUMN, N_COLUMNS * sizeof(uint32_t)));
  kernel_output_set(out, OUT, (size_t)args.n_pairs * N_COLUMNS * sizeof(uint64_t), KERNEL_BYTES);
  out->n_items = (args.n_pairs + group - 1) / group * (size_t)group;
  out->group = group;
}
