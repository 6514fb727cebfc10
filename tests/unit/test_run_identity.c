/* What makes two runs the same run. */
#include "host/stores/run.h"
#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"

static void identify(const apo_run_spec *spec, apo_run_identity *out) {
  apo_error err;
  assert_ok(apo_run_identify(spec, out, &err), &err);
}

static void the_identity_is_the_digest_of_a_canonical_text(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  c.spec.input_id = "user:a \"b\"\n";
  apo_run_identity id;
  identify(&c.spec, &id);

  char expected[2048];
  snprintf(expected, sizeof expected,
           "{\"background_id\":\"sha256:background\",\"draws\":\"shared\",\"index\":\"shapley\","
           "\"input_id\":\"user:a \\\"b\\\"\\u000a\",\"layout\":\"dense\",\"link\":\"identity\","
           "\"method\":\"kernel\",\"model_id\":\"sha256:%064d\",\"nsamples\":64,\"order\":1,"
           "\"output\":\"raw\",\"players_id\":\"%s\",\"schema\":\"run/1\",\"seed\":7,"
           "\"semantics\":1,\"tolerance\":\"0x0p+0\"}",
           1, id.players_id);
  assert_string_equal(id.config, expected);
  char digest[APO_DIGEST_TEXT_BYTES];
  apo_error err;
  assert_ok(apo_digest_text(expected, strlen(expected), digest, &err), &err);
  assert_string_equal(id.run_id, digest);
  assert_true(id.can_resume);

  apo_run_identity_clear(&id);
  store_case_close(&c);
}

static void players_are_known_by_a_canonical_text(void **state) {
  (void)state;
  const char *const names[] = {"a", "g"};
  const char *const members[] = {NULL, "[\"b\",\"c\"]"};
  static const char expected[] =
      "{\"players\":[{\"kind\":\"column\",\"members\":null,\"name\":\"a\",\"unit\":null},"
      "{\"kind\":\"group\",\"members\":\"[\\\"b\\\",\\\"c\\\"]\",\"name\":\"g\",\"unit\":null}],"
      "\"schema\":\"players/1\"}";
  char digest[APO_DIGEST_TEXT_BYTES];
  char actual[APO_DIGEST_TEXT_BYTES];
  apo_error err;
  assert_ok(apo_digest_text(expected, strlen(expected), digest, &err), &err);
  assert_ok(apo_players_digest(2, names, members, actual, &err), &err);
  assert_string_equal(actual, digest);
}

static void players_that_are_the_models_columns_have_its_id(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  apo_run_identity id;
  identify(&c.spec, &id);
  assert_string_equal(id.players_id, id.columns_id);
  apo_run_identity_clear(&id);
  store_case_close(&c);
}

// Returns with the id of the case's spec, after `change`.
static void changed_id(void (*change)(store_case *), char out[APO_DIGEST_TEXT_BYTES]) {
  store_case c;
  store_case_open(&c, 1);
  if (change != NULL) change(&c);
  apo_run_identity id;
  identify(&c.spec, &id);
  memcpy(out, id.run_id, APO_DIGEST_TEXT_BYTES);
  apo_run_identity_clear(&id);
  store_case_close(&c);
}

static void change_model(store_case *c) {
  c->model->digest[70] = '2';
}
static void change_background(store_case *c) {
  c->spec.background_id = NULL;
}
static void change_input(store_case *c) {
  c->spec.input_id = "sha256:other";
}
static void change_player_name(store_case *c) {
  c->names[2] = "d";
}
static void change_player_kind(store_case *c) {
  static const char *const members[] = {NULL, NULL, "[\"c\"]"};
  c->spec.player_members = members;
}
static void change_method(store_case *c) {
  c->spec.method = "permutation";
}
static void change_index(store_case *c) {
  c->spec.index = "banzhaf";
}
static void change_order(store_case *c) {
  c->spec.has_pairs = true;
}
static void change_layout(store_case *c) {
  c->spec.top = 1;
}
static void change_top(store_case *c) {
  c->spec.top = 2;
}
static void change_output(store_case *c) {
  c->spec.output = "probability";
}
static void change_link(store_case *c) {
  c->spec.link = "logit";
}
static void change_coalitions(store_case *c) {
  c->spec.coalitions = "per-row";
}
static void change_samples(store_case *c) {
  c->spec.n_samples = 65;
}
static void change_seed(store_case *c) {
  c->spec.seed = UINT64_MAX;
}
static void change_origin(store_case *c) {
  c->spec.row_origin = 4096;
}

static void each_part_of_the_question_changes_the_run(void **state) {
  (void)state;
  void (*const changes[])(store_case *) = {NULL,          change_model,       change_background,
                                           change_input,  change_player_name, change_player_kind,
                                           change_method, change_index,       change_order,
                                           change_layout, change_top,         change_output,
                                           change_link,   change_coalitions,  change_samples,
                                           change_seed,   change_origin};
  enum { N = sizeof changes / sizeof changes[0] };
  char ids[N][APO_DIGEST_TEXT_BYTES];
  for (size_t i = 0; i < N; ++i) changed_id(changes[i], ids[i]);
  for (size_t i = 0; i < N; ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (strcmp(ids[i], ids[j]) == 0) print_error("changes %zu and %zu\n", i, j);
      assert_string_not_equal(ids[i], ids[j]);
    }
  }
}

static void change_what_is_only_recorded(store_case *c) {
  c->spec.device = "another device";
  c->spec.software = "apportion 9";
  c->spec.chunk_rows = 65536;
  c->spec.label = "label";
  c->spec.force = true;
  c->spec.has_errors = true;
  c->spec.input_rows = 10;
  c->spec.background_rows = 1;
}

static void device_chunks_and_versions_do_not_change_the_run(void **state) {
  (void)state;
  char id[APO_DIGEST_TEXT_BYTES];
  char other[APO_DIGEST_TEXT_BYTES];
  changed_id(NULL, id);
  changed_id(change_what_is_only_recorded, other);
  assert_string_equal(id, other);
}

static void an_input_without_digest_makes_a_run_of_its_own(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  c.spec.input_id = NULL;
  apo_run_identity first;
  apo_run_identity second;
  identify(&c.spec, &first);
  identify(&c.spec, &second);
  assert_false(first.can_resume);
  assert_string_not_equal(first.run_id, second.run_id);
  assert_string_not_equal(first.input_id, second.input_id);
  assert_int_equal(strncmp(first.run_id, "random:", 7), 0);
  assert_int_equal(strlen(first.run_id), 71);
  apo_run_identity_clear(&first);
  apo_run_identity_clear(&second);
  store_case_close(&c);
}

static void a_model_without_digest_makes_a_run_of_its_own(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  c.model->digest[0] = '\0';
  apo_run_identity id;
  identify(&c.spec, &id);
  assert_false(id.can_resume);
  assert_int_equal(strncmp(id.model_id, "random:", 7), 0);
  apo_run_identity_clear(&id);
  store_case_close(&c);
}

static void names_that_cannot_be_names_are_refused(void **state) {
  (void)state;
  apo_error err;
  char digest[APO_DIGEST_TEXT_BYTES];
  const char *names[] = {"a", "a"};
  assert_fails(apo_players_digest(2, names, NULL, digest, &err), APO_ERR_ARGUMENT, &err,
               "\"a\" occurs twice");
  names[1] = "\xff";
  assert_fails(apo_players_digest(2, names, NULL, digest, &err), APO_ERR_ARGUMENT, &err,
               "run: player 1: name: not UTF-8");
  static char longest[4098];
  memset(longest, 'x', sizeof longest - 1);
  names[1] = longest;
  assert_fails(apo_players_digest(2, names, NULL, digest, &err), APO_ERR_ARGUMENT, &err, "4097");
  longest[4096] = '\0';
  assert_ok(apo_players_digest(2, names, NULL, digest, &err), &err);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_identity_is_the_digest_of_a_canonical_text),
      cmocka_unit_test(players_are_known_by_a_canonical_text),
      cmocka_unit_test(players_that_are_the_models_columns_have_its_id),
      cmocka_unit_test(each_part_of_the_question_changes_the_run),
      cmocka_unit_test(device_chunks_and_versions_do_not_change_the_run),
      cmocka_unit_test(an_input_without_digest_makes_a_run_of_its_own),
      cmocka_unit_test(a_model_without_digest_makes_a_run_of_its_own),
      cmocka_unit_test(names_that_cannot_be_names_are_refused),
  };
  return cmocka_run_group_tests_name("run_identity", tests, NULL, NULL);
}
