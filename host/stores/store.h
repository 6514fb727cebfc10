/* store.h - where attributions are kept, and the contract of every kind of destination.
 *
 * DEST is "x.npy", "x.csv", "-" (CSV on stdout), "sqlite:FILE", "null:".  A destination is opened
 * with everything that names the run, takes tiles in row order, and is finished or abandoned.  An
 * array file appears whole or not at all.  A store keeps whole chunks: each is one transaction, so
 * after any stop what is there is complete and right.
 *
 * A kind is a folder: host/stores/<name>/<name>.c defines `const apo_store_kind
 * apo_store_kind_<name>`, and one word in stores.c lists it.  tests/contract then asks every kind.
 */
#ifndef APO_HOST_STORES_STORE_H
#define APO_HOST_STORES_STORE_H

#include <stdbool.h>

#include "apportion.h"

/** The base value of a line: (row, output) of a tile. */
static inline double apo_tile_base(const apo_tile *tile, size_t line) {
  return tile->row_base != NULL ? tile->row_base[line] : tile->base[line % tile->n_outputs];
}

/** What is made of the rows of a run before they reach an array. */
typedef enum apo_reduction {
  APO_REDUCE_NONE = 0,
  APO_REDUCE_MEAN_ABS = 1 /* the mean over rows of each cell's magnitude */
} apo_reduction;

/** What is kept of a line. */
typedef enum apo_layout {
  APO_LAYOUT_DENSE = 0,     /* every player */
  APO_LAYOUT_TOPK = 1,      /* the players with the largest magnitudes, and the rest in one sum */
  APO_LAYOUT_PAIRS = 2,     /* every cell of the upper triangle */
  APO_LAYOUT_PAIRS_TOPK = 3 /* the pairs with the largest magnitudes, and the rest in one sum */
} apo_layout;

/** What a run is: its identity and what is recorded beside it. */
typedef struct apo_run_spec {
  const apo_model *model;
  const char *background_id; /* "sha256:...", or NULL for methods without background */
  uint64_t background_rows;
  bool background_weighted;
  const char *input_id; /* "sha256:..." or "user:..."; NULL: unknown, the run gets a random id */
  uint64_t input_rows;  /* UINT64_MAX when not known ahead */
  const char *key_name; /* --id column, or NULL */
  uint32_t n_players;
  const char *const *player_names;   /* [n_players] */
  const char *const *player_members; /* [n_players] JSON list of column names for groups, or NULL */
  uint32_t n_outputs;
  const char *const *output_names; /* [n_outputs], entries may be NULL */
  const double *base;              /* [n_outputs]; of a loss the mean over the rows */
  const char *method;              /* "kernel", ... */
  const char *output;              /* apo_plan_output_text */
  const char *target_id;           /* "sha256:..." of what the rows' losses were taken against; then
                                      tiles carry a base for each row.  NULL: no loss */
  const char *index;               /* "shapley", "banzhaf"; NULL: "shapley" */
  const char *link;                /* "identity", "logit" */
  const char *coalitions;          /* "shared", "per-row", or "" */
  uint64_t n_samples;              /* as used; 0 when it does not apply */
  uint64_t seed;
  uint64_t row_origin;
  bool has_errors; /* tiles carry phi_se and they are kept */
  bool has_pairs;  /* tiles carry pairs and they are kept */
  uint32_t top;    /* a store keeps so many players or pairs of a line; 0: all */
  apo_reduction reduction;
  uint32_t chunk_rows;  /* 0: 65,536 */
  bool force;           /* replace an existing array file */
  const char *label;    /* or NULL */
  const char *device;   /* apo_devices_text */
  const char *software; /* "apportion 0.1.0" */
} apo_run_spec;

typedef struct apo_store apo_store;

/** One kind of destination; stores.c lists them. */
typedef struct apo_store_kind {
  const char *name;
  bool can_keep_top;   /* takes a spec with `top` */
  bool can_be_reduced; /* a place for one array without rows */
  bool (*claims)(const char *where);
  apo_status (*open)(const char *where, const apo_run_spec *spec, apo_store **out, apo_error *err);
} apo_store_kind;

/** Where a store is in its life; kept by stores.c. */
typedef enum apo_store_phase {
  APO_STORE_OPEN = 0,
  APO_STORE_FAILED = 1, /* a put or finish failed; what was kept before it stays */
  APO_STORE_STOPPED = 2,
  APO_STORE_FINISHED = 3
} apo_store_phase;

/** The first part of every store.  The functions may count on what stores.c checks: a tile is of
 * the run's shape and follows the one before it, ids and errors are there when the run has them,
 * and nothing is called after a failure but destroy. */
struct apo_store {
  apo_status (*put)(apo_store *self, const apo_tile *tile, const char *const *ids, apo_error *err);
  /* Everything is there: make it visible. */
  apo_status (*finish)(apo_store *self, apo_error *err);
  /* Stopped early: keep what can be resumed (whole chunks), drop what cannot. */
  apo_status (*stop)(apo_store *self, apo_error *err);
  void (*destroy)(apo_store *self); /* abandons what was not finished or stopped */
  uint64_t n_rows_kept;
  /* Rows that an earlier run with this identity already committed, from row 0; explaining starts
   * behind them.  0 for array files. */
  uint64_t n_rows_done;
  char run_id[72]; /* "" for array files */
  /* The run was complete before it was opened: nothing is left to put. */
  bool is_complete;

  /* Kept by stores.c. */
  apo_store_phase phase;
  uint32_t n_players;
  uint32_t n_outputs;
  bool has_errors;
  bool has_pairs;
  bool has_ids;
  bool has_row_base;
  uint64_t first_row;  /* row_begin of the first tile */
  uint64_t n_rows_put; /* since opening */
};

/** What a run keeps of a line, and how many entries of it: `top` and no more than there are. */
apo_layout apo_spec_layout(const apo_run_spec *spec);
uint32_t apo_spec_top(const apo_run_spec *spec);
/** "dense", "topk", "pairs", "pairs_topk". */
const char *apo_layout_text(apo_layout layout);

/** False when rows are not meant to sum to the output: any index but Shapley's. */
bool apo_spec_sums_up(const apo_run_spec *spec);

/** The kinds in order, ended by NULL; the first one that claims a destination gets it. */
extern const apo_store_kind *const apo_store_kinds[];

/** Open the destination.
 *
 * Owns:    `spec` and what it points to are read until the call returns.
 * Fails:   APO_ERR_IO        cannot be written, is being written, or is something else's file
 *          APO_ERR_ARGUMENT  unknown kind of destination; a spec that contradicts itself, or asks
 *                            for what this kind does not keep
 *          APO_ERR_LIMIT     lines that are too long for a store's chunk
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_store_open(const char *where,
                                        const apo_run_spec *spec,
                                        apo_store **out,
                                        apo_error *err);
/** Take a tile.  `ids`: [tile->n_rows] texts, or NULL without key_name.
 *
 * The first tile is the row behind n_rows_done, whatever its row_begin; the others follow it
 * without a gap.  After a failure only stop and close are of use.
 *
 * Fails:   APO_ERR_IO        the message names the path
 *          APO_ERR_ARGUMENT  a tile of another shape or out of order, or after the end
 *          APO_ERR_FORMAT    an id that cannot be one
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_store_put(apo_store *store,
                                       const apo_tile *tile,
                                       const char *const *ids,
                                       apo_error *err);
/** Everything was put.  Once more is APO_OK and does nothing.
 *
 * Fails:   APO_ERR_IO, APO_ERR_MEMORY
 *          APO_ERR_FORMAT    ids that occur twice; fewer or more rows than the spec announced
 *          APO_ERR_ARGUMENT  after a failure or a stop
 */
APO_NODISCARD apo_status apo_store_finish(apo_store *store, apo_error *err);
/** Nothing more comes: keep whole chunks, drop the rest.  APO_OK after a failure, too. */
APO_NODISCARD apo_status apo_store_stop(apo_store *store, apo_error *err);
/** Accepts NULL and a pointer to NULL.  What was neither finished nor stopped is abandoned. */
void apo_store_close(apo_store **store);

#endif
