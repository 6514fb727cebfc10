#include "engine/forest/split.h"

#include <math.h>

int64_t apo_category_code(apo_code_rule rule, double value) {
  // Written so that NaN fails the comparison.
  if (!(value < 2147483648.0)) return -1;
  switch (rule) {
    case APO_CODE_TRUNC:
      if (value <= -1.0) return -1;
      break;
    case APO_CODE_NONNEG_TRUNC:
      if (value < 0.0) return -1;
      break;
    case APO_CODE_WHOLE:
      if (value < 0.0 || value != floor(value)) return -1;
      break;
  }
  return (int64_t)value;
}

static bool set_holds(const apo_forest *forest, double threshold, int64_t code) {
  const uint64_t set = (uint64_t)threshold;
  uint64_t begin = forest->set_begin[set];
  uint64_t end = forest->set_begin[set + 1];
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    if ((int64_t)forest->set_code[middle] == code) return true;
    if ((int64_t)forest->set_code[middle] < code) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return false;
}

static bool is_missing(apo_missing rule, double value) {
  switch (rule) {
    case APO_MISSING_NAN: return isnan(value);
    case APO_MISSING_NONE: return false;
    case APO_MISSING_ZERO: return isnan(value) || fabs(value) <= APO_ZERO_THRESHOLD;
  }
  return false;
}

bool apo_split_goes_left(const apo_forest *forest, uint64_t node, double value) {
  const apo_missing missing = (apo_missing)forest->missing[node];
  if (forest->cast_f32) value = (double)(float)value;
  if (missing == APO_MISSING_NONE && isnan(value)) value = 0.0;
  if (is_missing(missing, value)) return forest->default_left[node] != 0;

  const double threshold = forest->threshold[node];
  switch ((apo_op)forest->op[node]) {
    case APO_OP_LT: return value < threshold;
    case APO_OP_LE: return value <= threshold;
    case APO_OP_EQ: return value == threshold;
    case APO_OP_IN:
      return set_holds(forest, threshold, apo_category_code(forest->code_rule, value));
    case APO_OP_PRESENT: return true;
  }
  return false;
}

uint64_t apo_tree_leaf(const apo_forest *forest, uint32_t tree, const double *row) {
  const uint64_t begin = forest->node_begin[tree];
  if (forest->node_begin[tree + 1] == begin) return 0;
  int32_t at = 0;
  while (at >= 0) {
    const uint64_t node = begin + (uint64_t)at;
    const bool left = apo_split_goes_left(forest, node, row[forest->column[node]]);
    at = left ? forest->left[node] : forest->right[node];
  }
  return (uint64_t)~at;
}

double apo_linear_leaf(const apo_forest *forest, uint64_t leaf, double value, const double *row) {
  double sum = forest->leaf_constant[leaf];
  for (uint64_t term = forest->term_begin[leaf]; term < forest->term_begin[leaf + 1]; ++term) {
    double x = row[forest->term_column[term]];
    if (forest->cast_f32) x = (double)(float)x;
    if (isnan(x)) return value;
    sum += forest->term_coefficient[term] * x;
  }
  return sum;
}

void apo_forest_margin(const apo_forest *forest, const double *row, double *out) {
  for (uint32_t output = 0; output < forest->n_outputs; ++output) out[output] = 0.0;
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    const uint64_t leaf = apo_tree_leaf(forest, tree, row);
    const double *values = forest->leaf_value + forest->value_begin[tree];
    const double weight = forest->tree_weight[tree];
    const uint32_t output = forest->tree_output[tree];
    if (output != APO_TREE_VECTOR) {
      double value = values[leaf];
      if (forest->term_begin != NULL) {
        value = apo_linear_leaf(forest, forest->leaf_begin[tree] + leaf, value, row);
      }
      out[output] += weight * value;
      continue;
    }
    values += leaf * forest->n_outputs;
    for (uint32_t k = 0; k < forest->n_outputs; ++k) out[k] += weight * values[k];
  }
  for (uint32_t output = 0; output < forest->n_outputs; ++output) {
    out[output] = forest->scale * out[output] / forest->divide;
  }
}
