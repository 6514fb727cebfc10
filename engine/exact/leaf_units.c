/* leaf_units.c - leaf values as integers: their range in each tree, and the unit of all trees. */
#include "engine/exact/leaf_maker.h"

#include <math.h>

#include "engine/core/memory.h"

// Below it a value is nothing that a float could hold.
static const double least_unit = 0x1p-180;

static double value_at(const apo_leaf_maker *maker, uint32_t leaf, uint32_t output) {
  const apo_forest *forest = maker->pieces.forest;
  const double factor = forest->scale * forest->tree_weight[maker->tree] / forest->divide;
  const uint64_t begin = forest->value_begin[maker->tree];
  return factor * forest->leaf_value[begin + (uint64_t)leaf * maker->tree_outputs + output];
}

void apo_leaf_tree_set(apo_leaf_maker *maker, uint32_t tree) {
  const uint32_t output = maker->pieces.forest->tree_output[tree];
  const bool is_vector = output == APO_TREE_VECTOR;
  maker->tree = tree;
  maker->first_output = is_vector ? 0 : output;
  maker->tree_outputs = is_vector ? maker->games->n_outputs : 1;
}

bool apo_leaf_ranges(apo_leaf_maker *maker) {
  const apo_forest *forest = maker->pieces.forest;
  const uint64_t n_leaves = forest->leaf_begin[maker->tree + 1] - forest->leaf_begin[maker->tree];
  bool differs = false;
  for (uint32_t k = 0; k < maker->tree_outputs; ++k) {
    double least = INFINITY;
    double most = -INFINITY;
    for (uint32_t leaf = 0; leaf < n_leaves; ++leaf) {
      const double value = value_at(maker, leaf, k);
      least = value < least ? value : least;
      most = value > most ? value : most;
    }
    maker->range[k] =
        (apo_tree_range){.middle = least + (most - least) / 2.0, .width = most - least};
    differs = differs || most > least;
  }
  return differs;
}

int32_t apo_leaf_units(const apo_leaf_maker *maker, uint32_t leaf, uint32_t output) {
  const double centred = value_at(maker, leaf, output) - maker->range[output].middle;
  return (int32_t)lrint(centred / maker->games->unit);
}

// The least power of two that is not below x > 0.
static double power_above(double x) {
  int exponent;
  const double mantissa = frexp(x, &exponent);  // x = mantissa * 2^exponent, mantissa >= 1/2
  return ldexp(1.0, mantissa > 0.5 ? exponent : exponent - 1);
}

apo_status apo_leaf_unit(apo_leaf_maker *maker, apo_error *err) {
  apo_leaf_games *games = maker->games;
  double widest = 0.0;
  double greatest = 0.0;
  double *sum = apo_alloc(games->n_outputs, sizeof *sum);
  if (sum == NULL) return apo_fail(err, APO_ERR_MEMORY, "leaf games: %u outputs", games->n_outputs);
  for (uint32_t tree = 0; tree < maker->pieces.forest->n_trees; ++tree) {
    apo_leaf_tree_set(maker, tree);
    if (!apo_leaf_ranges(maker)) continue;
    for (uint32_t k = 0; k < maker->tree_outputs; ++k) {
      widest = fmax(widest, maker->range[k].width);
      sum[maker->first_output + k] += maker->range[k].width;
    }
  }
  for (uint32_t k = 0; k < games->n_outputs; ++k) greatest = fmax(greatest, sum[k]);
  // Many small trees may all be rounded alike, so their unit is finer: blocks of some 4 trees.
  const double n_blocks = fmax(64.0, maker->pieces.forest->n_trees / 4.0);
  const double least = fmax(widest, greatest / n_blocks) * 0x1p-29;
  games->unit = least > least_unit ? power_above(least) : least_unit;
  free(sum);
  return APO_OK;
}
