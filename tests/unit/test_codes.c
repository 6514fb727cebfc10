/* test_codes.c - code forests decide as their forests do, and add up to the same margins.
 *
 * apo_split_goes_left is the meaning of a split; a node of the code forest has to send the code of
 * every value the same way.  Values are taken where decisions change: at thresholds and category
 * codes, beside them by one float and one double, at the bound of "zero as missing", at zeros,
 * infinities and NaN.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/codes/code_forest.h"
#include "engine/forest/split.h"
#include "kernels/walk_ref.h"
#include "tests/support/random_forest.h"

/* --- one split -------------------------------------------------------------------------------- */

// A forest of one column whose only tree is one split; leaf values 1 and 2.
typedef struct stump {
  apo_model *model;
  apo_code_forest *codes;
} stump;

typedef struct stump_split {
  apo_op op;
  apo_missing missing;
  bool default_left;
  bool cast_f32;
  apo_code_rule rule;
  double threshold;
  const uint32_t *set; /* of APO_OP_IN */
  size_t n_set;
  double beside; /* a second split below it, which adds a cut there */
} stump_split;

static apo_status stump_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  const apo_node_spec *nodes = context;
  (void)err;
  *out = nodes[node];
  return APO_OK;
}

static apo_status stump_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  (void)context;
  (void)err;
  values[0] = (double)node;
  return APO_OK;
}

static stump make_stump(const stump_split *split) {
  const apo_forest_head head = {.n_columns = 1,
                                .n_outputs = 1,
                                .cast_f32 = split->cast_f32,
                                .code_rule = split->rule,
                                .scale = 1.0,
                                .divide = 1.0};
  stump out = {NULL, NULL};
  apo_builder *builder = NULL;
  apo_error err;
  uint32_t set = 0;
  assert_ok(apo_model_new(&out.model, &err), &err);
  assert_ok(apo_builder_create(&head, &builder, &err), &err);
  if (split->op == APO_OP_IN) {
    assert_ok(apo_builder_add_set(builder, split->set, split->n_set, &set, &err), &err);
  }
  const apo_node_spec leaf = {.is_leaf = true, .cover = NAN};
  apo_node_spec nodes[5] = {
      {.op = split->op,
       .missing = split->missing,
       .default_left = split->default_left,
       .threshold = split->op == APO_OP_IN ? (double)set : split->threshold,
       .left = 1,
       .right = 2,
       .cover = NAN},
      leaf,
      {.op = APO_OP_LT, .threshold = split->beside, .left = 3, .right = 4, .cover = NAN},
      leaf,
      leaf};
  const apo_tree_spec tree = {
      .n_nodes = 5, .weight = 1.0, .context = nodes, .node = stump_node, .leaf = stump_leaf};
  assert_ok(apo_builder_add_tree(builder, &tree, &err), &err);
  assert_ok(apo_builder_finish(&builder, &out.model->forest, &err), &err);
  out.model->kind = APO_MODEL_FOREST;
  out.model->format = "stump";
  out.model->n_columns = out.model->n_outputs = 1;
  out.model->base = calloc(1, sizeof *out.model->base);
  assert_non_null(out.model->base);
  assert_ok(apo_model_seal(out.model, &err), &err);
  assert_ok(apo_code_forest_create(out.model, &out.codes, &err), &err);
  return out;
}

static uint32_t code_of(const apo_cuts *cuts, uint32_t column, double value) {
  if (isnan(value)) return apo_cuts_missing(cuts);
  return apo_cuts_rank(cuts, column, apo_cuts_key(cuts, value));
}

static void assert_decides_alike(const stump *s, double value) {
  const apo_code_forest *codes = s->codes;
  const apo_node *root = &codes->nodes[codes->instances[0].root];
  const uint32_t code = code_of(codes->cuts, 0, value);
  const bool goes_left =
      apo_node_right(root, code, (apo_i32)codes->cuts->code_bytes, codes->set_words) == 0;
  if (goes_left == apo_split_goes_left(s->model->forest, 0, value)) return;
  fail_msg("op %d, missing rule %d, default %s, cast %d, threshold %a: value %a goes %s",
           s->model->forest->op[0], s->model->forest->missing[0],
           s->model->forest->default_left[0] != 0 ? "left" : "right", s->model->forest->cast_f32,
           s->model->forest->threshold[0], value, goes_left ? "left" : "right");
}

static void assert_decides_alike_around(const stump *s, double value) {
  assert_decides_alike(s, value);
  assert_decides_alike(s, nextafter(value, -INFINITY));
  assert_decides_alike(s, nextafter(value, INFINITY));
  assert_decides_alike(s, (double)nextafterf((float)value, -INFINITY));
  assert_decides_alike(s, (double)nextafterf((float)value, INFINITY));
}

static void assert_decides_alike_everywhere(const stump_split *split) {
  static const double places[] = {0.0,          1e-45,        DBL_TRUE_MIN, 1e-35,
                                  1e-36,        1.0,          0.5,          FLT_MAX,
                                  DBL_MAX,      FLT_MIN,      16777215,     16777216.,
                                  2147483647.0, 2147483648.0, INFINITY,     2.0,
                                  2.5,          3.0,          7.0,          APO_ZERO_THRESHOLD};
  stump s = make_stump(split);
  assert_decides_alike_around(&s, split->threshold);
  assert_decides_alike_around(&s, -split->threshold);
  assert_decides_alike_around(&s, split->beside);
  assert_decides_alike(&s, NAN);
  for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
    assert_decides_alike_around(&s, places[i]);
    assert_decides_alike_around(&s, -places[i]);
  }
  for (size_t i = 0; i < split->n_set; ++i) {
    for (double part = -1.0; part <= 2.0; part += 0.5) {
      assert_decides_alike_around(&s, split->set[i] + part);
    }
  }
  apo_code_forest_destroy(&s.codes);
  apo_model_destroy(&s.model);
}

// Every op with every rule for missing values, both sides and both casts.
static void assert_all_variants(stump_split split) {
  for (int missing = APO_MISSING_NAN; missing <= APO_MISSING_ZERO; ++missing) {
    for (int variant = 0; variant < 4; ++variant) {
      split.missing = (apo_missing)missing;
      split.default_left = (variant & 1) != 0;
      split.cast_f32 = (variant & 2) != 0;
      assert_decides_alike_everywhere(&split);
    }
  }
}

static void comparisons_decide_alike_around_every_threshold(void **state) {
  static const double thresholds[] = {0.0,      -0.0,     0.5,   -0.5,   1e-35f,   -1e-35f,
                                      FLT_MAX,  -FLT_MAX, 1e-45, -1e-45, 16777216, 3.0,
                                      -2.0 / 3, 1e30f,    -1.0,  FLT_MIN};
  static const apo_op ops[] = {APO_OP_LT, APO_OP_LE, APO_OP_EQ, APO_OP_PRESENT};
  (void)state;
  for (size_t t = 0; t < sizeof thresholds / sizeof thresholds[0]; ++t) {
    for (size_t op = 0; op < sizeof ops / sizeof ops[0]; ++op) {
      const double threshold = (double)(float)thresholds[t];
      assert_all_variants((stump_split){
          .op = ops[op],
          .threshold = ops[op] == APO_OP_PRESENT ? 0.0 : threshold,
          .beside = t % 2 == 0 ? (double)nextafterf((float)threshold, 0.25f) : 0.125});
    }
  }
}

static void thresholds_of_doubles_decide_alike(void **state) {
  static const double thresholds[] = {0.1,  -0.1, 1.0 + DBL_EPSILON, 1e-300, DBL_MAX, DBL_TRUE_MIN,
                                      1e40, -1e40};
  static const apo_op ops[] = {APO_OP_LT, APO_OP_LE, APO_OP_EQ};
  (void)state;
  for (size_t t = 0; t < sizeof thresholds / sizeof thresholds[0]; ++t) {
    for (int variant = 0; variant < 18; ++variant) {
      assert_decides_alike_everywhere(&(stump_split){.op = ops[variant % 3],
                                                     .missing = (apo_missing)(variant / 3 % 3),
                                                     .default_left = variant >= 9,
                                                     .threshold = thresholds[t],
                                                     .beside = 0.25});
    }
  }
}

static void sets_of_categories_decide_alike(void **state) {
  static const uint32_t sets[][4] = {
      {0, 1, 2, 3}, {0, 2, 5, 7}, {1, 3, 31, 32}, {30, 33, 63, 64}, {16777214, 16777215, 9, 0}};
  (void)state;
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; ++i) {
    for (size_t n = 1; n <= 4; ++n) {
      for (int rule = APO_CODE_TRUNC; rule <= APO_CODE_WHOLE; ++rule) {
        assert_all_variants((stump_split){.op = APO_OP_IN,
                                          .rule = (apo_code_rule)rule,
                                          .set = sets[i],
                                          .n_set = n,
                                          .beside = 2.5});
      }
    }
  }
}

/* --- whole forests ---------------------------------------------------------------------------- */

static apo_random_spec random_spec(uint64_t seed) {
  return (apo_random_spec){
      .seed = seed,
      .n_columns = 1 + (uint32_t)(seed % 9),
      .n_outputs = 1 + (uint32_t)(seed % 4),
      .n_trees = (uint32_t)(seed % 3 == 0 ? 3 : 25),
      .max_depth = (uint32_t)(seed % 8),
      .categorical_share = seed % 2 == 0 ? 0.4 : 0.0,
      .ops = seed % 5 == 0 ? APO_ONLY(APO_OP_LT)
                           : APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) |
                                 APO_ONLY(APO_OP_PRESENT),
      .missing = seed % 7 == 0 ? APO_ONLY(APO_MISSING_NAN)
                               : APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_NONE) |
                                     APO_ONLY(APO_MISSING_ZERO),
      .vector_leaves = seed % 6 == 1,
      .cast_f32 = seed % 3 != 1,
      .code_rule = (apo_code_rule)(seed / 2 % 3),
  };
}

static uint32_t code_leaf(const apo_code_forest *codes,
                          const apo_instance *tree,
                          const double *row) {
  const apo_node *node = &codes->nodes[tree->root];
  uint32_t n_steps = 0;
  while (node->leaf == APO_NODE_INNER) {
    const uint32_t code = code_of(codes->cuts, node->column, row[node->column]);
    const uint32_t right =
        apo_node_right(node, code, (apo_i32)codes->cuts->code_bytes, codes->set_words);
    node = &codes->nodes[(node->next & APO_NODE_NEXT) + right];
    ++n_steps;
  }
  assert_in_range(n_steps, 0, tree->depth);
  return node->leaf;
}

static int64_t code_margin(const apo_code_forest *codes, uint32_t output, const double *row) {
  int64_t sum = 0;
  for (uint32_t i = codes->output_begin[output]; i < codes->output_begin[output + 1]; ++i) {
    const apo_instance *tree = &codes->instances[i];
    sum += codes->leaf64[tree->value_base + code_leaf(codes, tree, row)];
  }
  return sum;
}

static void assert_margins_agree(const apo_random_spec *spec, size_t n_rows) {
  apo_model *model = apo_random_model(spec);
  apo_code_forest *codes = NULL;
  apo_error err;
  assert_ok(apo_code_forest_create(model, &codes, &err), &err);
  apo_random random = apo_random_start(~spec->seed);
  double *rows = apo_random_rows(&random, model->forest, n_rows);
  for (size_t row = 0; row < n_rows; ++row) {
    const double *values = rows + row * spec->n_columns;
    double expected[4];
    apo_forest_margin(model->forest, values, expected);
    for (uint32_t output = 0; output < spec->n_outputs; ++output) {
      const double got = (double)code_margin(codes, output, values) * codes->unit64;
      if (fabs(got - expected[output]) <= 1e-12 * fmax(1.0, fabs(expected[output]))) continue;
      fail_msg("seed %u, row %zu, output %u: margin %.17g, the forest's is %.17g",
               (unsigned)spec->seed, row, output, got, expected[output]);
    }
  }
  free(rows);
  apo_code_forest_destroy(&codes);
  apo_model_destroy(&model);
}

static void margins_are_those_of_the_forest(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const apo_random_spec spec = random_spec(seed);
    assert_margins_agree(&spec, 100);
  }
}

static void more_cuts_than_16_bits_hold_make_wide_codes(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = 1,
                                .n_outputs = 1,
                                .n_trees = 50,
                                .max_depth = 12,
                                .split_share = 1.0};
  apo_model *model = apo_random_model(&spec);
  apo_code_forest *codes = NULL;
  apo_error err;
  assert_ok(apo_code_forest_create(model, &codes, &err), &err);
  assert_in_range(codes->cuts->begin[1], APO_MAX_NARROW_CUTS + 1, UINT32_MAX);
  assert_int_equal(codes->cuts->code_bytes, 4);
  assert_int_equal(apo_cuts_missing(codes->cuts), UINT32_MAX);
  apo_code_forest_destroy(&codes);
  apo_model_destroy(&model);
  assert_margins_agree(&spec, 50);
}

/* --- units ------------------------------------------------------------------------------------ */

// The greatest magnitude that the integers of one output can reach, whatever the row.
static void worst_sums(const apo_code_forest *codes, uint32_t output, double *of64, double *of32) {
  *of64 = 0.0;
  *of32 = fabs((double)codes->base32[output]);
  for (uint32_t i = codes->output_begin[output]; i < codes->output_begin[output + 1]; ++i) {
    const uint32_t begin = codes->instances[i].value_base;
    const uint32_t end =
        i + 1 < codes->n_instances ? codes->instances[i + 1].value_base : codes->n_values;
    double most64 = 0.0;
    double most32 = 0.0;
    for (uint32_t value = begin; value < end; ++value) {
      most64 = fmax(most64, fabs((double)codes->leaf64[value]));
      most32 = fmax(most32, fabs((double)codes->leaf32[value]));
    }
    *of64 += most64;
    *of32 += most32;
  }
}

static void scale_leaves(apo_model *model, double factor) {
  for (uint64_t i = 0; i < model->forest->n_values; ++i) model->forest->leaf_value[i] *= factor;
  for (uint32_t k = 0; k < model->n_outputs; ++k) model->base[k] *= factor;
}

static void no_sum_of_leaves_overflows(void **state) {
  static const double factors[] = {1.0, 0x1p-40, 0x1p90, 1e-300, 3e25, 0.0};
  (void)state;
  for (uint64_t seed = 0; seed < 48; ++seed) {
    const apo_random_spec spec = random_spec(seed);
    apo_model *model = apo_random_model(&spec);
    apo_code_forest *codes = NULL;
    apo_error err;
    scale_leaves(model, factors[seed % 6]);
    assert_ok(apo_code_forest_create(model, &codes, &err), &err);
    for (uint32_t output = 0; output < spec.n_outputs; ++output) {
      double of64;
      double of32;
      worst_sums(codes, output, &of64, &of32);
      assert_true(of64 < 0x1p63);
      assert_true(of32 < 0x1p31);
    }
    int exponent;
    assert_true(frexp(codes->unit32, &exponent) == 0.5);  // powers of two
    assert_true(frexp(codes->unit64, &exponent) == 0.5);
    apo_code_forest_destroy(&codes);
    apo_model_destroy(&model);
  }
}

static void units_are_not_coarser_than_needed(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed < 40; ++seed) {
    const apo_random_spec spec = random_spec(seed);
    apo_model *model = apo_random_model(&spec);
    apo_code_forest *codes = NULL;
    apo_error err;
    double greatest32 = 0.0;
    assert_ok(apo_code_forest_create(model, &codes, &err), &err);
    for (uint32_t output = 0; output < spec.n_outputs; ++output) {
      double of64;
      double of32;
      worst_sums(codes, output, &of64, &of32);
      greatest32 = fmax(greatest32, of32);
    }
    assert_true(greatest32 >= 0x1p29);  // at most two of 31 bits are spare
    apo_code_forest_destroy(&codes);
    apo_model_destroy(&model);
  }
}

static void leaves_beyond_the_limit_are_refused(void **state) {
  (void)state;
  const apo_random_spec spec = random_spec(4);
  apo_model *model = apo_random_model(&spec);
  apo_code_forest *codes = NULL;
  apo_error err;
  scale_leaves(model, 0x1p101);
  assert_fails(apo_code_forest_create(model, &codes, &err), APO_ERR_LIMIT, &err, "the limit is");
  assert_null(codes);
  apo_model_destroy(&model);
}

/* --- records ---------------------------------------------------------------------------------- */

static void a_leaf_is_its_own_left_child_whatever_the_code(void **state) {
  (void)state;
  const apo_random_spec spec = random_spec(11);
  apo_model *model = apo_random_model(&spec);
  apo_code_forest *codes = NULL;
  apo_error err;
  assert_ok(apo_code_forest_create(model, &codes, &err), &err);
  uint32_t n_leaves = 0;
  for (uint32_t at = 0; at < codes->n_nodes; ++at) {
    const apo_node *node = &codes->nodes[at];
    if (node->leaf == APO_NODE_INNER) continue;
    ++n_leaves;
    assert_int_equal(node->next, at);
    for (uint32_t code = 0; code < 3; ++code) {
      assert_int_equal(apo_node_right(node, code, 2, codes->set_words), 0);
      assert_int_equal(apo_node_right(node, UINT32_MAX - code, 4, codes->set_words), 0);
    }
    assert_int_equal(apo_node_right(node, 0xffff, 2, codes->set_words), 0);
  }
  assert_int_equal(n_leaves, model->forest->n_leaves);
  apo_code_forest_destroy(&codes);
  apo_model_destroy(&model);
}

static void keys_order_values_and_join_the_zeros(void **state) {
  static const double values[] = {-INFINITY, -DBL_MAX, -1e30, -1.0, -1e-40,  0.0,
                                  1e-40,     0.5,      1.0,   1e30, INFINITY};
  (void)state;
  for (uint32_t key_bytes = 4; key_bytes <= 8; key_bytes += 4) {
    const apo_cuts cuts = {.key_bytes = key_bytes};
    assert_true(apo_cuts_key(&cuts, 0.0) == apo_cuts_key(&cuts, -0.0));
    for (size_t i = 1; i < sizeof values / sizeof values[0]; ++i) {
      const uint64_t before = apo_cuts_key(&cuts, values[i - 1]);
      const uint64_t key = apo_cuts_key(&cuts, values[i]);
      // Beyond float, two doubles may be one float.
      assert_true(key_bytes == 4 && (float)values[i] == (float)values[i - 1] ? before == key
                                                                             : before < key);
      if (key_bytes == 4) assert_in_range(key, 1, UINT32_MAX);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comparisons_decide_alike_around_every_threshold),
      cmocka_unit_test(thresholds_of_doubles_decide_alike),
      cmocka_unit_test(sets_of_categories_decide_alike),
      cmocka_unit_test(margins_are_those_of_the_forest),
      cmocka_unit_test(more_cuts_than_16_bits_hold_make_wide_codes),
      cmocka_unit_test(no_sum_of_leaves_overflows),
      cmocka_unit_test(units_are_not_coarser_than_needed),
      cmocka_unit_test(leaves_beyond_the_limit_are_refused),
      cmocka_unit_test(a_leaf_is_its_own_left_child_whatever_the_code),
      cmocka_unit_test(keys_order_values_and_join_the_zeros),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
