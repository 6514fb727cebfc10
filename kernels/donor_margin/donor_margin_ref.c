#include "kernels/donor_margin/donor_margin_abi.h"
#include "kernels/stage.h"
#include "kernels/walk_ref.h"

extern const char apo_source_donor_margin[];
extern const char apo_specs_donor_margin[];

enum { CODE_BYTES, SETS, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_SETS", "APO_GROUP", "APO_ROWS"};

enum { NODE, INSTANCE, LEAF, SET_WORDS, PLAYER_OF_COLUMN, CODE, DONOR, CHANGE, PARTED, N_BUFFERS };

// The leaf value of row `x` with the columns of `player` from row `d`; no player: UINT32_MAX.
static int64_t tree_value(const apo_i32 *spec,
                          void *const *buffers,
                          const apo_instance *tree,
                          apo_u32 player,
                          const char *x,
                          const char *d) {
  const apo_node *node = buffers[NODE];
  const int64_t *leaf = buffers[LEAF];
  const apo_u32 *player_of_column = buffers[PLAYER_OF_COLUMN];
  const apo_node *at = &node[tree->root];
  while (at->leaf == APO_NODE_INNER) {
    const char *from = player_of_column[at->column] == player ? d : x;
    const apo_u32 code = apo_code_at(from, spec[CODE_BYTES], at->column);
    at = &node[(at->next & APO_NODE_NEXT) +
               apo_node_right(at, code, spec[CODE_BYTES], buffers[SET_WORDS])];
  }
  return leaf[tree->value_base + at->leaf];
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_donor_margin_args *args = args_bytes;
  const apo_instance *instance = buffers[INSTANCE];
  const size_t row_bytes = (size_t)args->n_columns * (size_t)spec[CODE_BYTES];
  int64_t *change = buffers[CHANGE];

  for (size_t row = 0; row < args->n_rows; ++row) {
    const char *x = (const char *)buffers[CODE] + row * row_bytes;
    const char *d = (const char *)buffers[DONOR] + row * row_bytes;
    for (apo_u32 i = args->instance_begin; i < args->instance_end; ++i) {
      const int64_t value = tree_value(spec, buffers, &instance[i], UINT32_MAX, x, d);
      for (apo_u32 p = 0; p < args->n_players; ++p) {
        const int64_t moved = tree_value(spec, buffers, &instance[i], args->player_begin + p, x, d);
        change[((size_t)p * args->n_outputs + args->output) * args->n_rows + row] += moved - value;
      }
    }
  }
}

const apo_stage apo_stage_donor_margin = {
    .name = "donor_margin",
    .source = apo_source_donor_margin,
    .specs = apo_specs_donor_margin,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_donor_margin_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // integers
    .reference = reference,
};
