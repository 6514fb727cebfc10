#include "kernels/leaf_add/leaf_add_abi.h"
#include "kernels/leaf_groups_ref.h"
#include "kernels/stage.h"

extern const char apo_source_leaf_add[];
extern const char apo_specs_leaf_add[];

enum { CODE_BYTES, PAIRS, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_PAIRS", "APO_GROUP"};

// Where the columns of a group go for one row.
typedef struct slots_of_row {
  const apo_u32 *slot;
  int64_t *phi; /* of the row in slot 0 */
  size_t stride;
} slots_of_row;

static void add_part(void *to, apo_u32 column, int64_t part) {
  const slots_of_row *row = to;
  row->phi[row->slot[column] * row->stride] += part;
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_leaf_add_args *args = args_bytes;
  const apo_leaf_group *groups = buffers[0];
  const apo_group_leaf *leaves = buffers[1];
  const apo_u32 *slot = buffers[4];
  int64_t *phi = buffers[8];

  for (size_t row = 0; row < args->n_rows; ++row) {
    for (apo_u32 g = args->group_begin; g < args->group_end; ++g) {
      const apo_leaf_group *group = &groups[g];
      const apo_u32 index =
          apo_group_index_of(group, buffers[3], buffers[7], spec[CODE_BYTES], args->stride, row);
      slots_of_row to = {slot + group->slot_begin, phi + row, args->stride};
      for (apo_u32 l = 0; l < group->n_leaves; ++l) {
        apo_leaf_parts(group, &leaves[group->leaf_begin + l], buffers[2], buffers[5], buffers[6],
                       spec[PAIRS] != 0, index, add_part, &to);
      }
    }
  }
}

const apo_stage apo_stage_leaf_add = {
    .name = "leaf_add",
    .source = apo_source_leaf_add,
    .specs = apo_specs_leaf_add,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_leaf_add_args),
    .n_buffers = 9,
    .max_ulps = 0,  // integers
    .reference = reference,
};
