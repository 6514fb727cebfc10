/* cmd_bench.c - how fast explaining is here, stage by stage and end to end.
 *
 * Verify, then time: the first run is cold, its attributions are checked against the predictions,
 * and every timed run has to give the same bits.  A run that fails that has no time.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/plan/plan.h"
#include "host/api/clock.h"
#include "host/cli/commands.h"
#include "host/cli/memory_rows.h"
#include "host/cli/session.h"
#include "host/cli/text_out.h"
#include "host/cli/workload.h"

/* What is timed.  A line here is a result row. */
#define PARTS(X)            \
  X(LOAD, "load")           \
  X(OPEN, "open devices")   \
  X(PLAN, "plan")           \
  X(COLD, "cold start")     \
  X(BUILD, "build")         \
  X(UPLOAD, "upload")       \
  X(KERNEL, "kernel")       \
  X(DOWNLOAD, "download")   \
  X(AGGREGATE, "aggregate") \
  X(EXPLAIN, "end to end")  \
  X(PREDICT, "predict")

typedef enum part {
#define PART_ID(NAME, text) PART_##NAME,
  PARTS(PART_ID)
#undef PART_ID
      N_PARTS
} part;

static const char *const part_names[N_PARTS] = {
#define PART_TEXT(NAME, text) text,
    PARTS(PART_TEXT)
#undef PART_TEXT
};

enum { MAX_REPEATS = 1000 };

/* Seconds of one part over the repeats. */
typedef struct timing {
  double seconds[MAX_REPEATS];
  uint32_t n;
} timing;

/* What a sink sees of one run. */
typedef struct verification {
  double tolerance;
  uint64_t n_rows;
  uint64_t n_over;
  uint64_t checksum; /* FNV-1a of the attributions' bytes */
  bool sums_up;      /* false: rows are not meant to sum to the output */
} verification;

static void add_bytes(verification *seen, const float *values, size_t n) {
  const unsigned char *bytes = (const unsigned char *)values;
  for (size_t i = 0; i < n * sizeof *values; ++i) {
    seen->checksum = (seen->checksum ^ bytes[i]) * UINT64_C(0x100000001b3);
  }
}

/* Everything of one command; all zero is nothing. */
typedef struct benchmark {
  apo_session session;
  apo_request request;
  apo_plan *plan;
  apo_rows rows;
  void *values;
  uint64_t checksum;
  bool is_wrong;
  const char *workload;
  timing timings[N_PARTS];
} benchmark;

static void keep(benchmark *b, part what, double seconds) {
  timing *t = &b->timings[what];
  if (t->n < MAX_REPEATS) t->seconds[t->n++] = seconds;
}

/* --- the workload ----------------------------------------------------------------------------- */

static apo_status make_workload(benchmark *b, uint64_t n_rows, apo_error *err) {
  const uint64_t seed = apo_option_count(b->session.options, APO_OPT_SEED);
  const uint64_t n_trees = apo_option_count(b->session.options, APO_OPT_BENCH_TREES);
  char *text = NULL;
  size_t n_bytes = 0;
  double *background = NULL;
  double *values = NULL;
  apo_rows background_rows;
  if (n_trees < 1 || n_trees > 100000) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--trees: %" PRIu64 ", needed 1 to 100000", n_trees);
  }
  apo_status status = apo_workload_model(seed, (uint32_t)n_trees, &text, &n_bytes, err);
  if (status != APO_OK) goto done;
  const double begun = apo_clock_seconds();
  status = apo_model_read(text, n_bytes, &b->session.model, err);
  if (status != APO_OK) goto done;
  keep(b, PART_LOAD, apo_clock_seconds() - begun);
  b->session.info.struct_bytes = sizeof b->session.info;
  apo_model_describe(b->session.model, &b->session.info);
  status =
      apo_workload_rows(seed, 0, APO_WORKLOAD_BACKGROUND_ROWS, &background_rows, &background, err);
  if (status != APO_OK) goto done;
  status =
      apo_background_create(b->session.model, &background_rows, NULL, &b->session.background, err);
  if (status != APO_OK) goto done;
  status = apo_workload_rows(seed, 1, n_rows, &b->rows, &values, err);
  b->values = values;
  b->workload = "built-in";
done:
  free(background);
  free(text);
  return status;
}

static apo_status open_workload(benchmark *b, uint64_t n_rows, apo_error *err) {
  const apo_options *o = b->session.options;
  const char *const tables[] = {apo_option_text(o, APO_OPT_DATA),
                                apo_option_text(o, APO_OPT_BACKGROUND),
                                apo_option_text(o, APO_OPT_BACKGROUND_WEIGHTS)};
  const char *model = apo_option_text(o, APO_OPT_MODEL);
  if (model == NULL && (tables[0] != NULL || tables[1] != NULL || tables[2] != NULL)) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--model: missing, where data or background is given");
  }
  if (model == NULL) return make_workload(b, n_rows, err);
  if (tables[0] == NULL) return apo_fail(err, APO_ERR_ARGUMENT, "--data: missing with --model");
  APO_TRY(apo_check_one_stdin(tables, 3, err));
  const double begun = apo_clock_seconds();
  APO_TRY(apo_session_open_model(&b->session, err));
  keep(b, PART_LOAD, apo_clock_seconds() - begun);
  APO_TRY(apo_session_open_data(&b->session, err));
  APO_TRY(apo_table_read_all(b->session.data, &b->rows, &b->values, err));
  if (b->rows.n_rows > n_rows) b->rows.n_rows = n_rows;
  b->workload = model;
  return apo_session_open_background(&b->session, err);
}

/* --- running ---------------------------------------------------------------------------------- */

static apo_status verify(void *context, const apo_tile *tile, apo_error *err) {
  verification *seen = context;
  const size_t n_gaps = (size_t)tile->n_rows * tile->n_outputs;
  const size_t n_pairs = (size_t)tile->n_players * (tile->n_players - 1) / 2;
  (void)err;
  for (size_t i = 0; seen->sums_up && i < n_gaps; ++i) {
    const double scale = fmax(1, fabs(tile->prediction[i]));
    if (!((double)tile->gap[i] <= seen->tolerance * scale)) ++seen->n_over;
  }
  add_bytes(seen, tile->phi, n_gaps * tile->n_players);
  if (tile->pairs != NULL) add_bytes(seen, tile->pairs, n_gaps * n_pairs);
  seen->n_rows += tile->n_rows;
  return APO_OK;
}

static apo_status explain_once(benchmark *b, bool is_cold, apo_error *err) {
  verification seen = {.tolerance = apo_option_real(b->session.options, APO_OPT_GAP_TOLERANCE),
                       .checksum = UINT64_C(0xcbf29ce484222325),
                       .sums_up = b->request.index == APO_INDEX_SHAPLEY};
  apo_memory_rows rows = {.rows = b->rows};
  const apo_source source = apo_memory_rows_source(&rows);
  const apo_sink sink = {&seen, verify};
  apo_report report = {.struct_bytes = sizeof report};
  const double begun = apo_clock_seconds();
  APO_TRY(apo_plan_run(b->plan, &source, &sink, NULL, &report, err));
  const double seconds = apo_clock_seconds() - begun;
  if (is_cold) {
    b->checksum = seen.checksum;
    keep(b, PART_COLD, seconds);
    keep(b, PART_BUILD, report.seconds_build);
  } else {
    keep(b, PART_UPLOAD, report.seconds_upload);
    keep(b, PART_KERNEL, report.seconds_kernel);
    keep(b, PART_DOWNLOAD, report.seconds_download);
    keep(b, PART_AGGREGATE, report.seconds_aggregate);
    keep(b, PART_EXPLAIN, seconds);
  }
  const bool is_right = seen.n_rows == b->rows.n_rows && seen.n_over <= seen.n_rows / 1000 &&
                        seen.checksum == b->checksum;
  if (!is_right) b->is_wrong = true;
  return APO_OK;
}

static apo_status drop_predictions(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *predictions, apo_error *err) {
  (void)context;
  (void)row_begin;
  (void)n_rows;
  (void)predictions;
  (void)err;
  return APO_OK;
}

static apo_status predict_once(benchmark *b, bool is_cold, apo_error *err) {
  apo_memory_rows rows = {.rows = b->rows};
  const apo_source source = apo_memory_rows_source(&rows);
  const apo_prediction_sink sink = {NULL, drop_predictions};
  apo_report report = {.struct_bytes = sizeof report};
  const double begun = apo_clock_seconds();
  APO_TRY(apo_predict(b->session.model, b->session.devices, b->request.output,
                      b->request.memory_bytes, &source, &sink, NULL, &report, err));
  if (!is_cold) keep(b, PART_PREDICT, apo_clock_seconds() - begun);
  return APO_OK;
}

static apo_status measure(benchmark *b, apo_error *err) {
  const apo_options *o = b->session.options;
  const uint64_t n_repeats = apo_option_count(o, APO_OPT_REPEATS);
  const uint64_t n_rows = apo_option_count(o, APO_OPT_BENCH_ROWS);
  if (n_repeats < 1 || n_repeats > MAX_REPEATS) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--repeats: %" PRIu64 ", needed 1 to %d", n_repeats,
                    MAX_REPEATS);
  }
  if (apo_option_is(o, APO_OPT_OUTPUT, "loss")) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "--output loss: is for explain and plan, not bench");
  }
  if (n_rows < 1) return apo_fail(err, APO_ERR_ARGUMENT, "--rows: 0, needed at least 1");
  APO_TRY(open_workload(b, n_rows, err));
  APO_TRY(apo_session_open_players(&b->session, err));
  APO_TRY(apo_session_request(&b->session, &b->request, err));
  double begun = apo_clock_seconds();
  APO_TRY(apo_session_open_devices(&b->session, err));
  keep(b, PART_OPEN, apo_clock_seconds() - begun);
  begun = apo_clock_seconds();
  APO_TRY(apo_plan_create(b->session.model, b->session.background, &b->request, b->session.devices,
                          &b->plan, err));
  keep(b, PART_PLAN, apo_clock_seconds() - begun);
  // Runs of both kinds take turns, so that neither has the quieter half of the time.
  for (uint64_t repeat = 0; repeat <= n_repeats && !b->is_wrong; ++repeat) {
    APO_TRY(explain_once(b, repeat == 0, err));
    APO_TRY(predict_once(b, repeat == 0, err));
  }
  return APO_OK;
}

/* --- result rows ------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* A result row: median, and (largest - smallest) / median. */
typedef struct result {
  double median;
  double spread;
} result;

static result result_of(const timing *t) {
  double sorted[MAX_REPEATS];
  memcpy(sorted, t->seconds, t->n * sizeof *sorted);
  qsort(sorted, t->n, sizeof *sorted, ascending);
  result out = {.median = (sorted[(t->n - 1) / 2] + sorted[t->n / 2]) / 2};
  if (out.median > 0) out.spread = (sorted[t->n - 1] - sorted[0]) / out.median;
  return out;
}

/* A run that is wrong has no times. */
static bool is_reported(const benchmark *b, part what) {
  return b->timings[what].n > 0 && !b->is_wrong;
}

static const char *const check_text = "gap to prediction, same bits in every run";

static apo_status print_json(const benchmark *b, apo_error *err) {
  apo_json_out json = apo_json_out_start();
  apo_json_out_text(&json, json.root, "schema", "bench/1");
  apo_json_out_text(&json, json.root, "workload", b->workload);
  apo_json_out_text(&json, json.root, "method", apo_method_text(apo_plan_method(b->plan)));
  apo_json_out_text(&json, json.root, "device", apo_devices_text(b->session.devices));
  apo_json_out_count(&json, json.root, "rows", b->rows.n_rows);
  apo_json_out_text(&json, json.root, "status", b->is_wrong ? "wrong" : "ok");
  apo_json_out_text(&json, json.root, "check", check_text);
  apo_json_out_text(&json, json.root, "version", apo_version());
  cJSON *results = apo_json_out_array(&json, json.root, "results");
  for (int what = 0; what < N_PARTS; ++what) {
    if (!is_reported(b, (part)what)) continue;
    const result r = result_of(&b->timings[what]);
    cJSON *row = apo_json_out_object(&json, results, NULL);
    apo_json_out_text(&json, row, "part", part_names[what]);
    apo_json_out_count(&json, row, "n", b->timings[what].n);
    apo_json_out_real(&json, row, "median", r.median);
    apo_json_out_real(&json, row, "spread", r.spread);
    apo_json_out_real(&json, row, "rows_per_second", (double)b->rows.n_rows / r.median);
  }
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

/* Text in a CSV field: quotes doubled, escaped as for a terminal. */
static void print_field(const char *text) {
  putchar('"');
  for (; *text != '\0'; ++text) {
    if (*text == '"') putchar('"');
    putchar(*text);
  }
  putchar('"');
}

static void print_csv(const benchmark *b) {
  puts("workload,part,device,rows,n,median,spread,status,check");
  for (int what = 0; what < N_PARTS; ++what) {
    if (b->timings[what].n == 0) continue;
    print_field(b->workload);
    printf(",%s,", part_names[what]);
    print_field(apo_devices_text(b->session.devices));
    printf(",%" PRIu64 ",%u,", b->rows.n_rows, b->timings[what].n);
    if (is_reported(b, (part)what)) {
      const result r = result_of(&b->timings[what]);
      printf("%.9g,%.3g", r.median, r.spread);
    } else {
      putchar(',');
    }
    printf(",%s,\"%s\"\n", b->is_wrong ? "wrong" : "ok", check_text);
  }
}

static apo_status print_text(const benchmark *b, apo_error *err) {
  printf("workload  ");
  apo_text_print(b->workload, stdout);
  printf(", %" PRIu64 " rows, %u players, %s\ndevice    ", b->rows.n_rows,
         b->session.groups.n_players, apo_method_text(apo_plan_method(b->plan)));
  apo_text_print(apo_devices_text(b->session.devices), stdout);
  putchar('\n');
  apo_text_table table = apo_text_table_start(5);
  const char *const heads[] = {"part", "n", "seconds", "spread", "rows/s"};
  for (int i = 0; i < 5; ++i) apo_text_table_add(&table, heads[i]);
  for (int what = 0; what < N_PARTS; ++what) {
    if (!is_reported(b, (part)what)) continue;
    const result r = result_of(&b->timings[what]);
    const bool is_run = what == PART_EXPLAIN || what == PART_PREDICT || what == PART_COLD;
    apo_text_table_add(&table, part_names[what]);
    apo_text_table_addf(&table, "%u", b->timings[what].n);
    apo_text_table_addf(&table, "%.6f", r.median);
    apo_text_table_addf(&table, "%.1f %%", r.spread * 100);
    if (is_run) apo_text_table_addf(&table, "%.5g", (double)b->rows.n_rows / r.median);
    if (!is_run) apo_text_table_add(&table, "");
  }
  const apo_status status = apo_text_table_print(&table, 0, stdout, err);
  apo_text_table_clear(&table);
  printf("status    %s (%s)\n", b->is_wrong ? "wrong: no times" : "ok", check_text);
  return status;
}

static apo_status print(const benchmark *b, apo_error *err) {
  if (apo_option_flag(b->session.options, APO_OPT_JSON)) return print_json(b, err);
  if (!apo_option_flag(b->session.options, APO_OPT_CSV)) return print_text(b, err);
  print_csv(b);
  return APO_OK;
}

int apo_cmd_bench(const apo_options *options) {
  apo_error err;
  benchmark *b = apo_alloc(1, sizeof *b);
  if (b == NULL) {
    (void)apo_fail(&err, APO_ERR_MEMORY, "bench: out of memory");
    return apo_fail_command(&err, APO_SIDE_INPUT, NULL);
  }
  b->session = apo_session_start(options);
  apo_status status = measure(b, &err);
  if (status == APO_OK) {
    b->session.side = APO_SIDE_OUTPUT;
    status = print(b, &err);
  }
  int code = b->is_wrong ? APO_EXIT_VERDICT : APO_EXIT_DONE;
  if (status != APO_OK) code = apo_session_fail(&b->session, &err);
  apo_plan_destroy(&b->plan);
  apo_session_close(&b->session);
  free(b->values);
  free(b);
  return code;
}
