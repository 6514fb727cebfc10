/* builder_room.c - the arrays of a forest while it grows. */
#include "engine/forest/builder_parts.h"

#include <inttypes.h>
#include <string.h>

#include "engine/core/memory.h"

enum { FIRST_CAPACITY = 64 };

// `field` is the address of a pointer to any type; memcpy, because void * does not alias it.
static bool resize(void *field, uint64_t n, size_t element_bytes) {
  if (n > SIZE_MAX) return false;
  void *block = NULL;
  memcpy(&block, field, sizeof block);
  block = apo_resize(block, (size_t)n, element_bytes);
  if (block == NULL) return false;
  memcpy(field, &block, sizeof block);
  return true;
}

static uint64_t larger(uint64_t capacity, uint64_t n) {
  const uint64_t doubled = capacity > 0 ? 2 * capacity : FIRST_CAPACITY;
  return doubled > n ? doubled : n;
}

// A forest whose head states no covers has no arrays for them.
static bool resize_covers(const apo_forest *forest, double **covers, uint64_t n) {
  return forest->cover_kind == APO_COVER_NONE || resize(covers, n, sizeof **covers);
}

static bool resize_nodes(apo_forest *forest, uint64_t n) {
  return resize(&forest->column, n, sizeof *forest->column) &&
         resize(&forest->op, n, sizeof *forest->op) &&
         resize(&forest->missing, n, sizeof *forest->missing) &&
         resize(&forest->default_left, n, sizeof *forest->default_left) &&
         resize(&forest->threshold, n, sizeof *forest->threshold) &&
         resize(&forest->left, n, sizeof *forest->left) &&
         resize(&forest->right, n, sizeof *forest->right) &&
         resize_covers(forest, &forest->node_cover, n);
}

static bool resize_leaf_terms(apo_forest *forest, uint64_t n) {
  return resize(&forest->term_begin, n + 1, sizeof *forest->term_begin) &&
         resize(&forest->leaf_constant, n, sizeof *forest->leaf_constant);
}

static bool resize_trees(apo_forest *forest, uint64_t n) {
  return resize(&forest->node_begin, n + 1, sizeof *forest->node_begin) &&
         resize(&forest->leaf_begin, n + 1, sizeof *forest->leaf_begin) &&
         resize(&forest->value_begin, n + 1, sizeof *forest->value_begin) &&
         resize(&forest->tree_output, n, sizeof *forest->tree_output) &&
         resize(&forest->tree_weight, n, sizeof *forest->tree_weight);
}

static apo_status no_memory(apo_error *err, const char *what, uint64_t n) {
  return apo_fail(err, APO_ERR_MEMORY, "forest: room for %" PRIu64 " %s", n, what);
}

apo_status apo_builder_room_for_node(apo_builder *builder, uint64_t n, apo_error *err) {
  if (n <= builder->node_capacity) return APO_OK;
  if (n > APO_MAX_NODES) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: more than %" PRIu64 " nodes", APO_MAX_NODES);
  }
  const uint64_t capacity = larger(builder->node_capacity, n);
  if (!resize_nodes(builder->forest, capacity)) return no_memory(err, "nodes", capacity);
  builder->node_capacity = capacity;
  return APO_OK;
}

apo_status apo_builder_room_for_leaf(apo_builder *builder,
                                     uint64_t n,
                                     uint64_t n_values,
                                     apo_error *err) {
  apo_forest *forest = builder->forest;
  if (n > builder->leaf_capacity) {
    const uint64_t capacity = larger(builder->leaf_capacity, n);
    if (!resize_covers(forest, &forest->leaf_cover, capacity) ||
        (forest->term_begin != NULL && !resize_leaf_terms(forest, capacity))) {
      return no_memory(err, "leaves", capacity);
    }
    builder->leaf_capacity = capacity;
  }
  if (n_values > builder->value_capacity) {
    const uint64_t capacity = larger(builder->value_capacity, n_values);
    if (!resize(&forest->leaf_value, capacity, sizeof *forest->leaf_value)) {
      return no_memory(err, "leaf values", capacity);
    }
    builder->value_capacity = capacity;
  }
  return APO_OK;
}

apo_status apo_builder_room_for_terms(apo_builder *builder,
                                      uint64_t leaf,
                                      uint64_t n_terms,
                                      apo_error *err) {
  apo_forest *forest = builder->forest;
  if (forest->term_begin == NULL) {
    if (!resize_leaf_terms(forest, builder->leaf_capacity)) return no_memory(err, "leaves", leaf);
    memset(forest->term_begin, 0, (size_t)(leaf + 1) * sizeof *forest->term_begin);
  }
  if (n_terms > builder->term_capacity) {
    const uint64_t capacity = larger(builder->term_capacity, n_terms);
    if (!resize(&forest->term_column, capacity, sizeof *forest->term_column) ||
        !resize(&forest->term_coefficient, capacity, sizeof *forest->term_coefficient)) {
      return no_memory(err, "terms of leaves", capacity);
    }
    builder->term_capacity = capacity;
  }
  return APO_OK;
}

apo_status apo_builder_room_for_tree(apo_builder *builder, apo_error *err) {
  const uint64_t n = (uint64_t)builder->forest->n_trees + 1;
  if (n > APO_MAX_TREES) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: more than %d trees", APO_MAX_TREES);
  }
  if (n <= builder->tree_capacity) return APO_OK;
  const uint64_t capacity = larger(builder->tree_capacity, n);
  if (!resize_trees(builder->forest, capacity)) return no_memory(err, "trees", capacity);
  builder->tree_capacity = capacity;
  return APO_OK;
}

apo_status apo_builder_first_room(apo_builder *builder, apo_error *err) {
  builder->forest = apo_alloc(1, sizeof *builder->forest);
  builder->stack = apo_alloc(APO_MAX_PENDING, sizeof *builder->stack);
  if (builder->forest == NULL || builder->stack == NULL) return no_memory(err, "trees", 0);
  apo_forest *forest = builder->forest;
  // The begin arrays hold their first 0 even in a forest without trees.
  if (!resize_trees(forest, 0) || !resize(&forest->set_begin, 1, sizeof *forest->set_begin)) {
    return no_memory(err, "trees", 0);
  }
  forest->node_begin[0] = 0;
  forest->leaf_begin[0] = 0;
  forest->value_begin[0] = 0;
  forest->set_begin[0] = 0;
  return APO_OK;
}

apo_status apo_builder_room_for_set(apo_builder *builder, uint64_t n_codes, apo_error *err) {
  apo_forest *forest = builder->forest;
  const uint64_t n_sets = (uint64_t)forest->n_sets + 1;
  if (n_sets > UINT32_MAX) return apo_fail(err, APO_ERR_LIMIT, "forest: too many category sets");
  if (n_sets > builder->set_capacity) {
    const uint64_t capacity = larger(builder->set_capacity, n_sets);
    if (!resize(&forest->set_begin, capacity + 1, sizeof *forest->set_begin)) {
      return no_memory(err, "category sets", capacity);
    }
    builder->set_capacity = capacity;
  }
  if (n_codes > builder->code_capacity) {
    const uint64_t capacity = larger(builder->code_capacity, n_codes);
    if (!resize(&forest->set_code, capacity, sizeof *forest->set_code)) {
      return no_memory(err, "category codes", capacity);
    }
    builder->code_capacity = capacity;
  }
  return APO_OK;
}

apo_status apo_builder_clear_seen(apo_builder *builder, uint64_t n_nodes, apo_error *err) {
  const uint64_t n_bytes = n_nodes / 8 + 1;
  if (n_bytes > builder->seen_capacity) {
    const uint64_t capacity = larger(builder->seen_capacity, n_bytes);
    if (!resize(&builder->seen, capacity, 1)) return no_memory(err, "nodes of a tree", n_nodes);
    builder->seen_capacity = capacity;
  }
  memset(builder->seen, 0, (size_t)n_bytes);
  return APO_OK;
}

apo_status apo_builder_trim(apo_builder *builder, apo_error *err) {
  apo_forest *forest = builder->forest;
  // First the claims, then the room: a builder that runs out of memory here can still be used.
  builder->node_capacity = forest->n_nodes;
  builder->tree_capacity = forest->n_trees;
  builder->leaf_capacity = forest->n_leaves;
  builder->value_capacity = forest->n_values;
  builder->set_capacity = forest->n_sets;
  builder->code_capacity = forest->set_begin[forest->n_sets];
  builder->term_capacity = builder->n_terms;
  if (!resize_nodes(forest, forest->n_nodes) || !resize_trees(forest, forest->n_trees) ||
      !resize_covers(forest, &forest->leaf_cover, forest->n_leaves) ||
      !resize(&forest->leaf_value, forest->n_values, sizeof *forest->leaf_value) ||
      !resize(&forest->set_code, forest->set_begin[forest->n_sets], sizeof *forest->set_code) ||
      !resize(&forest->set_begin, (uint64_t)forest->n_sets + 1, sizeof *forest->set_begin)) {
    return no_memory(err, "nodes", forest->n_nodes);
  }
  if (forest->term_begin == NULL) return APO_OK;
  if (!resize_leaf_terms(forest, forest->n_leaves) ||
      !resize(&forest->term_column, builder->n_terms, sizeof *forest->term_column) ||
      !resize(&forest->term_coefficient, builder->n_terms, sizeof *forest->term_coefficient)) {
    return no_memory(err, "terms of leaves", builder->n_terms);
  }
  return APO_OK;
}
