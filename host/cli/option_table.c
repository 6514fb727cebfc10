/* option_table.c - THE TABLE of options. */
#include <stddef.h>

#include "host/cli/commands.h"

#define EXPLAIN    (1u << APO_COMMAND_EXPLAIN)
#define IMPORTANCE (1u << APO_COMMAND_IMPORTANCE)
#define PREDICT    (1u << APO_COMMAND_PREDICT)
#define VALIDATE   (1u << APO_COMMAND_VALIDATE)
#define CONVERT    (1u << APO_COMMAND_CONVERT)
#define PLAN       (1u << APO_COMMAND_PLAN)
#define DEVICES    (1u << APO_COMMAND_DEVICES)
#define BENCH      (1u << APO_COMMAND_BENCH)
#define GAMES      (EXPLAIN | PLAN | BENCH)
#define MODELS     (GAMES | IMPORTANCE | PREDICT)
#define ALL        UINT32_MAX

// clang-format off
const apo_option apo_option_table[APO_N_OPTIONS] = {
  /* what goes in */
  [APO_OPT_MODEL] = {"model", APO_OPTION_TEXT, NULL, "FILE", MODELS, MODELS & ~BENCH, 0,
    "Model; its format is recognised by content."},
  [APO_OPT_ITERATIONS] = {"iterations", APO_OPTION_RANGE, NULL, "FIRST:END",
    MODELS | VALIDATE | CONVERT, 0, 0,
    "Keep the trees of these boosting iterations, END not included; best: those up to the best one of early stopping."},
  [APO_OPT_DATA] = {"data", APO_OPTION_TEXT, NULL, "SRC", MODELS, EXPLAIN | IMPORTANCE | PREDICT, 0,
    "Rows: .npy, .csv with a header row, or - for CSV on stdin."},
  [APO_OPT_BACKGROUND] = {"background", APO_OPTION_TEXT, NULL, "SRC", GAMES, 0, 0,
    "Rows that stand for \"absent\"; the method path needs none."},
  [APO_OPT_BACKGROUND_WEIGHTS] = {"background-weights", APO_OPTION_TEXT, NULL, "SRC[:COLUMN]",
    GAMES, 0, 0, "One weight for each background row; equal ones without it."},
  [APO_OPT_TARGET] = {"target", APO_OPTION_TEXT, NULL, "SRC[:COLUMN]",
    IMPORTANCE | EXPLAIN | PLAN, IMPORTANCE, 0,
    "The true value of each row; a class is its number. explain and plan: for --output loss."},
  [APO_OPT_SAMPLE_WEIGHT] = {"sample-weight", APO_OPTION_TEXT, NULL, "SRC[:COLUMN]", IMPORTANCE, 0,
    0, "One weight for each row; equal ones without it."},
  [APO_OPT_ID] = {"id", APO_OPTION_TEXT, NULL, "COLUMN", EXPLAIN | PREDICT, 0, 0,
    "Column of the data that names the rows; else they have numbers."},
  [APO_OPT_MISSING] = {"missing", APO_OPTION_TEXT, NULL, "WORDS", MODELS, 0, 0,
    "Comma list of CSV fields that are missing values; without it: empty, NA, NaN, null."},

  /* what comes out */
  [APO_OPT_OUT] = {"out", APO_OPTION_TEXT, NULL, "DEST", EXPLAIN | PREDICT | CONVERT,
    EXPLAIN | CONVERT, 0,
    "Destination: .npy, .csv, - for CSV on stdout; of explain also sqlite:FILE and null:; of convert a file, or - for stdout."},
  [APO_OPT_FORCE] = {"force", APO_OPTION_FLAG, "no", NULL, EXPLAIN | PREDICT | CONVERT, 0, 0,
    "Replace an output file that exists."},

  /* what is asked */
  [APO_OPT_METHOD] = {"method", APO_OPTION_CHOICE, "auto", "auto|exact|path|kernel|permutation|linear",
    GAMES, 0, 0, "Exact values against the background, or along the trees' covers without one; sampled Kernel or permutation SHAP; the closed form of linear models."},
  [APO_OPT_INDEX] = {"index", APO_OPTION_CHOICE, "shapley", "shapley|banzhaf", GAMES, 0, 0,
    "Shapley values, which sum to the output, or Banzhaf values, which do not (exact and path)."},
  [APO_OPT_INTERACTIONS] = {"interactions", APO_OPTION_FLAG, "no", NULL, GAMES, 0, 0,
    "What pairs of players do together: a matrix for each row (exact and path)."},
  [APO_OPT_OUTPUT] = {"output", APO_OPTION_CHOICE, "raw", "raw|probability|loss", GAMES | PREDICT,
    0, 0, "The margin, the margin through the model's own link, or what it costs given --target: log-loss of a sigmoid, squared error of a regression (exact)."},
  [APO_OPT_LINK] = {"link", APO_OPTION_CHOICE, "identity", "identity|logit", GAMES, 0, 0,
    "Applied to the mean output of each coalition."},
  [APO_OPT_DEPENDENCE] = {"dependence", APO_OPTION_CHOICE, "independent", "independent|gaussian",
    EXPLAIN | PLAN, 0, 0,
    "Absent columns: as in the background, or as a normal distribution expects them given the present ones (method linear)."},
  [APO_OPT_NSAMPLES] = {"nsamples", APO_OPTION_AUTO_COUNT, "auto", "N|auto", GAMES, 0, 0,
    "Coalitions (kernel) or model evaluations (permutation) for each row; of linear, for the sampled matrix."},
  [APO_OPT_COALITIONS] = {"coalitions", APO_OPTION_CHOICE, "shared", "shared|per-row", GAMES, 0, 0,
    "Kernel: one list of coalitions for all rows, or one drawn for each."},
  [APO_OPT_GROUPS] = {"groups", APO_OPTION_TEXT, NULL, "FILE", GAMES | IMPORTANCE, 0, 0,
    "JSON object, group name to list of columns; groups are the players."},
  [APO_OPT_ERRORS] = {"errors", APO_OPTION_TEXT, NULL, "FILE", EXPLAIN, 0, 0,
    "Standard errors of permutation values, as .npy of the shape of the attributions."},
  [APO_OPT_GAP_TOLERANCE] = {"gap-tolerance", APO_OPTION_REAL, "1e-4", "X", EXPLAIN | BENCH, 0, 0,
    "Share of max(1, |output|) by which a row may miss its prediction; more than 0.1 % of rows over it: exit 1."},
  [APO_OPT_METRIC] = {"metric", APO_OPTION_TEXT, NULL, "LIST", IMPORTANCE, IMPORTANCE, 0,
    "Comma list of auc, logloss, accuracy, rmse, mae, r2."},
  [APO_OPT_REPEATS] = {"repeats", APO_OPTION_COUNT, "5", "N", IMPORTANCE | BENCH, 0, 0,
    "Permutations of each column; repetitions of a measurement."},
  [APO_OPT_MAX_SAMPLES] = {"max-samples", APO_OPTION_PORTION, NULL, "N|SHARE", IMPORTANCE, 0, 0,
    "Rows to use, drawn without replacement; all without it."},
  [APO_OPT_SEED] = {"seed", APO_OPTION_COUNT, "0", "N", GAMES | IMPORTANCE, 0, 0,
    "Results depend on seed, row number and draw, and on nothing else."},
  [APO_OPT_ROW_ORIGIN] = {"row-origin", APO_OPTION_COUNT, "0", "N", EXPLAIN, 0, 0,
    "Number of the first row, for a shard of a larger table."},

  [APO_OPT_REDUCE] = {"reduce", APO_OPTION_CHOICE, "none", "none|mean-abs", EXPLAIN, 0, 0,
    "Write the mean magnitude over all rows instead of the rows; to .npy, .csv or -."},

  /* what is kept with a run */
  [APO_OPT_TOP] = {"top", APO_OPTION_COUNT, NULL, "K", EXPLAIN, 0, 0,
    "A store keeps the K largest values of a row, or with --interactions the K largest pairs, and the sum of the rest."},
  [APO_OPT_LABEL] = {"label", APO_OPTION_TEXT, NULL, "NAME", EXPLAIN, 0, 0,
    "Name of the run in a store."},
  [APO_OPT_INPUT_ID] = {"input-id", APO_OPTION_TEXT, NULL, "user:TEXT", EXPLAIN, 0, 0,
    "You vouch for the rows by this name, so that a run over a pipe can be resumed."},
  [APO_OPT_CHUNK_ROWS] = {"chunk-rows", APO_OPTION_COUNT, "65536", "N", EXPLAIN, 0, 0,
    "Rows that a store commits together."},

  /* bench */
  [APO_OPT_BENCH_ROWS] = {"rows", APO_OPTION_COUNT, "1000", "N", BENCH, 0, 0,
    "Rows of the built-in workload, or at most so many of --data."},
  [APO_OPT_BENCH_TREES] = {"trees", APO_OPTION_COUNT, "100", "N", BENCH, 0, 0,
    "Trees of the built-in workload."},
  [APO_OPT_CSV] = {"csv", APO_OPTION_FLAG, "no", NULL, BENCH, 0, 0, "Result rows as CSV."},

  /* where it runs */
  [APO_OPT_DEVICE] = {"device", APO_OPTION_TEXT, "auto", "SPEC", MODELS | DEVICES, 0, 0,
    "gpu, cpu, P:D, part of a name, a comma list, none for the reference; auto is the best there is."},
  [APO_OPT_MEMORY] = {"memory", APO_OPTION_BYTES, NULL, "SIZE", MODELS, 0, 0,
    "Budget of host and device buffers; 1Gi without it."},
  [APO_OPT_LAUNCH_MS] = {"launch-ms", APO_OPTION_COUNT, "100", "N", MODELS, 0, 0,
    "Length in milliseconds that one kernel launch aims at."},
  [APO_OPT_SELF_TEST_FIRST] = {"self-test", APO_OPTION_FLAG, "yes", NULL, MODELS, 0, 0,
    "Trust the device; else it is checked with known answers before it works."},
  [APO_OPT_CACHE] = {"cache", APO_OPTION_FLAG, "yes", NULL, MODELS | DEVICES, 0, 0,
    "Keep no compiled kernels; else they stay in $APPORTION_CACHE_DIR, else $XDG_CACHE_HOME/apportion, else ~/.cache/apportion."},
  [APO_OPT_MAX_MODEL_BYTES] = {"max-model-bytes", APO_OPTION_BYTES, "4Gi", "SIZE",
    MODELS | VALIDATE | CONVERT, 0, 0, "A larger model file is refused."},
  [APO_OPT_SELF_TEST] = {"self-test", APO_OPTION_FLAG, "no", NULL, DEVICES, 0, 0,
    "Open each listed device and check it with known answers."},

  /* how it reports */
  [APO_OPT_PROGRESS] = {"progress", APO_OPTION_CHOICE, "auto", "auto|never|json",
    EXPLAIN | IMPORTANCE | PREDICT, 0, 0,
    "On stderr; auto shows a bar on a terminal, json writes one line a second."},
  [APO_OPT_JSON] = {"json", APO_OPTION_FLAG, "no", NULL, ALL, 0, 0, "Report as one line of JSON."},

  /* what this version refuses by name */
  [APO_OPT_TOLERANCE] = {"tolerance", APO_OPTION_REFUSED, NULL, "EPS", GAMES, 0, 0,
    "Sample until standard errors are small enough."},

  [APO_OPT_QUIET] = {"quiet", APO_OPTION_FLAG, "no", NULL, ALL, 0, 'q', "Errors only on stderr."},
  [APO_OPT_VERBOSE] = {"verbose", APO_OPTION_FLAG, "no", NULL, ALL, 0, 'v',
    "Say what was chosen, and why."},
  [APO_OPT_VERSION] = {"version", APO_OPTION_FLAG, "no", NULL, ALL, 0, 'V', "Print the version."},
  [APO_OPT_HELP] = {"help", APO_OPTION_FLAG, "no", NULL, ALL, 0, 'h', "Print this."},
};
// clang-format on
