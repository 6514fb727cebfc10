/* npy_table.c - an .npy file as a table: views into the mapped file, nothing is copied.
 *
 * C and Fortran order differ in the two strides only.  What cannot be lent as it lies (integers of
 * a target, elements at an odd address) is converted into a buffer of one block.
 *
 * Mapped pages count as memory of the process once they are read, so pages behind the reader are
 * given back: reading a million rows takes no more than reading a thousand.
 */
#define _DEFAULT_SOURCE  // madvise; posix_madvise is allowed to do nothing, and does
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/io/file.h"
#include "host/io/npy.h"
#include "host/io/table.h"

enum {
  MAX_CONVERTED_ROWS = 4096,
  AROUND_BYTES = 2 * 1024 * 1024, /* the largest page */
  RELEASE_BYTES = 1024 * 1024     /* given back at once: a system call a row would dominate */
};

typedef struct npy_table {
  apo_table table;
  apo_mapping mapping;
  apo_npy_header header;
  uint64_t row_stride; /* elements */
  uint64_t col_stride; /* elements */
  uint64_t next_row;   /* the first that was not lent yet */
  uint64_t n_released; /* rows whose pages were given back */
  bool is_lent_in_place;
  const char **names; /* [n_cols], of the model, or NULL */
  double *converted;  /* [n_converted_rows x n_cols], or NULL */
  uint64_t n_converted_rows;
} npy_table;

/* --- pages behind the reader ------------------------------------------------------------------ */

/* Give back the whole pages inside bytes [begin, end) of the file. */
static void release_bytes(const npy_table *npy, uint64_t begin, uint64_t end, uint64_t page_bytes) {
#ifdef MADV_DONTNEED
  const uint64_t page_begin = begin / page_bytes * page_bytes;
  const uint64_t page_end = end / page_bytes * page_bytes;
  if (page_end <= page_begin) return;
  // The mapping is private and never written: a page that is read again comes from the file.
  uint8_t *bytes = (uint8_t *)(uintptr_t)npy->mapping.bytes;
  madvise(bytes + page_begin, (size_t)(page_end - page_begin), MADV_DONTNEED);
#else
  (void)npy, (void)begin, (void)end, (void)page_bytes;
#endif
}

static void release_rows_before(npy_table *npy, uint64_t row_end) {
  const long asked = sysconf(_SC_PAGESIZE);
  const uint64_t page_bytes = asked > 0 ? (uint64_t)asked : 4096;
  const uint64_t item_bytes = npy->header.item_bytes;
  const uint64_t data_at = npy->header.data_at;
  const uint64_t run_bytes = npy->row_stride * item_bytes;  // from one row to the next
  const uint64_t n_runs = npy->col_stride == 1 ? 1 : npy->table.n_cols;
  const uint64_t n_behind = (row_end - npy->n_released) * run_bytes;
  if (n_behind < page_bytes || n_behind * n_runs < RELEASE_BYTES) return;
  const uint64_t released_bytes = npy->n_released * run_bytes;
  // A page that is read brings its neighbours, also those that were given back before.
  const uint64_t again_bytes = released_bytes < AROUND_BYTES ? released_bytes : AROUND_BYTES;
  for (uint64_t run = 0; run < n_runs; ++run) {
    const uint64_t run_at = data_at + run * npy->col_stride * item_bytes;
    release_bytes(npy, run_at + released_bytes - again_bytes, run_at + row_end * run_bytes,
                  page_bytes);
  }
  npy->n_released = row_end;
}

/* --- one element ------------------------------------------------------------------------------ */

/* An integer that fp64 holds exactly, from its bytes. */
static bool read_integer(char kind, uint32_t n_bytes, const uint8_t *at, double *out) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < n_bytes; ++i) bits |= (uint64_t)at[i] << (8 * i);
  const bool is_negative = kind == 'i' && (bits >> (8 * n_bytes - 1) & 1) != 0;
  const uint64_t all = n_bytes == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * n_bytes)) - 1;
  const uint64_t magnitude = is_negative ? (~bits & all) + 1 : bits;
  *out = is_negative ? -(double)magnitude : (double)magnitude;
  return magnitude <= UINT64_C(1) << 53;
}

static bool read_element(const npy_table *npy, uint64_t row, uint32_t col, double *out) {
  const uint32_t n_bytes = npy->header.item_bytes;
  const uint64_t element = row * npy->row_stride + col * npy->col_stride;
  const uint8_t *at = npy->mapping.bytes + npy->header.data_at + element * n_bytes;
  if (npy->header.kind != 'f') return read_integer(npy->header.kind, n_bytes, at, out);
  if (n_bytes == 8) {
    memcpy(out, at, sizeof *out);
  } else {
    float narrow;
    memcpy(&narrow, at, sizeof narrow);
    *out = (double)narrow;
  }
  return true;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static apo_status convert_block(npy_table *npy, uint64_t n_rows, apo_rows *out, apo_error *err) {
  const uint32_t n_cols = npy->table.n_cols;
  if (n_rows > MAX_CONVERTED_ROWS) n_rows = MAX_CONVERTED_ROWS;
  if (n_rows > npy->n_converted_rows) {
    double *larger = apo_resize(npy->converted, (size_t)n_rows * n_cols, sizeof *larger);
    if (larger == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for a block of rows");
    npy->converted = larger;
    npy->n_converted_rows = n_rows;
  }
  for (uint64_t row = 0; row < n_rows; ++row) {
    for (uint32_t col = 0; col < n_cols; ++col) {
      if (!read_element(npy, npy->next_row + row, col, &npy->converted[row * n_cols + col])) {
        return apo_fail(err, APO_ERR_FORMAT,
                        "row %" PRIu64 ": an integer beyond 2^53, which fp64 does not hold",
                        npy->next_row + row);
      }
    }
  }
  *out = (apo_rows){npy->converted, n_rows, n_cols, 1, n_cols, APO_F64};
  return APO_OK;
}

static apo_status next_block(apo_table *self, uint64_t max_rows, apo_rows *out, apo_error *err) {
  npy_table *npy = (npy_table *)self;
  release_rows_before(npy, npy->next_row);
  const uint64_t n_left = self->n_rows - npy->next_row;
  const uint64_t n_rows = n_left < max_rows ? n_left : max_rows;
  if (!npy->is_lent_in_place && n_rows > 0) {
    APO_TRY(convert_block(npy, n_rows, out, err));
  } else {
    const bool is_f32 = npy->is_lent_in_place && npy->header.item_bytes == 4;
    const uint64_t first = npy->next_row * npy->row_stride * npy->header.item_bytes;
    *out = (apo_rows){npy->mapping.bytes + npy->header.data_at + first,
                      n_rows,
                      npy->row_stride,
                      npy->col_stride,
                      self->n_cols,
                      is_f32 ? APO_F32 : APO_F64};
  }
  npy->next_row += out->n_rows;
  return APO_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool claims(const char *where, const uint8_t *head, size_t n_head) {
  (void)where;
  return apo_npy_claims(head, n_head);
}

/* Rank and dtype against what is asked: a table, or one column of numbers of any kind. */
static apo_status check_shape(npy_table *npy, const apo_table_options *options, apo_error *err) {
  const apo_npy_header *header = &npy->header;
  const apo_model *model = options->only_column == NULL ? options->model : NULL;
  if (header->rank != 2 && !(header->rank == 1 && (model == NULL || model->n_columns == 1))) {
    return apo_fail(err, APO_ERR_FORMAT, "rank %u, needed rows and columns (rank 2)", header->rank);
  }
  if (options->id_column != NULL) {
    return apo_fail(err, APO_ERR_FORMAT, "no names of columns, needed \"%s\" for row ids",
                    options->id_column);
  }
  const uint64_t n_cols = header->rank == 2 ? header->shape[1] : 1;
  if (n_cols == 0) return apo_fail(err, APO_ERR_FORMAT, "no columns");
  if (n_cols > UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "%" PRIu64 " columns, at most %u", n_cols, UINT32_MAX);
  }
  if (model != NULL && n_cols != model->n_columns) {
    return apo_fail(err, APO_ERR_FORMAT, "%" PRIu64 " columns, the model has %u", n_cols,
                    model->n_columns);
  }
  if (options->only_column != NULL && n_cols != 1) {
    return apo_fail(err, APO_ERR_FORMAT, "%" PRIu64 " columns, needed one", n_cols);
  }
  if (header->kind != 'f' && header->rank == 2 && n_cols != 1) {
    return apo_fail(err, APO_ERR_FORMAT, "dtype '%c%u', needed '<f4' or '<f8'", header->kind,
                    header->item_bytes);
  }
  npy->table.n_cols = (uint32_t)n_cols;
  npy->table.n_rows = header->shape[0];
  return APO_OK;
}

static apo_status copy_names(npy_table *npy, const apo_model *model, apo_error *err) {
  const uint32_t n_cols = npy->table.n_cols;
  if (model == NULL || model->column_names.n_names != n_cols) return APO_OK;
  npy->names = apo_alloc(n_cols, sizeof *npy->names);
  if (npy->names == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for names of columns");
  for (uint32_t col = 0; col < n_cols; ++col) npy->names[col] = model->column_names.texts[col];
  npy->table.names = npy->names;
  return APO_OK;
}

static void destroy(apo_table *self) {
  npy_table *npy = (npy_table *)self;
  apo_mapping_close(&npy->mapping);
  free(npy->names);
  free(npy->converted);
  free(npy);
}

static apo_status read_header(npy_table *npy, const apo_table_options *options, apo_error *err) {
  APO_TRY(apo_npy_header_read(npy->mapping.bytes, npy->mapping.n_bytes, &npy->header, err));
  APO_TRY(check_shape(npy, options, err));
  if (options->only_column == NULL) APO_TRY(copy_names(npy, options->model, err));
  npy->row_stride = npy->header.fortran_order ? 1 : npy->table.n_cols;
  npy->col_stride = npy->header.fortran_order ? npy->table.n_rows : 1;
  npy->is_lent_in_place =
      npy->header.kind == 'f' && npy->header.data_at % npy->header.item_bytes == 0;
  return APO_OK;
}

static apo_status open_table(const char *where,
                             const apo_table_options *options,
                             apo_table **out,
                             apo_error *err) {
  npy_table *npy = apo_alloc(1, sizeof *npy);
  if (npy == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory to read it", where);
  npy->table.next = next_block;
  npy->table.destroy = destroy;
  apo_status status = apo_mapping_open(where, INT64_MAX, &npy->mapping, err);
  if (status != APO_OK) goto done;
  status = read_header(npy, options, err);
  if (status != APO_OK) {
    apo_prefix(err, status, "%s: ", where);
    goto done;
  }

done:
  if (status == APO_OK) {
    *out = &npy->table;
  } else {
    destroy(&npy->table);
  }
  return status;
}

const apo_source_kind apo_source_kind_npy = {"npy", claims, open_table};
