/* plan.c - from a request to a plan: check, resolve, compile, size. */
#include "engine/plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/explainers/kernel/coalitions.h"
#include "engine/explainers/linear/linear.h"
#include "engine/explainers/permutation/permutations.h"
#include "engine/model/callback.h"
#include "engine/plan/plan_text.h"
#include "engine/plan/rescaled_plan.h"
#include "engine/plan/tiling.h"
#include "kernels/response.h"

enum {
  BASE_ROWS = 256, /* background rows predicted at a time */
};

// What stands for the background of a method that asks the covers instead.
static const apo_background no_background;

const char *apo_method_text(apo_method method) {
  switch (method) {
    case APO_METHOD_AUTO: return "auto";
    case APO_METHOD_KERNEL: return "kernel";
    case APO_METHOD_PERMUTATION: return "permutation";
    case APO_METHOD_LINEAR: return "linear";
    case APO_METHOD_EXACT: return "exact";
    case APO_METHOD_PATH: return "path";
  }
  return "unknown";
}

// --- what is asked ------------------------------------------------------------------------------

// Margins under the identity link are sums over trees or terms, which have exact values.  So are
// the responses of a model without a link.
static bool has_sums(const apo_plan *plan, apo_model_kind kind) {
  const bool is_margin =
      plan->output == APO_OUTPUT_RAW ||
      (plan->output == APO_OUTPUT_PROBABILITY && plan->model->link.name == APO_LINK_IDENTITY);
  return plan->model->kind == kind && is_margin && plan->link == APO_VALUE_IDENTITY;
}

// Or the probability is asked for, whose games can be rescaled one by one.
static bool can_be_rescaled(const apo_plan *plan) {
  return plan->output == APO_OUTPUT_PROBABILITY && plan->link == APO_VALUE_IDENTITY &&
         apo_rescale_can(plan->model);
}

static bool has_covers(const apo_plan *plan) {
  return plan->model->forest->cover_kind != APO_COVER_NONE;
}

static apo_method best_method(const apo_plan *plan, bool has_background) {
  if (plan->output == APO_OUTPUT_LOSS) return APO_METHOD_EXACT;
  if (has_sums(plan, APO_MODEL_LINEAR)) return APO_METHOD_LINEAR;
  if (!has_sums(plan, APO_MODEL_FOREST)) return APO_METHOD_KERNEL;
  return has_background || !has_covers(plan) ? APO_METHOD_EXACT : APO_METHOD_PATH;
}

static apo_status check_method(const apo_plan *plan, bool has_background, apo_error *err) {
  const bool is_tree_method = plan->method == APO_METHOD_EXACT || plan->method == APO_METHOD_PATH;
  if (plan->output == APO_OUTPUT_LOSS) APO_TRY(apo_plan_check_loss(plan, err));
  if (plan->method == APO_METHOD_LINEAR && !has_sums(plan, APO_MODEL_LINEAR)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "method linear: needs a linear model, raw output and the identity link");
  }
  const bool is_scaled = plan->method == APO_METHOD_EXACT &&
                         (plan->output == APO_OUTPUT_LOSS || can_be_rescaled(plan));
  if (plan->method == APO_METHOD_EXACT && plan->model->kind == APO_MODEL_FOREST && !is_scaled &&
      plan->output == APO_OUTPUT_PROBABILITY && !has_sums(plan, APO_MODEL_FOREST)) {
    return apo_fail(
        err, APO_ERR_UNSUPPORTED,
        "method exact: probability needs a sigmoid of each output and the identity link, "
        "this is %s of %u outputs%s; method kernel samples the others",
        apo_link_text(plan->model->link.name), plan->n_outputs,
        plan->link == APO_VALUE_IDENTITY ? "" : " with link logit");
  }
  if (is_tree_method && !is_scaled && !has_sums(plan, APO_MODEL_FOREST)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "method %s: needs trees without linear leaves, raw output and the identity "
                    "link; method kernel samples the others",
                    apo_method_text(plan->method));
  }
  if (plan->method == APO_METHOD_PATH && !has_covers(plan)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "method path: the model file has no covers; method exact takes a background");
  }
  if (plan->method != APO_METHOD_PATH && !has_background) {
    return apo_fail(err, APO_ERR_ARGUMENT, "background: none, method %s needs one",
                    apo_method_text(plan->method));
  }
  if (!is_tree_method && (plan->has_pairs || plan->index != APO_INDEX_SHAPLEY)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "%s: method exact or path gives them, not %s",
                    plan->has_pairs ? "interactions" : "index banzhaf",
                    apo_method_text(plan->method));
  }
  return APO_OK;
}

static apo_status resolve_method(apo_plan *plan, apo_method asked, apo_error *err) {
  const bool has_background = plan->background != NULL;
  plan->method = asked == APO_METHOD_AUTO ? best_method(plan, has_background) : asked;
  APO_TRY(check_method(plan, has_background, err));
  if (plan->method == APO_METHOD_PATH) plan->background = &no_background;
  return APO_OK;
}

static apo_status resolve_response(apo_plan *plan, apo_error *err) {
  const apo_link link = plan->model->link;
  plan->response = APO_RESPONSE_IDENTITY;
  plan->response_scale = 1.0f;
  plan->n_planes = 1;
  if (plan->output == APO_OUTPUT_PROBABILITY && plan->model->kind != APO_MODEL_CALLBACK) {
    APO_TRY(apo_link_need_response(link, err));
    plan->response = (apo_i32)link.name;
    plan->response_scale = (apo_f32)link.scale;
    if (link.name == APO_LINK_NEG_EXP2) plan->response_scale = (apo_f32)(-log(2.0) / link.scale);
  }
  if (plan->link == APO_VALUE_LOGIT && plan->model->kind != APO_MODEL_CALLBACK) plan->n_planes = 2;
  return APO_OK;
}

static apo_status resolve_players(apo_plan *plan, const apo_request *request, apo_error *err) {
  plan->n_players = request->player_of_column != NULL ? request->n_players : plan->n_columns;
  plan->player_of_column = apo_alloc(plan->n_columns, sizeof *plan->player_of_column);
  if (plan->player_of_column == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "players: %u columns", plan->n_columns);
  }
  for (uint32_t column = 0; column < plan->n_columns; ++column) {
    const uint32_t player =
        request->player_of_column != NULL ? request->player_of_column[column] : column;
    if (player >= plan->n_players) {
      return apo_fail(err, APO_ERR_ARGUMENT, "players: column %u belongs to player %u of %u",
                      column, player, plan->n_players);
    }
    plan->player_of_column[column] = player;
  }
  return APO_OK;
}

static apo_status check_dependence(const apo_plan *plan, apo_error *err) {
  if (plan->dependence == APO_DEPENDENCE_INDEPENDENT || plan->method == APO_METHOD_LINEAR) {
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_UNSUPPORTED,
                  "dependence gaussian: needs the method linear (a linear model, raw output, the "
                  "identity link), not %s",
                  apo_method_text(plan->method));
}

// The most words that any row's list of coalitions can need, whatever varies in the row.
static apo_status resolve_samples(apo_plan *plan, apo_error *err) {
  uint64_t n = plan->n_samples;
  if (plan->method != APO_METHOD_KERNEL && plan->method != APO_METHOD_PERMUTATION) return APO_OK;
  if (plan->method == APO_METHOD_PERMUTATION) {
    uint32_t n_pairs;
    APO_TRY(apo_permutation_pairs(plan->n_players, plan->n_samples, &n_pairs, err));
    if (n == 0) n = apo_permutation_n_evaluations(plan->n_players, n_pairs);
  } else if (n == 0) {
    n = apo_coalitions_auto_budget(plan->n_players);
  } else if (plan->n_players > 1 && n < 2ull * (plan->n_players - 1)) {
    return apo_fail(err, APO_ERR_LIMIT, "samples: %llu, %u players need at least %llu",
                    (unsigned long long)n, plan->n_players, 2ull * (plan->n_players - 1));
  }
  if (n > APO_MAX_COALITIONS) {
    return apo_fail(err, APO_ERR_LIMIT, "samples: %llu, the limit is %d", (unsigned long long)n,
                    APO_MAX_COALITIONS);
  }
  const uint32_t m = plan->n_players;
  if (plan->method == APO_METHOD_KERNEL && m <= APO_MAX_PLAYERS_ENUMERABLE && n > (1ull << m) - 2) {
    n = (1ull << m) - 2;
  }
  const uint64_t n_words = (n + 31) / 32;
  plan->max_words = (uint32_t)((n_words + 3) / 4 * 4);
  if (plan->max_words == 0) plan->max_words = 4;
  // Stages number a row's values with 32 bits.
  const uint64_t n_values = (uint64_t)plan->n_planes * plan->n_outputs * 32 * plan->max_words;
  if (n_values > INT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT,
                    "samples: %llu for %u outputs are %llu values a row, the "
                    "limit is %d",
                    (unsigned long long)n, plan->n_outputs, (unsigned long long)n_values,
                    INT32_MAX);
  }
  return APO_OK;
}

// --- the background -----------------------------------------------------------------------------

static double transformed(const apo_plan *plan, uint64_t row, uint32_t column) {
  const double value = plan->background->values[row * plan->n_columns + column];
  return apo_model_value(plan->model, column, value);
}

static uint32_t code_of(const apo_cuts *cuts, uint32_t column, double value) {
  if (isnan(value)) return apo_cuts_missing(cuts);
  return apo_cuts_rank(cuts, column, apo_cuts_key(cuts, value));
}

static apo_status encode_background(apo_plan *plan, apo_error *err) {
  const apo_cuts *cuts = plan->forest->cuts;
  const uint32_t n_columns = plan->n_columns;
  const size_t n = (size_t)plan->background->n_rows * n_columns;
  uint32_t *first = apo_alloc(n_columns, sizeof *first);
  plan->background_codes = apo_alloc(n, cuts->code_bytes);
  if (plan->background_codes == NULL || first == NULL) {
    free(first);
    return apo_fail(err, APO_ERR_MEMORY, "background: %zu codes", n);
  }
  uint16_t *narrow = plan->background_codes;
  uint32_t *wide = plan->background_codes;
  memset(plan->is_constant, 1, n_columns);
  for (uint64_t row = 0; row < plan->background->n_rows; ++row) {
    for (uint32_t column = 0; column < n_columns; ++column) {
      const uint32_t code = code_of(cuts, column, transformed(plan, row, column));
      if (cuts->code_bytes == 2) {
        *narrow++ = (uint16_t)code;
      } else {
        *wide++ = code;
      }
      if (row == 0) first[column] = code;
      if (code != first[column]) plan->is_constant[column] = 0;
    }
  }
  free(first);
  return APO_OK;
}

static apo_status copy_background(apo_plan *plan, apo_error *err) {
  const size_t n = (size_t)plan->background->n_rows * plan->n_columns;
  plan->background_rows = apo_alloc(n, sizeof *plan->background_rows);
  if (plan->background_rows == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "background: %zu values", n);
  }
  for (size_t i = 0; i < n; ++i) {
    const uint32_t column = (uint32_t)(i % plan->n_columns);
    const double value = transformed(plan, i / plan->n_columns, column);
    plan->background_rows[i] = value;
    if (i < plan->n_columns) plan->is_constant[column] = 1;
    if (!apo_same_value(value, plan->background_rows[column])) plan->is_constant[column] = 0;
  }
  return APO_OK;
}

static apo_status take_background(apo_plan *plan, apo_error *err) {
  const uint64_t n_rows = plan->background->n_rows;
  plan->weights = apo_alloc(n_rows, sizeof *plan->weights);
  plan->is_constant = apo_alloc(plan->n_columns, 1);
  if (plan->weights == NULL || plan->is_constant == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "background: %llu rows", (unsigned long long)n_rows);
  }
  for (uint64_t row = 0; row < n_rows; ++row) {
    plan->weights[row] = (float)plan->background->weights[row];
  }
  return plan->forest != NULL ? encode_background(plan, err) : copy_background(plan, err);
}

static apo_status resolve_offset(apo_plan *plan, apo_error *err) {
  plan->offset = apo_alloc(plan->n_outputs, sizeof *plan->offset);
  if (plan->offset == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "plan: %u outputs", plan->n_outputs);
  }
  // A second plane holds 1 - mean, which devices cannot know without the base.
  const bool is_margin = plan->response == APO_RESPONSE_IDENTITY && plan->n_planes == 1 &&
                         plan->model->kind != APO_MODEL_CALLBACK;
  for (uint32_t k = 0; k < plan->n_outputs && is_margin; ++k) {
    plan->offset[k] = plan->model->base[k];
  }
  return APO_OK;
}

apo_gaussian_game apo_plan_gaussian_game(const apo_plan *plan) {
  return (apo_gaussian_game){.linear = plan->model->linear,
                             .n_columns = plan->n_columns,
                             .n_outputs = plan->n_outputs,
                             .rows = plan->background_rows,
                             .n_rows = plan->background->n_rows,
                             .weights = plan->background->weights,
                             .is_constant = plan->is_constant,
                             .player_of_column = plan->player_of_column,
                             .n_players = plan->n_players};
}

static apo_status resolve_dependence(apo_plan *plan, apo_error *err) {
  if (plan->dependence == APO_DEPENDENCE_INDEPENDENT) return APO_OK;
  const apo_gaussian_game game = apo_plan_gaussian_game(plan);
  return apo_gaussian_choose(&game, plan->n_samples, &plan->gaussian, err);
}

// --- v of no player -----------------------------------------------------------------------------

apo_status apo_plan_link(const apo_plan *plan, double mean, double complement, double *out) {
  *out = mean;
  if (plan->link == APO_VALUE_IDENTITY) return APO_OK;
  if (!(mean > 0.0) || !(complement > 0.0)) return APO_ERR_FORMAT;
  *out = log(mean) - log(complement);
  return APO_OK;
}

void apo_plan_respond(const apo_plan *plan, const double *margin, double *out) {
  if (plan->output == APO_OUTPUT_PROBABILITY && plan->model->kind != APO_MODEL_CALLBACK) {
    apo_link_apply(plan->model->link, margin, plan->n_outputs, out);
  } else {
    memcpy(out, margin, plan->n_outputs * sizeof *out);
  }
}

double apo_plan_complement(const apo_plan *plan, double response, double margin) {
  if (plan->response == APO_RESPONSE_SIGMOID) {
    return 1.0 / (1.0 + exp(plan->model->link.scale * margin));
  }
  return 1.0 - response;
}

// Margins, of a callback outputs, of background rows [begin, begin + n).
static apo_status background_margins(
    const apo_plan *plan, uint64_t begin, uint64_t n, double *out, apo_error *err) {
  const double *values = plan->background->values + begin * plan->n_columns;
  if (plan->model->kind == APO_MODEL_CALLBACK) {
    const apo_status status = apo_callback_predict(plan->model, values, n, out, err);
    return apo_prefix(err, status, "background rows from %llu: ", (unsigned long long)begin);
  }
  for (uint64_t row = 0; row < n; ++row) {
    const apo_status status = apo_model_margin(plan->model, values + row * plan->n_columns,
                                               out + row * plan->n_outputs, err);
    if (status != APO_OK) {
      return apo_prefix(err, status, "background row %llu: ", (unsigned long long)(begin + row));
    }
  }
  return APO_OK;
}

static apo_status find_background_margins(apo_plan *plan,
                                          const apo_margin_source *source,
                                          apo_error *err) {
  const apo_background *background = plan->background;
  const apo_rows rows = {
      background->values, background->n_rows, plan->n_columns, 1, plan->n_columns, APO_F64};
  if (plan->method != APO_METHOD_EXACT) return APO_OK;
  plan->background_margin =
      apo_alloc(background->n_rows * plan->n_outputs, sizeof *plan->background_margin);
  if (plan->background_margin == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "background: %llu margins",
                    (unsigned long long)background->n_rows);
  }
  const apo_status status = source->margins(source->context, plan->model, plan->forest, &rows,
                                            plan->background_margin, err);
  return apo_prefix(err, status, "background: ");
}

static apo_status find_exact_base(apo_plan *plan, apo_error *err) {
  const uint32_t n = plan->n_outputs;
  plan->base = apo_alloc(n, sizeof *plan->base);
  if (plan->base == NULL) return apo_fail(err, APO_ERR_MEMORY, "base: %u outputs", n);
  if (plan->exact->is_path) {
    apo_path_base(plan->model, plan->base);
  } else if (plan->exact->rescale != NULL) {
    for (uint32_t k = 0; k < n; ++k) plan->base[k] = apo_plan_rescaled_base(plan, k);
  } else {
    for (uint64_t i = 0; i < plan->background->n_rows * n; ++i) {
      plan->base[i % n] += plan->background->weights[i / n] * plan->background_margin[i];
    }
  }
  return APO_OK;
}

static apo_status find_base(apo_plan *plan, apo_error *err) {
  if (plan->exact != NULL) return find_exact_base(plan, err);
  apo_status status = APO_OK;
  const uint32_t n = plan->n_outputs;
  const uint64_t n_rows = plan->background->n_rows;
  double *work = apo_alloc((size_t)n * (BASE_ROWS + 2), sizeof *work);
  plan->base = apo_alloc(n, sizeof *plan->base);
  if (work == NULL || plan->base == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "base: %u outputs", n);
    goto done;
  }
  double *response = work;
  double *complement = work + n;
  double *margins = work + 2 * (size_t)n;
  for (uint64_t row = 0; row < n_rows; ++row) {
    const uint64_t left = n_rows - row;
    if (row % BASE_ROWS == 0) {
      status = background_margins(plan, row, left < BASE_ROWS ? left : BASE_ROWS, margins, err);
      if (status != APO_OK) goto done;
    }
    const double *margin = margins + row % BASE_ROWS * n;
    apo_plan_respond(plan, margin, response);
    for (uint32_t k = 0; k < n; ++k) {
      const double weight = plan->background->weights[row];
      plan->base[k] += weight * response[k];
      complement[k] += weight * apo_plan_complement(plan, response[k], margin[k]);
    }
  }
  for (uint32_t k = 0; k < n; ++k) {
    const double mean = plan->base[k];
    if (apo_plan_link(plan, mean, complement[k], &plan->base[k]) != APO_OK) {
      status = apo_fail(err, APO_ERR_FORMAT,
                        "background: mean output %g, the logit link needs it inside (0, 1)", mean);
      goto done;
    }
  }

done:
  free(work);
  return status;
}

// --- all together -------------------------------------------------------------------------------

static apo_status check_request(const apo_model *model,
                                const apo_background *background,
                                const apo_request *request,
                                apo_error *err) {
  if (background != NULL && background->n_columns != model->n_columns) {
    return apo_fail(err, APO_ERR_ARGUMENT, "background: %u columns, the model has %u",
                    background->n_columns, model->n_columns);
  }
  if ((unsigned)request->method > APO_METHOD_PATH) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: method %d is not known", (int)request->method);
  }
  if ((unsigned)request->output > APO_OUTPUT_LOSS) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: output %d is not known", (int)request->output);
  }
  if ((unsigned)request->link > APO_VALUE_LOGIT) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: link %d is not known", (int)request->link);
  }
  if ((unsigned)request->index > APO_INDEX_BANZHAF) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: index %d is not known", (int)request->index);
  }
  if ((unsigned)request->dependence > APO_DEPENDENCE_GAUSSIAN) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: dependence %d is not known",
                    (int)request->dependence);
  }
  return APO_OK;
}

// The cache that tables should fit, where a device does not say.
enum { USUAL_CACHE_BYTES = 1 << 20 };

static apo_status cut_leaves(apo_plan *plan, const apo_caps *caps, apo_error *err) {
  const apo_exact_wish wish = {
      .model = plan->model,
      .codes = plan->forest,
      .background = plan->background,
      .background_codes = plan->background_codes,
      .margin = plan->background_margin,
      .player_of_column = plan->player_of_column,
      .n_players = plan->n_players,
      .cache_bytes = caps->cache_bytes > 0 && caps->cache_bytes < UINT32_MAX
                         ? (uint32_t)caps->cache_bytes
                         : USUAL_CACHE_BYTES,
      .memory_bytes = plan->memory_bytes,
      .is_path = plan->method == APO_METHOD_PATH,
      .with_pairs = plan->has_pairs,
      .is_rescaled = plan->loss != APO_LOSS_NONE || can_be_rescaled(plan),
      .loss = plan->loss,
      .index = plan->index == APO_INDEX_BANZHAF ? APO_WEIGHTS_BANZHAF : APO_WEIGHTS_SHAPLEY,
  };
  if (plan->method != APO_METHOD_EXACT && plan->method != APO_METHOD_PATH) return APO_OK;
  return apo_exact_plan_create(&wish, &plan->exact, err);
}

static apo_status decide(apo_plan *plan,
                         const apo_request *request,
                         const apo_caps *const *caps,
                         uint32_t n_devices,
                         uint32_t launch_ms,
                         const apo_margin_source *source,
                         apo_error *err) {
  APO_TRY(resolve_method(plan, request->method, err));
  APO_TRY(check_dependence(plan, err));
  APO_TRY(apo_plan_take_targets(plan, request, err));
  APO_TRY(resolve_response(plan, err));
  APO_TRY(resolve_offset(plan, err));
  APO_TRY(resolve_players(plan, request, err));
  APO_TRY(resolve_samples(plan, err));
  plan->max_literals = 1;
  if (plan->model->kind == APO_MODEL_FOREST) {
    APO_TRY(apo_code_forest_create(plan->model, &plan->forest, err));
    const uint32_t depth = plan->forest->max_depth;
    plan->max_literals = depth < plan->n_players ? depth : plan->n_players;
    if (plan->max_literals == 0) plan->max_literals = 1;
  }
  APO_TRY(take_background(plan, err));
  APO_TRY(resolve_dependence(plan, err));
  APO_TRY(find_background_margins(plan, source, err));
  APO_TRY(cut_leaves(plan, caps[0], err));
  APO_TRY(find_base(plan, err));
  APO_TRY(apo_tiling_choose(plan, caps, n_devices, launch_ms, err));
  return apo_plan_write_text(plan, caps, n_devices, err);
}

apo_status apo_plan_decide(const apo_model *model,
                           const apo_background *background,
                           const apo_request *request,
                           const apo_caps *const *caps,
                           uint32_t n_devices,
                           uint32_t launch_ms,
                           const apo_margin_source *source,
                           apo_plan **out,
                           apo_error *err) {
  *out = NULL;
  APO_TRY(check_request(model, background, request, err));
  apo_plan *plan = apo_alloc(1, sizeof *plan);
  if (plan == NULL) return apo_fail(err, APO_ERR_MEMORY, "plan: %zu bytes", sizeof *plan);
  plan->background = background;
  plan->output = request->output;
  plan->link = request->link;
  plan->dependence = request->dependence;
  plan->index = request->index;
  plan->has_pairs = request->interactions != 0;
  plan->per_row = request->coalitions_per_row != 0;
  plan->n_samples = request->n_samples;
  plan->seed = request->seed;
  plan->row_origin = request->row_origin;
  plan->memory_bytes = apo_memory_budget(request->memory_bytes);
  plan->n_columns = model->n_columns;
  plan->n_outputs = model->n_outputs;
  apo_status status = apo_hosted_open(&plan->hosted, model, request->output, &plan->model, err);
  if (status == APO_OK) status = decide(plan, request, caps, n_devices, launch_ms, source, err);
  if (status != APO_OK) apo_plan_destroy(&plan);
  *out = plan;
  return status;
}

void apo_plan_destroy(apo_plan **plan) {
  if (plan == NULL || *plan == NULL) return;
  apo_hosted_close(&(*plan)->hosted);
  free((*plan)->player_of_column);
  apo_exact_plan_destroy(&(*plan)->exact);
  apo_code_forest_destroy(&(*plan)->forest);
  free((*plan)->background_codes);
  free((*plan)->background_margin);
  free((*plan)->background_rows);
  free((*plan)->weights);
  free((*plan)->is_constant);
  free((*plan)->base);
  free((*plan)->offset);
  free((*plan)->text);
  free(*plan);
  *plan = NULL;
}

uint32_t apo_plan_queues(const apo_plan *plan) {
  // A callback runs on one thread; tables that are made anew for every tile have one place.
  const bool shares = plan->exact != NULL && plan->exact->schedule->n_batches > 1;
  const bool is_alone = shares || apo_plan_is_rescaled(plan);
  return plan->model->kind == APO_MODEL_CALLBACK || is_alone || plan->has_one_queue ? 1 : 2;
}

int apo_plan_has_pairs(const apo_plan *plan) {
  return plan->has_pairs;
}

const char *apo_plan_text(const apo_plan *plan) {
  return plan->text;
}
apo_method apo_plan_method(const apo_plan *plan) {
  return plan->method;
}
uint32_t apo_plan_n_players(const apo_plan *plan) {
  return plan->n_players;
}
const double *apo_plan_base(const apo_plan *plan) {
  return plan->base;
}
