#include "kernels/leaf_groups_ref.h"
#include "kernels/stage.h"
#include "kernels/table_add/table_add_abi.h"

extern const char apo_source_table_add[];
extern const char apo_specs_table_add[];

enum { CODE_BYTES, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_GROUP", "APO_ROWS"};

// No slot's sum over a block leaves int32, so where it is kept does not show.
static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_table_add_args *args = args_bytes;
  const apo_u32 *block = buffers[0];
  const apo_leaf_group *groups = buffers[1];
  const apo_u32 *slot = buffers[3];
  const apo_i32 *table = buffers[4];
  int64_t *phi = buffers[6];
  const apo_u32 spare = args->n_slots - 1;

  for (size_t row = 0; row < args->n_rows; ++row) {
    for (apo_u32 g = block[args->block_begin]; g < block[args->block_end]; ++g) {
      const apo_leaf_group *group = &groups[g];
      const apo_u32 index =
          apo_group_index_of(group, buffers[2], buffers[5], spec[CODE_BYTES], args->stride, row);
      const apo_i32 *entry =
          table + ((size_t)group->table_begin + (size_t)index * group->n_octets) * 8;
      for (apo_u32 w = 0; w < 8 * group->n_octets; ++w) {
        const apo_u32 to = slot[group->slot_begin + w];
        if (to != spare) phi[(size_t)to * args->stride + row] += entry[w];
      }
    }
  }
}

const apo_stage apo_stage_table_add = {
    .name = "table_add",
    .source = apo_source_table_add,
    .specs = apo_specs_table_add,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_table_add_args),
    .n_buffers = 8,
    .max_ulps = 0,  // integers
    .reference = reference,
};
