/* transform.h - column-wise steps before the cast, in fp64: what scalers of a pipeline do. */
#ifndef APO_ENGINE_MODEL_TRANSFORM_H
#define APO_ENGINE_MODEL_TRANSFORM_H

#include <stdint.h>

typedef enum apo_transform_op {
  APO_TRANSFORM_ADD = 0,
  APO_TRANSFORM_SUB = 1,
  APO_TRANSFORM_MUL = 2,
  APO_TRANSFORM_DIV = 3,
  APO_TRANSFORM_CLIP = 4,
  APO_TRANSFORM_FLOAT = 5 /* rounds to the nearest float; its values are 0 */
} apo_transform_op;

typedef struct apo_transform_step {
  apo_transform_op op;
  double *values; /* [n_columns]; for clip the lower bounds */
  double *highs;  /* [n_columns] for clip, else NULL */
} apo_transform_step;

typedef struct apo_transform {
  apo_transform_step *steps;
  uint32_t n_steps;
} apo_transform;

/** One value through all steps.  NaN stays NaN. */
double apo_transform_value(const apo_transform *transform, uint32_t column, double value);

#endif
