/* linear_stages.h - the linear stage that explaining, predicting and importance share. */
#ifndef APO_ENGINE_GAMES_LINEAR_STAGES_H
#define APO_ENGINE_GAMES_LINEAR_STAGES_H

#include "engine/exec/executor.h"
#include "engine/model/model.h"

/** Buffers of linear_terms; the coefficients are put there by apo_linear_constants. */
typedef struct apo_linear_buffers {
  apo_buffer *high; /* [n_rows x n_columns] */
  apo_buffer *low;
  apo_buffer *coefficient_high; /* [n_outputs x n_columns] */
  apo_buffer *coefficient_low;
  apo_buffer *player_of_column; /* [n_columns] */
  apo_buffer *term_high;        /* [n_rows x n_outputs x n_players] */
  apo_buffer *term_low;
} apo_linear_buffers;

/** Put the coefficients on a device, as pairs of floats. */
APO_NODISCARD apo_status apo_linear_constants(const apo_model *model,
                                              apo_executor *executor,
                                              apo_buffer **coefficient_high,
                                              apo_buffer **coefficient_low,
                                              apo_error *err);

/** Queue linear_terms.  `n_rows` is a multiple of APO_TILE_GRAIN. */
APO_NODISCARD apo_status apo_linear_queue_terms(const apo_model *model,
                                                apo_executor *executor,
                                                uint32_t n_rows,
                                                uint32_t n_players,
                                                const apo_linear_buffers *buffers,
                                                apo_error *err);

#endif
