#include <string.h>

#include "kernels/group_table/group_table_abi.h"
#include "kernels/leaf_groups_ref.h"
#include "kernels/stage.h"

extern const char apo_source_group_table[];
extern const char apo_specs_group_table[];

enum { PAIRS, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_PAIRS", "APO_GROUP"};

static void add_part(void *to, apo_u32 column, int64_t part) {
  ((apo_u32 *)to)[column] += (apo_u32)part;
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_group_table_args *args = args_bytes;
  const apo_leaf_group *groups = buffers[0];
  const apo_group_leaf *leaves = buffers[1];
  apo_u32 *table = buffers[5];

  for (apo_u32 g = args->group_begin; g < args->group_end; ++g) {
    const apo_leaf_group *group = &groups[g];
    for (apo_u32 index = 0; index < 1u << group->n_bits; ++index) {
      apo_u32 *entry = table + ((size_t)group->table_begin + (size_t)index * group->n_octets) * 8;
      memset(entry, 0, group->n_octets * 8 * sizeof *entry);
      for (apo_u32 l = 0; l < group->n_leaves; ++l) {
        apo_leaf_parts(group, &leaves[group->leaf_begin + l], buffers[2], buffers[3], buffers[4],
                       spec[PAIRS] != 0, index, add_part, entry);
      }
    }
  }
}

const apo_stage apo_stage_group_table = {
    .name = "group_table",
    .source = apo_source_group_table,
    .specs = apo_specs_group_table,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_group_table_args),
    .n_buffers = 6,
    .max_ulps = 0,  // integers
    .reference = reference,
};
