#include "engine/games/linear_stages.h"

#include <math.h>
#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/games/lane_parts.h"
#include "kernels/linear_terms/linear_terms_abi.h"

apo_status apo_linear_constants(const apo_model *model,
                                apo_executor *executor,
                                apo_buffer **coefficient_high,
                                apo_buffer **coefficient_low,
                                apo_error *err) {
  apo_status status = APO_ERR_MEMORY;
  const size_t n = (size_t)model->n_outputs * model->n_columns;
  float *high = apo_alloc(n, sizeof *high);
  float *low = apo_alloc(n, sizeof *low);
  if (high == NULL || low == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "linear model: %zu coefficients", n);
    goto done;
  }
  for (size_t i = 0; i < n; ++i) {
    high[i] = (float)model->linear->coefficients[i];
    low[i] = isfinite(high[i]) ? (float)(model->linear->coefficients[i] - (double)high[i]) : 0.0f;
  }
  status = apo_constant_buffer(executor, high, n * sizeof *high, coefficient_high, err);
  if (status != APO_OK) goto done;
  status = apo_constant_buffer(executor, low, n * sizeof *low, coefficient_low, err);

done:
  free(high);
  free(low);
  return status;
}

apo_status apo_linear_queue_terms(const apo_model *model,
                                  apo_executor *executor,
                                  uint32_t n_rows,
                                  uint32_t n_players,
                                  const apo_linear_buffers *buffers,
                                  apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  const apo_i32 rows = group == 1 ? 16 : 1;
  const apo_linear_terms_args args = {.n_rows = n_rows,
                                      .n_columns = model->n_columns,
                                      .n_outputs = model->n_outputs,
                                      .n_players = n_players};
  const apo_launch launch = {
      .stage = apo_stage_find("linear_terms"),
      .spec = {group, rows},
      .args = &args,
      .buffers = {buffers->high, buffers->low, buffers->coefficient_high, buffers->coefficient_low,
                  buffers->player_of_column, buffers->term_high, buffers->term_low},
      .n_items = n_rows / (size_t)rows,
      .group = (size_t)group,
  };
  return apo_executor_launch(executor, &launch, err);
}
