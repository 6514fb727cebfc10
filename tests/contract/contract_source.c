/* contract_source.c - the same questions to every kind of source.
 *
 * Each kind brings a function that writes a table of doubles as a file of its own; from there on
 * the tests do not know what they read.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>

#include "engine/data/background.h"
#include "engine/data/rows.h"
#include "engine/model/model.h"
#include "host/io/source.h"
#include "tests/support/apo_test.h"
#include "tests/support/npy_bytes.h"
#include "tests/support/scratch.h"

enum { MAX_FILE_BYTES = 1 << 20, N_ROWS = 50, N_COLS = 3 };

typedef struct file_bytes {
  char *bytes; /* [MAX_FILE_BYTES] */
  size_t n_bytes;
  size_t header_bytes; /* what stands before the rows */
} file_bytes;

typedef struct kind {
  const char *name;
  void (*write)(const double *values, uint32_t n_rows, uint32_t n_cols, file_bytes *out);
  bool is_narrow; /* keeps fp32 */
} kind;

/* --- the kinds -------------------------------------------------------------------------------- */

static void write_npy(const double *values,
                      uint32_t n_rows,
                      uint32_t n_cols,
                      bool is_fortran,
                      bool is_f32,
                      file_bytes *out) {
  char shape[64];
  snprintf(shape, sizeof shape, "(%u, %u)", n_rows, n_cols);
  const npy_bytes head =
      npy_array(is_f32 ? "<f4" : "<f8", is_fortran ? "True" : "False", shape, NULL, 0);
  memcpy(out->bytes, head.bytes, head.n_bytes);
  out->header_bytes = head.n_bytes;
  out->n_bytes = head.n_bytes;
  for (uint32_t i = 0; i < n_rows * n_cols; ++i) {
    const uint32_t from = is_fortran ? i % n_rows * n_cols + i / n_rows : i;
    const float narrow = (float)values[from];
    const size_t n = is_f32 ? sizeof narrow : sizeof *values;
    memcpy(out->bytes + out->n_bytes, is_f32 ? (const void *)&narrow : &values[from], n);
    out->n_bytes += n;
  }
}

static void write_npy_c(const double *v, uint32_t n, uint32_t m, file_bytes *out) {
  write_npy(v, n, m, false, false, out);
}

static void write_npy_fortran(const double *v, uint32_t n, uint32_t m, file_bytes *out) {
  write_npy(v, n, m, true, false, out);
}

static void write_npy_f32(const double *v, uint32_t n, uint32_t m, file_bytes *out) {
  write_npy(v, n, m, false, true, out);
}

/* A header that leaves the elements at an odd address, which numpy never does but anyone may. */
static void write_npy_odd(const double *v, uint32_t n, uint32_t m, file_bytes *out) {
  write_npy(v, n, m, false, false, out);
  memmove(out->bytes + out->header_bytes - 1, out->bytes + out->header_bytes,
          out->n_bytes - out->header_bytes);
  out->bytes[8] = (char)(out->bytes[8] - 1);
  --out->header_bytes;
  --out->n_bytes;
}

static void write_csv(const double *v, uint32_t n, uint32_t m, file_bytes *out) {
  char *at = out->bytes;
  for (uint32_t col = 0; col < m; ++col) at += sprintf(at, "%sc%u", col > 0 ? "," : "", col);
  at += sprintf(at, "\n");
  out->header_bytes = (size_t)(at - out->bytes);
  for (uint32_t i = 0; i < n * m; ++i) {
    at += sprintf(at, "%.17g%c", v[i], i % m == m - 1 ? '\n' : ',');
  }
  out->n_bytes = (size_t)(at - out->bytes);
}

static const kind kinds[] = {
    {"npy", write_npy_c, false},      {"npy fortran", write_npy_fortran, false},
    {"npy f32", write_npy_f32, true}, {"npy odd", write_npy_odd, false},
    {"csv", write_csv, false},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* --- help ------------------------------------------------------------------------------------- */

typedef struct fixture {
  scratch folder;
  file_bytes file;
  apo_table *table;
  apo_error err;
} fixture;

static void setup(fixture *f) {
  f->folder = scratch_open();
  f->file = (file_bytes){malloc(MAX_FILE_BYTES), 0, 0};
  f->table = NULL;
}

static void teardown(fixture *f) {
  apo_table_close(&f->table);
  free(f->file.bytes);
  scratch_close(&f->folder);
}

static apo_status open_first(fixture *f, size_t n_bytes, const apo_table_options *options) {
  const char *path = scratch_write(&f->folder, "table", f->file.bytes, n_bytes);
  return apo_table_open(path, options, &f->table, &f->err);
}

static bool same_value(double expected, double actual, bool is_narrow) {
  if (is_narrow) expected = (double)(float)expected;
  return isnan(expected) ? isnan(actual) : expected == actual;
}

/* Values with all the edges among them; a third of a prime is no short decimal. */
static void fill(double *values, size_t n) {
  static const double edges[] = {(double)NAN, (double)INFINITY, -(double)INFINITY,     0.0,
                                 -0.0,        1e-310,           1.7976931348623157e308};
  for (size_t i = 0; i < n; ++i) {
    const size_t edge = i % 11;
    values[i] = edge < sizeof edges / sizeof edges[0] ? edges[edge] : (double)(i * 7919) / 3;
  }
}

/* --- the questions ---------------------------------------------------------------------------- */

static void every_block_size_gives_the_same_rows(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 7, 4096, UINT64_MAX};
  double values[N_ROWS * N_COLS];
  fill(values, N_ROWS * N_COLS);
  for (size_t k = 0; k < N_KINDS; ++k) {
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; ++s) {
      fixture f;
      apo_rows rows;
      uint64_t n_read = 0;
      setup(&f);
      kinds[k].write(values, N_ROWS, N_COLS, &f.file);
      assert_ok(open_first(&f, f.file.n_bytes, NULL), &f.err);
      assert_int_equal(apo_table_n_cols(f.table), N_COLS);
      const apo_source source = apo_table_source(f.table);
      do {
        assert_ok(source.next(source.context, sizes[s], &rows, &f.err), &f.err);
        assert_true(rows.n_rows <= sizes[s]);
        assert_int_equal(rows.n_cols, N_COLS);
        for (uint64_t row = 0; row < rows.n_rows; ++row, ++n_read) {
          for (uint32_t col = 0; col < N_COLS; ++col) {
            const double expected = values[n_read * N_COLS + col];
            if (same_value(expected, apo_rows_value(&rows, row, col), kinds[k].is_narrow)) continue;
            fail_msg("%s: row %u, column %u: %a, needed %a", kinds[k].name, (unsigned)n_read, col,
                     apo_rows_value(&rows, row, col), expected);
          }
        }
      } while (rows.n_rows > 0);
      assert_int_equal(n_read, N_ROWS);
      // The end stays the end.
      assert_ok(source.next(source.context, sizes[s], &rows, &f.err), &f.err);
      assert_int_equal(rows.n_rows, 0);
      teardown(&f);
    }
  }
}

static void views_stay_valid_until_the_next_call(void **state) {
  (void)state;
  double values[N_ROWS * N_COLS];
  fill(values, N_ROWS * N_COLS);
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    apo_rows rows;
    setup(&f);
    kinds[k].write(values, N_ROWS, N_COLS, &f.file);
    assert_ok(open_first(&f, f.file.n_bytes, NULL), &f.err);
    const apo_source source = apo_table_source(f.table);
    assert_ok(source.next(source.context, 10, &rows, &f.err), &f.err);
    assert_ok(source.next(source.context, 10, &rows, &f.err), &f.err);
    // Other calls between two blocks do not touch what is lent.
    (void)apo_table_n_rows(f.table);
    (void)apo_table_column_name(f.table, 0);
    (void)apo_table_ids(f.table);
    for (uint64_t row = 0; row < 10; ++row) {
      const double expected = values[(10 + row) * N_COLS + 2];
      assert_true(same_value(expected, apo_rows_value(&rows, row, 2), kinds[k].is_narrow));
    }
    teardown(&f);
  }
}

static void a_table_without_rows_is_no_fault(void **state) {
  (void)state;
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    apo_rows rows;
    void *values = NULL;
    setup(&f);
    kinds[k].write(NULL, 0, N_COLS, &f.file);
    assert_ok(open_first(&f, f.file.n_bytes, NULL), &f.err);
    assert_ok(apo_table_read_all(f.table, &rows, &values, &f.err), &f.err);
    assert_int_equal(rows.n_rows, 0);
    assert_int_equal(rows.n_cols, N_COLS);
    free(values);
    teardown(&f);
  }
}

static void everything_can_be_read_into_memory(void **state) {
  (void)state;
  enum { MANY = 9000 };  // more than two blocks
  double *values = malloc(MANY * sizeof *values);
  fill(values, MANY);
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    apo_rows rows;
    void *read = NULL;
    setup(&f);
    kinds[k].write(values, MANY, 1, &f.file);
    assert_ok(open_first(&f, f.file.n_bytes, NULL), &f.err);
    assert_ok(apo_table_read_all(f.table, &rows, &read, &f.err), &f.err);
    assert_int_equal(rows.n_rows, MANY);
    assert_int_equal(rows.dtype, kinds[k].is_narrow ? APO_F32 : APO_F64);
    assert_ptr_equal(rows.values, read);
    for (uint32_t row = 0; row < MANY; ++row) {
      assert_true(same_value(values[row], apo_rows_value(&rows, row, 0), kinds[k].is_narrow));
    }
    free(read);
    teardown(&f);
  }
  free(values);
}

static void the_number_of_columns_must_be_the_model_s(void **state) {
  (void)state;
  static const double values[] = {1, 2, 3, 4};
  const apo_model model = {.n_columns = 3};
  const apo_table_options options = {.model = &model};
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    setup(&f);
    kinds[k].write(values, 2, 2, &f.file);
    assert_fails(open_first(&f, f.file.n_bytes, &options), APO_ERR_FORMAT, &f.err, "table: ");
    assert_non_null(strstr(f.err.message, "2 columns, the model has 3"));
    assert_null(f.table);
    teardown(&f);
  }
}

static void a_header_cut_at_any_byte_is_refused(void **state) {
  (void)state;
  static const double values[] = {1, 2, 3, 4, 5, 6};
  char *names[] = {"c0", "c1", "c2"};
  const apo_model model = {.n_columns = 3, .column_names = {names, 3, 3}};
  const apo_table_options options = {.model = &model};
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    setup(&f);
    kinds[k].write(values, 2, 3, &f.file);
    // A CSV that ends behind its last name is whole.
    const size_t n_cuts = f.file.header_bytes - (strcmp(kinds[k].name, "csv") == 0 ? 1 : 0);
    for (size_t n = 0; n < n_cuts; ++n) {
      const apo_status status = open_first(&f, n, &options);
      assert_fails(status, APO_ERR_FORMAT, &f.err, "table: ");
      assert_null(f.table);
    }
    teardown(&f);
  }
}

static void rows_cut_at_any_byte_do_no_harm(void **state) {
  (void)state;
  static const double values[] = {1, 2, 3, 4, 5, 6};
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    setup(&f);
    kinds[k].write(values, 2, 3, &f.file);
    for (size_t n = f.file.header_bytes; n < f.file.n_bytes; ++n) {
      apo_rows rows;
      void *read = NULL;
      apo_status status = open_first(&f, n, NULL);
      if (status == APO_OK) status = apo_table_read_all(f.table, &rows, &read, &f.err);
      // Of a CSV, every cut behind a whole record is a shorter table.
      if (status != APO_OK || strcmp(kinds[k].name, "csv") != 0) {
        assert_fails(status, APO_ERR_FORMAT, &f.err, "table: ");
      }
      free(read);
      apo_table_close(&f.table);
    }
    teardown(&f);
  }
}

static void the_digest_is_of_the_content_and_not_of_the_file(void **state) {
  (void)state;
  double values[N_ROWS * N_COLS];
  char *names[] = {"c0", "c1", "c2"};
  const apo_model model = {.n_columns = N_COLS, .column_names = {names, N_COLS, N_COLS}};
  const apo_table_options options = {.model = &model};
  char first[72] = "";
  // Small integers, which fp32 and decimal text hold as well.
  for (uint32_t i = 0; i < N_ROWS * N_COLS; ++i) values[i] = (double)(i % 100) - 50;
  for (size_t k = 0; k < N_KINDS; ++k) {
    fixture f;
    char digest[72];
    setup(&f);
    kinds[k].write(values, N_ROWS, N_COLS, &f.file);
    const char *path = scratch_write(&f.folder, "table", f.file.bytes, f.file.n_bytes);
    assert_ok(apo_table_digest(path, &options, digest, &f.err), &f.err);
    assert_memory_equal(digest, "sha256:", 7);
    assert_int_equal(strlen(digest), 71);
    if (k == 0) strcpy(first, digest);
    assert_string_equal(digest, first);

    values[7] += 1;
    kinds[k].write(values, N_ROWS, N_COLS, &f.file);
    path = scratch_write(&f.folder, "table", f.file.bytes, f.file.n_bytes);
    assert_ok(apo_table_digest(path, &options, digest, &f.err), &f.err);
    assert_string_not_equal(digest, first);
    values[7] -= 1;

    kinds[k].write(values, N_ROWS - 1, N_COLS, &f.file);
    path = scratch_write(&f.folder, "table", f.file.bytes, f.file.n_bytes);
    assert_ok(apo_table_digest(path, &options, digest, &f.err), &f.err);
    assert_string_not_equal(digest, first);
    teardown(&f);
  }
}

static void the_digest_is_that_of_a_background_of_the_same_rows(void **state) {
  (void)state;
  double values[N_ROWS * N_COLS];
  char *names[] = {"c0", "c1", "c2"};
  const apo_model named = {.n_columns = N_COLS, .column_names = {names, N_COLS, N_COLS}};
  const apo_model nameless = {.n_columns = N_COLS};
  const apo_model *const models[] = {&named, &nameless};
  const apo_rows rows = {values, N_ROWS, N_COLS, 1, N_COLS, APO_F64};
  for (uint32_t i = 0; i < N_ROWS * N_COLS; ++i) values[i] = (double)(i % 100) - 50;
  for (size_t k = 0; k < 2 * N_KINDS; ++k) {
    const apo_table_options options = {.model = models[k % 2]};
    apo_background *background = NULL;
    fixture f;
    char digest[72];
    setup(&f);
    kinds[k / 2].write(values, N_ROWS, N_COLS, &f.file);
    const char *path = scratch_write(&f.folder, "table", f.file.bytes, f.file.n_bytes);
    assert_ok(apo_background_create(models[k % 2], &rows, NULL, &background, &f.err), &f.err);
    assert_ok(apo_table_digest(path, &options, digest, &f.err), &f.err);
    assert_string_equal(digest, apo_background_digest(background));
    apo_background_destroy(&background);
    teardown(&f);
  }
}

static void ids_count_in_the_digest(void **state) {
  (void)state;
  fixture f;
  const apo_table_options options = {.id_column = "id"};
  static const char *const texts[] = {"id,x\na,1\nb,2\n", "x,id\r\n1,a\r\n2.0,b\r\n",
                                      "id,x\na,1\nc,2\n"};
  char digests[3][72];
  setup(&f);
  for (size_t i = 0; i < 3; ++i) {
    const char *path = scratch_write(&f.folder, "t.csv", texts[i], strlen(texts[i]));
    assert_ok(apo_table_digest(path, &options, digests[i], &f.err), &f.err);
  }
  assert_string_equal(digests[1], digests[0]);
  assert_string_not_equal(digests[2], digests[0]);
  teardown(&f);
}

/* --- questions to one kind -------------------------------------------------------------------- */

static apo_status open_npy(fixture *f, const npy_bytes *file, const apo_table_options *options) {
  const char *path = scratch_write(&f->folder, "table", file->bytes, file->n_bytes);
  return apo_table_open(path, options, &f->table, &f->err);
}

static void an_npy_of_the_wrong_type_or_rank_is_refused_by_its_name(void **state) {
  (void)state;
  static const char data[96];
  static const struct {
    const char *descr, *shape, *words;
    size_t n_data;
  } faults[] = {
      {"<i4", "(4, 3)", "dtype 'i4', needed '<f4' or '<f8'", 48},
      {">f4", "(4, 3)", "\">f4\" is big-endian", 48},
      {"|S8", "(4, 3)", "dtype \"|S8\"", 96},
      {"<f8", "(2, 2, 3)", "rank 3, needed rows and columns", 96},
      {"<f8", "()", "rank 0, needed rows and columns", 8},
      {"<f8", "(12,)", "rank 1, needed rows and columns", 96},
      {"<f8", "(5, 0)", "no columns", 0},
      {"<f8", "(0, 4294967296)", "4294967296 columns", 0},
  };
  const apo_model model = {.n_columns = 3};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    // The last two are wrong for any model, and are asked without one.
    const apo_table_options options = {.model = i < 6 ? &model : NULL};
    const npy_bytes file =
        npy_array(faults[i].descr, "False", faults[i].shape, data, faults[i].n_data);
    fixture f;
    setup(&f);
    const apo_status status = open_npy(&f, &file, &options);
    assert_fails(status, status == APO_ERR_LIMIT ? APO_ERR_LIMIT : APO_ERR_FORMAT, &f.err,
                 faults[i].words);
    assert_non_null(strstr(f.err.message, "table: "));
    teardown(&f);
  }
}

static void an_npy_of_one_dimension_is_a_column_of_any_numbers(void **state) {
  (void)state;
  static const int32_t i4[] = {-1, 0, 7};
  static const int64_t i8[] = {-1, 0, 7};
  static const int8_t i1[] = {-1, 0, 7};
  static const float f4[] = {-1, 0, 7};
  static const double f8[] = {-1, 0, 7};
  static const uint8_t u1[] = {255, 0, 7};
  static const uint8_t b1[] = {1, 0, 1};
  static const struct {
    const char *descr;
    const void *data;
    size_t n_data;
    double first, last;
  } columns[] = {
      {"<i4", i4, sizeof i4, -1, 7}, {"<i8", i8, sizeof i8, -1, 7}, {"|i1", i1, sizeof i1, -1, 7},
      {"<f4", f4, sizeof f4, -1, 7}, {"<f8", f8, sizeof f8, -1, 7}, {"|u1", u1, sizeof u1, 255, 7},
      {"|b1", b1, sizeof b1, 1, 1},
  };
  for (size_t i = 0; i < sizeof columns / sizeof columns[0]; ++i) {
    const npy_bytes file =
        npy_array(columns[i].descr, "False", "(3,)", columns[i].data, columns[i].n_data);
    fixture f;
    apo_rows rows;
    void *values = NULL;
    setup(&f);
    assert_ok(open_npy(&f, &file, NULL), &f.err);
    assert_int_equal(apo_table_n_cols(f.table), 1);
    assert_int_equal(apo_table_n_rows(f.table), 3);
    assert_ok(apo_table_read_all(f.table, &rows, &values, &f.err), &f.err);
    assert_int_equal(rows.n_rows, 3);
    assert_true(apo_rows_value(&rows, 0, 0) == columns[i].first);
    assert_true(apo_rows_value(&rows, 1, 0) == 0);
    assert_true(apo_rows_value(&rows, 2, 0) == columns[i].last);
    free(values);
    teardown(&f);
  }
}

static void an_integer_that_fp64_cannot_hold_is_refused(void **state) {
  (void)state;
  static const int64_t data[] = {INT64_C(1) << 53, (INT64_C(1) << 53) + 1};
  const npy_bytes file = npy_array("<i8", "False", "(2,)", data, sizeof data);
  fixture f;
  apo_rows rows;
  void *values = NULL;
  setup(&f);
  assert_ok(open_npy(&f, &file, NULL), &f.err);
  assert_fails(apo_table_read_all(f.table, &rows, &values, &f.err), APO_ERR_FORMAT, &f.err,
               "table: row 1: an integer beyond 2^53");
  assert_null(values);
  teardown(&f);
}

static void what_is_no_table_is_refused_by_its_name(void **state) {
  (void)state;
  fixture f;
  setup(&f);
  assert_fails(apo_table_open(scratch_path(&f.folder, "absent.csv"), NULL, &f.table, &f.err),
               APO_ERR_IO, &f.err, "absent.csv: cannot open: No such file or directory");
  assert_fails(apo_table_open(f.folder.folder, NULL, &f.table, &f.err), APO_ERR_IO, &f.err,
               "Is a directory");
  assert_fails(apo_table_open("postgresql://db/x?query=select", NULL, &f.table, &f.err),
               APO_ERR_UNSUPPORTED, &f.err, "\"postgresql:\" is not built in");
  assert_null(f.table);
  teardown(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_block_size_gives_the_same_rows),
      cmocka_unit_test(views_stay_valid_until_the_next_call),
      cmocka_unit_test(a_table_without_rows_is_no_fault),
      cmocka_unit_test(everything_can_be_read_into_memory),
      cmocka_unit_test(the_number_of_columns_must_be_the_model_s),
      cmocka_unit_test(a_header_cut_at_any_byte_is_refused),
      cmocka_unit_test(rows_cut_at_any_byte_do_no_harm),
      cmocka_unit_test(the_digest_is_of_the_content_and_not_of_the_file),
      cmocka_unit_test(the_digest_is_that_of_a_background_of_the_same_rows),
      cmocka_unit_test(ids_count_in_the_digest),
      cmocka_unit_test(an_npy_of_the_wrong_type_or_rank_is_refused_by_its_name),
      cmocka_unit_test(an_npy_of_one_dimension_is_a_column_of_any_numbers),
      cmocka_unit_test(an_integer_that_fp64_cannot_hold_is_refused),
      cmocka_unit_test(what_is_no_table_is_refused_by_its_name),
  };
  return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
