#include "host/stores/sqlite/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/io/quoted.h"

#define NOW "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"

/* --- gaps ------------------------------------------------------------------------------------- */

// What an earlier process wrote; this one has counted the rest as it went.
static apo_status count_old_gaps(apo_database *database,
                                 const apo_summary_spec *spec,
                                 apo_gaps *gaps,
                                 apo_error *err) {
  if (spec->n_rows_counted == 0) return APO_OK;
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(
      database, &row, err, "SELECT gap FROM apo_attribution WHERE run_no = ?1 AND row_ord < ?2",
      "ii", (sqlite3_int64)spec->run_no, (sqlite3_int64)spec->n_rows_counted));
  apo_status status = APO_OK;
  for (bool found = row != NULL; found && status == APO_OK;) {
    apo_gaps_add(gaps, (float)sqlite3_column_double(row, 0));
    status = apo_database_next(database, row, &found, err);
  }
  sqlite3_finalize(row);
  return status;
}

/* --- ids -------------------------------------------------------------------------------------- */

static apo_status check_unique_ids(apo_database *database, int64_t run_no, apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(
      database, &row, err,
      "SELECT coalesce(key_t, CAST(key_i AS TEXT)) FROM apo_attribution WHERE run_no = ?1 "
      "GROUP BY key_i, key_t HAVING min(row_ord) < max(row_ord) ORDER BY min(row_ord) LIMIT 20",
      "i", (sqlite3_int64)run_no));
  if (row == NULL) return APO_OK;
  char list[400] = "";
  apo_status status = APO_OK;
  for (bool found = true; found && status == APO_OK;) {
    const char *id = (const char *)sqlite3_column_text(row, 0);
    const apo_quoted shown = apo_quote(id != NULL ? id : "", id != NULL ? strlen(id) : 0);
    const size_t n_list = strlen(list);
    if (n_list + strlen(shown.text) + 3 > sizeof list) break;
    snprintf(list + n_list, sizeof list - n_list, "%s%s", n_list > 0 ? ", " : "", shown.text);
    status = apo_database_next(database, row, &found, err);
  }
  sqlite3_finalize(row);
  if (status != APO_OK) return status;
  return apo_fail(err, APO_ERR_FORMAT, "%.60s: ids of more than one row: %s", database->path, list);
}

static apo_status finish_ids(apo_database *database, const apo_summary_spec *spec, apo_error *err) {
  if (!spec->shape.has_ids) return APO_OK;
  APO_TRY(check_unique_ids(database, spec->run_no, err));
  return apo_database_run(
      database, err,
      "UPDATE apo_input SET key_type = CASE WHEN EXISTS (SELECT 1 FROM apo_attribution WHERE "
      "run_no = ?1 AND key_t IS NOT NULL) THEN 'text' ELSE 'int' END "
      "WHERE input_id = (SELECT input_id FROM apo_run WHERE run_no = ?1)",
      "i", (sqlite3_int64)spec->run_no);
}

/* --- sums ------------------------------------------------------------------------------------- */

typedef struct totals {
  double *sums; /* [n_sums]: outputs x players x APO_N_SUMS */
  size_t n_sums;
  double *block; /* [n_sums] */
  apo_u128 rowsum;
  uint64_t n_failed;
} totals;

static apo_status add_chunk(const apo_database *database,
                            sqlite3_stmt *row,
                            totals *t,
                            apo_error *err) {
  const uint8_t *rowsum = sqlite3_column_blob(row, 0);
  const size_t n_rowsum = (size_t)sqlite3_column_bytes(row, 0);
  const uint8_t *partial = sqlite3_column_blob(row, 1);
  const size_t n_partial = (size_t)sqlite3_column_bytes(row, 1);
  const size_t block_bytes = 8 * t->n_sums;
  if (n_rowsum != APO_CHUNK_SUM_BYTES || n_partial == 0 || n_partial % block_bytes != 0) {
    return apo_fail(err, APO_ERR_IO, "%.300s: a chunk has sums of %zu and %zu bytes",
                    database->path, n_rowsum, n_partial);
  }
  t->rowsum = apo_u128_add(t->rowsum, apo_u128_read(rowsum));
  t->n_failed += (uint64_t)sqlite3_column_int64(row, 2);
  for (size_t at = 0; at < n_partial; at += block_bytes) {
    apo_unpack_f64(partial + at, t->n_sums, t->block);
    for (size_t i = 0; i < t->n_sums; ++i) t->sums[i] += t->block[i];
  }
  return APO_OK;
}

static apo_status add_chunks(apo_database *database, int64_t run_no, totals *t, apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(database, &row, err,
                            "SELECT rowsum, partial, n_failed FROM apo_chunk WHERE run_no = ?1 "
                            "ORDER BY chunk_no",
                            "i", (sqlite3_int64)run_no));
  apo_status status = APO_OK;
  for (bool found = row != NULL; found && status == APO_OK;) {
    status = add_chunk(database, row, t, err);
    if (status == APO_OK) status = apo_database_next(database, row, &found, err);
  }
  sqlite3_finalize(row);
  return status;
}

static apo_status write_globals(apo_database *database,
                                const apo_summary_spec *spec,
                                const totals *t,
                                apo_error *err) {
  const double *sums = t->sums;
  for (uint32_t output = 0; output < spec->shape.n_outputs; ++output) {
    for (uint32_t player = 0; player < spec->shape.n_players; ++player, sums += APO_N_SUMS) {
      const apo_global global = apo_global_from_sums(sums, spec->draws_are_shared);
      APO_TRY(apo_database_run(
          database, err,
          "INSERT INTO apo_global VALUES (?1, 'all', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
          "iiirrrrrr", (sqlite3_int64)spec->run_no, (sqlite3_int64)output, (sqlite3_int64)player,
          global.n, global.mean_abs, global.mean, global.mean_sq, global.se_mean_abs,
          global.noise));
    }
  }
  return APO_OK;
}

static apo_status write_totals(apo_database *database,
                               const apo_summary_spec *spec,
                               const totals *t,
                               const apo_gaps *gaps,
                               apo_error *err) {
  uint8_t rowsum[APO_CHUNK_SUM_BYTES];
  apo_u128_write(t->rowsum, rowsum);
  APO_TRY(apo_database_run(
      database, err,
      "UPDATE apo_run SET status = 'complete', finished_at = " NOW
      ", n_rows = ?2, n_failed = ?3, rowsum = ?4, gap_max = CASE WHEN ?5 THEN (SELECT "
      "max(gap_max) FROM apo_chunk WHERE run_no = ?1) END WHERE run_no = ?1",
      "iiibi", (sqlite3_int64)spec->run_no, (sqlite3_int64)spec->n_rows, (sqlite3_int64)t->n_failed,
      (const void *)rowsum, sizeof rowsum, (sqlite3_int64)spec->sums_up));
  APO_TRY(apo_database_run(database, err,
                           "UPDATE apo_input SET n_rows = ?2 WHERE input_id = (SELECT input_id "
                           "FROM apo_run WHERE run_no = ?1)",
                           "ii", (sqlite3_int64)spec->run_no, (sqlite3_int64)spec->n_rows));
  if (gaps->n == 0 || !spec->sums_up) return APO_OK;
  return apo_database_run(database, err, "UPDATE apo_run SET gap_p99 = ?2 WHERE run_no = ?1", "ir",
                          (sqlite3_int64)spec->run_no, apo_gaps_p99(gaps));
}

apo_status apo_summary_write(apo_database *database,
                             const apo_summary_spec *spec,
                             apo_gaps *gaps,
                             apo_error *err) {
  totals t = {.n_sums = (size_t)spec->shape.n_outputs * spec->shape.n_players * APO_N_SUMS};
  apo_status status = APO_OK;
  t.sums = apo_alloc(t.n_sums, sizeof *t.sums);
  t.block = apo_alloc(t.n_sums, sizeof *t.block);
  if (t.sums == NULL || t.block == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "%.300s: global values: out of memory", database->path);
    goto done;
  }
  status = finish_ids(database, spec, err);
  if (status == APO_OK) status = count_old_gaps(database, spec, gaps, err);
  if (status == APO_OK) status = add_chunks(database, spec->run_no, &t, err);
  if (status == APO_OK) status = write_globals(database, spec, &t, err);
  if (status == APO_OK) status = write_totals(database, spec, &t, gaps, err);
done:
  free(t.sums);
  free(t.block);
  return status;
}
