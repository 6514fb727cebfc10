/* column_use.h - what a model asks of each of its columns: for reports. */
#ifndef APO_ENGINE_MODEL_COLUMN_USE_H
#define APO_ENGINE_MODEL_COLUMN_USE_H

#include "engine/model/model.h"

typedef struct apo_column_use {
  uint64_t n_splits;      /* of all trees */
  uint64_t n_missing[3];  /* splits by apo_missing */
  uint64_t n_left;        /* splits that send missing values left; nothing is missing at others */
  uint64_t n_right;       /* that send them right */
  uint64_t n_categorical; /* splits by membership in a set */
  uint32_t largest_code;  /* in those sets */
  uint64_t n_terms;       /* of linear leaves; of a linear model: outputs with a coefficient */
  const apo_category_table *table; /* of the model, or NULL */
} apo_column_use;

/** Count, over all splits and terms.  Shapes: out [n_columns]. */
void apo_column_use_take(const apo_model *model, apo_column_use *out);

/** True when values of the column are codes: it has a table, or a split by membership. */
bool apo_column_use_is_categorical(const apo_column_use *use);

/** Categories of a table. */
uint32_t apo_category_table_size(const apo_category_table *table);

#endif
