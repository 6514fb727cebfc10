/* wild_tree.h - texts of any length, and trees of any shape as the text of two formats.
 *
 *   wild_tree tree = wild_chain(4096);
 *   page text = wild_as_xgboost(&tree, "5E-1");   // free(text.text)
 *   ... wild_value(&tree, row) is what the model adds to its base ...
 *   wild_close(&tree);
 */
#ifndef APO_TESTS_SUPPORT_WILD_TREE_H
#define APO_TESTS_SUPPORT_WILD_TREE_H

#include <stdio.h>

#include "tests/support/random_forest.h"

/* --- texts ------------------------------------------------------------------------------------ */

typedef struct page {
  char *text;
  size_t n_bytes;
  size_t capacity;
} page;

static inline void page_put(page *out, const char *format, ...) {
  if (out->capacity - out->n_bytes < 1024) {
    out->capacity = 2 * out->capacity + 65536;
    out->text = realloc(out->text, out->capacity);
    assert_non_null(out->text);
  }
  va_list args;
  va_start(args, format);
  out->n_bytes += (size_t)vsnprintf(out->text + out->n_bytes, 1024, format, args);
  va_end(args);
}

static inline void page_repeat(page *out, const char *text, size_t n) {
  for (size_t i = 0; i < n; ++i) page_put(out, "%s", text);
}

static inline apo_status page_read(const page *text, apo_model **out, apo_error *err) {
  *out = NULL;
  return apo_model_read(text->text, text->n_bytes, out, err);
}

static inline apo_model *page_read_good(const page *text) {
  apo_model *model = NULL;
  apo_error err;
  assert_ok(page_read(text, &model, &err), &err);
  return model;
}

/* --- trees ------------------------------------------------------------------------------------ */

enum { WILD_COLUMNS = 4 };

/* A tree in which every inner node has two children: 2 n_inner + 1 nodes. */
typedef struct wild_tree {
  uint32_t n_inner;
  uint32_t *left; /* [nodes] 0: a leaf */
  uint32_t *right;
  uint32_t *column;
  float *value; /* threshold, or the leaf's value */
} wild_tree;

static inline wild_tree wild_open(uint32_t n_inner) {
  const size_t n = 2 * (size_t)n_inner + 1;
  wild_tree tree = {.n_inner = n_inner,
                    .left = calloc(n, sizeof *tree.left),
                    .right = calloc(n, sizeof *tree.right),
                    .column = calloc(n, sizeof *tree.column),
                    .value = calloc(n, sizeof *tree.value)};
  assert_true(tree.left != NULL && tree.right != NULL && tree.column != NULL && tree.value != NULL);
  apo_random random = apo_random_start(n_inner);
  for (size_t node = 0; node < n; ++node) {
    tree.column[node] = apo_random_below(&random, WILD_COLUMNS);
    tree.value[node] = (float)apo_random_number(&random);
  }
  return tree;
}

static inline void wild_close(wild_tree *tree) {
  free(tree->left);
  free(tree->right);
  free(tree->column);
  free(tree->value);
}

/* Inner nodes 0 to n_inner - 1 as in a heap: as flat as can be. */
static inline wild_tree wild_flat(uint32_t n_inner) {
  wild_tree tree = wild_open(n_inner);
  for (uint32_t node = 0; node < n_inner; ++node) {
    tree.left[node] = 2 * node + 1;
    tree.right[node] = 2 * node + 2;
  }
  return tree;
}

/* As deep as can be: each left child is a leaf. */
static inline wild_tree wild_chain(uint32_t n_inner) {
  wild_tree tree = wild_open(n_inner);
  for (uint32_t node = 0; node < n_inner; ++node) {
    tree.left[node] = n_inner + node;
    tree.right[node] = node + 1 < n_inner ? node + 1 : 2 * n_inner;
  }
  return tree;
}

static inline double wild_value(const wild_tree *tree, const double *row) {
  uint32_t node = 0;
  while (tree->left[node] != 0) {
    const double value = (double)(float)row[tree->column[node]];
    node = value < (double)tree->value[node] ? tree->left[node] : tree->right[node];
  }
  return (double)tree->value[node];
}

/* The same tree with its nodes in another order; the root stays the first. */
static inline wild_tree wild_permuted(const wild_tree *from, uint64_t seed) {
  const uint32_t n = 2 * from->n_inner + 1;
  wild_tree tree = wild_open(from->n_inner);
  apo_random random = apo_random_start(seed);
  uint32_t *place = calloc(n, sizeof *place);
  assert_non_null(place);
  for (uint32_t node = 0; node < n; ++node) place[node] = node;
  for (uint32_t node = n - 1; node > 1; --node) {
    const uint32_t other = 1 + apo_random_below(&random, node);
    const uint32_t kept = place[node];
    place[node] = place[other];
    place[other] = kept;
  }
  for (uint32_t node = 0; node < n; ++node) {
    const bool is_leaf = from->left[node] == 0;
    tree.left[place[node]] = is_leaf ? 0 : place[from->left[node]];
    tree.right[place[node]] = is_leaf ? 0 : place[from->right[node]];
    tree.column[place[node]] = from->column[node];
    tree.value[place[node]] = from->value[node];
  }
  free(place);
  return tree;
}

#define PAGE_ARRAY(out, key, n, format, value)                                                \
  do {                                                                                        \
    page_put((out), "\"%s\":[", (key));                                                       \
    for (uint32_t i = 0; i < (n); ++i) page_put((out), "%s" format, i > 0 ? "," : "", value); \
    page_put((out), "],");                                                                    \
  } while (0)

static inline page wild_as_xgboost(const wild_tree *tree, const char *base_score) {
  const uint32_t n = 2 * tree->n_inner + 1;
  page out = {0};
  page_put(
      &out,
      "{\"version\":[3,4,1],\"learner\":{\"learner_model_param\":{\"base_score\":\"%s\","
      "\"num_class\":\"0\",\"num_feature\":\"%d\",\"num_target\":\"1\"},"
      "\"objective\":{\"name\":\"reg:squarederror\"},\"gradient_booster\":{\"name\":\"gbtree\","
      "\"model\":{\"gbtree_model_param\":{\"num_trees\":\"1\",\"num_parallel_tree\":\"1\"},"
      "\"tree_info\":[0],\"trees\":[{",
      base_score, WILD_COLUMNS);
  PAGE_ARRAY(&out, "left_children", n, "%d", tree->left[i] == 0 ? -1 : (int)tree->left[i]);
  PAGE_ARRAY(&out, "right_children", n, "%d", tree->left[i] == 0 ? -1 : (int)tree->right[i]);
  PAGE_ARRAY(&out, "split_indices", n, "%u", tree->column[i]);
  PAGE_ARRAY(&out, "split_conditions", n, "%.9g", (double)tree->value[i]);
  PAGE_ARRAY(&out, "default_left", n, "%d", (int)(i % 1));
  PAGE_ARRAY(&out, "split_type", n, "%d", (int)(i % 1));
  PAGE_ARRAY(&out, "sum_hessian", n, "%d", 1 + (int)(i % 1));
  page_put(&out,
           "\"categories\":[],\"categories_nodes\":[],\"categories_segments\":[],"
           "\"categories_sizes\":[],\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"%d\","
           "\"num_nodes\":\"%u\",\"size_leaf_vector\":\"1\"}}]}}}}",
           WILD_COLUMNS, n);
  return out;
}

static inline int wild_neutral_child(const wild_tree *tree, uint32_t child) {
  return child < tree->n_inner ? (int)child : -(int)(child - tree->n_inner) - 1;
}

/* Only for trees whose inner nodes come first. */
static inline page wild_as_neutral(const wild_tree *tree) {
  const uint32_t n = tree->n_inner;
  page out = {0};
  page_put(
      &out,
      "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\",\"columns\":{\"count\":%d},"
      "\"input\":{\"cast\":\"float32\"},\"outputs\":{\"count\":1,\"base\":[0.5]},\"forest\":{"
      "\"defaults\":{\"op\":\"lt\",\"missing\":\"nan\",\"default_left\":0},\"trees\":[{",
      WILD_COLUMNS);
  PAGE_ARRAY(&out, "column", n, "%u", tree->column[i]);
  PAGE_ARRAY(&out, "threshold", n, "%.17g", (double)tree->value[i]);
  PAGE_ARRAY(&out, "left", n, "%d", wild_neutral_child(tree, tree->left[i]));
  PAGE_ARRAY(&out, "right", n, "%d", wild_neutral_child(tree, tree->right[i]));
  PAGE_ARRAY(&out, "leaf", n + 1, "%.17g", (double)tree->value[n + i]);
  page_put(&out, "\"output\":0}]}}");
  return out;
}

#endif
