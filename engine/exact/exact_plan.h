/* exact_plan.h - what a plan of method exact or path holds beside what every plan holds. */
#ifndef APO_ENGINE_EXACT_EXACT_PLAN_H
#define APO_ENGINE_EXACT_EXACT_PLAN_H

#include "engine/data/background.h"
#include "engine/exact/leaf_games.h"
#include "engine/exact/rescale.h"
#include "engine/exact/schedule.h"
#include "engine/exact/value_weights.h"
#include "kernels/long_path/long_path_abi.h"

typedef struct apo_exact_plan {
  bool is_path;
  bool with_pairs;
  apo_index_weights index;
  apo_leaf_games *games;
  apo_schedule *schedule;
  uint64_t total;  /* sum of the counts; APO_COVER_SCALE for path */
  uint32_t n_sets; /* of counts: 1, or those of `rescale`, one output's behind another's */
  apo_rescale *
      *rescale;        /* [n_rescaled] values are of the probability or a loss; NULL: of margins */
  uint32_t n_rescaled; /* outputs, or 0 */
  int32_t *count;      /* [n_sets x background rows] 1 each, or weights in 1 / APO_COUNT_SCALE; NULL
                        for path */
  uint64_t *weight;    /* [APO_WEIGHTS] */
  uint64_t *meeting;   /* [APO_MEETINGS], interventional without pairs, else NULL */
  uint64_t *moment;    /* [n_moments x n_moments], with long leaves */
  uint32_t n_moments;
  /* Long leaves of interventional games: distinct background patterns, as long_pairs reads them. */
  uint32_t *pattern;
  int32_t *pattern_weight; /* [n_sets x n_patterns] */
  uint32_t *weight_begin;
  uint64_t n_pattern_words, n_patterns;
  /* Long leaves of path-dependent games: ratios and points, as long_path reads them. */
  float *ratio;
  apo_long_point *point;
  uint32_t *points_of;
  uint32_t n_points;
  uint32_t most_points;
} apo_exact_plan;

typedef struct apo_exact_wish {
  const apo_model *model;
  const apo_code_forest *codes;
  const apo_background *background; /* NULL for path */
  const void *background_codes;
  const double *margin; /* [n_rows x n_outputs] of the background; NULL for path */
  const uint32_t *player_of_column;
  uint32_t n_players;
  uint32_t cache_bytes;
  uint64_t memory_bytes;
  bool is_path;
  bool with_pairs;
  bool is_rescaled; /* of a model that apo_rescale_can, or has the loss */
  apo_loss loss;    /* NONE: the probability */
  apo_index_weights index;
} apo_exact_wish;

/** Cut the forest, count the background, schedule.
 *
 * Fails:   as apo_leaf_games_create; APO_ERR_LIMIT  more than 2^30 background rows
 */
APO_NODISCARD apo_status apo_exact_plan_create(const apo_exact_wish *wish,
                                               apo_exact_plan **out,
                                               apo_error *err);
void apo_exact_plan_destroy(apo_exact_plan **plan);

#endif
