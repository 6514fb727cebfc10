/* Metrics, against numbers from scikit-learn 1.9.1 and against definitions. */
#include "engine/explainers/importance/metrics.h"

#include <stdlib.h>

#include "engine/core/draw.h"
#include "tests/support/games.h"

/* y = [0,1,1,0,1,0,0,1,1,0,1,0]
 * p = [.1,.4,.35,.4,.8,.35,0,0,.4,.6,.8,.1]
 * w = [1,2,.5,1,0,3,1,1.5,2,1,.25,1]
 * s = p with s[7] = 1
 * roc_auc_score(y, s), roc_auc_score(y, s, sample_weight=w)
 * log_loss(y, p), log_loss(y, p, sample_weight=w)
 * accuracy_score(y, np.array(p) > .5), accuracy_score(y, np.array(p) > .5, sample_weight=w)
 */
static const double y[12] = {0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0};
static const double p[12] = {.1, .4, .35, .4, .8, .35, 0, 0, .4, .6, .8, .1};
static const double s[12] = {.1, .4, .35, .4, .8, .35, 0, 1, .4, .6, .8, .1};
static const double w[12] = {1, 2, .5, 1, 0, 3, 1, 1.5, 2, 1, .25, 1};

/* y = [0,2,1,1,2,0];  w = [1,2,3,.5,1,.25]
 * p = [[.7,.2,.1],[.1,.6,.3],[.25,.5,.25],[.4,.4,.2],[0,0,1],[0,.5,.5]]
 * log_loss(y, y_proba=p), log_loss(y, y_proba=p, sample_weight=w)
 * accuracy_score(y, np.argmax(p, 1)), accuracy_score(y, np.argmax(p, 1), sample_weight=w)
 */
static const double y3[6] = {0, 2, 1, 1, 2, 0};
static const double p3[18] = {.7, .2, .1, .1, .6, .3, .25, .5, .25, .4, .4, .2, 0, 0, 1, 0, .5, .5};
static const double w3[6] = {1, 2, 3, .5, 1, .25};

/* y = [1.5,-2,0,3.25,10,-.5];  q = [1,-1.5,.25,3,7.5,0];  w = [1,2,0,.5,3,1]
 * root_mean_squared_error(y, q), root_mean_squared_error(y, q, sample_weight=w)
 * mean_absolute_error(y, q), mean_absolute_error(y, q, sample_weight=w)
 * r2_score(y, q), r2_score(y, q, sample_weight=w)
 */
static const double yr[6] = {1.5, -2, 0, 3.25, 10, -.5};
static const double qr[6] = {1, -1.5, .25, 3, 7.5, 0};
static const double wr[6] = {1, 2, 0, .5, 3, 1};

static const apo_targets plain = {y, NULL, 12, 1};
static const apo_targets weighted = {y, w, 12, 1};
static const apo_targets plain3 = {y3, NULL, 6, 3};
static const apo_targets weighted3 = {y3, w3, 6, 3};
static const apo_targets plain_numbers = {yr, NULL, 6, 1};
static const apo_targets weighted_numbers = {yr, wr, 6, 1};

static double score(apo_metric metric, apo_targets targets, const double *predictions) {
  apo_error err;
  double out = NAN;
  assert_ok(apo_metric_check(metric, &targets, &err), &err);
  assert_ok(apo_metric_score(metric, &targets, predictions, &out, &err), &err);
  return out;
}

static void check_refused(apo_metric metric,
                          apo_targets targets,
                          apo_status expected,
                          const char *words) {
  apo_error err;
  assert_fails(apo_metric_check(metric, &targets, &err), expected, &err, words);
}

static void auc_is_that_of_scikit_learn(void **state) {
  (void)state;
  assert_near(score(APO_METRIC_AUC, plain, s), 0.8472222222222222, 1e-15, "auc");
  assert_near(score(APO_METRIC_AUC, weighted, s), 0.845, 1e-15, "weighted auc");
}

static void logloss_is_that_of_scikit_learn(void **state) {
  (void)state;
  assert_near(score(APO_METRIC_LOGLOSS, plain, p), -3.4534136985867345, 1e-14, "logloss");
  assert_near(score(APO_METRIC_LOGLOSS, weighted, p), -4.297650954139187, 1e-14, "weighted");
  assert_near(score(APO_METRIC_LOGLOSS, plain3, p3), -6.53562317496932, 1e-14, "3 classes");
  assert_near(score(APO_METRIC_LOGLOSS, weighted3, p3), -1.8468542977402331, 1e-14, "weighted 3");
}

static void accuracy_is_that_of_scikit_learn(void **state) {
  (void)state;
  assert_near(score(APO_METRIC_ACCURACY, plain, p), 0.5833333333333334, 1e-15, "accuracy");
  assert_near(score(APO_METRIC_ACCURACY, weighted, p), 0.5087719298245614, 1e-15, "weighted");
  assert_near(score(APO_METRIC_ACCURACY, plain3, p3), 0.5, 1e-15, "3 classes");
  assert_near(score(APO_METRIC_ACCURACY, weighted3, p3), 0.6451612903225806, 1e-15, "weighted 3");
}

static void errors_of_numbers_are_those_of_scikit_learn(void **state) {
  (void)state;
  assert_near(score(APO_METRIC_RMSE, plain_numbers, qr), -1.0897247358851685, 1e-15, "rmse");
  assert_near(score(APO_METRIC_RMSE, weighted_numbers, qr), -1.6240381768911716, 1e-15, "weighted");
  assert_near(score(APO_METRIC_MAE, plain_numbers, qr), -0.75, 1e-15, "mae");
  assert_near(score(APO_METRIC_MAE, weighted_numbers, qr), -1.2833333333333334, 1e-15, "weighted");
  assert_near(score(APO_METRIC_R2, plain_numbers, qr), 0.9225981667986873, 1e-15, "r2");
  assert_near(score(APO_METRIC_R2, weighted_numbers, qr), 0.9042205499626768, 1e-15, "weighted");
}

// Values of both signs, both zeros, infinities, many ties: the sort must put them all in order.
static void auc_is_the_share_of_ordered_pairs(void **state) {
  (void)state;
  enum { N = 400 };
  static const double edges[8] = {0.0, -0.0, INFINITY, -INFINITY, 1e300, -1e-310, 1.0, -2.0};
  double target[N];
  double weights[N];
  double values[N];
  apo_draw draw = apo_draw_start(1, APO_STREAM_BENCH, 0, 0);
  for (uint32_t i = 0; i < N; ++i) {
    target[i] = apo_draw_below(&draw, 2);
    weights[i] = apo_draw_below(&draw, 4);
    values[i] = apo_draw_unit(&draw) - 0.5;
    if (i % 3 == 0) values[i] = edges[apo_draw_below(&draw, 8)];
    if (i % 3 == 1) values[i] = apo_draw_below(&draw, 5) / 4.0 - 0.5;
  }
  double ordered = 0.0;
  double all = 0.0;
  for (uint32_t i = 0; i < N; ++i) {
    for (uint32_t j = 0; j < N; ++j) {
      if (target[i] != 1.0 || target[j] != 0.0) continue;
      const double share = values[i] > values[j] ? 1.0 : values[i] == values[j] ? 0.5 : 0.0;
      ordered += weights[i] * weights[j] * share;
      all += weights[i] * weights[j];
    }
  }
  const apo_targets targets = {target, weights, N, 1};
  assert_near(score(APO_METRIC_AUC, targets, values), ordered / all, 1e-14, "auc");
}

static void auc_of_two_outputs_is_that_of_the_second(void **state) {
  (void)state;
  double both[24];
  for (uint32_t i = 0; i < 12; ++i) both[2 * i] = 0.25;
  for (uint32_t i = 0; i < 12; ++i) both[2 * i + 1] = s[i];
  const apo_targets targets = {y, w, 12, 2};
  assert_near(score(APO_METRIC_AUC, targets, both), 0.845, 1e-15, "auc");
}

static void r2_without_deviations_is_one_or_zero(void **state) {
  (void)state;
  static const double same[3] = {2, 2, 2};
  static const double other[3] = {2, 2, 3};
  const apo_targets targets = {same, NULL, 3, 1};
  assert_true(score(APO_METRIC_R2, targets, same) == 1.0);
  assert_true(score(APO_METRIC_R2, targets, other) == 0.0);
}

static void targets_that_a_metric_cannot_use_are_refused(void **state) {
  (void)state;
  static const double one_class[3] = {1, 1, 1};
  static const double numbers[3] = {0, 1, 1.5};
  static const double with_nan[3] = {0, 1, NAN};
  check_refused(APO_METRIC_AUC, (apo_targets){one_class, NULL, 3, 1}, APO_ERR_FORMAT,
                "auc: target: class 1 only, needed rows of both classes");
  check_refused(APO_METRIC_AUC, (apo_targets){y, (const double[]){1, 0, 0, 1}, 4, 1},
                APO_ERR_FORMAT, "class 0 only");
  check_refused(APO_METRIC_AUC, (apo_targets){numbers, NULL, 3, 1}, APO_ERR_FORMAT,
                "auc: target of row 2: 1.5, needed a class from 0 to 1");
  check_refused(APO_METRIC_ACCURACY, (apo_targets){y3, NULL, 6, 1}, APO_ERR_FORMAT,
                "accuracy: target of row 1: 2, needed a class from 0 to 1");
  check_refused(APO_METRIC_LOGLOSS, (apo_targets){with_nan, NULL, 3, 3}, APO_ERR_FORMAT, "row 2");
  check_refused(APO_METRIC_RMSE, (apo_targets){with_nan, NULL, 3, 1}, APO_ERR_FORMAT,
                "rmse: target of row 2: nan, needed a finite number");
  check_refused(APO_METRIC_MAE, (apo_targets){y, NULL, 0, 1}, APO_ERR_FORMAT, "mae: 0 rows");
  check_refused(APO_METRIC_R2, (apo_targets){y, NULL, 1, 1}, APO_ERR_FORMAT, "at least 2");
}

static void weights_that_weigh_nothing_are_refused(void **state) {
  (void)state;
  static const double zeros[3] = {0, 0, 0};
  static const double negative[3] = {1, -1, 1};
  static const double with_nan[3] = {1, 1, NAN};
  static const double huge[3] = {1e308, 1e308, 1e308};
  for (apo_metric metric = APO_METRIC_AUC; metric <= APO_METRIC_R2; ++metric) {
    check_refused(metric, (apo_targets){y, zeros, 3, 1}, APO_ERR_FORMAT, "weights: sum 0");
    check_refused(metric, (apo_targets){y, negative, 3, 1}, APO_ERR_FORMAT, "weight of row 1: -1");
    check_refused(metric, (apo_targets){y, with_nan, 3, 1}, APO_ERR_FORMAT, "weight of row 2");
    check_refused(metric, (apo_targets){y, huge, 3, 1}, APO_ERR_FORMAT, "weights: sum inf");
  }
}

static void models_that_a_metric_does_not_fit_are_refused(void **state) {
  (void)state;
  check_refused(APO_METRIC_AUC, plain3, APO_ERR_UNSUPPORTED,
                "auc: a model of 3 outputs, needed at most 2");
  check_refused(APO_METRIC_R2, plain3, APO_ERR_UNSUPPORTED, "r2: a model of 3 outputs");
}

static void predictions_that_a_metric_cannot_use_are_refused(void **state) {
  (void)state;
  static const double odd[4] = {0.5, 1.5, INFINITY, NAN};
  static const struct {
    apo_metric metric;
    const char *words;
  } cases[] = {
      {APO_METRIC_AUC, "auc: prediction of row 3: not a number"},
      {APO_METRIC_LOGLOSS, "logloss: prediction of row 1: 1.5, needed a probability"},
      {APO_METRIC_ACCURACY, "accuracy: prediction of row 1: 1.5"},
      {APO_METRIC_RMSE, "rmse: prediction of row 2: inf, needed a finite number"},
      {APO_METRIC_MAE, "mae: prediction of row 2"},
      {APO_METRIC_R2, "r2: prediction of row 2"},
  };
  const apo_targets targets = {y, NULL, 4, 1};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    apo_error err;
    double out = 0.0;
    assert_fails(apo_metric_score(cases[i].metric, &targets, odd, &out, &err), APO_ERR_FORMAT, &err,
                 cases[i].words);
  }
}

static void metrics_are_found_by_their_names(void **state) {
  (void)state;
  static const char *const names[] = {"auc", "logloss", "accuracy", "rmse", "mae", "r2"};
  for (uint32_t i = 0; i < 6; ++i) {
    apo_metric metric = APO_METRIC_AUC;
    assert_true(apo_metric_find(names[i], &metric));
    assert_int_equal(metric, i);
    assert_string_equal(apo_metric_text(metric), names[i]);
    assert_int_equal(apo_metric_is_loss(metric), i == 1 || i == 3 || i == 4);
    assert_int_equal(apo_metric_needs_response(metric), i != 0);
  }
  apo_metric metric = APO_METRIC_R2;
  assert_false(apo_metric_find("AUC", &metric));
  assert_false(apo_metric_find("", &metric));
  assert_int_equal(metric, APO_METRIC_R2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(auc_is_that_of_scikit_learn),
      cmocka_unit_test(logloss_is_that_of_scikit_learn),
      cmocka_unit_test(accuracy_is_that_of_scikit_learn),
      cmocka_unit_test(errors_of_numbers_are_those_of_scikit_learn),
      cmocka_unit_test(auc_is_the_share_of_ordered_pairs),
      cmocka_unit_test(auc_of_two_outputs_is_that_of_the_second),
      cmocka_unit_test(r2_without_deviations_is_one_or_zero),
      cmocka_unit_test(targets_that_a_metric_cannot_use_are_refused),
      cmocka_unit_test(weights_that_weigh_nothing_are_refused),
      cmocka_unit_test(models_that_a_metric_does_not_fit_are_refused),
      cmocka_unit_test(predictions_that_a_metric_cannot_use_are_refused),
      cmocka_unit_test(metrics_are_found_by_their_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
