#include "engine/codes/code_forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/forest/split.h"

enum { MAX_SET_WORDS = 1 << 28 };

// What is known while a forest is compiled.
typedef struct compiler {
  const apo_model *model;
  const apo_forest *forest;
  apo_code_forest *out;
  uint32_t *place;    /* [inner nodes of the present tree] their number in out->nodes */
  uint32_t *depth_of; /* likewise, splits above it */
  size_t set_capacity;
} compiler;

// Outputs [first, end) that a tree adds to.
static uint32_t first_output(const apo_forest *forest, uint32_t tree) {
  const uint32_t own = forest->tree_output[tree];
  return own == APO_TREE_VECTOR ? 0 : own;
}

static uint32_t end_output(const apo_forest *forest, uint32_t tree) {
  const uint32_t own = forest->tree_output[tree];
  return own == APO_TREE_VECTOR ? forest->n_outputs : own + 1;
}

// --- sizes --------------------------------------------------------------------------------------

static uint32_t tree_leaves(const apo_forest *forest, uint32_t tree) {
  return (uint32_t)(forest->leaf_begin[tree + 1] - forest->leaf_begin[tree]);
}

static apo_status count(compiler *c, apo_error *err) {
  const apo_forest *forest = c->forest;
  const uint64_t n_nodes = forest->n_nodes + forest->n_leaves;
  uint64_t n_instances = 0;
  if (n_nodes > APO_NODE_NEXT) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: %llu nodes and leaves, the limit is %u",
                    (unsigned long long)n_nodes, APO_NODE_NEXT);
  }
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    n_instances += forest->tree_output[tree] == APO_TREE_VECTOR ? forest->n_outputs : 1;
  }
  if (forest->n_values > UINT32_MAX || n_instances > UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: %llu leaf values, the limit is %u",
                    (unsigned long long)forest->n_values, UINT32_MAX);
  }
  c->out->n_nodes = (uint32_t)n_nodes;
  c->out->n_values = (uint32_t)forest->n_values;
  c->out->n_instances = (uint32_t)n_instances;
  return APO_OK;
}

static apo_status allocate(compiler *c, apo_error *err) {
  apo_code_forest *out = c->out;
  uint64_t most_nodes = 0;
  for (uint32_t tree = 0; tree < c->forest->n_trees; ++tree) {
    const uint64_t n = c->forest->node_begin[tree + 1] - c->forest->node_begin[tree];
    if (n > most_nodes) most_nodes = n;
  }
  out->nodes = apo_alloc(out->n_nodes, sizeof *out->nodes);
  out->instances = apo_alloc(out->n_instances, sizeof *out->instances);
  out->output_begin = apo_alloc((size_t)out->n_outputs + 1, sizeof *out->output_begin);
  out->leaf64 = apo_alloc(out->n_values, sizeof *out->leaf64);
  out->leaf32 = apo_alloc(out->n_values, sizeof *out->leaf32);
  out->base32 = apo_alloc(out->n_outputs, sizeof *out->base32);
  c->set_capacity = 1;
  out->set_words = apo_alloc(1, sizeof *out->set_words);
  c->place = apo_alloc(most_nodes, sizeof *c->place);
  c->depth_of = apo_alloc(most_nodes, sizeof *c->depth_of);
  if (out->nodes == NULL || out->instances == NULL || out->output_begin == NULL ||
      out->leaf64 == NULL || out->leaf32 == NULL || out->base32 == NULL || out->set_words == NULL ||
      c->place == NULL || c->depth_of == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "forest: %u nodes", out->n_nodes);
  }
  return APO_OK;
}

// --- splits -------------------------------------------------------------------------------------

static apo_status grow_sets(compiler *c, uint32_t n_words, apo_error *err) {
  const size_t n = (size_t)c->out->n_set_words + n_words;
  if (n > MAX_SET_WORDS) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: category sets of %zu words, the limit is %d", n,
                    MAX_SET_WORDS);
  }
  if (n > c->set_capacity) {
    const size_t capacity = n > 2 * c->set_capacity ? n : 2 * c->set_capacity;
    uint32_t *words = apo_resize(c->out->set_words, capacity, sizeof *words);
    if (words == NULL) return apo_fail(err, APO_ERR_MEMORY, "forest: sets of %zu words", capacity);
    c->out->set_words = words;
    c->set_capacity = capacity;
  }
  memset(c->out->set_words + c->out->n_set_words, 0, n_words * sizeof *c->out->set_words);
  return APO_OK;
}

// A split as one bit per code, asked of the split rule itself: bit 0 is missing, bit c + 1 code c.
static apo_status set_split(compiler *c, uint64_t node, apo_node *out, apo_error *err) {
  const apo_cuts *cuts = c->out->cuts;
  const uint32_t column = c->forest->column[node];
  const uint32_t n_codes = cuts->begin[column + 1] - cuts->begin[column] + 1;
  const uint32_t n_words = n_codes / 32 + 1;
  APO_TRY(grow_sets(c, n_words, err));
  uint32_t *words = c->out->set_words + c->out->n_set_words;
  if (apo_split_goes_left(c->forest, node, NAN)) words[0] |= 1;
  for (uint32_t code = 0; code < n_codes; ++code) {
    if (!apo_split_goes_left(c->forest, node, apo_cuts_value(cuts, column, code))) continue;
    words[(code + 1) / 32] |= 1u << ((code + 1) % 32);
  }
  out->cut = c->out->n_set_words;
  out->next |= APO_NODE_SET;
  c->out->n_set_words += n_words;
  c->out->has_sets = true;
  return APO_OK;
}

static void range_split(compiler *c, uint64_t node, apo_node *out) {
  const apo_cuts *cuts = c->out->cuts;
  const apo_op op = (apo_op)c->forest->op[node];
  const uint32_t column = c->forest->column[node];
  uint32_t last_left = cuts->begin[column + 1] - cuts->begin[column];  // of APO_OP_PRESENT: all
  if (op != APO_OP_PRESENT) {
    const uint64_t key = apo_cuts_key(cuts, c->forest->threshold[node]);
    last_left = apo_cuts_rank(cuts, column, op == APO_OP_LE ? key + 1 : key) - 1;
  }
  out->cut = last_left;
  if (apo_split_goes_left(c->forest, node, NAN)) {
    out->cut = last_left + 1;
    out->next |= APO_NODE_BIAS;
  }
}

static apo_status compile_split(compiler *c, uint64_t node, apo_node *out, apo_error *err) {
  const apo_op op = (apo_op)c->forest->op[node];
  out->column = c->forest->column[node];
  out->leaf = APO_NODE_INNER;
  if (op == APO_OP_IN || op == APO_OP_EQ || c->forest->missing[node] == APO_MISSING_ZERO) {
    return set_split(c, node, out, err);
  }
  range_split(c, node, out);
  return APO_OK;
}

// --- trees --------------------------------------------------------------------------------------

static void put_leaf(apo_node *out, uint32_t self, uint32_t leaf) {
  *out = (apo_node){.column = 0, .cut = APO_LEAF_CUT, .next = self, .leaf = leaf};
}

// Place a child at `at`: a leaf is written, an inner node is noted and written in its turn.
static void place_child(
    compiler *c, int32_t child, uint32_t at, uint32_t depth, uint32_t *depth_max) {
  if (depth > *depth_max) *depth_max = depth;
  if (child < 0) {
    put_leaf(&c->out->nodes[at], at, (uint32_t)~child);
  } else {
    c->place[child] = at;
    c->depth_of[child] = depth;
  }
}

// Inner nodes come before their children (F1), so one pass in order has every place at hand.
static apo_status compile_tree(
    compiler *c, uint32_t tree, uint32_t *next_free, uint32_t *depth_out, apo_error *err) {
  const apo_forest *forest = c->forest;
  const uint64_t begin = forest->node_begin[tree];
  const uint64_t n_nodes = forest->node_begin[tree + 1] - begin;
  const uint32_t root = (*next_free)++;
  *depth_out = 0;
  place_child(c, n_nodes > 0 ? 0 : ~0, root, 0, depth_out);
  for (uint64_t i = 0; i < n_nodes; ++i) {
    const uint32_t children = *next_free;
    apo_node *node = &c->out->nodes[c->place[i]];
    *next_free += 2;
    node->next = children;
    APO_TRY(compile_split(c, begin + i, node, err));
    place_child(c, forest->left[begin + i], children, c->depth_of[i] + 1, depth_out);
    place_child(c, forest->right[begin + i], children + 1, c->depth_of[i] + 1, depth_out);
  }
  return APO_OK;
}

// --- leaves -------------------------------------------------------------------------------------

static double leaf_at(const apo_forest *forest, uint32_t tree, uint32_t leaf, uint32_t output) {
  const uint64_t begin = forest->value_begin[tree];
  const double factor = forest->scale * forest->tree_weight[tree] / forest->divide;
  if (forest->tree_output[tree] != APO_TREE_VECTOR) {
    return factor * forest->leaf_value[begin + leaf];
  }
  return factor * forest->leaf_value[begin + (uint64_t)leaf * forest->n_outputs + output];
}

// The greatest magnitude that some sum of one leaf a tree can have, over outputs, base included.
static apo_status greatest_sum(const apo_model *model, double *out, apo_error *err) {
  const apo_forest *forest = model->forest;
  double *sums = apo_alloc(model->n_outputs, sizeof *sums);
  if (sums == NULL) return apo_fail(err, APO_ERR_MEMORY, "forest: %u outputs", model->n_outputs);
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    sums[output] = fabs(model->base[output]);
  }
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    for (uint32_t output = first_output(forest, tree); output < end_output(forest, tree);
         ++output) {
      double most = 0.0;
      for (uint32_t leaf = 0; leaf < tree_leaves(forest, tree); ++leaf) {
        most = fmax(most, fabs(leaf_at(forest, tree, leaf, output)));
      }
      sums[output] += most;
    }
  }
  *out = 0.0;
  for (uint32_t output = 0; output < model->n_outputs; ++output) *out = fmax(*out, sums[output]);
  free(sums);
  return APO_OK;
}

// The power of two for which `greatest` plus a rounding of half a unit a tree stays in `n_bits`.
static double unit_for(double greatest, uint32_t n_trees, int n_bits) {
  int exponent;
  if (!(greatest > 0.0)) return ldexp(1.0, -n_bits);
  frexp(greatest, &exponent);  // greatest < 2^exponent
  double unit = ldexp(1.0, exponent - n_bits);
  while (greatest / unit + 0.5 * n_trees + 1.0 >= ldexp(1.0, n_bits)) unit *= 2.0;
  return unit;
}

static apo_status choose_units(compiler *c, apo_error *err) {
  double greatest = 0.0;
  APO_TRY(greatest_sum(c->model, &greatest, err));
  if (!(greatest < 0x1p100)) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: leaf values sum to %g, the limit is 2^100",
                    greatest);
  }
  // Below 2^-60 a margin rounds to nothing that fp32 responses could tell from zero.
  const double scaled = fmax(greatest, 0x1p-60);
  c->out->unit64 = unit_for(scaled, c->forest->n_trees, 62);
  c->out->unit32 = unit_for(scaled, c->forest->n_trees, 31);
  for (uint32_t output = 0; output < c->out->n_outputs; ++output) {
    c->out->base32[output] = (int32_t)lrint(c->model->base[output] / c->out->unit32);
  }
  return APO_OK;
}

static void compile_leaves(compiler *c) {
  uint32_t value = 0;
  for (uint32_t output = 0; output < c->out->n_outputs; ++output) {
    for (uint32_t i = c->out->output_begin[output]; i < c->out->output_begin[output + 1]; ++i) {
      const uint32_t tree = c->out->instances[i].value_base;  // until it is replaced here
      c->out->instances[i].value_base = value;
      for (uint32_t leaf = 0; leaf < tree_leaves(c->forest, tree); ++leaf, ++value) {
        const double exact = leaf_at(c->forest, tree, leaf, output);
        c->out->leaf64[value] = llrint(exact / c->out->unit64);
        c->out->leaf32[value] = (int32_t)lrint(exact / c->out->unit32);
      }
    }
  }
}

// --- instances ----------------------------------------------------------------------------------

// Trees by output, in the order of the file; value_base holds the tree until compile_leaves.
// A counting sort: output_begin counts, then points at the next free place, then is shifted back.
static void order_instances(compiler *c, const uint32_t *roots, const uint32_t *depths) {
  const apo_forest *forest = c->forest;
  uint32_t *begin = c->out->output_begin;
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    for (uint32_t k = first_output(forest, tree); k < end_output(forest, tree); ++k) ++begin[k + 1];
  }
  for (uint32_t k = 0; k < c->out->n_outputs; ++k) begin[k + 1] += begin[k];
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    for (uint32_t k = first_output(forest, tree); k < end_output(forest, tree); ++k) {
      c->out->instances[begin[k]++] =
          (apo_instance){.root = roots[tree], .value_base = tree, .depth = depths[tree], .pad = 0};
    }
  }
  for (uint32_t k = c->out->n_outputs; k > 0; --k) begin[k] = begin[k - 1];
  begin[0] = 0;
}

static apo_status compile_trees(compiler *c, apo_error *err) {
  apo_status status = APO_OK;
  const uint32_t n_trees = c->forest->n_trees;
  uint32_t next_free = 0;
  uint32_t *roots = apo_alloc(n_trees, sizeof *roots);
  uint32_t *depths = apo_alloc(n_trees, sizeof *depths);
  if (roots == NULL || depths == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "forest: %u trees", n_trees);
    goto done;
  }
  for (uint32_t tree = 0; tree < n_trees; ++tree) {
    roots[tree] = next_free;
    status = compile_tree(c, tree, &next_free, &depths[tree], err);
    if (status != APO_OK) goto done;
    if (depths[tree] > c->out->max_depth) c->out->max_depth = depths[tree];
  }
  order_instances(c, roots, depths);

done:
  free(roots);
  free(depths);
  return status;
}

apo_status apo_code_forest_create(const apo_model *model, apo_code_forest **out, apo_error *err) {
  apo_status status = APO_OK;
  compiler c = {.model = model, .forest = model->forest};
  *out = NULL;
  if (model->forest->term_begin != NULL) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "forest: linear leaves have no codes");
  }
  c.out = apo_alloc(1, sizeof *c.out);
  if (c.out == NULL) return apo_fail(err, APO_ERR_MEMORY, "forest: %zu bytes", sizeof *c.out);
  c.out->n_columns = model->n_columns;
  c.out->n_outputs = model->n_outputs;

  status = count(&c, err);
  if (status != APO_OK) goto done;
  status = allocate(&c, err);
  if (status != APO_OK) goto done;
  status = apo_cuts_create(model->forest, &c.out->cuts, err);
  if (status != APO_OK) goto done;
  status = compile_trees(&c, err);
  if (status != APO_OK) goto done;
  status = choose_units(&c, err);
  if (status != APO_OK) goto done;
  compile_leaves(&c);
  *out = c.out;
  c.out = NULL;

done:
  free(c.place);
  free(c.depth_of);
  apo_code_forest_destroy(&c.out);
  return status;
}

void apo_code_forest_destroy(apo_code_forest **forest) {
  if (forest == NULL || *forest == NULL) return;
  apo_cuts_destroy(&(*forest)->cuts);
  free((*forest)->nodes);
  free((*forest)->instances);
  free((*forest)->output_begin);
  free((*forest)->leaf64);
  free((*forest)->leaf32);
  free((*forest)->base32);
  free((*forest)->set_words);
  free(*forest);
  *forest = NULL;
}
