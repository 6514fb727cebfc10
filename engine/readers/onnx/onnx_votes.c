/* onnx_votes.c - what leaves say, in four lists beside the nodes.
 *
 * The order of votes is the writer's; all known writers go tree by tree.  They are sorted when they
 * are not, and then a leaf's votes are found by bisection.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_parts.h"

static int compare(const void *a, const void *b) {
  const apo_onnx_vote *x = a;
  const apo_onnx_vote *y = b;
  if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
  if (x->node != y->node) return x->node < y->node ? -1 : 1;
  return (x->output > y->output) - (x->output < y->output);
}

static apo_status sort(const apo_onnx_node *node, apo_onnx_votes *votes, apo_error *err) {
  bool is_sorted = true;
  for (uint64_t at = 1; at < votes->n && is_sorted; ++at) {
    is_sorted = compare(&votes->at[at - 1], &votes->at[at]) <= 0;
  }
  if (!is_sorted) qsort(votes->at, (size_t)votes->n, sizeof *votes->at, compare);
  for (uint64_t at = 1; at < votes->n; ++at) {
    if (compare(&votes->at[at - 1], &votes->at[at]) != 0) continue;
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "leaf %d of tree %d votes twice for output %u",
                          votes->at[at].node, votes->at[at].tree, votes->at[at].output);
  }
  return APO_OK;
}

typedef struct lists {
  const apo_onnx_node *node;
  const char *prefix;
  apo_onnx_list trees;
  apo_onnx_list nodes;
  apo_onnx_list ids;
  apo_onnx_floats weights;
  uint64_t n_ids;
} lists;

static apo_status open_list(const lists *self,
                            const char *end,
                            apo_onnx_list *out,
                            apo_error *err) {
  char name[32];
  snprintf(name, sizeof name, "%s_%s", self->prefix, end);
  return apo_onnx_list_open(self->node, name, APO_ONNX_INTS, out, err);
}

static apo_status open_lists(lists *self, apo_error *err) {
  char name[32];
  APO_TRY(open_list(self, "treeids", &self->trees, err));
  APO_TRY(open_list(self, "nodeids", &self->nodes, err));
  APO_TRY(open_list(self, "ids", &self->ids, err));
  snprintf(name, sizeof name, "%s_weights", self->prefix);
  return apo_onnx_floats_open(self->node, name, &self->weights, err);
}

static apo_status ended(const lists *self, const char *end, uint64_t at, apo_error *err) {
  return apo_onnx_fault(self->node, err, APO_ERR_FORMAT,
                        "%s_%s: another length than %s_ids, of which %" PRIu64 " were read",
                        self->prefix, end, self->prefix, at);
}

/** The next of a list, which has one iff `expected`. */
static apo_status take(const lists *self,
                       apo_onnx_list *list,
                       const char *end,
                       uint64_t at,
                       bool expected,
                       int64_t *out,
                       apo_error *err) {
  uint64_t bits = 0;
  bool more = false;
  APO_TRY(apo_onnx_list_bits(list, &bits, &more, err));
  *out = (int64_t)bits;
  return more == expected ? APO_OK : ended(self, end, at, err);
}

static apo_status narrow(
    const lists *self, const char *end, uint64_t at, int64_t value, int32_t *out, apo_error *err) {
  *out = (int32_t)value;
  if ((int64_t)*out == value) return APO_OK;
  return apo_onnx_fault(self->node, err, APO_ERR_LIMIT,
                        "%s_%s[%" PRIu64 "]: %" PRId64 ", needs 32 bits", self->prefix, end, at,
                        value);
}

/** Vote `at`, or with `more` false the end of all lists. */
static apo_status read_vote(
    lists *self, uint64_t at, bool more, apo_onnx_vote *out, apo_error *err) {
  int64_t tree = 0;
  int64_t node = 0;
  int64_t id = 0;
  bool has_weight = false;
  *out = (apo_onnx_vote){0};
  APO_TRY(take(self, &self->ids, "ids", at, more, &id, err));
  APO_TRY(take(self, &self->trees, "treeids", at, more, &tree, err));
  APO_TRY(take(self, &self->nodes, "nodeids", at, more, &node, err));
  APO_TRY(apo_onnx_floats_next(&self->weights, &out->weight, &has_weight, err));
  if (has_weight != more) return ended(self, "weights", at, err);
  if (!more) return APO_OK;
  if (id < 0 || (uint64_t)id >= self->n_ids) {
    return apo_onnx_fault(self->node, err, APO_ERR_FORMAT,
                          "%s_ids[%" PRIu64 "]: output %" PRId64 " of %" PRIu64, self->prefix, at,
                          id, self->n_ids);
  }
  if (!isfinite(out->weight)) {
    return apo_onnx_fault(self->node, err, APO_ERR_FORMAT,
                          "%s_weights[%" PRIu64 "]: %g, needs a finite number", self->prefix, at,
                          out->weight);
  }
  out->output = (uint32_t)id;
  APO_TRY(narrow(self, "treeids", at, tree, &out->tree, err));
  return narrow(self, "nodeids", at, node, &out->node, err);
}

static apo_status read_votes(lists *self, apo_onnx_votes *out, apo_error *err) {
  uint64_t n = 0;
  apo_onnx_vote end;
  APO_TRY(open_lists(self, err));
  APO_TRY(apo_onnx_list_count(self->ids, &n, err));
  out->at = apo_alloc((size_t)n, sizeof *out->at);
  if (out->at == NULL) {
    return apo_onnx_fault(self->node, err, APO_ERR_MEMORY, "%" PRIu64 " votes", n);
  }
  for (; out->n < n; ++out->n) {
    APO_TRY(read_vote(self, out->n, true, &out->at[out->n], err));
    out->has_negative |= out->at[out->n].weight < 0.0;
  }
  APO_TRY(read_vote(self, n, false, &end, err));
  return sort(self->node, out, err);
}

apo_status apo_onnx_votes_read(const apo_onnx_node *node,
                               const char *prefix,
                               uint64_t n_ids,
                               apo_onnx_votes *out,
                               apo_error *err) {
  lists self = {.node = node, .prefix = prefix, .n_ids = n_ids};
  *out = (apo_onnx_votes){0};
  const apo_status status = read_votes(&self, out, err);
  apo_onnx_floats_clear(&self.weights);
  if (status != APO_OK) apo_onnx_votes_clear(out);
  return status;
}

void apo_onnx_votes_clear(apo_onnx_votes *votes) {
  free(votes->at);
  *votes = (apo_onnx_votes){0};
}

/** The first vote of [begin, end) that does not come before (tree, node). */
static uint64_t first_from(
    const apo_onnx_votes *votes, uint64_t begin, uint64_t end, int32_t tree, int64_t node) {
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    const apo_onnx_vote *vote = &votes->at[middle];
    if (vote->tree < tree || (vote->tree == tree && vote->node < node)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

void apo_onnx_votes_of_tree(const apo_onnx_votes *votes,
                            int32_t tree,
                            uint64_t *begin,
                            uint64_t *end) {
  *begin = first_from(votes, 0, votes->n, tree, INT64_MIN);
  *end = first_from(votes, *begin, votes->n, tree, INT64_MAX);
}

void apo_onnx_votes_of_node(const apo_onnx_votes *votes,
                            int32_t node,
                            uint64_t *begin,
                            uint64_t *end) {
  if (*begin == *end) return;
  const int32_t tree = votes->at[*begin].tree;
  *begin = first_from(votes, *begin, *end, tree, node);
  *end = first_from(votes, *begin, *end, tree, (int64_t)node + 1);
}
