#include "kernels/forest_margin/forest_margin_abi.h"
#include "kernels/stage.h"
#include "kernels/walk_ref.h"

extern const char apo_source_forest_margin[];
extern const char apo_specs_forest_margin[];

enum { CODE_BYTES, SETS, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_SETS", "APO_GROUP", "APO_ROWS"};

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_forest_margin_args *args = args_bytes;
  const apo_node *node = buffers[0];
  const apo_instance *instance = buffers[1];
  const int64_t *leaf = buffers[2];
  const apo_u32 *sets = buffers[3];
  int64_t *margin = buffers[5];
  const size_t row_bytes = (size_t)args->n_columns * (size_t)spec[CODE_BYTES];

  for (size_t row = 0; row < args->n_rows; ++row) {
    const char *codes = (const char *)buffers[4] + row * row_bytes;
    for (apo_u32 i = args->instance_begin; i < args->instance_end; ++i) {
      const apo_node *at = &node[instance[i].root];
      while (at->leaf == APO_NODE_INNER) {
        const apo_u32 code = apo_code_at(codes, spec[CODE_BYTES], at->column);
        const apo_u32 right = apo_node_right(at, code, spec[CODE_BYTES], sets);
        at = &node[(at->next & APO_NODE_NEXT) + right];
      }
      margin[row * args->n_outputs + args->output] += leaf[instance[i].value_base + at->leaf];
    }
  }
}

const apo_stage apo_stage_forest_margin = {
    .name = "forest_margin",
    .source = apo_source_forest_margin,
    .specs = apo_specs_forest_margin,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_forest_margin_args),
    .n_buffers = 6,
    .max_ulps = 0,  // integers
    .reference = reference,
};
