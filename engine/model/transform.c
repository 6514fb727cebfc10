#include "engine/model/transform.h"

double apo_transform_value(const apo_transform *transform, uint32_t column, double value) {
  for (uint32_t at = 0; at < transform->n_steps; ++at) {
    const apo_transform_step *step = &transform->steps[at];
    const double operand = step->values[column];
    switch (step->op) {
      case APO_TRANSFORM_ADD: value += operand; break;
      case APO_TRANSFORM_SUB: value -= operand; break;
      case APO_TRANSFORM_MUL: value *= operand; break;
      case APO_TRANSFORM_DIV: value /= operand; break;
      case APO_TRANSFORM_CLIP:
        // NaN fails both comparisons and stays.
        if (value < operand) value = operand;
        if (value > step->highs[column]) value = step->highs[column];
        break;
      case APO_TRANSFORM_FLOAT: value = (double)(float)value; break;
    }
  }
  return value;
}
