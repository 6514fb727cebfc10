/* lane.h - one in-order queue that works on one tile at a time, and what the tile's rows are there.
 *
 * A lane belongs to an executor and a plan.  A tile goes through it in three steps:
 *
 *   load      rows in; their margins, and which players vary, come out (waits for the device)
 *   evaluate  lists of coalitions in; the work is queued and goes on after the call
 *   collect   waits; mean outputs of every listed coalition come out
 *
 * (exact values need no lists: margins and values come out of collect)
 *
 * so that while one lane evaluates, the host loads another and turns a third one's values into
 * attributions.  The three kinds of model differ only in how they do these steps.
 */
#ifndef APO_ENGINE_GAMES_LANE_H
#define APO_ENGINE_GAMES_LANE_H

#include "engine/games/forest_stages.h"
#include "engine/plan/plan.h"

/** Lists of coalitions for the rows of a tile. */
typedef struct apo_lists {
  uint32_t n_lists;       /* at most the tile's rows; 0: nothing is to be evaluated */
  uint32_t n_words;       /* of 32 coalitions, of each list; a multiple of 4 */
  uint32_t *member;       /* [n_lists x n_players x n_words] bit-sliced, as coalitions.h */
  uint32_t *list_of_row;  /* [rows of the tile] */
  uint32_t *n_coalitions; /* [rows of the tile] how many of its list's a row uses */
} apo_lists;

typedef struct apo_lane apo_lane;

/** What lanes of one device share: the model and the background there.  One per device and plan. */
typedef struct apo_constants apo_constants;

struct apo_lane {
  const apo_plan *plan;
  apo_executor *executor;   /* borrowed */
  apo_constants *constants; /* borrowed */
  uint32_t n_rows;          /* of the tile at hand */
  uint32_t n_mask_words;    /* (n_players + 31) / 32 */
  double *margin;           /* [rows x n_outputs]; of a callback its outputs */
  uint32_t *varying;        /* [rows x n_mask_words] bit p: player p varies */
  apo_lists lists;          /* room for the tile's lists; the estimator fills it */
  float *sum;               /* [rows x n_planes x n_outputs x 32 lists.n_words] mean outputs... */
  float *rest;              /* ... and what rounding took from them: the mean is sum + rest */

  /* Tile buffers, by name of the stage's argument; those not used stay NULL. */
  apo_buffer *value, *code, *device_margin;             /* forest */
  apo_buffer *high, *low, *term_high, *term_low;        /* linear */
  apo_buffer *x, *pairs;                                /* callback */
  apo_buffer *member, *list_of_row, *partial, *scratch; /* coalitions */
  apo_buffer *device_sum, *device_rest;
  apo_buffer *column, *phi, *acc, *share; /* exact values */
  void *staging;                          /* [padded rows x n_columns] values on their way up */
  void *staging_codes;                    /* likewise, codes or terms on their way down */
  int64_t *staging_margin;
  int64_t *staging_phi; /* [slots x phi_stride] exact values, of the plan's leaf games */
  uint32_t phi_stride;
  double *rescaled; /* like staging_phi, in units of the output; NULL: staging_phi has the values */
  double *factor;   /* [rows] of one set, while they are added up */
  const double *target; /* [n_rows] of the tile at hand, borrowed; NULL: no loss is explained */
  double *rows;         /* [rows x n_columns] plain values, where the host needs them */
  uint64_t host_bytes;  /* of all the above */
  bool is_callers;      /* the last failure is a callback's own, not the executor's */
};

struct apo_constants {
  const apo_plan *plan;
  apo_executor *executor;    /* borrowed: the first lane's */
  apo_forest_buffers forest; /* forest */
  apo_buffer *leaf32, *output_begin, *base32, *b_code;
  apo_buffer *base, *coefficient_high, *coefficient_low, *b_term; /* linear */
  apo_buffer *background;                                         /* callback */
  apo_buffer *weight, *player_of_column;
  struct apo_exact_device *exact; /* exact values */
};

/** Put a plan's constants on a device and wait until they are there.
 *
 * Fails:   APO_ERR_DEVICE_MEMORY, APO_ERR_MEMORY, APO_ERR_DEVICE, APO_ERR_BUILD
 */
APO_NODISCARD apo_status apo_constants_create(const apo_plan *plan,
                                              apo_executor *executor,
                                              apo_constants **out,
                                              apo_error *err);
void apo_constants_destroy(apo_constants **constants);

/** A lane with room for a tile of the plan's rows.  Destroy lanes before their constants. */
APO_NODISCARD apo_status apo_lane_create(const apo_plan *plan,
                                         apo_executor *executor,
                                         apo_constants *constants,
                                         apo_lane **out,
                                         apo_error *err);
/** Wait for what is queued, well or not, and give everything back. */
void apo_lane_destroy(apo_lane **lane);

/** Load rows [begin, begin + n_rows) of a view; n_rows is at most the tile's.
 *
 * Fails:   APO_ERR_FORMAT  a value that the model refuses (linear models: missing); the row is
 *                          counted from 0 in the tile
 *          and as the executor fails
 */
APO_NODISCARD apo_status apo_lane_load(
    apo_lane *lane, const apo_rows *rows, uint64_t begin, uint32_t n_rows, apo_error *err);

/** Queue the evaluation of lane->lists for the rows loaded. */
APO_NODISCARD apo_status apo_lane_evaluate(apo_lane *lane, apo_error *err);

/** Wait for it; lane->sum and lane->rest then hold. */
APO_NODISCARD apo_status apo_lane_collect(apo_lane *lane, apo_error *err);

/** Mean output of coalition `coalition` of a row's list; plane 1 is the complement's. */
static inline double apo_lane_mean(
    const apo_lane *lane, uint32_t row, uint32_t plane, uint32_t output, uint32_t coalition) {
  const size_t n = (size_t)lane->lists.n_words * 32;
  const size_t at =
      (((size_t)row * lane->plan->n_planes + plane) * lane->plan->n_outputs + output) * n +
      coalition;
  return (double)lane->sum[at] + (double)lane->rest[at];
}

#endif
