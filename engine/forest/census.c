/* census.c - one walk over every path of a forest, counting columns that are on the path now. */
#include <string.h>

#include "engine/core/memory.h"
#include "engine/forest/forest.h"

/* Flags of a column. */
enum { IS_CATEGORICAL = 1, HAS_MISSING = 2 };

typedef struct frame {
  uint64_t node;
  uint32_t n_visited; /* children */
} frame;

typedef struct counter {
  const apo_forest *forest;
  uint32_t *on_path; /* [n_columns] times that a column is tested on the current path */
  uint8_t *flags;    /* [n_columns] */
  frame *frames;     /* [APO_MAX_TREE_DEPTH] the current path */
  uint32_t depth;    /* frames in use */
  uint32_t players;  /* distinct columns among them */
  double sum_depth;
  double sum_players;
} counter;

static void count_leaf(counter *self, apo_census *out) {
  if (self->depth > out->max_depth) out->max_depth = self->depth;
  if (self->players > out->max_players) out->max_players = self->players;
  self->sum_depth += self->depth;
  self->sum_players += self->players;
}

static void enter(counter *self, uint64_t node) {
  const apo_forest *forest = self->forest;
  const uint32_t column = forest->column[node];
  self->frames[self->depth++] = (frame){node, 0};
  if (self->on_path[column]++ == 0) ++self->players;
  if (forest->op[node] == APO_OP_IN) self->flags[column] |= IS_CATEGORICAL;
  if (forest->missing[node] != APO_MISSING_NONE) self->flags[column] |= HAS_MISSING;
}

static void leave(counter *self) {
  const uint64_t node = self->frames[--self->depth].node;
  if (--self->on_path[self->forest->column[node]] == 0) --self->players;
}

static void count_tree(counter *self, uint32_t tree, apo_census *out) {
  const apo_forest *forest = self->forest;
  const uint64_t begin = forest->node_begin[tree];
  if (forest->node_begin[tree + 1] == begin) {
    count_leaf(self, out);
    return;
  }
  enter(self, begin);
  while (self->depth > 0) {
    frame *top = &self->frames[self->depth - 1];
    if (top->n_visited == 2) {
      leave(self);
      continue;
    }
    const int32_t *side = top->n_visited++ == 0 ? forest->left : forest->right;
    const int32_t child = side[top->node];
    if (child < 0) {
      count_leaf(self, out);
    } else {
      enter(self, begin + (uint64_t)child);
    }
  }
}

static void count_columns(const counter *self, apo_census *out) {
  for (uint32_t column = 0; column < self->forest->n_columns; ++column) {
    if (self->flags[column] & IS_CATEGORICAL) ++out->n_categorical;
    if (self->flags[column] & HAS_MISSING) ++out->n_missing_columns;
  }
}

apo_status apo_census_take(const apo_forest *forest, apo_census *out, apo_error *err) {
  apo_status status = APO_OK;
  memset(out, 0, sizeof *out);
  counter self = {.forest = forest};
  self.on_path = apo_alloc(forest->n_columns, sizeof *self.on_path);
  self.flags = apo_alloc(forest->n_columns, sizeof *self.flags);
  self.frames = apo_alloc(APO_MAX_TREE_DEPTH, sizeof *self.frames);
  if (self.on_path == NULL || self.flags == NULL || self.frames == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "census of %u columns", forest->n_columns);
    goto done;
  }
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    count_tree(&self, tree, out);
    const uint64_t n_leaves = forest->leaf_begin[tree + 1] - forest->leaf_begin[tree];
    if (n_leaves > out->max_leaves) out->max_leaves = n_leaves;
  }
  if (forest->n_leaves > 0) {
    out->mean_depth = self.sum_depth / (double)forest->n_leaves;
    out->mean_players = self.sum_players / (double)forest->n_leaves;
  }
  count_columns(&self, out);
  for (uint64_t leaf = 0; forest->term_begin != NULL && leaf < forest->n_leaves; ++leaf) {
    if (forest->term_begin[leaf + 1] > forest->term_begin[leaf]) ++out->n_linear_leaves;
  }

done:
  free(self.on_path);
  free(self.flags);
  free(self.frames);
  return status;
}
