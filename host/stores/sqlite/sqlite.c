/* sqlite.c - "sqlite:FILE": an attribution store that can be resumed, queried and verified.
 *
 * Tiles are gathered into a chunk.  A full chunk's rows and its line in apo_chunk are committed in
 * one transaction, and the last chunk together with everything that makes the run complete.  So at
 * any moment the file holds whole chunks from row 0 on and nothing else, whatever ends the process.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/stores/chunk.h"
#include "host/stores/run.h"
#include "host/stores/sqlite/database.h"
#include "host/stores/sqlite/records.h"
#include "host/stores/sqlite/summary.h"

static const char scheme[] = "sqlite:";

typedef struct sqlite_store {
  apo_store store; /* first */
  apo_database database;
  apo_run_record run;
  apo_chunk chunk;
  uint32_t chunk_no;
  uint64_t input_rows; /* as announced, or UINT64_MAX */
  uint64_t n_rows_resumed;
  bool draws_are_shared;
  bool sums_up;
  apo_gaps gaps;
  uint8_t *phi;    /* [phi_bytes], a line as it is kept */
  uint8_t *phi_se; /* [phi_se_bytes] */
  size_t phi_bytes;
  size_t phi_se_bytes;
} sqlite_store;

/* --- lines ------------------------------------------------------------------------------------ */

// An id is an integer when it is written as one would be printed; "007" and "1e3" are texts.
static bool is_integer(const char *id, int64_t *out) {
  char printed[32];
  char *end = NULL;
  errno = 0;
  const long long value = strtoll(id, &end, 10);
  if (errno != 0 || end == id || *end != '\0') return false;
  snprintf(printed, sizeof printed, "%lld", value);
  *out = value;
  return strcmp(printed, id) == 0;
}

static int bind_id(sqlite3_stmt *insert, const char *id) {
  int64_t number;
  sqlite3_bind_null(insert, 5);
  sqlite3_bind_null(insert, 6);
  if (*id == '\0') return SQLITE_OK;
  if (is_integer(id, &number)) return sqlite3_bind_int64(insert, 5, (sqlite3_int64)number);
  return sqlite3_bind_text(insert, 6, id, -1, SQLITE_STATIC);
}

static apo_status insert_line(
    sqlite_store *s, sqlite3_stmt *insert, uint32_t row, uint32_t output, apo_error *err) {
  const apo_chunk *chunk = &s->chunk;
  const size_t line = (size_t)row * chunk->shape.n_outputs + output;
  apo_chunk_pack(chunk, row, output, s->phi);
  int code = sqlite3_bind_int64(insert, 2, (sqlite3_int64)(chunk->row_begin + row));
  code |= sqlite3_bind_int64(insert, 3, output);
  code |= bind_id(insert, apo_chunk_id(chunk, row));
  code |= sqlite3_bind_double(insert, 7, chunk->prediction[line]);
  code |= sqlite3_bind_double(insert, 8, (double)chunk->gap[line]);
  code |= sqlite3_bind_blob64(insert, 9, s->phi, s->phi_bytes, SQLITE_STATIC);
  if (chunk->shape.has_errors) {
    apo_chunk_pack_errors(chunk, row, output, s->phi, s->phi_se);
    code |= sqlite3_bind_blob64(insert, 10, s->phi_se, s->phi_se_bytes, SQLITE_STATIC);
  }
  if (chunk->shape.has_row_base) code |= sqlite3_bind_double(insert, 11, chunk->base[line]);
  if (code != SQLITE_OK || sqlite3_step(insert) != SQLITE_DONE) {
    return apo_database_fail(&s->database, err, "cannot write a row");
  }
  sqlite3_reset(insert);
  apo_gaps_add(&s->gaps, chunk->gap[line]);
  return APO_OK;
}

static apo_status insert_fault(
    sqlite_store *s, uint32_t row, uint32_t output, const char *code, apo_error *err) {
  return apo_database_run(
      &s->database, err, "INSERT INTO apo_row_error VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "iiiitt",
      (sqlite3_int64)s->run.run_no, (sqlite3_int64)(s->chunk.row_begin + row),
      (sqlite3_int64)output, (sqlite3_int64)s->chunk_no, code, apo_chunk_id(&s->chunk, row));
}

static apo_status insert_lines(sqlite_store *s, apo_error *err) {
  // Stores that were made before there were losses have no column `base` until they get one.
  static const char *const inserts[] = {
      "INSERT INTO apo_attribution(run_no, row_ord, output, chunk_no, key_i, key_t, prediction, "
      "gap, phi, phi_se) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      "INSERT INTO apo_attribution(run_no, row_ord, output, chunk_no, key_i, key_t, prediction, "
      "gap, phi, phi_se, base) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"};
  sqlite3_stmt *insert = NULL;
  APO_TRY(apo_database_prepare(&s->database, inserts[s->chunk.shape.has_row_base], &insert, err));
  sqlite3_bind_int64(insert, 1, (sqlite3_int64)s->run.run_no);
  sqlite3_bind_int64(insert, 4, s->chunk_no);
  apo_status status = APO_OK;
  for (uint32_t row = 0; row < s->chunk.n_rows && status == APO_OK; ++row) {
    for (uint32_t output = 0; output < s->chunk.shape.n_outputs && status == APO_OK; ++output) {
      const char *fault = apo_chunk_fault(&s->chunk, row, output);
      status = fault != NULL ? insert_fault(s, row, output, fault, err)
                             : insert_line(s, insert, row, output, err);
    }
  }
  sqlite3_finalize(insert);
  return status;
}

/* --- chunks ----------------------------------------------------------------------------------- */

// The doubles become bytes where they are: element i is read before its own 8 bytes are written.
static const void *pack_in_place(double *values, size_t n) {
  uint8_t *bytes = (uint8_t *)values;
  for (size_t i = 0; i < n; ++i) {
    const double value = values[i];
    apo_pack_f64(&value, 1, bytes + 8 * i);
  }
  return bytes;
}

static apo_status insert_chunk(sqlite_store *s, apo_chunk_sums *sums, apo_error *err) {
  uint8_t rowsum[APO_CHUNK_SUM_BYTES];
  apo_u128_write(sums->rowsum, rowsum);
  const uint64_t row_end = s->chunk.row_begin + s->chunk.n_rows;
  return apo_database_run(
      &s->database, err,
      "INSERT INTO apo_chunk(run_no, chunk_no, row_lo, row_hi, state, attempt, n_rows, n_failed, "
      "checksum, rowsum, gap_max, partial, finished_at) VALUES (?1, ?2, ?3, ?4, 'done', 1, ?5, ?6, "
      "?7, ?8, ?9, ?10, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
      "iiiiiibbrb", (sqlite3_int64)s->run.run_no, (sqlite3_int64)s->chunk_no,
      (sqlite3_int64)s->chunk.row_begin, (sqlite3_int64)row_end, (sqlite3_int64)s->chunk.n_rows,
      (sqlite3_int64)sums->n_failed, (const void *)sums->checksum, sizeof sums->checksum,
      (const void *)rowsum, sizeof rowsum, (double)sums->gap_max,
      pack_in_place(sums->partial, sums->n_partial), 8 * sums->n_partial);
}

// Within a transaction; the last chunk may be empty, and then there is nothing to write.
static apo_status write_chunk(sqlite_store *s, apo_error *err) {
  if (s->chunk.n_rows == 0) return APO_OK;
  apo_chunk_sums sums;
  APO_TRY(apo_chunk_sum(&s->chunk, &sums, err));
  apo_status status = insert_lines(s, err);
  if (status == APO_OK) status = insert_chunk(s, &sums, err);
  free(sums.partial);
  return status;
}

// Whatever went wrong, the file is as it was before the transaction.  It is not touched again: the
// next try starts by reading it anew.
static apo_status give_up(sqlite_store *s, apo_status status) {
  apo_database_rollback(&s->database);
  sqlite3_close(s->database.db);
  s->database.db = NULL;
  return status;
}

static apo_status commit_chunk(sqlite_store *s, apo_error *err) {
  apo_status status = apo_database_begin(&s->database, err);
  if (status == APO_OK) status = write_chunk(s, err);
  if (status == APO_OK) status = apo_database_commit(&s->database, err);
  if (status != APO_OK) return give_up(s, status);
  s->store.n_rows_kept += s->chunk.n_rows;
  ++s->chunk_no;
  apo_chunk_restart(&s->chunk, s->store.n_rows_kept);
  return APO_OK;
}

/* --- the store -------------------------------------------------------------------------------- */

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  sqlite_store *s = (sqlite_store *)self;
  for (uint32_t row = 0; row < tile->n_rows;) {
    const uint32_t room = s->run.chunk_rows - s->chunk.n_rows;
    const uint32_t rest = tile->n_rows - row;
    const uint32_t row_end = row + (rest < room ? rest : room);
    APO_TRY(apo_chunk_take(&s->chunk, tile, row, row_end, ids, err));
    row = row_end;
    if (s->chunk.n_rows == s->run.chunk_rows) APO_TRY(commit_chunk(s, err));
  }
  return APO_OK;
}

static apo_status finish_run(sqlite_store *s, uint64_t n_rows, apo_error *err) {
  const apo_summary_spec spec = {
      .run_no = s->run.run_no,
      .n_rows = n_rows,
      .n_rows_counted = s->n_rows_resumed,
      .shape = s->chunk.shape,
      .draws_are_shared = s->draws_are_shared,
      .sums_up = s->sums_up,
  };
  APO_TRY(apo_database_begin(&s->database, err));
  APO_TRY(write_chunk(s, err));
  APO_TRY(apo_summary_write(&s->database, &spec, &s->gaps, err));
  return apo_database_commit(&s->database, err);
}

static apo_status finish(apo_store *self, apo_error *err) {
  sqlite_store *s = (sqlite_store *)self;
  if (self->is_complete) return APO_OK;
  const uint64_t n_rows = self->n_rows_kept + s->chunk.n_rows;
  if (s->input_rows != UINT64_MAX && s->input_rows != n_rows) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "%.300s: the input had %" PRIu64 " rows, announced were %" PRIu64,
                    s->database.path, n_rows, s->input_rows);
  }
  const apo_status status = finish_run(s, n_rows, err);
  if (status == APO_ERR_FORMAT) {
    // Ids that are no ids: the chunks are right, but the run can never be complete.
    apo_database_rollback(&s->database);
    const apo_status marked = apo_database_run(
        &s->database, NULL, "UPDATE apo_run SET status = 'failed' WHERE run_no = ?1", "i",
        (sqlite3_int64)s->run.run_no);
    (void)marked;  // the ids are the news
  }
  if (status != APO_OK) return give_up(s, status);
  self->n_rows_kept = n_rows;
  return APO_OK;
}

static apo_status stop(apo_store *self, apo_error *err) {
  (void)err;
  apo_chunk_restart(&((sqlite_store *)self)->chunk, self->n_rows_kept);
  return APO_OK;
}

static void destroy(apo_store *self) {
  sqlite_store *s = (sqlite_store *)self;
  apo_database_close(&s->database);
  apo_chunk_clear(&s->chunk);
  apo_gaps_clear(&s->gaps);
  free(s->phi);
  free(s->phi_se);
  free(s);
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool claims(const char *where) {
  return strncmp(where, scheme, strlen(scheme)) == 0;
}

static apo_status register_run(sqlite_store *s,
                               const apo_run_spec *spec,
                               const apo_run_identity *identity,
                               apo_error *err) {
  const uint32_t chunk_rows = apo_chunk_rows(spec->chunk_rows, &s->chunk.shape);
  APO_TRY(apo_database_begin(&s->database, err));
  if (s->database.is_new) {
    APO_TRY(apo_records_create(&s->database, spec->software, err));
  } else if (s->chunk.shape.layout != APO_LAYOUT_DENSE) {
    APO_TRY(apo_records_add_views(&s->database, err));
  }
  if (s->chunk.shape.has_row_base) APO_TRY(apo_records_add_base(&s->database, err));
  APO_TRY(apo_records_open_run(&s->database, spec, identity, chunk_rows, &s->run, err));
  return apo_database_commit(&s->database, err);
}

// The cells of a matrix grow with the square of the players, and a chunk is a block of rows at least.
static apo_status size_lines(sqlite_store *s, const char *path, apo_error *err) {
  const apo_chunk_shape *shape = &s->chunk.shape;
  const apo_packing packing = apo_chunk_packing(shape);
  s->phi_bytes = apo_packed_bytes(&packing);
  s->phi_se_bytes = apo_packed_error_bytes(&packing);
  const bool has_pairs =
      shape->layout == APO_LAYOUT_PAIRS || shape->layout == APO_LAYOUT_PAIRS_TOPK;
  const size_t most = APO_CHUNK_BYTES / APO_BLOCK_ROWS;
  if (!has_pairs || s->phi_bytes <= most / shape->n_outputs) return APO_OK;
  return apo_fail(
      err, APO_ERR_LIMIT,
      "%.300s: interactions of %u players for %u outputs are %zu bytes a row, the limit "
      "is %zu; --top K keeps fewer",
      path, shape->n_players, shape->n_outputs, s->phi_bytes * shape->n_outputs, most);
}

static apo_status start(sqlite_store *s,
                        const char *path,
                        const apo_run_spec *spec,
                        const apo_run_identity *identity,
                        apo_error *err) {
  s->chunk.shape = (apo_chunk_shape){.n_outputs = spec->n_outputs,
                                     .n_players = spec->n_players,
                                     .has_errors = spec->has_errors,
                                     .has_ids = spec->key_name != NULL,
                                     .has_row_base = spec->target_id != NULL,
                                     .layout = apo_spec_layout(spec),
                                     .top = apo_spec_top(spec)};
  APO_TRY(size_lines(s, path, err));
  s->input_rows = spec->input_rows;
  s->sums_up = apo_spec_sums_up(spec);
  s->draws_are_shared = spec->coalitions != NULL && strcmp(spec->coalitions, "shared") == 0;
  APO_TRY(apo_gaps_init(&s->gaps, err));
  s->phi = apo_alloc(s->phi_bytes, 1);
  s->phi_se = apo_alloc(s->phi_se_bytes, 1);
  if (s->phi == NULL || s->phi_se == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "%.300s: out of memory", path);
  }
  APO_TRY(apo_database_open(path, &s->database, err));
  APO_TRY(register_run(s, spec, identity, err));
  s->store.n_rows_done = s->run.n_rows_done;
  s->store.is_complete = s->run.is_complete;
  s->n_rows_resumed = s->run.n_rows_done;
  s->chunk_no = s->run.n_chunks_done;
  memcpy(s->store.run_id, identity->run_id, sizeof s->store.run_id);
  apo_chunk_restart(&s->chunk, s->run.n_rows_done);
  return APO_OK;
}

static apo_status open_sqlite(const char *where,
                              const apo_run_spec *spec,
                              apo_store **out,
                              apo_error *err) {
  const char *path = where + strlen(scheme);
  if (*path == '\0')
    return apo_fail(err, APO_ERR_ARGUMENT, "%s: no file, needed sqlite:FILE", where);
  apo_run_identity identity;
  APO_TRY(apo_run_identify(spec, &identity, err));
  apo_status status = APO_OK;
  sqlite_store *s = apo_alloc(1, sizeof *s);
  if (s == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "%.300s: out of memory", path);
    goto done;
  }
  s->store = (apo_store){.put = put, .finish = finish, .stop = stop, .destroy = destroy};
  status = start(s, path, spec, &identity, err);
  if (status == APO_OK) {
    *out = &s->store;
  } else {
    destroy(&s->store);
  }
done:
  apo_run_identity_clear(&identity);
  return status;
}

const apo_store_kind apo_store_kind_sqlite = {
    .name = "sqlite", .can_keep_top = true, .claims = claims, .open = open_sqlite};
