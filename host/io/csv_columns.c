/* csv_columns.c - names are matched once; afterwards a field costs one look at `targets`. */
#include "host/io/csv_columns.h"

#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/core/number.h"
#include "host/io/quoted.h"

static const char default_missing[] = "NA,NaN,null";

// A category that the model does not know becomes a code that is in no set: negative ones never are.
static const double code_of_others = -1.0;

static apo_quoted quote_text(const char *text) {
  return apo_quote(text, strlen(text));
}

/* --- words for missing values ----------------------------------------------------------------- */

static apo_status read_missing(apo_csv_columns *columns, const char *list, apo_error *err) {
  const char *at = list != NULL ? list : default_missing;
  for (bool goes_on = true; goes_on;) {
    const size_t n_bytes = strcspn(at, ",");
    APO_TRY(apo_prefix(err, apo_names_add(&columns->missing, at, n_bytes, err),
                       "words for missing values: "));
    columns->may_miss[(unsigned char)*at] = true;
    goes_on = at[n_bytes] == ',';
    at += n_bytes + 1;
  }
  return APO_OK;
}

static bool is_missing(const apo_csv_columns *columns, const char *text, size_t n_bytes) {
  if (n_bytes == 0) return true;
  if (!columns->may_miss[(unsigned char)*text]) return false;
  for (uint32_t i = 0; i < columns->missing.n_names; ++i) {
    const char *word = columns->missing.texts[i];
    if (strncmp(word, text, n_bytes) == 0 && word[n_bytes] == '\0') return true;
  }
  return false;
}

/* --- the header ------------------------------------------------------------------------------- */

/* A file without a header shows its first row here.  Tables without names of their own are often
 * written with 0, 1, 2, ... on top, which is a header all the same. */
static apo_status refuse_numbers(const apo_names *header, apo_error *err) {
  bool counts = true;
  for (uint32_t i = 0; i < header->n_names; ++i) {
    double number;
    const char *text = header->texts[i];
    if (!apo_number_read_word(text, strlen(text), &number)) return APO_OK;
    counts = counts && (number == (double)i || number == (double)i + 1);
  }
  if (counts) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "only numbers, needed a header with names of columns");
}

/* f0, f1, f2, ... or 1, 2, 3, ...: names that say no more than the place. */
static bool is_counting(const char *const *names, uint32_t n_names) {
  const size_t n_head = strcspn(names[0], "0123456789");
  for (uint32_t i = 0; i < n_names; ++i) {
    double number;
    if (strncmp(names[i], names[0], n_head) != 0) return false;
    if (!apo_number_read(names[i] + n_head, strlen(names[i] + n_head), &number)) return false;
    if (number != (double)i && number != (double)i + 1) return false;
  }
  return true;
}

static apo_status find_column(const apo_names_map *header,
                              const char *name,
                              uint32_t *out,
                              apo_error *err) {
  if (apo_names_map_find(header, name, strlen(name), out)) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "no column %s", quote_text(name).text);
}

static apo_status make_names(apo_csv_columns *columns, uint32_t n_cols, apo_error *err) {
  columns->n_cols = n_cols;
  columns->names = apo_alloc(n_cols, sizeof *columns->names);
  if (columns->names != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "no memory for %u columns", n_cols);
}

/* Columns in the order of the file, all but the id. */
static apo_status take_by_position(apo_csv_columns *columns,
                                   const apo_model *model,
                                   apo_error *err) {
  const uint32_t n_names = columns->header.n_names;
  const uint32_t n_cols = n_names - (columns->id_column >= 0 ? 1 : 0);
  if (model != NULL && n_cols != model->n_columns) {
    return apo_fail(err, APO_ERR_FORMAT, "%u columns, the model has %u and no names for them",
                    n_cols, model->n_columns);
  }
  if (n_cols == 0) return apo_fail(err, APO_ERR_FORMAT, "no columns");
  APO_TRY(make_names(columns, n_cols, err));
  uint32_t target = 0;
  for (uint32_t i = 0; i < n_names; ++i) {
    if ((int64_t)i == columns->id_column) continue;
    columns->targets[i] = (int32_t)target;
    columns->names[target++] = columns->header.texts[i];
  }
  return APO_OK;
}

/* Columns in the order of the model. */
static apo_status take_by_name(apo_csv_columns *columns,
                               const apo_names_map *header,
                               const apo_names *wanted,
                               apo_error *err) {
  uint32_t n_absent = 0;
  const char *first_absent = NULL;
  APO_TRY(make_names(columns, wanted->n_names, err));
  for (uint32_t target = 0; target < wanted->n_names; ++target) {
    const char *name = wanted->texts[target];
    uint32_t place = 0;
    columns->names[target] = name;
    if (apo_names_map_find(header, name, strlen(name), &place)) {
      columns->targets[place] = (int32_t)target;
    } else if (n_absent++ == 0) {
      first_absent = name;
    }
  }
  if (n_absent > 0) {
    return apo_fail(err, APO_ERR_FORMAT, "column %s of the model is absent (%u of %u are)",
                    quote_text(first_absent).text, n_absent, wanted->n_names);
  }
  for (uint32_t i = 0; i < columns->header.n_names; ++i) {
    const bool is_used = columns->targets[i] >= 0 || (int64_t)i == columns->id_column;
    columns->n_ignored += is_used ? 0 : 1;
  }
  return APO_OK;
}

static apo_status take_one(apo_csv_columns *columns,
                           const apo_names_map *header,
                           const char *name,
                           apo_error *err) {
  uint32_t place = 0;
  APO_TRY(find_column(header, name, &place, err));
  APO_TRY(make_names(columns, 1, err));
  columns->names[0] = columns->header.texts[place];
  columns->targets[place] = 0;
  return APO_OK;
}

static apo_status build_books(apo_csv_columns *columns, const apo_model *model, apo_error *err) {
  if (model == NULL || model->n_categories == 0) return APO_OK;
  columns->books = apo_alloc(columns->n_cols, sizeof *columns->books);
  if (columns->books == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for categories");
  for (uint32_t i = 0; i < model->n_categories; ++i) {
    const apo_category_table *table = &model->categories[i];
    APO_TRY(apo_codebook_build(table, &columns->books[table->column], err));
  }
  return APO_OK;
}

static apo_status match(apo_csv_columns *columns,
                        const apo_names_map *header,
                        const apo_table_options *options,
                        apo_error *err) {
  const apo_model *model = options->model;
  uint32_t place = 0;
  if (options->id_column != NULL) {
    APO_TRY(find_column(header, options->id_column, &place, err));
    columns->id_column = place;
  }
  if (options->only_column != NULL) {
    return take_one(columns, header, options->only_column, err);
  }
  if (model != NULL && model->column_names.n_names > 0) {
    APO_TRY(take_by_name(columns, header, &model->column_names, err));
  } else {
    APO_TRY(refuse_numbers(&columns->header, err));
    APO_TRY(take_by_position(columns, model, err));
    columns->is_by_position = model != NULL && !is_counting(columns->names, columns->n_cols);
  }
  return build_books(columns, model, err);
}

apo_status apo_csv_columns_make(apo_csv_columns *columns,
                                const apo_table_options *options,
                                apo_error *err) {
  const uint32_t n_names = columns->header.n_names;
  columns->id_column = -1;
  APO_TRY(apo_names_check_unique(&columns->header, "column", err));
  columns->targets = apo_alloc(n_names, sizeof *columns->targets);
  if (columns->targets == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "no memory for %u columns", n_names);
  }
  for (uint32_t i = 0; i < n_names; ++i) columns->targets[i] = APO_COLUMN_IGNORED;
  APO_TRY(read_missing(columns, options->missing, err));
  apo_names_map header;
  APO_TRY(apo_names_map_build(&columns->header, &header, err));
  const apo_status status = match(columns, &header, options, err);
  apo_names_map_clear(&header);
  return status;
}

void apo_csv_columns_clear(apo_csv_columns *columns) {
  for (uint32_t i = 0; columns->books != NULL && i < columns->n_cols; ++i) {
    apo_codebook_clear(&columns->books[i]);
  }
  free(columns->books);
  free(columns->names);
  free(columns->targets);
  apo_names_clear(&columns->header);
  apo_names_clear(&columns->missing);
  *columns = (apo_csv_columns){0};
}

/* --- values ----------------------------------------------------------------------------------- */

static apo_status judge_unknown(
    const apo_codebook *book, const char *text, size_t n_bytes, double *out, apo_error *err) {
  switch (book->table->unknown) {
    case APO_UNKNOWN_MISSING: *out = (double)NAN; return APO_OK;
    case APO_UNKNOWN_OTHER: *out = code_of_others; return APO_OK;
    case APO_UNKNOWN_ERROR: break;
  }
  return apo_fail(err, APO_ERR_FORMAT, "%s is not a category that the model knows",
                  apo_quote(text, n_bytes).text);
}

/* Spaces belong to a field, but not to a number. */
static void trim(const char **text, size_t *n_bytes) {
  while (*n_bytes > 0 && (**text == ' ' || **text == '\t')) {
    ++*text;
    --*n_bytes;
  }
  while (*n_bytes > 0 && ((*text)[*n_bytes - 1] == ' ' || (*text)[*n_bytes - 1] == '\t')) {
    --*n_bytes;
  }
}

/* Booleans are the numbers 0 and 1 to every library; pandas writes them as words. */
static const char *flag_digit(const char *text, size_t n_bytes) {
  static const struct {
    const char *word;
    const char *digit;
  } words[] = {{"True", "1"},  {"False", "0"}, {"true", "1"},
               {"false", "0"}, {"TRUE", "1"},  {"FALSE", "0"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
    if (strlen(words[i].word) == n_bytes && memcmp(words[i].word, text, n_bytes) == 0) {
      return words[i].digit;
    }
  }
  return NULL;
}

/* False when the text is no category.  A table of numbers knows booleans by their numbers. */
static bool find_category(const apo_codebook *book, const char *text, size_t n_bytes, double *out) {
  if (apo_codebook_find(book, text, n_bytes, out)) return true;
  const char *digit = book->table->is_text ? NULL : flag_digit(text, n_bytes);
  return digit != NULL && apo_codebook_find(book, digit, 1, out);
}

apo_status apo_csv_columns_value(apo_csv_columns *columns,
                                 uint32_t target,
                                 const char *text,
                                 size_t n_bytes,
                                 double *out,
                                 apo_error *err) {
  const apo_codebook *book = columns->books != NULL ? &columns->books[target] : NULL;
  const bool has_book = book != NULL && book->table != NULL;
  // A listed category wins over a word for missing: NA is Namibia where the model says so.
  if (has_book && find_category(book, text, n_bytes, out)) return APO_OK;
  if (is_missing(columns, text, n_bytes)) {
    *out = (double)NAN;
    return APO_OK;
  }
  if (has_book) {
    ++columns->n_unknown;
    return judge_unknown(book, text, n_bytes, out, err);
  }
  if (apo_number_read_word(text, n_bytes, out)) return APO_OK;
  const char *rest = text;
  size_t n_rest = n_bytes;
  trim(&rest, &n_rest);
  if (is_missing(columns, rest, n_rest)) {
    *out = (double)NAN;
    return APO_OK;
  }
  if (apo_number_read_word(rest, n_rest, out)) return APO_OK;
  const char *digit = flag_digit(rest, n_rest);
  if (digit != NULL && apo_number_read(digit, 1, out)) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "%s is not a number", apo_quote(text, n_bytes).text);
}
