/* apportion.h - which columns moved a prediction, and by how much.
 *
 * A *model* is read from bytes or wrapped around a function.  A *background* is a weighted table
 * of rows that stands for "absent".  A *plan* says how one model is explained against one
 * background on the chosen devices: which stages run, on which buffers, for how many rows at a
 * time.  Running a plan draws rows from a *source* and hands their attributions, tile by tile, to
 * a *sink*, so memory does not grow with the rows.  Model, background and plan never change once
 * made, so threads may share them.
 *
 * Five rules hold for every function and are not repeated below.
 *
 * - A call that can fail returns apo_status and takes `apo_error *err` last; `err` may be NULL.
 * - A call that fails leaves its `*out` NULL and owns nothing that it did not own before.
 * - destroy(&handle) accepts a NULL handle and stores NULL.
 * - A struct that begins with `struct_bytes` may grow: set it to sizeof the struct, zero the rest.
 * - Nothing here prints, exits, starts a thread, reads the locale or keeps state outside a handle.
 */
#ifndef APPORTION_H
#define APPORTION_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
  #define APO_API       __attribute__((visibility("default")))
  #define APO_NODISCARD __attribute__((warn_unused_result))
#else
  #define APO_API
  #define APO_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Raised whenever a program built against an older header could misbehave. */
#define APO_ABI_VERSION 1

/** The APO_ABI_VERSION the library was built with. */
APO_API uint32_t apo_abi_version(void);

/** "MAJOR.MINOR.PATCH" of the library.  Never NULL. */
APO_API const char *apo_version(void);

/* --- failing ---------------------------------------------------------------------------------- */

/** What a call returns.  The codes are split by who can do something about them. */
typedef enum apo_status {
  APO_OK = 0,
  APO_ERR_ARGUMENT = 1,      /**< the caller broke a documented precondition */
  APO_ERR_FORMAT = 2,        /**< the input is not what its format promises */
  APO_ERR_UNSUPPORTED = 3,   /**< the input is valid, but of a kind that is not explained yet */
  APO_ERR_LIMIT = 4,         /**< the input is valid, but beyond a documented limit */
  APO_ERR_MEMORY = 5,        /**< host memory ran out */
  APO_ERR_DEVICE_MEMORY = 6, /**< device memory ran out; a smaller budget may succeed */
  APO_ERR_DEVICE = 7,        /**< the device failed or was lost; another one may succeed */
  APO_ERR_BUILD = 8,         /**< the device's compiler refused a kernel */
  APO_ERR_IO = 9,            /**< a file or a database refused */
  APO_ERR_CANCELLED = 10,    /**< the caller's own callback asked to stop */
  APO_ERR_INTERNAL = 11      /**< a defect in this library; please report it */
} apo_status;

/** Why a call failed, in a struct that the caller owns.
 *
 * Written only by a call that fails; its content is otherwise unspecified.  The message says
 * where, what was found and what was needed: "xgboost_json: tree 3: node 17: column 9 of 8".
 */
typedef struct apo_error {
  apo_status status; /**< the code the call returned */
  int32_t native;    /**< cl_int or errno behind it; 0 when there is none */
  char message[504]; /**< NUL-terminated UTF-8, one line */
} apo_error;

/** A fixed sentence for `status`, for programs that have no apo_error at hand.  Never NULL. */
APO_API const char *apo_status_text(apo_status status);

/* --- rows in ---------------------------------------------------------------------------------- */

/** The element type of a table. */
typedef enum apo_dtype { APO_F32 = 0, APO_F64 = 1 } apo_dtype;

/** A borrowed table: one row per case, one column per input of the model.
 *
 * Element (row, col) is values[row * row_stride + col * col_stride].  NaN means missing; an
 * infinity is an ordinary number.  A value is compared with a threshold in the type in which the
 * model's own library compares them (docs/NUMERICS.md), so APO_F64 columns are not narrowed on the
 * way.
 */
typedef struct apo_rows {
  const void *values;  /**< the first element */
  uint64_t n_rows;     /**< 0 is a table without rows, not an error */
  uint64_t row_stride; /**< elements from one row to the next */
  uint64_t col_stride; /**< elements from one column to the next; 1 for C order */
  uint32_t n_cols;     /**< exactly the model's number of columns */
  apo_dtype dtype;     /**< the type behind `values` */
} apo_rows;

/** Where rows come from. */
typedef struct apo_source {
  void *context; /**< handed back to `next` unchanged, never read */
  /** Lend the next rows, at most `max_rows`, valid until the following call.  No rows is the end. */
  apo_status (*next)(void *context, uint64_t max_rows, apo_rows *out, apo_error *err);
} apo_source;

/* --- models ----------------------------------------------------------------------------------- */

/** An immutable, validated model: a forest, a linear model or a caller's function. */
typedef struct apo_model apo_model;

/** Read a model; the format is recognised by content (README.md lists them).
 *
 * Owns:    `bytes` is read until the call returns and may then be freed.
 * Fails:   APO_ERR_FORMAT       no reader knows the bytes, or the one that does found a fault
 *          APO_ERR_UNSUPPORTED  the model uses a feature that is not explained; it is named
 *          APO_ERR_LIMIT, APO_ERR_MEMORY
 */
APO_NODISCARD APO_API apo_status apo_model_read(const void *bytes,
                                                size_t n_bytes,
                                                apo_model **out,
                                                apo_error *err);

/** In apo_read_options: up to the best iteration that early stopping found. */
#define APO_BEST_ITERATION UINT64_MAX

/** How to read a model.  Zero everywhere reads it whole. */
typedef struct apo_read_options {
  size_t struct_bytes;
  uint64_t iteration_begin; /**< the first boosting iteration to keep */
  uint64_t iteration_end;   /**< one past the last; 0: the model's end; or APO_BEST_ITERATION */
} apo_read_options;

/** As apo_model_read, and keep the trees of some iterations only; their base stays.
 *
 * The digest of such a part is that of the bytes and the range.
 *
 * Fails:   APO_ERR_ARGUMENT     the model has no such iterations, or states no best one
 *          APO_ERR_UNSUPPORTED  it knows no iterations at all
 *          and as apo_model_read
 */
APO_NODISCARD APO_API apo_status apo_model_read_part(const void *bytes,
                                                     size_t n_bytes,
                                                     const apo_read_options *options,
                                                     apo_model **out,
                                                     apo_error *err);

/** A function that predicts, for models that no reader knows. */
typedef struct apo_predictor {
  size_t struct_bytes;
  void *context;       /**< handed back unchanged; must live as long as the model */
  uint32_t n_columns;  /**< at least 1 */
  uint32_t n_outputs;  /**< at least 1 */
  uint64_t batch_rows; /**< rows per call that suit the function best; 0 leaves it to us */
  /** Predict `rows->n_rows` rows (APO_F64 in C order); outputs [n_rows x n_outputs], row-major. */
  apo_status (*predict)(void *context, const apo_rows *rows, double *outputs, apo_error *err);
} apo_predictor;

/** Wrap a function as a model.  It is called on the thread that runs a plan, one call at a time. */
APO_NODISCARD APO_API apo_status apo_model_wrap(const apo_predictor *predictor,
                                                apo_model **out,
                                                apo_error *err);

APO_API void apo_model_destroy(apo_model **model);

/** Where bytes go: a file, a buffer, a socket. */
typedef struct apo_byte_sink {
  void *context; /**< handed back to `put` unchanged, never read */
  /** Take the next bytes, at least 1; they are gone when it returns.  Any status but APO_OK ends
   * the call that writes, which returns the status and the message left in `err`. */
  apo_status (*put)(void *context, const void *bytes, size_t n_bytes, apo_error *err);
} apo_byte_sink;

/** Write a model as neutral JSON, version 1 (docs/MODELS.md), whatever format it was read from.
 *
 * Reading it back gives the same model, number for number, so it predicts the same bits; writing
 * that one again gives the same bytes.  Numbers are the shortest decimals that read back to the
 * same double, in every locale.  The text is streamed: memory does not grow with the trees.
 *
 * Fails:   APO_ERR_UNSUPPORTED  a callback model, which is a function; what the format has no place
 *                               for: a divisor that is no whole number, a scale of other links
 *          APO_ERR_FORMAT       a text of the model is not UTF-8
 *          APO_ERR_MEMORY       8 bytes for each category set
 *          and whatever `put` returns; what it took until then is no document
 * Threads: may run at once for one model
 */
APO_NODISCARD APO_API apo_status apo_model_write(const apo_model *model,
                                                 const apo_byte_sink *sink,
                                                 apo_error *err);

/** What a model is.  The strings live as long as the model; "" stands for "not stated". */
typedef struct apo_model_info {
  size_t struct_bytes;
  const char *format;          /**< of the reader: "xgboost_ubjson"; "callback" */
  const char *kind;            /**< "forest", "linear", "callback" */
  const char *library;         /**< that made it: "xgboost" */
  const char *library_version; /**< "3.4.1" */
  const char *objective;       /**< in the words of the library */
  const char *link;            /**< from margin to response: "sigmoid" */
  const char *digest; /**< "sha256:" and 64 hex digits, of the bytes read; "" of a callback */
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_trees;
  uint64_t n_leaves;
  uint32_t max_depth;         /**< splits on the longest path */
  uint32_t max_players;       /**< most distinct columns on one path */
  uint32_t n_categorical;     /**< columns with named categories, or tested for membership */
  uint32_t n_missing_columns; /**< columns on which missing values take a learned side */
  int64_t best_iteration;     /**< of early stopping, or -1; all trees are used all the same */
  int has_cover;              /**< 1 when path-dependent values are possible */
  const char *format_version; /**< of the format, where the file states one: "v4", "1" */
  const char *made_from;      /**< of a neutral model: the format that it was written from */
  const char *cast;           /**< what values become before they are used: "float32", "float64" */
  const char *cover_kind;     /**< "none", "hessian", "count", "weight" */
  uint64_t n_nodes;           /**< inner nodes of all trees */
  uint64_t n_linear_leaves;   /**< leaves that are linear functions */
  uint64_t memory_bytes;      /**< host memory that the model holds */
  uint32_t trees_per_iteration; /**< 0: the model knows no iterations */
  uint32_t n_transforms;        /**< steps before the cast: scaling, clipping */
  uint32_t n_category_tables;   /**< columns whose categories have names */
  int margin_is_probability;    /**< 1 when the raw output is one already */
} apo_model_info;

APO_API void apo_model_describe(const apo_model *model, apo_model_info *info);

/** The name of a column or output, or NULL when the model has none.  Lives as long as the model. */
APO_API const char *apo_model_column_name(const apo_model *model, uint32_t column);
APO_API const char *apo_model_output_name(const apo_model *model, uint32_t output);

/** The margin of each output for a row of zero trees or zero coefficients; fp64. */
APO_API double apo_model_intercept(const apo_model *model, uint32_t output);

/* --- background ------------------------------------------------------------------------------- */

/** Weighted rows that stand for "absent"; immutable. */
typedef struct apo_background apo_background;

/** Copy background rows.
 *
 * Shapes:  rows [n_rows x n_columns]; weights [n_rows] or NULL for equal ones.  Weights are scaled
 *          to sum to 1.
 * Fails:   APO_ERR_ARGUMENT  n_cols is not the model's
 *          APO_ERR_FORMAT    no rows; a weight that is negative or not finite; weights summing to 0
 */
APO_NODISCARD APO_API apo_status apo_background_create(const apo_model *model,
                                                       const apo_rows *rows,
                                                       const double *weights,
                                                       apo_background **out,
                                                       apo_error *err);
APO_API void apo_background_destroy(apo_background **background);
APO_API uint64_t apo_background_n_rows(const apo_background *background);

/* --- devices ---------------------------------------------------------------------------------- */

/** Opened devices with their programs; used by one plan run at a time. */
typedef struct apo_devices apo_devices;

typedef struct apo_device_options {
  size_t struct_bytes;
  const char *list;      /**< docs/DEVICES.md: "gpu", "cpu", "0:0", "pocl", "gpu,cpu", "none";
                            NULL or "auto": the best device, else the reference */
  const char *cache_dir; /**< folder for compiled kernels, created if missing; NULL: no cache */
  uint32_t launch_ms;    /**< target length of one kernel launch; 0 means 100 */
  int skip_self_test;    /**< 1 trusts the device unseen */
} apo_device_options;

/** Open devices and test each with known answers.
 *
 * "none" opens the reference: plain C on the calling thread, and no driver is loaded.
 *
 * Fails:   APO_ERR_ARGUMENT  the list is not a device list
 *          APO_ERR_DEVICE    nothing matches, or every match failed its self-test
 */
APO_NODISCARD APO_API apo_status apo_devices_open(const apo_device_options *options,
                                                  apo_devices **out,
                                                  apo_error *err);
APO_API void apo_devices_destroy(apo_devices **devices);

/** One line that names the opened devices, as stored with a run.  Lives as long as the handle. */
APO_API const char *apo_devices_text(const apo_devices *devices);

/* --- explaining ------------------------------------------------------------------------------- */

typedef enum apo_method {
  APO_METHOD_AUTO = 0,        /**< exact values where there are any, else kernel */
  APO_METHOD_KERNEL = 1,      /**< Kernel SHAP: weighted least squares over coalitions */
  APO_METHOD_PERMUTATION = 2, /**< antithetic permutation sampling */
  APO_METHOD_LINEAR = 3,      /**< closed form; linear models with raw output */
  APO_METHOD_EXACT = 4,       /**< interventional values of tree ensembles, exactly */
  APO_METHOD_PATH = 5         /**< path-dependent values: absent players follow the covers */
} apo_method;

/** Which average over coalitions a value is. */
typedef enum apo_index {
  APO_INDEX_SHAPLEY = 0, /**< sums to the output less the base */
  APO_INDEX_BANZHAF = 1  /**< exact and path only; does not sum to anything */
} apo_index;

typedef enum apo_output {
  APO_OUTPUT_RAW = 0,         /**< the margin */
  APO_OUTPUT_PROBABILITY = 1, /**< the margin through the model's own link */
  APO_OUTPUT_LOSS = 2         /**< what the margin costs, given the row's target: log-loss
                                   log(1 + e^m) - y m of one sigmoid, squared error (y - m)^2 of a
                                   regression without link; method exact only */
} apo_output;

typedef enum apo_value_link {
  APO_VALUE_IDENTITY = 0, /**< v(S) is the mean output */
  APO_VALUE_LOGIT = 1     /**< v(S) is the log-odds of the mean output */
} apo_value_link;

/** What columns that are absent from a coalition are taken to be. */
typedef enum apo_dependence {
  APO_DEPENDENCE_INDEPENDENT = 0, /**< those of the background, whatever the present ones are */
  APO_DEPENDENCE_GAUSSIAN = 1     /**< what a normal distribution with the background's mean and
                                     covariance expects, given the present ones; method linear */
} apo_dependence;

/** What is asked.  Zero everywhere asks for the defaults. */
typedef struct apo_request {
  size_t struct_bytes;
  apo_method method;
  apo_output output;
  apo_value_link link;
  int coalitions_per_row; /**< kernel: 1 draws for each row; 0 shares one list among rows */
  uint64_t n_samples;     /**< kernel: coalitions; permutation: model evaluations; 0 is auto */
  uint64_t seed;
  uint64_t row_origin;   /**< number of the first row, for shards; draws depend on row numbers */
  uint64_t memory_bytes; /**< budget for host and device buffers of a run; 0 means 1 GiB */
  const uint32_t *player_of_column; /**< [n_columns], or NULL: every column is a player */
  uint32_t n_players;               /**< with player_of_column: the number of players */
  apo_index index;
  int interactions;          /**< exact and path: 1 gives the values of pairs too */
  apo_dependence dependence; /**< of the columns on one another */
  const double *target; /**< [n_targets] output loss: the true value of each row of the source, the
                             first one's first; finite, and 0 or 1 for log-loss */
  uint64_t n_targets;   /**< as many as the source has rows */
} apo_request;

/** The attributions of consecutive rows, as a sink receives them.
 *
 * Shapes:  phi and phi_se [n_rows x n_outputs x n_players]; prediction and gap [n_rows x n_outputs];
 *          base [n_outputs]; pairs [n_rows x n_outputs x n_players (n_players - 1) / 2]; all
 *          row-major.
 * Units:   those of the request's output and link.
 * Owns:    nothing; what it points to belongs to the call and is gone when `put` returns.
 */
typedef struct apo_tile {
  uint64_t row_begin; /**< number of the first row: row_origin for row 0 of the source */
  uint32_t n_rows;    /**< at least 1, at most the plan's rows per tile */
  uint32_t n_outputs; /**< classes or targets */
  uint32_t n_players; /**< columns or groups */
  const float *phi;
  const float *phi_se;      /**< standard errors; NULL when the method gives none */
  const double *prediction; /**< the explained output of each row */
  const double *base;       /**< the output when no player is present; with row_base their mean */
  const float *gap;         /**< |base + sum of phi - prediction|; no error where values
                          do not sum (Banzhaf) */
  const float *pairs; /**< NULL, or the interactions of players i < j, pair by pair: (0, 1), (0, 2),
                           ..., (1, 2), ...  One cell of the symmetric matrix: half of what the two
                           players do together, so a player's value is its diagonal cell plus its
                           pairs */
  const double *row_base; /**< NULL, or [n_rows x n_outputs]: the base of each row, in place of
                               `base`, where it differs from row to row: output loss */
} apo_tile;

/** Where tiles go: a store, an array, a reducer, or a function of your own. */
typedef struct apo_sink {
  void *context; /**< handed back to `put` unchanged, never read */
  /** Take one tile.  Called on the thread that called apo_plan_run, in ascending row order.  Any
   * status but APO_OK ends that call, which returns the status and the message left in `err`. */
  apo_status (*put)(void *context, const apo_tile *tile, apo_error *err);
} apo_sink;

/** Called between tiles.  A result other than 0 stops the run with APO_ERR_CANCELLED. */
typedef struct apo_watch {
  void *context;
  int (*progress)(void *context, uint64_t n_rows_done);
} apo_watch;

/** What a run did.  Seconds overlap where stages do; they need not add up. */
typedef struct apo_report {
  size_t struct_bytes;
  uint64_t n_rows;
  double seconds_build;  /**< compiling or loading kernels, uploading constants */
  double seconds_upload; /**< from device events, where the device records them */
  double seconds_kernel;
  double seconds_download;
  double seconds_aggregate; /**< host: from coalition values to attributions */
  double gap_max;           /**< over rows and outputs, in units of the output */
  double gap_p99;           /**< upper bound from a histogram of relative width 2 % */
  uint64_t host_bytes;      /**< peak of the run's own host buffers */
  uint64_t device_bytes;    /**< peak of the run's device buffers */
  uint32_t n_faults;        /**< device faults met and answered */
  char device[256];         /**< what computed, in the end */
} apo_report;

/** How one model is explained on the opened devices; immutable. */
typedef struct apo_plan apo_plan;

/** Decide how.  Nothing runs yet but what sizes the plan.
 *
 * Owns:    model, background, request's arrays and devices must outlive the plan.
 * Fails:   APO_ERR_ARGUMENT     a request that contradicts itself or the model
 *          APO_ERR_FORMAT       a target that the loss has no place for; the row is named
 *          APO_ERR_UNSUPPORTED  a combination that is not explained; it is named
 *          APO_ERR_LIMIT        the budget cannot hold one row; the message says what is needed
 */
APO_NODISCARD APO_API apo_status apo_plan_create(const apo_model *model,
                                                 const apo_background *background,
                                                 const apo_request *request,
                                                 apo_devices *devices,
                                                 apo_plan **out,
                                                 apo_error *err);
APO_API void apo_plan_destroy(apo_plan **plan);

/** The plan as text, one line per buffer and stage; stable, so that tests and people compare it. */
APO_API const char *apo_plan_text(const apo_plan *plan);
/** The method that `auto` became. */
APO_API apo_method apo_plan_method(const apo_plan *plan);
APO_API uint32_t apo_plan_n_players(const apo_plan *plan);
/** 1 when tiles carry standard errors: permutation, or linear with dependent columns beyond what is
 * exact, with two pairs of orders or more. */
APO_API int apo_plan_has_errors(const apo_plan *plan);

/** 1 when tiles carry `pairs`, else 0. */
APO_API int apo_plan_has_pairs(const apo_plan *plan);
/** The base values, [n_outputs]: the explained output when no player is present.  Of a loss, which has
 * another one for each target: their mean over the targets, 0 without any. */
APO_API const double *apo_plan_base(const apo_plan *plan);

/** Attribute every output of the plan's model to its players, for each row of `source`.
 *
 * Each row reaches `sink` exactly once and in order.  Draws depend on (seed, row number) and on
 * nothing else, so the same bytes come out whatever the tile size, the memory budget or the number
 * of devices of a kind.  For every row and output the tile says by how much base + sum(phi) misses
 * the prediction.
 *
 * Fails:   APO_ERR_ARGUMENT       the rows' n_cols is not the model's
 *          APO_ERR_FORMAT         the logit link met a mean outside (0, 1); row and coalition named;
 *                                 more or fewer rows than targets
 *          APO_ERR_DEVICE         every allowed device was lost; tiles already put stay valid
 *          APO_ERR_DEVICE_MEMORY  not even the smallest tile fits; the message says what was tried
 *          APO_ERR_CANCELLED      `watch` asked to stop
 *          and whatever `source`, `sink` or a callback model returns
 * Threads: one run at a time per apo_devices.
 */
APO_NODISCARD APO_API apo_status apo_plan_run(const apo_plan *plan,
                                              const apo_source *source,
                                              const apo_sink *sink,
                                              const apo_watch *watch,
                                              apo_report *report,
                                              apo_error *err);

/* --- predicting ------------------------------------------------------------------------------- */

/** Takes predictions [n_rows x n_outputs] of consecutive rows; as apo_sink otherwise. */
typedef struct apo_prediction_sink {
  void *context;
  apo_status (*put)(void *context,
                    uint64_t row_begin,
                    uint64_t n_rows,
                    const double *predictions,
                    apo_error *err);
} apo_prediction_sink;

/** Predict every row of `source`.
 *
 * Units:   margin, or the model's response with APO_OUTPUT_PROBABILITY
 * Fails:   as apo_plan_run
 */
APO_NODISCARD APO_API apo_status apo_predict(const apo_model *model,
                                             apo_devices *devices,
                                             apo_output output,
                                             uint64_t memory_bytes,
                                             const apo_source *source,
                                             const apo_prediction_sink *sink,
                                             const apo_watch *watch,
                                             apo_report *report,
                                             apo_error *err);

/* --- permutation importance ------------------------------------------------------------------- */

typedef enum apo_metric {
  APO_METRIC_AUC = 0,      /**< area under the ROC curve; binary targets 0 and 1 */
  APO_METRIC_LOGLOSS = 1,  /**< negated mean log-loss; targets are class numbers */
  APO_METRIC_ACCURACY = 2, /**< share of rows whose most probable class is the target */
  APO_METRIC_RMSE = 3,     /**< negated root mean square error */
  APO_METRIC_MAE = 4,      /**< negated mean absolute error */
  APO_METRIC_R2 = 5        /**< coefficient of determination */
} apo_metric;

typedef struct apo_importance_request {
  size_t struct_bytes;
  const apo_metric *metrics; /**< [n_metrics], at least one */
  uint32_t n_metrics;
  uint32_t n_repeats; /**< at least 1 */
  uint64_t seed;
  uint64_t max_rows;                /**< rows to use, drawn without replacement; 0 uses all */
  uint64_t memory_bytes;            /**< as in apo_request */
  const double *target;             /**< [n_rows] */
  const double *weights;            /**< [n_rows], or NULL for equal ones */
  uint64_t n_rows;                  /**< of target and weights, and exactly what the source holds */
  const uint32_t *player_of_column; /**< as in apo_request */
  uint32_t n_players;
} apo_importance_request;

/** What permuting each player costs; greater is better for every score, as in scikit-learn. */
typedef struct apo_importance apo_importance;

/** Score the model, then score it again with each player's columns permuted among the rows.
 *
 * All columns of a player move by one permutation, and every player of a repeat moves by the same
 * one; permutations depend on (seed, repeat) only.
 *
 * Fails:   APO_ERR_FORMAT       a target that a metric cannot use (one class for AUC, a number that
 *                               is no class); weights that sum to zero; sizes that disagree
 *          APO_ERR_UNSUPPORTED  a metric that does not fit the model
 *          and as apo_plan_run
 * Source:  Breiman 2001; conventions of scikit-learn's permutation_importance (docs/SEMANTICS.md).
 */
APO_NODISCARD APO_API apo_status apo_importance_compute(const apo_model *model,
                                                        apo_devices *devices,
                                                        const apo_importance_request *request,
                                                        const apo_source *source,
                                                        const apo_watch *watch,
                                                        apo_importance **out,
                                                        apo_report *report,
                                                        apo_error *err);
APO_API void apo_importance_destroy(apo_importance **importance);
/** Score before permuting. */
APO_API double apo_importance_baseline(const apo_importance *importance, uint32_t metric);
/** baseline - permuted score, [n_repeats], of the metric's place in the request and the player. */
APO_API const double *apo_importance_scores(const apo_importance *importance,
                                            uint32_t metric,
                                            uint32_t player);

#ifdef __cplusplus
}
#endif

#endif
