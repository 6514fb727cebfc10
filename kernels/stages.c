#include <stddef.h>
#include <string.h>

#include "kernels/stage.h"

// The table.  A new stage adds its name here and touches nothing else.
#define STAGES(X)       \
  X(row_codes)          \
  X(forest_margin)      \
  X(coalition_mean)     \
  X(linear_mean)        \
  X(mean_fold)          \
  X(donor_margin)       \
  X(linear_terms)       \
  X(synth_rows)         \
  X(permutation_orders) \
  X(column_codes)       \
  X(pattern_counts)     \
  X(leaf_vectors)       \
  X(group_table)        \
  X(table_add)          \
  X(leaf_add)           \
  X(leaf_pairs)         \
  X(long_pairs)         \
  X(long_path)          \
  X(tree_path)

#define DECLARE(name) extern const apo_stage apo_stage_##name;
STAGES(DECLARE)

#define ENTRY(name) &apo_stage_##name,
const apo_stage *const apo_stages[] = {STAGES(ENTRY) NULL};

const apo_stage *apo_stage_find(const char *name) {
  for (size_t i = 0; apo_stages[i] != NULL; ++i) {
    if (strcmp(apo_stages[i]->name, name) == 0) return apo_stages[i];
  }
  return NULL;
}
