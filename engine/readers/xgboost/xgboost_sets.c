/* xgboost_sets.c - which categories a split sends right.
 *
 *   categories_nodes     [m]  the nodes that split on a category
 *   categories_segments  [m]  where each one's list starts in categories
 *   categories_sizes     [m]  how long it is
 *   categories                the lists, one behind the other
 *
 * Lists may not overlap in sum: a small file must not grow into a large model.
 */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/readers/xgboost/xgboost_parts.h"

typedef struct lists {
  apo_json_at nodes;
  apo_json_at segments;
  apo_json_at sizes;
  apo_json_at codes;
  uint64_t n_codes; /* in the file */
  uint64_t n_taken;
  uint32_t *taken; /* room for n_codes */
} lists;

static apo_status take_lists(apo_json_at tree, lists *out, apo_error *err) {
  const uint64_t n = apo_json_length(out->nodes);
  APO_TRY(apo_json_member(tree, "categories_segments", &out->segments, err));
  APO_TRY(apo_json_need_length(out->segments, n, err));
  APO_TRY(apo_json_member(tree, "categories_sizes", &out->sizes, err));
  APO_TRY(apo_json_need_length(out->sizes, n, err));
  APO_TRY(apo_json_member(tree, "categories", &out->codes, err));
  APO_TRY(apo_json_need(out->codes, APO_JSON_ARRAY, err));
  out->n_codes = apo_json_length(out->codes);
  return APO_OK;
}

static apo_status add_set(
    lists *self, uint64_t at, apo_builder *builder, uint32_t *set_out, apo_error *err) {
  int64_t begin = 0;
  int64_t size = 0;
  const int64_t n_codes = (int64_t)self->n_codes;
  APO_TRY(apo_json_integer_at(self->segments, at, 0, n_codes, &begin, err));
  APO_TRY(apo_json_integer_at(self->sizes, at, 1, INT64_MAX, &size, err));
  if (size > n_codes - begin || (uint64_t)size > self->n_codes - self->n_taken) {
    return apo_json_fault_at(self->sizes, at, err, APO_ERR_FORMAT,
                             "%" PRId64 " categories from %" PRId64 " on, the tree lists %" PRId64,
                             size, begin, n_codes);
  }
  self->n_taken += (uint64_t)size;
  for (int64_t i = 0; i < size; ++i) {
    int64_t code = 0;
    APO_TRY(apo_json_integer_at(self->codes, (uint64_t)(begin + i), 0, APO_MAX_CATEGORY_CODE, &code,
                                err));
    self->taken[i] = (uint32_t)code;
  }
  return apo_builder_add_set(builder, self->taken, (size_t)size, set_out, err);
}

static apo_status add_sets(
    lists *self, uint64_t n_nodes, apo_builder *builder, uint32_t *set_of_node, apo_error *err) {
  const uint64_t n = apo_json_length(self->nodes);
  for (uint64_t node = 0; node < n_nodes; ++node) set_of_node[node] = APO_XGBOOST_NO_SET;
  for (uint64_t at = 0; at < n; ++at) {
    int64_t node = 0;
    APO_TRY(apo_json_integer_at(self->nodes, at, 0, (int64_t)n_nodes - 1, &node, err));
    if (set_of_node[node] != APO_XGBOOST_NO_SET) {
      return apo_json_fault_at(self->nodes, at, err, APO_ERR_FORMAT,
                               "node %" PRId64 " is listed twice", node);
    }
    APO_TRY(add_set(self, at, builder, &set_of_node[node], err));
  }
  return APO_OK;
}

apo_status apo_xgboost_sets(apo_json_at tree,
                            uint64_t n_nodes,
                            apo_builder *builder,
                            uint32_t **set_of_node_out,
                            apo_error *err) {
  lists self = {.n_codes = 0};
  *set_of_node_out = NULL;
  if (!apo_json_find(tree, "categories_nodes", &self.nodes)) return APO_OK;
  APO_TRY(apo_json_need(self.nodes, APO_JSON_ARRAY, err));
  if (apo_json_length(self.nodes) == 0) return APO_OK;
  APO_TRY(take_lists(tree, &self, err));
  self.taken = apo_alloc((size_t)self.n_codes, sizeof *self.taken);
  *set_of_node_out = apo_alloc((size_t)n_nodes, sizeof **set_of_node_out);
  apo_status status = APO_OK;
  if (self.taken == NULL || *set_of_node_out == NULL) {
    status = apo_json_fault(self.nodes, err, APO_ERR_MEMORY, "no memory for its sets");
  } else {
    status = add_sets(&self, n_nodes, builder, *set_of_node_out, err);
  }
  free(self.taken);
  return status;
}
