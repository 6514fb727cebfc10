/* builder_parts.h - the builder between its three files: builder.c (its life, category sets),
 * builder_tree.c (the walk over a tree), builder_room.c (arrays that grow).
 */
#ifndef APO_ENGINE_FOREST_BUILDER_PARTS_H
#define APO_ENGINE_FOREST_BUILDER_PARTS_H

#include "engine/forest/builder.h"

enum { APO_MAX_PENDING = APO_MAX_TREE_DEPTH + 1 };

#define APO_MAX_NODES ((uint64_t)INT32_MAX) /* children are int32 */

/** A node that is still to be visited. */
typedef struct apo_pending {
  uint64_t node;   /* of the file */
  uint32_t parent; /* inner node of this tree; any for the root */
  uint32_t depth;  /* inner nodes above it */
  bool is_left;
} apo_pending;

struct apo_builder {
  apo_forest *forest;
  bool has_covers; /* so far every node stated one */
  uint64_t node_capacity;
  uint64_t leaf_capacity;
  uint64_t value_capacity;
  uint64_t tree_capacity;
  uint64_t set_capacity;
  uint64_t code_capacity;
  uint64_t term_capacity;
  uint64_t n_terms;       /* of all whole trees */
  apo_pending *stack;     /* [APO_MAX_PENDING] */
  uint8_t *seen;          /* a bit for each node of the file's tree */
  uint64_t seen_capacity; /* bytes */
};

/* What follows makes room for `n` elements in all, or fails with APO_ERR_MEMORY or _LIMIT. */

APO_NODISCARD apo_status apo_builder_room_for_node(apo_builder *builder,
                                                   uint64_t n,
                                                   apo_error *err);
APO_NODISCARD apo_status apo_builder_room_for_leaf(apo_builder *builder,
                                                   uint64_t n,
                                                   uint64_t n_values,
                                                   apo_error *err);
/** From the first call on the forest has linear leaves: leaves before `leaf` get no terms. */
APO_NODISCARD apo_status apo_builder_room_for_terms(apo_builder *builder,
                                                    uint64_t leaf,
                                                    uint64_t n_terms,
                                                    apo_error *err);
APO_NODISCARD apo_status apo_builder_room_for_tree(apo_builder *builder, apo_error *err);
APO_NODISCARD apo_status apo_builder_room_for_set(apo_builder *builder,
                                                  uint64_t n_codes,
                                                  apo_error *err);
/** A bit for each of `n_nodes` nodes of a tree, all 0. */
APO_NODISCARD apo_status apo_builder_clear_seen(apo_builder *builder,
                                                uint64_t n_nodes,
                                                apo_error *err);
/** Allocate what even a forest without trees has. */
APO_NODISCARD apo_status apo_builder_first_room(apo_builder *builder, apo_error *err);
/** Arrays have grown by doubling; give back what is not used. */
APO_NODISCARD apo_status apo_builder_trim(apo_builder *builder, apo_error *err);

#endif
