/* neutral_writer_forest.c - trees as parallel arrays, in the forest's own numbering.
 *
 * What most nodes have in common stands once, in "defaults"; a tree whose nodes all have it leaves
 * the array out.
 *
 * Category sets are numbered over the whole forest here and inside its tree there.  A tree takes
 * the sets behind those of the trees before it, up to the last one it uses, so that reading numbers
 * them as before.  A set that an earlier tree has taken is written again for each tree that shares
 * it.
 */
#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/readers/neutral_json/neutral_words.h"
#include "engine/writers/neutral_json/neutral_writer_parts.h"

typedef struct forest_writer {
  apo_json_writer *out;
  const apo_forest *forest;
  uint8_t op; /* the defaults */
  uint8_t missing;
  uint8_t default_left;
  uint32_t sets_taken; /* by the trees so far */
  uint32_t *seen_in;   /* [n_sets] 1 + the tree that last repeated it */
  uint32_t *number;    /* [n_sets] its number in that tree */
} forest_writer;

/* --- defaults --------------------------------------------------------------------------------- */

// The word that most nodes have; the first of several.
static uint8_t most_common(const uint8_t *words, uint64_t n) {
  uint64_t counts[8] = {0};
  uint8_t best = 0;
  for (uint64_t i = 0; i < n; ++i) ++counts[words[i] & 7];
  for (uint8_t word = 1; word < 8; ++word) {
    if (counts[word] > counts[best]) best = word;
  }
  return best;
}

static bool are_all(const uint8_t *words, uint64_t n, uint8_t word) {
  for (uint64_t i = 0; i < n; ++i) {
    if (words[i] != word) return false;
  }
  return true;
}

static void write_word(apo_json_writer *out, const char *key, const char *word) {
  apo_json_writer_key(out, key);
  apo_json_writer_text(out, word);
}

static void write_defaults(forest_writer *self) {
  const apo_forest *forest = self->forest;
  if (forest->n_nodes == 0) return;
  self->op = most_common(forest->op, forest->n_nodes);
  self->missing = most_common(forest->missing, forest->n_nodes);
  self->default_left = most_common(forest->default_left, forest->n_nodes);
  apo_json_writer_key(self->out, "defaults");
  apo_json_writer_open(self->out, '{');
  write_word(self->out, "op", apo_neutral_ops[self->op]);
  write_word(self->out, "missing", apo_neutral_missing[self->missing]);
  apo_json_writer_key(self->out, "default_left");
  apo_json_writer_integer(self->out, self->default_left);
  apo_json_writer_close(self->out, '}');
}

/* --- arrays of a tree ------------------------------------------------------------------------- */

static void write_words(
    forest_writer *self, const char *key, const uint8_t *at, uint64_t n, const char *const *words) {
  apo_json_writer_key(self->out, key);
  apo_json_writer_open(self->out, '[');
  for (uint64_t i = 0; i < n; ++i) apo_json_writer_text(self->out, words[at[i]]);
  apo_json_writer_close(self->out, ']');
}

static void write_flags(forest_writer *self, const char *key, const uint8_t *at, uint64_t n) {
  apo_json_writer_key(self->out, key);
  apo_json_writer_open(self->out, '[');
  for (uint64_t i = 0; i < n; ++i) apo_json_writer_integer(self->out, at[i]);
  apo_json_writer_close(self->out, ']');
}

static void write_u32s(forest_writer *self, const char *key, const uint32_t *at, uint64_t n) {
  apo_json_writer_key(self->out, key);
  apo_json_writer_open(self->out, '[');
  for (uint64_t i = 0; i < n; ++i) apo_json_writer_integer(self->out, at[i]);
  apo_json_writer_close(self->out, ']');
}

static void write_children(forest_writer *self, const char *key, const int32_t *at, uint64_t n) {
  apo_json_writer_key(self->out, key);
  apo_json_writer_open(self->out, '[');
  for (uint64_t i = 0; i < n; ++i) apo_json_writer_integer(self->out, at[i]);
  apo_json_writer_close(self->out, ']');
}

static void write_numbers(forest_writer *self, const char *key, const double *at, uint64_t n) {
  apo_json_writer_key(self->out, key);
  apo_neutral_write_numbers(self->out, at, n);
}

/* --- sets of a tree --------------------------------------------------------------------------- */

/* The sets that a tree writes: [begin, end) of the forest, then those it shares with trees before
 * it, in the order of its nodes. */
typedef struct tree_sets {
  uint32_t begin;
  uint32_t end;
  uint32_t n; /* with the shared ones */
} tree_sets;

static tree_sets number_sets(forest_writer *self, uint32_t tree) {
  const apo_forest *forest = self->forest;
  const uint64_t end = forest->node_begin[tree + 1];
  const bool is_last = tree + 1 == forest->n_trees;
  tree_sets sets = {.begin = self->sets_taken, .end = self->sets_taken};
  if (is_last) sets.end = forest->n_sets;  // no set is lost, used or not
  for (uint64_t node = forest->node_begin[tree]; node < end; ++node) {
    const double set = forest->threshold[node];
    if (forest->op[node] == APO_OP_IN && set >= sets.end) sets.end = (uint32_t)set + 1;
  }
  sets.n = sets.end - sets.begin;
  for (uint64_t node = forest->node_begin[tree]; node < end; ++node) {
    if (forest->op[node] != APO_OP_IN) continue;
    const uint32_t set = (uint32_t)forest->threshold[node];
    if (set >= sets.begin || self->seen_in[set] == tree + 1) continue;
    self->seen_in[set] = tree + 1;
    self->number[set] = sets.n++;
  }
  self->sets_taken = sets.end;
  return sets;
}

static void write_set(forest_writer *self, uint32_t set) {
  const apo_forest *forest = self->forest;
  apo_json_writer_open(self->out, '[');
  for (uint64_t i = forest->set_begin[set]; i < forest->set_begin[set + 1]; ++i) {
    apo_json_writer_integer(self->out, forest->set_code[i]);
  }
  apo_json_writer_close(self->out, ']');
}

static void write_sets(forest_writer *self, uint32_t tree, const tree_sets *sets) {
  const apo_forest *forest = self->forest;
  if (sets->n == 0) return;
  apo_json_writer_key(self->out, "sets");
  apo_json_writer_open(self->out, '[');
  for (uint32_t set = sets->begin; set < sets->end; ++set) write_set(self, set);
  uint32_t next = sets->end - sets->begin;
  for (uint64_t node = forest->node_begin[tree]; node < forest->node_begin[tree + 1]; ++node) {
    if (forest->op[node] != APO_OP_IN || next == sets->n) continue;
    const uint32_t set = (uint32_t)forest->threshold[node];
    if (set >= sets->begin || self->number[set] != next) continue;
    write_set(self, set);
    ++next;
  }
  apo_json_writer_close(self->out, ']');
}

static void write_thresholds(forest_writer *self, uint32_t tree, const tree_sets *sets) {
  const apo_forest *forest = self->forest;
  apo_json_writer_key(self->out, "threshold");
  apo_json_writer_open(self->out, '[');
  for (uint64_t node = forest->node_begin[tree]; node < forest->node_begin[tree + 1]; ++node) {
    const double threshold = forest->threshold[node];
    if (forest->op[node] != APO_OP_IN) {
      apo_json_writer_number(self->out, threshold);
      continue;
    }
    const uint32_t set = (uint32_t)threshold;
    apo_json_writer_integer(self->out, set < sets->begin ? self->number[set] : set - sets->begin);
  }
  apo_json_writer_close(self->out, ']');
}

/* --- trees ------------------------------------------------------------------------------------ */

static void write_terms(forest_writer *self, uint32_t tree) {
  const apo_forest *forest = self->forest;
  const uint64_t begin = forest->leaf_begin[tree];
  const uint64_t end = forest->leaf_begin[tree + 1];
  if (forest->term_begin == NULL || forest->term_begin[begin] == forest->term_begin[end]) return;
  const uint64_t first = forest->term_begin[begin];
  const uint64_t n_terms = forest->term_begin[end] - first;
  apo_json_writer_key(self->out, "linear");
  apo_json_writer_open(self->out, '{');
  apo_json_writer_key(self->out, "count");
  apo_json_writer_open(self->out, '[');
  for (uint64_t leaf = begin; leaf < end; ++leaf) {
    const uint64_t n = forest->term_begin[leaf + 1] - forest->term_begin[leaf];
    apo_json_writer_integer(self->out, (int64_t)n);
  }
  apo_json_writer_close(self->out, ']');
  write_u32s(self, "columns", forest->term_column + first, n_terms);
  write_numbers(self, "coefficients", forest->term_coefficient + first, n_terms);
  write_numbers(self, "constant", forest->leaf_constant + begin, end - begin);
  apo_json_writer_close(self->out, '}');
}

static void write_nodes(forest_writer *self, uint32_t tree) {
  const apo_forest *forest = self->forest;
  const uint64_t begin = forest->node_begin[tree];
  const uint64_t n = forest->node_begin[tree + 1] - begin;
  const tree_sets sets = number_sets(self, tree);
  write_u32s(self, "column", forest->column + begin, n);
  if (!are_all(forest->op + begin, n, self->op)) {
    write_words(self, "op", forest->op + begin, n, apo_neutral_ops);
  }
  write_thresholds(self, tree, &sets);
  if (!are_all(forest->missing + begin, n, self->missing)) {
    write_words(self, "missing", forest->missing + begin, n, apo_neutral_missing);
  }
  if (!are_all(forest->default_left + begin, n, self->default_left)) {
    write_flags(self, "default_left", forest->default_left + begin, n);
  }
  write_children(self, "left", forest->left + begin, n);
  write_children(self, "right", forest->right + begin, n);
  write_sets(self, tree, &sets);
}

static void write_tree(forest_writer *self, uint32_t tree) {
  const apo_forest *forest = self->forest;
  apo_json_writer_line(self->out);
  apo_json_writer_open(self->out, '{');
  if (forest->tree_output[tree] != APO_TREE_VECTOR) {
    apo_json_writer_key(self->out, "output");
    apo_json_writer_integer(self->out, forest->tree_output[tree]);
  }
  if (forest->tree_weight[tree] != 1.0) {
    apo_json_writer_key(self->out, "weight");
    apo_json_writer_number(self->out, forest->tree_weight[tree]);
  }
  write_nodes(self, tree);
  write_numbers(self, "leaf", forest->leaf_value + forest->value_begin[tree],
                forest->value_begin[tree + 1] - forest->value_begin[tree]);
  if (forest->node_cover != NULL) {
    write_numbers(self, "cover", forest->node_cover + forest->node_begin[tree],
                  forest->node_begin[tree + 1] - forest->node_begin[tree]);
    write_numbers(self, "leaf_cover", forest->leaf_cover + forest->leaf_begin[tree],
                  forest->leaf_begin[tree + 1] - forest->leaf_begin[tree]);
  }
  write_terms(self, tree);
  apo_json_writer_close(self->out, '}');
}

static void write_head(forest_writer *self, const apo_model *model) {
  const apo_forest *forest = self->forest;
  apo_json_writer_key(self->out, "scale");
  apo_json_writer_number(self->out, forest->scale);
  apo_json_writer_key(self->out, "divide");
  apo_json_writer_number(self->out, forest->divide);
  write_word(self->out, "cover_kind", apo_neutral_cover_kinds[forest->cover_kind]);
  if (model->trees_per_iteration > 0) {
    apo_json_writer_key(self->out, "trees_per_iteration");
    apo_json_writer_integer(self->out, model->trees_per_iteration);
  }
  write_defaults(self);
}

apo_status apo_neutral_write_forest(apo_json_writer *writer,
                                    const apo_model *model,
                                    apo_error *err) {
  const apo_forest *forest = model->forest;
  forest_writer self = {.out = writer, .forest = forest};
  if (forest->divide > (double)INT32_MAX || forest->divide != (double)(int32_t)forest->divide) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "neutral_json: forest.divide: %.17g, needs a whole number up to %d",
                    forest->divide, INT32_MAX);
  }
  self.seen_in = apo_alloc(forest->n_sets, sizeof *self.seen_in);
  self.number = apo_alloc(forest->n_sets, sizeof *self.number);
  if (self.seen_in == NULL || self.number == NULL) {
    free(self.seen_in);
    free(self.number);
    return apo_fail(err, APO_ERR_MEMORY, "neutral_json: %u category sets", forest->n_sets);
  }
  apo_json_writer_open(writer, '{');
  write_head(&self, model);
  apo_json_writer_key(writer, "trees");
  apo_json_writer_open(writer, '[');
  for (uint32_t tree = 0; tree < forest->n_trees && apo_json_writer_ok(writer); ++tree) {
    write_tree(&self, tree);
  }
  apo_json_writer_close(writer, ']');
  apo_json_writer_close(writer, '}');
  free(self.seen_in);
  free(self.number);
  return APO_OK;
}
