/* model.h - any model: a forest, a linear model or a caller's function; free of its format.
 *
 * margin_k(row) = base[k] + the forest's or the linear model's part; response = link(margin).
 * A callback model has no margin: what it returns is its output, and its link is identity.
 */
#ifndef APO_ENGINE_MODEL_MODEL_H
#define APO_ENGINE_MODEL_MODEL_H

#include "engine/core/names.h"
#include "engine/forest/forest.h"
#include "engine/model/link.h"
#include "engine/model/transform.h"

typedef enum apo_model_kind {
  APO_MODEL_FOREST = 0,
  APO_MODEL_LINEAR = 1,
  APO_MODEL_CALLBACK = 2
} apo_model_kind;

/** margin_k = base_k + sum over columns of coefficients[k * n_columns + column] * value. */
typedef struct apo_linear {
  double *coefficients;      /* [n_outputs x n_columns], finite */
  bool missing_adds_nothing; /* gblinear: NaN adds 0; else a NaN in a used column is an error */
  bool cast_f32;             /* values are rounded to float before they are multiplied */
} apo_linear;

/** What a category of a column is called in the data: position = code. */
typedef enum apo_unknown_rule {
  APO_UNKNOWN_ERROR = 0,   /* a value that is not listed is an input error */
  APO_UNKNOWN_MISSING = 1, /* it becomes NaN */
  APO_UNKNOWN_OTHER = 2    /* it becomes a code in no set */
} apo_unknown_rule;

typedef struct apo_category_table {
  uint32_t column;
  bool is_text;    /* texts, else numbers */
  apo_names texts; /* unique */
  double *numbers; /* [n_numbers], unique */
  uint32_t n_numbers;
  apo_unknown_rule unknown;
} apo_category_table;

struct apo_model {
  apo_model_kind kind;
  uint32_t n_columns;
  uint32_t n_outputs;
  apo_names column_names; /* n_names 0 when the model has none, else n_columns */
  apo_names output_names; /* likewise, n_outputs */
  double *base;           /* [n_outputs] margin units; NULL for a callback */
  apo_link link;
  bool margin_is_probability; /* the raw output already is one (RandomForestClassifier) */
  apo_forest *forest;         /* by kind; else NULL */
  apo_linear *linear;
  apo_predictor predictor;
  apo_transform transform;        /* applied in fp64 before the cast; may be empty */
  apo_category_table *categories; /* [n_categories] */
  uint32_t n_categories;
  apo_census census;            /* of the forest */
  int64_t best_iteration;       /* -1: none */
  uint32_t trees_per_iteration; /* of boosting or bagging; 0: the model knows no iterations */
  const char *format;           /* static string of the reader */
  char format_version[16];      /* of the format, where the file states one: "v4", "1" */
  char origin_format[32];       /* of a neutral model: the format it was made from */
  char library[32];
  char library_version[32];
  char objective[64];
  char digest[72]; /* "sha256:..." */
};

/** An empty model; readers fill it, then hand it to apo_model_seal. */
APO_NODISCARD apo_status apo_model_new(apo_model **out, apo_error *err);

/** Check the invariants (forest.h F1-F7, names, links, sizes) and take the census.
 *
 * Fails:   APO_ERR_FORMAT, APO_ERR_UNSUPPORTED, APO_ERR_LIMIT  with the place of the fault
 */
APO_NODISCARD apo_status apo_model_seal(apo_model *model, apo_error *err);

/** Bytes of host memory that the model holds. */
uint64_t apo_model_bytes(const apo_model *model);

/** One value as the coefficients of a linear model or the splits of a forest get to see it: through
 * the transform, and as a float if a linear model casts (a split casts by itself). */
double apo_model_value(const apo_model *model, uint32_t column, double value);

/** fp64 margins of one row of plain numbers (before transform and cast).  The meaning, not the
 * fast way.  Not for callbacks.
 *
 * Shapes:  row [n_columns]; out [n_outputs]
 */
APO_NODISCARD apo_status apo_model_margin(const apo_model *model,
                                          const double *row,
                                          double *out,
                                          apo_error *err);

#endif
