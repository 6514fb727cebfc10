/* test_csv.c - RFC 4180 and nothing looser; names, words and categories become the right numbers. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <math.h>

#include "engine/model/model.h"
#include "host/io/source.h"
#include "tests/support/apo_test.h"
#include "tests/support/scratch.h"

/* A table and what was read from it. */
typedef struct reading {
  scratch folder;
  apo_table *table;
  apo_rows rows;
  void *values;
  apo_error err;
} reading;

static apo_status open_bytes(reading *r,
                             const char *bytes,
                             size_t n_bytes,
                             const apo_table_options *options) {
  r->folder = scratch_open();
  r->table = NULL;
  r->values = NULL;
  return apo_table_open(scratch_write(&r->folder, "t.csv", bytes, n_bytes), options, &r->table,
                        &r->err);
}

static apo_status read_text(reading *r, const char *text, const apo_table_options *options) {
  const apo_status status = open_bytes(r, text, strlen(text), options);
  return status != APO_OK ? status : apo_table_read_all(r->table, &r->rows, &r->values, &r->err);
}

static void close_reading(reading *r) {
  apo_table_close(&r->table);
  free(r->values);
  r->values = NULL;
  scratch_close(&r->folder);
}

static double value_at(const reading *r, uint64_t row, uint32_t col) {
  return ((const double *)r->values)[row * r->rows.n_cols + col];
}

/* A model that is nothing but names and categories. */
static apo_model named(char **names, uint32_t n_columns) {
  return (apo_model){.n_columns = n_columns, .column_names = {names, n_columns, n_columns}};
}

static void numbers_are_read_in_the_order_of_the_file(void **state) {
  (void)state;
  reading r;
  assert_ok(read_text(&r, "a,b,c\n1,2.5,-3e2\n0.1,+.5,7.\n", NULL), &r.err);
  assert_int_equal(r.rows.n_rows, 2);
  assert_int_equal(r.rows.n_cols, 3);
  assert_string_equal(apo_table_column_name(r.table, 1), "b");
  assert_true(value_at(&r, 0, 0) == 1 && value_at(&r, 0, 1) == 2.5 && value_at(&r, 0, 2) == -300);
  assert_true(value_at(&r, 1, 0) == 0.1 && value_at(&r, 1, 1) == 0.5 && value_at(&r, 1, 2) == 7);
  close_reading(&r);
}

static void columns_are_matched_to_the_names_of_the_model(void **state) {
  (void)state;
  char *names[] = {"x", "y", "a, \"b\""};
  const apo_model model = named(names, 3);
  const apo_table_options options = {.model = &model, .id_column = "key"};
  reading r;
  assert_ok(read_text(&r, "\"a, \"\"b\"\"\",extra,key,x,more,y\r\n1,t,007,2,t,3\r\n", &options),
            &r.err);
  assert_int_equal(apo_table_n_cols(r.table), 3);
  assert_int_equal(apo_table_n_ignored(r.table), 2);
  assert_string_equal(apo_table_column_name(r.table, 2), "a, \"b\"");
  assert_true(value_at(&r, 0, 0) == 2 && value_at(&r, 0, 1) == 3 && value_at(&r, 0, 2) == 1);
  close_reading(&r);
}

static void a_column_of_the_model_that_is_absent_is_named(void **state) {
  (void)state;
  char *names[] = {"x", "y", "z"};
  const apo_model model = named(names, 3);
  const apo_table_options options = {.model = &model};
  reading r;
  assert_fails(read_text(&r, "x,Y\n1,2\n", &options), APO_ERR_FORMAT, &r.err,
               "t.csv: line 1: column \"y\" of the model is absent (2 of 3 are)");
  close_reading(&r);
}

static void a_model_without_names_takes_columns_by_position(void **state) {
  (void)state;
  const apo_model model = {.n_columns = 2};
  const apo_table_options options = {.model = &model, .id_column = "id"};
  reading r;
  assert_ok(read_text(&r, "p,id,q\n1,k,2\n", &options), &r.err);
  assert_true(value_at(&r, 0, 0) == 1 && value_at(&r, 0, 1) == 2);
  assert_true(apo_table_is_by_position(r.table));
  close_reading(&r);
  assert_ok(read_text(&r, "id,f0,f1\nk,1,2\n", &options), &r.err);
  assert_false(apo_table_is_by_position(r.table));
  close_reading(&r);
  const apo_table_options plain = {.model = &model};
  static const char *const counted[] = {"f0,f1\n1,2\n", "0,1\n1,2\n", "x1,x2\n1,2\n"};
  for (size_t i = 0; i < sizeof counted / sizeof *counted; ++i) {
    assert_ok(read_text(&r, counted[i], &plain), &r.err);
    assert_false(apo_table_is_by_position(r.table));
    close_reading(&r);
  }
  assert_ok(read_text(&r, "f1,f0\n1,2\n", &plain), &r.err);
  assert_true(apo_table_is_by_position(r.table));
  close_reading(&r);
  assert_fails(read_text(&r, "p,id,q,r\n1,k,2,3\n", &options), APO_ERR_FORMAT, &r.err,
               "3 columns, the model has 2");
  close_reading(&r);
}

static void one_column_can_be_asked_for(void **state) {
  (void)state;
  apo_table_options options = {.only_column = "y"};
  reading r;
  assert_ok(read_text(&r, "x,y,z\ntext,5,\n,6,text\n", &options), &r.err);
  assert_int_equal(r.rows.n_cols, 1);
  assert_true(value_at(&r, 0, 0) == 5 && value_at(&r, 1, 0) == 6);
  close_reading(&r);
  options.only_column = "w";
  assert_fails(read_text(&r, "x,y,z\n1,5,1\n", &options), APO_ERR_FORMAT, &r.err,
               "no column \"w\"");
  close_reading(&r);
}

static void ids_are_kept_as_they_are_written(void **state) {
  (void)state;
  const apo_table_options options = {.id_column = "id"};
  reading r;
  apo_rows rows;
  const char *text = "id,x\n007,1\n\"a\nb\",2\n\xc3\xa9,3\n";
  assert_ok(open_bytes(&r, text, strlen(text), &options), &r.err);
  const apo_source source = apo_table_source(r.table);
  assert_ok(source.next(source.context, 2, &rows, &r.err), &r.err);
  assert_int_equal(rows.n_rows, 2);
  assert_string_equal(apo_table_ids(r.table)[0], "007");
  assert_string_equal(apo_table_ids(r.table)[1], "a\nb");
  assert_ok(source.next(source.context, 2, &rows, &r.err), &r.err);
  assert_int_equal(rows.n_rows, 1);
  assert_string_equal(apo_table_ids(r.table)[0], "\xc3\xa9");
  close_reading(&r);
}

static void the_words_for_missing_values_become_nan(void **state) {
  (void)state;
  apo_table_options options = {0};
  reading r;
  assert_ok(read_text(&r, "a,b,c,d,e,f\n,NA,NaN,null,nan, NA \n", &options), &r.err);
  for (uint32_t col = 0; col < 6; ++col) assert_true(isnan(value_at(&r, 0, col)));
  close_reading(&r);

  options.missing = "?,-999";
  assert_ok(read_text(&r, "a,b,c\n,?,-999\n", &options), &r.err);
  for (uint32_t col = 0; col < 3; ++col) assert_true(isnan(value_at(&r, 0, col)));
  close_reading(&r);
  assert_fails(read_text(&r, "a,b\n1,NA\n", &options), APO_ERR_FORMAT, &r.err,
               "line 2: column \"b\": \"NA\" is not a number");
  close_reading(&r);
}

static void categories_become_the_codes_of_the_model(void **state) {
  (void)state;
  char *texts[] = {"red", "NA", "", "1.50"};
  double numbers[] = {10, 2.5, 0};
  char *names[] = {"t", "n", "plain"};
  apo_category_table tables[] = {
      {.column = 0, .is_text = true, .texts = {texts, 4, 4}, .unknown = APO_UNKNOWN_ERROR},
      {.column = 1, .numbers = numbers, .n_numbers = 3, .unknown = APO_UNKNOWN_ERROR}};
  apo_model model = named(names, 3);
  model.categories = tables;
  model.n_categories = 2;
  const apo_table_options options = {.model = &model};
  reading r;

  assert_ok(read_text(&r, "plain,t,n\n9,1.50,2.50\n9,NA,1e1\n9,,-0\n9,null,NA\n", &options),
            &r.err);
  static const double codes[4][2] = {{3, 1}, {1, 0}, {2, 2}, {0, 0}};
  for (uint64_t row = 0; row < 3; ++row) {
    assert_true(value_at(&r, row, 0) == codes[row][0] && value_at(&r, row, 1) == codes[row][1]);
    assert_true(value_at(&r, row, 2) == 9);
  }
  assert_true(isnan(value_at(&r, 3, 0)) && isnan(value_at(&r, 3, 1)));
  close_reading(&r);

  const char *unlisted = "plain,t,n\n9,red,10\n9,blue,10\n";
  assert_fails(read_text(&r, unlisted, &options), APO_ERR_FORMAT, &r.err,
               "line 3: column \"t\": \"blue\" is not a category");
  close_reading(&r);
  tables[0].unknown = APO_UNKNOWN_MISSING;
  assert_ok(read_text(&r, unlisted, &options), &r.err);
  assert_true(value_at(&r, 0, 0) == 0 && isnan(value_at(&r, 1, 0)));
  assert_int_equal(apo_table_n_unknown(r.table), 1);
  close_reading(&r);
  tables[0].unknown = APO_UNKNOWN_OTHER;
  assert_ok(read_text(&r, unlisted, &options), &r.err);
  assert_true(value_at(&r, 1, 0) < 0);  // negative codes are in no set
  close_reading(&r);
}

static void booleans_are_the_numbers_0_and_1(void **state) {
  (void)state;
  double numbers[] = {0, 1};
  char *texts[] = {"True"};
  char *names[] = {"n", "t", "plain"};
  apo_category_table tables[] = {
      {.column = 0, .numbers = numbers, .n_numbers = 2, .unknown = APO_UNKNOWN_ERROR},
      {.column = 1, .is_text = true, .texts = {texts, 1, 1}, .unknown = APO_UNKNOWN_MISSING}};
  apo_model model = named(names, 3);
  model.categories = tables;
  model.n_categories = 2;
  const apo_table_options options = {.model = &model};
  reading r;
  assert_ok(read_text(&r, "n,t,plain\nTrue,True,False\nfalse,true, TRUE\n", &options), &r.err);
  assert_true(value_at(&r, 0, 0) == 1 && value_at(&r, 0, 1) == 0 && value_at(&r, 0, 2) == 0);
  assert_true(value_at(&r, 1, 0) == 0 && isnan(value_at(&r, 1, 1)) && value_at(&r, 1, 2) == 1);
  assert_int_equal(apo_table_n_unknown(r.table), 1);
  close_reading(&r);
  assert_fails(read_text(&r, "n,t,plain\n0,True,yes\n", &options), APO_ERR_FORMAT, &r.err,
               "\"yes\" is not a number");
  close_reading(&r);
}

static void line_ends_boms_quotes_and_a_missing_last_line_end_do_not_matter(void **state) {
  (void)state;
  static const char *const texts[] = {
      "a,b\n1,2\n3,4\n",     "a,b\r\n1,2\r\n3,4\r\n",           "a,b\n1,2\n3,4",
      "a,b\n1,2\r\n3,4\r\n", "\xef\xbb\xbf\"a\",b\n1,2\n3,4\n", "a,b\n\"1\",\"2\"\n\"3\",\"4\"",
      "a,b\n1,2\n3,4\n\n\n", "a,b\r\n1,2\r\n3,4\r\n\r\n",       "a,b\n 1 ,\t2\n3 , 4\n"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
    reading r;
    assert_ok(read_text(&r, texts[i], NULL), &r.err);
    assert_int_equal(r.rows.n_rows, 2);
    assert_string_equal(apo_table_column_name(r.table, 0), "a");
    for (uint32_t k = 0; k < 4; ++k) assert_true(value_at(&r, k / 2, k % 2) == k + 1);
    close_reading(&r);
  }
}

static void each_fault_of_a_file_is_named_with_its_line(void **state) {
  (void)state;
  static const struct {
    const char *text;
    const char *words;
  } faults[] = {
      {"", "empty, needed a header"},
      {"\n\n", "empty, needed a header"},
      {"a,b\n1,2\n3\n", "line 3: 1 fields, the header has 2"},
      {"a,b\n1,2\n3,4,5\n", "line 3: 3 fields, the header has 2"},
      {"a,b\n1,2\n\n3,4\n", "line 3: blank"},
      {"a\n1\n\n2\n", "line 3: blank"},
      {"\na\n1\n", "line 1: blank"},
      {"a,b\n1,x y\n", "line 2: column \"b\": \"x y\" is not a number"},
      {"a,b\n\"1\",\"x\ny\"\n", "line 2: column \"b\": \"x?y\" is not a number"},
      {"a,b\n1,0x10\n", "\"0x10\" is not a number"},
      {"a,b\n1,\"1,5\"\n", "\"1,5\" is not a number"},
      {"a,b\n1,1_000\n", "\"1_000\" is not a number"},
      {"a,b\r1,2\r", "line 1: a carriage return without a line feed"},
      {"a,b\n1,2\n\"3,4\n", "line 3: a quoted field that does not end"},
      {"a,b\n1,2\n3\"\",4\n", "line 3: a quote inside a field"},
      {"a,b\n1,2\n\"3\"x,4\n", "line 3: a quote inside a field"},
      {"a,b,a\n1,2,3\n", "line 1: "},
      {"1.5,2\n3,4\n", "line 1: only numbers, needed a header"},
      {"a\xff,b\n1,2\n", "line 1: header: "},
      {"a,b\n1,\xff\n", "column \"b\": \"?\" is not a number"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    reading r;
    assert_fails(read_text(&r, faults[i].text, NULL), APO_ERR_FORMAT, &r.err, faults[i].words);
    assert_non_null(strstr(r.err.message, "t.csv: "));
    assert_null(strchr(r.err.message, '\n'));
    close_reading(&r);
  }
}

static void lines_inside_quotes_are_counted(void **state) {
  (void)state;
  const apo_table_options options = {.only_column = "x"};
  reading r;
  assert_fails(read_text(&r, "t,x\n\"a\n\nb\",1\nc,d\n", &options), APO_ERR_FORMAT, &r.err,
               "line 5: column \"x\": \"d\" is not a number");
  close_reading(&r);
}

static void numbers_from_zero_on_are_a_header(void **state) {
  (void)state;
  reading r;
  assert_ok(read_text(&r, "0,1,2\n5,6,7\n", NULL), &r.err);
  assert_int_equal(r.rows.n_rows, 1);
  assert_string_equal(apo_table_column_name(r.table, 2), "2");
  close_reading(&r);
}

static void a_nul_is_refused_with_its_line(void **state) {
  (void)state;
  static const char text[] = "a,b\n1,2\n3,\0\n";
  reading r;
  assert_ok(open_bytes(&r, text, sizeof text - 1, NULL), &r.err);
  assert_fails(apo_table_read_all(r.table, &r.rows, &r.values, &r.err), APO_ERR_FORMAT, &r.err,
               "line 3: a NUL byte");
  close_reading(&r);
}

static void a_failure_stays(void **state) {
  (void)state;
  reading r;
  apo_rows rows;
  assert_ok(open_bytes(&r, "a\n1\nx\n2\n", 8, NULL), &r.err);
  const apo_source source = apo_table_source(r.table);
  for (int i = 0; i < 2; ++i) {
    assert_fails(source.next(source.context, 1, &rows, &r.err), APO_ERR_FORMAT, &r.err, "line 3: ");
    assert_int_equal(rows.n_rows, 0);
  }
  close_reading(&r);
}

/* "x,t\n1," and a field of `n` bytes. */
static char *long_field(size_t n) {
  char *text = malloc(n + 8);
  strcpy(text, "x,t\n1,");
  memset(text + 6, 'y', n);
  text[n + 6] = '\n';
  text[n + 7] = '\0';
  return text;
}

static void a_field_may_have_a_mebibyte_and_not_more(void **state) {
  (void)state;
  const apo_table_options options = {.only_column = "x"};
  reading r;
  char *text = long_field(1024 * 1024);
  assert_ok(read_text(&r, text, &options), &r.err);
  assert_true(value_at(&r, 0, 0) == 1);
  close_reading(&r);
  free(text);
  text = long_field(1024 * 1024 + 1);
  assert_fails(read_text(&r, text, &options), APO_ERR_LIMIT, &r.err,
               "line 2: a field above 1048576");
  close_reading(&r);
  free(text);
}

static void a_file_may_have_65535_columns_and_not_more(void **state) {
  (void)state;
  char *text = malloc(65536 * 14 + 1);
  reading r;
  size_t n = 0;
  for (int i = 0; i < 65535; ++i) n += (size_t)sprintf(text + n, "%sc%d", i > 0 ? "," : "", i);
  const size_t n_header = n;
  for (int i = 0; i < 65535; ++i) n += (size_t)sprintf(text + n, "%c%d", i > 0 ? ',' : '\n', i);
  assert_ok(read_text(&r, text, NULL), &r.err);
  assert_int_equal(r.rows.n_cols, 65535);
  assert_true(value_at(&r, 0, 65534) == 65534);
  close_reading(&r);
  strcpy(text + n_header, ",d\n");
  assert_fails(read_text(&r, text, NULL), APO_ERR_LIMIT, &r.err, "more than 65535 columns");
  close_reading(&r);
  free(text);
}

/* Rows of 4 to 60 bytes in a file of many pieces: every piece ends somewhere else in a row. */
static void rows_that_a_piece_of_the_file_ends_in_are_read_whole(void **state) {
  (void)state;
  enum { N_ROWS = 60000, MOST_BYTES = 64 };
  static char text[N_ROWS * MOST_BYTES];
  for (int ends_in_line_end = 0; ends_in_line_end < 2; ++ends_in_line_end) {
    size_t n_bytes = (size_t)sprintf(text, "a,key,b\n");
    for (int row = 0; row < N_ROWS; ++row) {
      n_bytes +=
          (size_t)sprintf(text + n_bytes, "%d,k%d,%d.%0*d\n", row, row, row, row % 40 + 1, 5);
    }
    if (ends_in_line_end == 0) --n_bytes;
    for (uint64_t block = 1; block < 20000; block = 7 * block + 2) {
      const apo_table_options options = {.id_column = "key"};
      reading r;
      assert_ok(open_bytes(&r, text, n_bytes, &options), &r.err);
      const apo_source source = apo_table_source(r.table);
      apo_rows rows = {0};
      int row = 0;
      for (;;) {
        assert_ok(source.next(source.context, block, &rows, &r.err), &r.err);
        if (rows.n_rows == 0) break;
        const char *const *ids = apo_table_ids(r.table);
        for (uint64_t at = 0; at < rows.n_rows; ++at, ++row) {
          const double *values = (const double *)rows.values + 2 * at;
          char wanted[MOST_BYTES];
          snprintf(wanted, sizeof wanted, "k%d", row);
          assert_string_equal(ids[at], wanted);
          assert_true(values[0] == (double)row && floor(values[1]) == (double)row);
        }
      }
      assert_int_equal(row, N_ROWS);
      close_reading(&r);
    }
  }
}

static void standard_input_is_csv(void **state) {
  (void)state;
  reading r = {.folder = scratch_open()};
  char digest[72];
  const int old = dup(STDIN_FILENO);
  const int fd = open(scratch_write(&r.folder, "in", "a\n7\nx\n", 6), O_RDONLY);
  assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);

  const apo_status opened = apo_table_open("-", NULL, &r.table, &r.err);
  const apo_status status =
      opened == APO_OK ? apo_table_read_all(r.table, &r.rows, &r.values, &r.err) : opened;
  dup2(old, STDIN_FILENO);
  close(old);
  close(fd);

  assert_fails(status, APO_ERR_FORMAT, &r.err, "stdin: line 3: column \"a\"");
  assert_fails(apo_table_digest("-", NULL, digest, &r.err), APO_ERR_UNSUPPORTED, &r.err, "stdin: ");
  close_reading(&r);
}

static void random_text_never_does_harm(void **state) {
  (void)state;
  static const char letters[] = "\"\",,,\n\n\r\r\n\0 \t1234.e+-ab\xc3\xa9\xff";
  uint32_t word = 88172645u;
  for (unsigned round = 0; round < 1000; ++round) {
    char text[80] = "a,b\n";
    reading r;
    word = word * 1664525u + 1013904223u;
    const size_t n = 4 + (word >> 8) % 70;
    for (size_t i = round % 2 == 0 ? 4 : 0; i < n; ++i) {
      word = word * 1664525u + 1013904223u;
      text[i] = letters[(word >> 8) % (sizeof letters - 1)];
    }
    apo_status status = open_bytes(&r, text, n, NULL);
    if (status == APO_OK) status = apo_table_read_all(r.table, &r.rows, &r.values, &r.err);
    assert_true(status == APO_OK || status == APO_ERR_FORMAT);
    close_reading(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_read_in_the_order_of_the_file),
      cmocka_unit_test(columns_are_matched_to_the_names_of_the_model),
      cmocka_unit_test(a_column_of_the_model_that_is_absent_is_named),
      cmocka_unit_test(a_model_without_names_takes_columns_by_position),
      cmocka_unit_test(one_column_can_be_asked_for),
      cmocka_unit_test(ids_are_kept_as_they_are_written),
      cmocka_unit_test(the_words_for_missing_values_become_nan),
      cmocka_unit_test(categories_become_the_codes_of_the_model),
      cmocka_unit_test(booleans_are_the_numbers_0_and_1),
      cmocka_unit_test(line_ends_boms_quotes_and_a_missing_last_line_end_do_not_matter),
      cmocka_unit_test(each_fault_of_a_file_is_named_with_its_line),
      cmocka_unit_test(lines_inside_quotes_are_counted),
      cmocka_unit_test(numbers_from_zero_on_are_a_header),
      cmocka_unit_test(a_nul_is_refused_with_its_line),
      cmocka_unit_test(a_failure_stays),
      cmocka_unit_test(a_field_may_have_a_mebibyte_and_not_more),
      cmocka_unit_test(a_file_may_have_65535_columns_and_not_more),
      cmocka_unit_test(rows_that_a_piece_of_the_file_ends_in_are_read_whole),
      cmocka_unit_test(standard_input_is_csv),
      cmocka_unit_test(random_text_never_does_harm),
  };
  return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
