/* test_csv_line.c - cells come back as they were put, and do no harm in a spreadsheet. */
#define _POSIX_C_SOURCE 200809L
#include "host/io/csv_line.h"

#include <math.h>

#include "tests/support/apo_test.h"
#include "tests/support/scratch.h"

/* What one line becomes in a file. */
static void assert_line(apo_csv_line *line, const char *expected) {
  scratch folder = scratch_open();
  apo_output_file *file = NULL;
  apo_error err;
  char found[256] = "";
  const char *path = scratch_path(&folder, "x.csv");
  assert_ok(apo_output_file_open(path, false, &file, &err), &err);
  assert_ok(apo_csv_line_end(line, file, &err), &err);
  assert_ok(apo_output_file_commit(&file, &err), &err);
  FILE *written = fopen(path, "rb");
  assert_non_null(written);
  assert_in_range(fread(found, 1, sizeof found - 1, written), 1, sizeof found - 1);
  fclose(written);
  assert_string_equal(found, expected);
  scratch_close(&folder);
}

static void texts_are_quoted_where_they_have_to_be(void **state) {
  (void)state;
  apo_csv_line line = {0};
  apo_csv_line_text(&line, "plain");
  apo_csv_line_text(&line, "a,b");
  apo_csv_line_text(&line, "say \"so\"");
  apo_csv_line_text(&line, "two\nlines");
  assert_line(&line, "plain,\"a,b\",\"say \"\"so\"\"\",\"two\nlines\"\n");
  apo_csv_line_clear(&line);
}

static void formulas_are_disarmed_and_numbers_are_not(void **state) {
  (void)state;
  apo_csv_line line = {0};
  apo_csv_line_text(&line, "=1+1");
  apo_csv_line_text(&line, "@x,y");
  apo_csv_line_text(&line, "-1.5");
  apo_csv_line_text(&line, "+7e3");
  assert_line(&line, "'=1+1,\"'@x,y\",-1.5,+7e3\n");
  apo_csv_line_clear(&line);
}

static void an_empty_cell_keeps_its_place(void **state) {
  (void)state;
  apo_csv_line line = {0};
  apo_csv_line_text(&line, "");
  apo_csv_line_text(&line, "");
  apo_csv_line_count(&line, UINT64_MAX);
  assert_line(&line, ",,18446744073709551615\n");
  apo_csv_line_clear(&line);
}

static void numbers_have_the_digits_they_need(void **state) {
  (void)state;
  apo_csv_line line = {0};
  apo_csv_line_real(&line, 0.1, 0);
  apo_csv_line_real(&line, 0.1 + 0.2, 0);
  apo_csv_line_real(&line, 0.1, 17);
  apo_csv_line_real(&line, -(double)NAN, 0);
  apo_csv_line_real(&line, -(double)INFINITY, 9);
  assert_line(&line, "0.1,0.30000000000000004,0.10000000000000001,nan,-inf\n");
  apo_csv_line_clear(&line);
}

static void lines_do_not_run_into_each_other(void **state) {
  (void)state;
  apo_csv_line line = {0};
  apo_csv_line_text(&line, "a long first line");
  assert_line(&line, "a long first line\n");
  apo_csv_line_count(&line, 2);
  assert_line(&line, "2\n");
  apo_csv_line_clear(&line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_quoted_where_they_have_to_be),
      cmocka_unit_test(formulas_are_disarmed_and_numbers_are_not),
      cmocka_unit_test(an_empty_cell_keeps_its_place),
      cmocka_unit_test(numbers_have_the_digits_they_need),
      cmocka_unit_test(lines_do_not_run_into_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
