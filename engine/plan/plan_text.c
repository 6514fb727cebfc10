#include "engine/plan/plan_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/core/memory.h"

enum { TEXT_BYTES = 8192 };

typedef struct writer {
  char *text;
  size_t n_used;
} writer;

static void put(writer *w, const char *format, ...) APO_PRINTF(2, 3);
static void put(writer *w, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(w->text + w->n_used, TEXT_BYTES - w->n_used, format, args);
  va_end(args);
  if (n > 0) w->n_used += (size_t)n;
  if (w->n_used >= TEXT_BYTES) w->n_used = TEXT_BYTES - 1;
}

static double mebibytes(uint64_t n_bytes) {
  return (double)n_bytes / (1024.0 * 1024.0);
}

static const char *output_text(apo_output output) {
  switch (output) {
    case APO_OUTPUT_RAW: return "raw";
    case APO_OUTPUT_PROBABILITY: return "probability";
    case APO_OUTPUT_LOSS: return "loss";
  }
  return "unknown";
}

static void put_head(writer *w, const apo_plan *plan) {
  put(w, "method       %s, output %s, link %s\n", apo_method_text(plan->method),
      output_text(plan->output), plan->link == APO_VALUE_IDENTITY ? "identity" : "logit");
  if (apo_plan_is_rescaled(plan)) {
    const bool is_loss = plan->output == APO_OUTPUT_LOSS;
    put(w, "%-11s  %s%srescaled for each background row, %u sets of weights\n",
        output_text(plan->output), is_loss ? apo_loss_text(plan->loss) : "", is_loss ? ", " : "",
        plan->exact->n_sets);
  }
  if (plan->index == APO_INDEX_BANZHAF || plan->has_pairs) {
    put(w, "values       %s%s\n", plan->index == APO_INDEX_BANZHAF ? "Banzhaf" : "Shapley",
        plan->has_pairs ? ", with interactions" : "");
  }
  put(w, "game         %u columns = %u players, %u output%s, background %" PRIu64 " rows\n",
      plan->n_columns, plan->n_players, plan->n_outputs, plan->n_outputs == 1 ? "" : "s",
      plan->background->n_rows);
  if (plan->forest != NULL) {
    put(w, "model        forest: %u trees, %u nodes and leaves, depth %u, codes of %u bytes\n",
        plan->forest->n_instances, plan->forest->n_nodes, plan->forest->max_depth,
        plan->forest->cuts->code_bytes);
  }
}

static void put_stage(writer *w, const char *stage, const char *per, const char *what) {
  put(w, "stage        %-18s %-22s %s\n", stage, per, what);
}

static void put_stages(writer *w, const apo_plan *plan) {
  if (plan->method == APO_METHOD_PERMUTATION) {
    put_stage(w, "permutation_orders", "per tile", "orders of each row");
  }
  switch (plan->model->kind) {
    case APO_MODEL_FOREST:
      put_stage(w, "row_codes", "per tile", "values to ranks");
      put_stage(w, "forest_margin", "per tile", "predictions");
      put_stage(w, "coalition_mean", "per background tile", "mean output of each coalition");
      put_stage(w, "mean_fold", "per background tile", "sums over the background");
      break;
    case APO_MODEL_LINEAR:
      put_stage(w, "linear_terms", "per tile", "terms and predictions");
      put_stage(w, "linear_mean", "per background tile", "mean output of each coalition");
      put_stage(w, "mean_fold", "per background tile", "sums over the background");
      break;
    case APO_MODEL_CALLBACK:
      put_stage(w, "synth_rows", "per batch", "hybrid rows for the callback");
      break;
  }
}

static void put_tile(writer *w, const apo_plan *plan) {
  const apo_tiling *tiling = &plan->tiling;
  put(w, "coalitions   at most %u a row, %s\n", plan->max_words * 32,
      plan->per_row || plan->method == APO_METHOD_PERMUTATION ? "drawn for each row"
                                                              : "shared by all rows");
  put(w, "tile         %u rows x %u background rows a launch, %u in flight\n", tiling->rows,
      tiling->background_rows, plan->n_lanes);
  put(w, "memory       %.1f MiB device and %.1f MiB host of %.1f MiB\n",
      mebibytes(tiling->device_bytes), mebibytes(tiling->host_bytes),
      mebibytes(plan->memory_bytes));
  const double launches =
      (double)((plan->background->n_rows + tiling->background_rows - 1) / tiling->background_rows);
  put(w, "expected     %.3g ms a launch, %.3g ms a row\n", 1e3 * tiling->launch_seconds,
      1e3 * tiling->launch_seconds * launches / tiling->rows);
}

static void put_exact_stages(writer *w, const apo_plan *plan) {
  const apo_exact_plan *exact = plan->exact;
  put_stage(w, "row_codes", "per tile", "values to ranks");
  put_stage(w, "forest_margin", "per tile", "predictions");
  put_stage(w, "column_codes", "per tile", "ranks by column, sets as columns");
  if (exact->games->n_groups > 0) {
    const char *per = apo_plan_is_rescaled(plan)       ? "per tile and set"
                      : exact->schedule->n_batches > 1 ? "per tile and batch"
                                                       : "once";
    if (!exact->is_path) put_stage(w, "pattern_counts", per, "the background, counted by index");
    put_stage(w, "leaf_vectors", per, "subset transforms of each leaf");
    put_stage(w, "group_table", per, "values by index");
    put_stage(w, "table_add", apo_plan_is_rescaled(plan) ? per : "per tile",
              "values of the rows' indices");
    put_stage(w, "leaf_add", "instead of tables", "the same values, for few rows");
    if (exact->meeting != NULL) {
      put_stage(w, "leaf_pairs", "instead of tables", "the same, for fewer still");
    }
  }
  if (exact->games->n_long > 0) {
    put_stage(w, exact->is_path ? "long_path" : "long_pairs", "per tile",
              exact->is_path ? "long leaves by quadrature" : "long leaves by background patterns");
  }
  if (exact->games->programs.n_trees > 0) {
    put_stage(w, "tree_path", "per tile", "deep trees by quadrature");
  }
}

static void put_exact_tile(writer *w, const apo_plan *plan) {
  const apo_leaf_games *games = plan->exact->games;
  const apo_schedule *schedule = plan->exact->schedule;
  const apo_tiling *tiling = &plan->tiling;
  put(w, "leaves       %u in %u groups, %u long; %u derived columns\n", games->n_leaves,
      games->n_groups, games->n_long, games->n_derived);
  if (games->programs.n_trees > 0) {
    put(w, "walked whole %u trees of %u nodes, at up to %u points\n", games->programs.n_trees,
        games->programs.n_nodes, games->programs.most_points);
  }
  put(w, "tables       %.1f MiB in %u batch%s, vectors %.1f MiB in %u chunk%s\n",
      mebibytes(32 * schedule->total_octets), schedule->n_batches,
      schedule->n_batches == 1 ? "" : "es", mebibytes(8 * schedule->total_vectors),
      schedule->n_chunks, schedule->n_chunks == 1 ? "" : "s");
  put(w, "a row        %" PRIu64 " look-ups of 8 values, %" PRIu64 " tests\n",
      schedule->row_lookups, schedule->row_tests);
  put(w, "tile         %u rows, %u in flight\n", tiling->rows, plan->n_lanes);
  put(w, "memory       %.1f MiB device and %.1f MiB host of %.1f MiB\n",
      mebibytes(tiling->device_bytes), mebibytes(tiling->host_bytes),
      mebibytes(plan->memory_bytes));
  put(w, "expected     %.3g s to prepare, %.3g ms a row\n", tiling->prepare_seconds,
      1e3 * tiling->row_seconds);
}

static void put_dependence(writer *w, const apo_plan *plan) {
  const apo_gaussian_effort *effort = &plan->gaussian;
  if (plan->dependence == APO_DEPENDENCE_INDEPENDENT) return;
  if (effort->n_pairs == 0) {
    put(w, "dependence   gaussian: exact, %u players vary, all 2^%u coalitions\n",
        effort->n_players, effort->n_players);
  } else {
    put(w, "dependence   gaussian: sampled, %u players vary, %u pairs of orders, %s\n",
        effort->n_players, effort->n_pairs,
        effort->has_errors ? "with standard errors" : "no standard errors");
  }
  put(w, "memory       %.1f MiB host of %.1f MiB\n", mebibytes(plan->tiling.host_bytes),
      mebibytes(plan->memory_bytes));
}

apo_status apo_plan_write_text(apo_plan *plan,
                               const apo_caps *const *caps,
                               uint32_t n_devices,
                               apo_error *err) {
  writer w = {.text = apo_alloc(TEXT_BYTES, 1)};
  if (w.text == NULL) return apo_fail(err, APO_ERR_MEMORY, "plan: %d bytes of text", TEXT_BYTES);
  plan->text = w.text;
  put_head(&w, plan);
  if (plan->method == APO_METHOD_LINEAR) {
    put_dependence(&w, plan);
    put(&w, "stage        closed form, on the host\n");
    return APO_OK;
  }
  for (uint32_t i = 0; i < n_devices; ++i) {
    put(&w, "device       %s, %s shape, %u compute units\n", caps[i]->name,
        caps[i]->is_reference ? "reference"
        : caps[i]->is_cpu     ? "CPU"
                              : "GPU",
        caps[i]->compute_units);
  }
  if (plan->exact != NULL) {
    put_exact_stages(&w, plan);
    put_exact_tile(&w, plan);
    return APO_OK;
  }
  put_stages(&w, plan);
  put_tile(&w, plan);
  return APO_OK;
}
