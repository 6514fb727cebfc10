/* exact_device.h - leaf games on one device: the cut forest, the background's summary, tables. */
#ifndef APO_ENGINE_GAMES_EXACT_DEVICE_H
#define APO_ENGINE_GAMES_EXACT_DEVICE_H

#include "engine/exact/exact_plan.h"
#include "engine/games/forest_stages.h"

typedef struct apo_exact_device {
  const apo_exact_plan *plan;
  const apo_code_forest *forest;
  apo_buffer *sets; /* the forest's; borrowed */
  apo_buffer *derived, *group, *leaf, *player, *ratio, *test, *slot, *block, *value, *weight,
      *meeting;
  apo_buffer *b_column, *b_count; /* the background's codes, by column, and its counts */
  uint32_t b_stride;
  uint32_t n_background;
  apo_buffer *count, *vector, *table; /* of a chunk, a chunk and a batch */
  apo_buffer *long_leaf, *long_test, *long_player;
  apo_buffer *pattern, *pattern_weight, *weight_begin, *moment; /* interventional */
  apo_buffer *long_ratio, *point, *points_of;                   /* path-dependent */
  apo_buffer *tree, *step, *node, *factor, *tree_slot;          /* trees that are walked whole */
  bool has_tables;         /* those of the only batch are there */
  uint64_t n_rows_without; /* rows explained so far without tables */
} apo_exact_device;

/** Upload, and bring the background's codes into columns; waits.
 *
 * Shapes:  codes [n_rows x n_columns] of the forest's width; NULL and 0 for path
 */
APO_NODISCARD apo_status apo_exact_device_create(const apo_exact_plan *plan,
                                                 const apo_code_forest *forest,
                                                 apo_buffer *sets,
                                                 const void *codes,
                                                 uint32_t n_rows,
                                                 apo_executor *executor,
                                                 apo_exact_device **out,
                                                 apo_error *err);
void apo_exact_device_destroy(apo_executor *executor, apo_exact_device **device);

/** Take another of the plan's sets of counts for all that is queued from now on.  Only where one
 * queue uses the device. */
APO_NODISCARD apo_status apo_exact_use_set(apo_exact_device *device,
                                           apo_executor *executor,
                                           uint32_t set,
                                           apo_error *err);

/** The bytes of all its buffers. */
uint64_t apo_exact_device_bytes(const apo_exact_plan *plan,
                                const apo_code_forest *forest,
                                uint64_t n_rows);

/** Rows of a tile as the stages of leaf games read and write them. */
typedef struct apo_exact_rows {
  uint32_t n_rows;
  uint32_t padded;    /* multiple of what an item of table_add covers */
  uint32_t stride;    /* rows between columns and slots */
  uint32_t sub_tiles; /* of an item, CPU shape */
  apo_buffer *code;   /* [padded x n_columns] row-major, from row_codes */
  apo_buffer *column; /* [(n_columns + n_derived) x stride] */
  apo_buffer *phi;    /* [n_slots x stride] int64, zeroed */
  apo_buffer *acc;    /* [n_slots x stride] int32 */
  apo_buffer *share;  /* of long leaves and of trees walked whole */
} apo_exact_rows;

/** padded, stride and sub_tiles for `n_rows`. */
void apo_exact_shape(bool is_cpu, uint32_t compute_units, uint32_t n_rows, apo_exact_rows *out);

/** Bytes of `share` for a tile. */
uint64_t apo_exact_share_bytes(const apo_exact_plan *plan, bool is_cpu, uint64_t padded_rows);

/** Queue everything that adds the rows' values to phi.  Builds tables where they pay. */
APO_NODISCARD apo_status apo_exact_add(apo_exact_device *device,
                                       apo_executor *executor,
                                       const apo_exact_rows *rows,
                                       apo_error *err);

/** Of these what no table has: long leaves and trees walked whole. */
APO_NODISCARD apo_status apo_exact_add_long(const apo_exact_device *device,
                                            apo_executor *executor,
                                            const apo_exact_rows *rows,
                                            apo_error *err);

#endif
