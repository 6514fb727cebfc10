/* plan.h - how one model is explained: everything decided before the first row, as data.
 *
 * A plan holds what all tiles share: the game (model, background, players, output, link), the
 * method with its budget, the model compiled to codes, and the sizes of a tile.  It knows devices
 * only by their capabilities, so plans for devices that are not there can be made and compared.
 *
 * A tile is a block of rows.  Per tile the stages run in this order (forest models):
 *
 *   row_codes       values to ranks
 *   forest_margin   margins of the rows: their predictions
 *   coalition_mean  mean responses of hybrid rows, per tile of background, bounded in time
 *   mean_fold       adds them up over the background
 *
 * and the host turns the values of coalitions into attributions.  Exact values take other stages
 * (engine/games/exact_device.h) and no coalitions.
 */
#ifndef APO_ENGINE_PLAN_PLAN_H
#define APO_ENGINE_PLAN_PLAN_H

#include <stdbool.h>

#include "engine/codes/code_forest.h"
#include "engine/data/background.h"
#include "engine/exact/exact_plan.h"
#include "engine/exec/executor.h"
#include "engine/explainers/linear/gaussian.h"
#include "engine/model/hosted.h"
#include "engine/model/model.h"

/** Sizes of a tile; the same for every device of a run, so that results are put in row order. */
typedef struct apo_tiling {
  uint32_t rows;            /* rows of a tile */
  uint32_t background_rows; /* background rows of one launch; a multiple of APO_BACKGROUND_BLOCK */
  uint32_t batch_rows;      /* callbacks: rows of one call */
  uint64_t device_bytes;    /* of all lanes and devices together */
  uint64_t host_bytes;      /* likewise, beside the plan itself */
  double launch_seconds;    /* expected length of the longest launch */
  double prepare_seconds;   /* exact: expected, before the first row */
  double row_seconds;       /* exact: expected, of each row */
} apo_tiling;

struct apo_plan {
  const apo_model *model; /* what is evaluated: the caller's, or one that answers for it */
  apo_hosted hosted;
  const apo_background *background;
  apo_devices *devices; /* of the host; never followed here */
  apo_method method;    /* not AUTO */
  apo_output output;
  apo_value_link link;
  bool per_row;       /* coalitions are drawn for each row */
  uint64_t n_samples; /* as asked, 0: automatic */
  uint64_t seed;
  uint64_t row_origin;
  uint64_t memory_bytes;
  const double *target; /* [n_targets] of the rows of a source, borrowed; NULL: output is no loss */
  uint64_t n_targets;
  apo_loss loss; /* NONE unless it is explained */
  apo_dependence dependence;
  apo_gaussian_effort gaussian; /* of a dependence that is not independent */

  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_players;
  uint32_t *player_of_column; /* [n_columns] */
  uint32_t max_words;         /* of 32 coalitions, of any row's list; a multiple of 4 */
  uint32_t max_literals;      /* most players on a path, at least 1 */
  uint32_t n_planes;          /* 2: the complement of the response is summed too */
  apo_i32 response;           /* kernels/response.h */
  apo_f32 response_scale;

  apo_code_forest *forest;   /* forest models, else NULL */
  void *background_codes;    /* [n_rows x n_columns] of code_bytes, forest models */
  double *background_margin; /* [n_rows x n_outputs], method exact */
  double *background_rows;   /* [n_rows x n_columns] after transform, linear models */
  float *weights;            /* [n_rows] */
  uint8_t *is_constant;      /* [n_columns] every background row has the same code or value */

  apo_index index;
  bool has_pairs;        /* values of pairs are asked for */
  apo_exact_plan *exact; /* methods exact and path, else NULL */

  double *base; /* [n_outputs] v of the empty coalition, after the link */
  double
      *offset; /* [n_outputs] what devices leave out of a mean: the model's base where outputs are
                     margins, so that fp32 is spent on what coalitions change */
  uint32_t n_lanes;
  bool has_one_queue; /* exact: memory is better spent on larger tiles than on a second queue */
  apo_tiling tiling;
  char *text;
};

/** Margins of rows, from whoever has devices.
 *
 * Shapes:  out [rows->n_rows x model->n_outputs]
 */
typedef struct apo_margin_source {
  void *context;
  apo_status (*margins)(void *context,
                        const apo_model *model,
                        const apo_code_forest *forest,
                        const apo_rows *rows,
                        double *out,
                        apo_error *err);
} apo_margin_source;

/** Decide; `caps` are those of the run's devices, at least one.  Only method exact asks `source`.
 *
 * Fails:   as apo_plan_create
 */
APO_NODISCARD apo_status apo_plan_decide(const apo_model *model,
                                         const apo_background *background,
                                         const apo_request *request,
                                         const apo_caps *const *caps,
                                         uint32_t n_devices,
                                         uint32_t launch_ms,
                                         const apo_margin_source *source,
                                         apo_plan **out,
                                         apo_error *err);

/** Whether a probability's or loss's values are the margin's, rescaled for each background row
 * (engine/exact/rescale.h): not the Shapley values of the probability or loss itself. */
bool apo_plan_is_rescaled(const apo_plan *plan);

/** "raw", "probability", "probability, rescaled", "log-loss, rescaled", "squared error, rescaled". */
const char *apo_plan_output_text(const apo_plan *plan);

/** "kernel" and so on; never NULL. */
const char *apo_method_text(apo_method method);

/** The game of a linear plan with dependent columns; borrows from the plan. */
apo_gaussian_game apo_plan_gaussian_game(const apo_plan *plan);

/** From a mean response (and 1 minus it, without cancellation) to the value of a coalition.
 * APO_ERR_FORMAT, without a message, when the logit link meets a mean outside (0, 1). */
apo_status apo_plan_link(const apo_plan *plan, double mean, double complement, double *out);

/** From margins (of a callback: outputs) to explained outputs, before the link.
 * Shapes: margin and out [n_outputs]. */
void apo_plan_respond(const apo_plan *plan, const double *margin, double *out);

/** 1 - response, without cancellation where the response is a sigmoid of `margin`. */
double apo_plan_complement(const apo_plan *plan, double response, double margin);

/** Queues that a run keeps on each device: two, unless they would share what only one can use. */
uint32_t apo_plan_queues(const apo_plan *plan);

/** The budget of a run: what was asked, or 1 GiB. */
static inline uint64_t apo_memory_budget(uint64_t asked_bytes) {
  return asked_bytes > 0 ? asked_bytes : UINT64_C(1) << 30;
}

/** Rows a work-item or group of the row stages covers: what tiles are padded to. */
enum { APO_TILE_GRAIN = 64 };

#endif
