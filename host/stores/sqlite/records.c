#include "host/stores/sqlite/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/stores/chunk.h"

// host/stores/schema.sql.in with the types of SQLite; made by the build.
extern const char apo_schema_sqlite[];

#define NOW "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"

apo_status apo_records_create(apo_database *database, const char *software, apo_error *err) {
  char store_id[APO_DIGEST_TEXT_BYTES];
  char pragmas[96];
  APO_TRY(apo_random_id(store_id, err));
  snprintf(pragmas, sizeof pragmas, "PRAGMA application_id=%d; PRAGMA user_version=%d;",
           APO_STORE_APPLICATION_ID, APO_STORE_SCHEMA_VERSION);
  if (sqlite3_exec(database->db, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_exec(database->db, apo_schema_sqlite, NULL, NULL, NULL) != SQLITE_OK) {
    return apo_database_fail(database, err, "cannot create the tables");
  }
  return apo_database_run(database, err,
                          "INSERT INTO apo_meta VALUES ('schema_version', '1'), ('store_id', ?1), "
                          "('created_by', ?2)",
                          "tt", store_id, software != NULL ? software : "apportion");
}

apo_status apo_records_add_views(apo_database *database, apo_error *err) {
  const char *views = strstr(apo_schema_sqlite, "CREATE VIEW IF NOT EXISTS");
  if (views == NULL || sqlite3_exec(database->db, views, NULL, NULL, NULL) == SQLITE_OK) {
    return APO_OK;
  }
  return apo_database_fail(database, err, "cannot create the views");
}

apo_status apo_records_add_base(apo_database *database, apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(database, &row, err,
                            "SELECT 1 FROM pragma_table_info(?1) WHERE name = 'base'", "t",
                            "apo_attribution"));
  const bool is_there = row != NULL;
  sqlite3_finalize(row);
  if (is_there) return APO_OK;
  return apo_database_run(database, err, "ALTER TABLE apo_attribution ADD COLUMN base REAL", "");
}

/* --- what a run refers to --------------------------------------------------------------------- */

static apo_status has_players(apo_database *database,
                              const char *schema_id,
                              bool *out,
                              apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(database, &row, err,
                            "SELECT 1 FROM apo_player WHERE schema_id = ?1 LIMIT 1", "t",
                            schema_id));
  *out = row != NULL;
  sqlite3_finalize(row);
  return APO_OK;
}

static apo_status write_player(apo_database *database,
                               const char *schema_id,
                               uint32_t ord,
                               const char *name,
                               const char *members,
                               apo_error *err) {
  return apo_database_run(
      database, err,
      "INSERT INTO apo_player(schema_id, ord, name, kind, members) VALUES (?1, ?2, ?3, ?4, ?5)",
      "tittt", schema_id, (sqlite3_int64)ord, name, members != NULL ? "group" : "column", members);
}

static apo_status write_columns(apo_database *database,
                                const apo_model *model,
                                uint32_t n_columns,
                                const char *columns_id,
                                apo_error *err) {
  bool is_there = false;
  APO_TRY(has_players(database, columns_id, &is_there, err));
  for (uint32_t column = 0; column < n_columns && !is_there; ++column) {
    char room[16];
    APO_TRY(write_player(database, columns_id, column, apo_column_label(model, column, room), NULL,
                         err));
  }
  return APO_OK;
}

static apo_status write_players(apo_database *database,
                                const apo_run_spec *spec,
                                const char *players_id,
                                apo_error *err) {
  bool is_there = false;
  APO_TRY(has_players(database, players_id, &is_there, err));
  for (uint32_t player = 0; player < spec->n_players && !is_there; ++player) {
    const char *members = spec->player_members != NULL ? spec->player_members[player] : NULL;
    APO_TRY(write_player(database, players_id, player, spec->player_names[player], members, err));
  }
  return APO_OK;
}

static apo_status write_model(apo_database *database,
                              const apo_model_info *info,
                              const apo_run_identity *identity,
                              apo_error *err) {
  return apo_database_run(database, err,
                          "INSERT INTO apo_model(model_id, columns_id, format, n_features, "
                          "n_outputs, link, n_trees, n_leaves, max_depth) "
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
                          "tttiitiii", identity->model_id, identity->columns_id, info->format,
                          (sqlite3_int64)info->n_columns, (sqlite3_int64)info->n_outputs,
                          info->link, (sqlite3_int64)info->n_trees, (sqlite3_int64)info->n_leaves,
                          (sqlite3_int64)info->max_depth);
}

static apo_status write_background(apo_database *database,
                                   const apo_run_spec *spec,
                                   apo_error *err) {
  if (spec->background_id == NULL) return APO_OK;
  return apo_database_run(database, err,
                          "INSERT INTO apo_background(background_id, n_rows, weighted, summary) "
                          "VALUES (?1, ?2, ?3, 'none') ON CONFLICT DO NOTHING",
                          "tii", spec->background_id, (sqlite3_int64)spec->background_rows,
                          (sqlite3_int64)spec->background_weighted);
}

// An input is shared by runs, so it has one id column.  An id of the user's own making may be given
// to two tables by mistake; that is found here as far as it can be.
static apo_status write_input(apo_database *database,
                              const apo_run_spec *spec,
                              const char *input_id,
                              uint32_t n_cols,
                              apo_error *err) {
  const bool knows_rows = spec->input_rows != UINT64_MAX;
  APO_TRY(apo_database_run(
      database, err,
      "INSERT INTO apo_input(input_id, n_rows, n_cols, key_name, key_type) "
      "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
      "tiitt", input_id, knows_rows ? (sqlite3_int64)spec->input_rows : (sqlite3_int64)0,
      (sqlite3_int64)n_cols, spec->key_name, spec->key_name != NULL ? "text" : "ord"));
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(database, &row, err,
                            "SELECT 1 FROM apo_input WHERE input_id = ?1 AND key_name IS ?2 AND "
                            "n_cols = ?3",
                            "tti", input_id, spec->key_name, (sqlite3_int64)n_cols));
  const bool agrees = row != NULL;
  sqlite3_finalize(row);
  if (agrees) return APO_OK;
  return apo_fail(err, APO_ERR_ARGUMENT,
                  "%.200s: input %.80s is stored with another id column or number of columns",
                  database->path, input_id);
}

static apo_status write_outputs(apo_database *database,
                                const apo_run_spec *spec,
                                int64_t run_no,
                                apo_error *err) {
  for (uint32_t output = 0; output < spec->n_outputs; ++output) {
    char number[16];
    snprintf(number, sizeof number, "%u", output);
    const char *name = spec->output_names != NULL ? spec->output_names[output] : NULL;
    APO_TRY(apo_database_run(database, err, "INSERT INTO apo_output VALUES (?1, ?2, ?3, ?4)",
                             "iitr", (sqlite3_int64)run_no, (sqlite3_int64)output,
                             name != NULL ? name : number, spec->base[output]));
  }
  return APO_OK;
}

/* --- the run ---------------------------------------------------------------------------------- */

static apo_status write_run(apo_database *database,
                            const apo_run_spec *spec,
                            const apo_run_identity *identity,
                            apo_run_record *record,
                            apo_error *err) {
  const uint64_t n_rows = spec->input_rows != UINT64_MAX ? spec->input_rows : 0;
  uint64_t seed_bits = spec->seed;
  sqlite3_int64 seed;  // the same 64 bits; above 2^63 they read as a negative number
  memcpy(&seed, &seed_bits, sizeof seed);
  APO_TRY(apo_database_run(
      database, err,
      "INSERT INTO apo_run(run_id, model_id, background_id, input_id, players_id, config, seed, "
      "semantics, layout, status, label, software, device, created_at, n_rows, block_rows, "
      "chunk_rows) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'loading', ?10, ?11, ?12, " NOW
      ", ?13, ?14, ?15)",
      "ttttttiittttiii", identity->run_id, identity->model_id, spec->background_id,
      identity->input_id, identity->players_id, identity->config, seed,
      (sqlite3_int64)APO_RUN_SEMANTICS, apo_layout_text(apo_spec_layout(spec)), spec->label,
      spec->software != NULL ? spec->software : "", spec->device != NULL ? spec->device : "",
      (sqlite3_int64)n_rows, (sqlite3_int64)APO_BLOCK_ROWS, (sqlite3_int64)record->chunk_rows));
  record->run_no = sqlite3_last_insert_rowid(database->db);
  return write_outputs(database, spec, record->run_no, err);
}

// The done chunks from row 0 on.  There are none behind a gap: chunks are written in order.
static apo_status count_done(apo_database *database, apo_run_record *record, apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(database, &row, err,
                            "SELECT chunk_no, row_lo, row_hi FROM apo_chunk WHERE run_no = ?1 "
                            "AND state = 'done' ORDER BY chunk_no",
                            "i", (sqlite3_int64)record->run_no));
  apo_status status = APO_OK;
  for (bool found = row != NULL; found && status == APO_OK;) {
    if (sqlite3_column_int64(row, 0) != (sqlite3_int64)record->n_chunks_done ||
        sqlite3_column_int64(row, 1) != (sqlite3_int64)record->n_rows_done) {
      status = apo_fail(err, APO_ERR_IO, "%.300s: run %" PRId64 ": chunk %u is missing",
                        database->path, record->run_no, record->n_chunks_done);
      break;
    }
    record->n_rows_done = (uint64_t)sqlite3_column_int64(row, 2);
    ++record->n_chunks_done;
    status = apo_database_next(database, row, &found, err);
  }
  sqlite3_finalize(row);
  return status;
}

// Standard errors are a choice of what to keep and no part of the identity, but a run has them in
// every row or in none.
static apo_status check_errors(apo_database *database,
                               const apo_run_spec *spec,
                               const apo_run_record *record,
                               apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(database, &row, err,
                            "SELECT phi_se IS NOT NULL FROM apo_attribution WHERE run_no = ?1 "
                            "LIMIT 1",
                            "i", (sqlite3_int64)record->run_no));
  const bool agrees = row == NULL || (sqlite3_column_int(row, 0) != 0) == spec->has_errors;
  sqlite3_finalize(row);
  if (agrees) return APO_OK;
  return apo_fail(err, APO_ERR_ARGUMENT, "%.300s: the run was begun %s standard errors",
                  database->path, spec->has_errors ? "without" : "with");
}

static apo_status resume(apo_database *database,
                         const apo_run_spec *spec,
                         apo_run_record *record,
                         apo_error *err) {
  APO_TRY(check_errors(database, spec, record, err));
  APO_TRY(count_done(database, record, err));
  return apo_database_run(
      database, err,
      "UPDATE apo_run SET status = 'loading', device = CASE WHEN instr(device, ?2) > 0 THEN device "
      "ELSE device || '; ' || ?2 END WHERE run_no = ?1",
      "it", (sqlite3_int64)record->run_no, spec->device != NULL ? spec->device : "");
}

static apo_status find_run(apo_database *database,
                           const char *run_id,
                           apo_run_record *record,
                           bool *found,
                           apo_error *err) {
  sqlite3_stmt *row = NULL;
  APO_TRY(apo_database_find(
      database, &row, err,
      "SELECT run_no, chunk_rows, n_rows, status FROM apo_run WHERE run_id = ?1", "t", run_id));
  *found = row != NULL;
  if (row == NULL) return APO_OK;
  const char *status = (const char *)sqlite3_column_text(row, 3);
  const bool is_purged = status != NULL && strcmp(status, "purging") == 0;
  const sqlite3_int64 chunk_rows = sqlite3_column_int64(row, 1);
  record->is_complete = status != NULL && strcmp(status, "complete") == 0;
  record->run_no = sqlite3_column_int64(row, 0);
  record->chunk_rows = (uint32_t)chunk_rows;
  if (record->is_complete) record->n_rows_done = (uint64_t)sqlite3_column_int64(row, 2);
  sqlite3_finalize(row);
  if (is_purged)
    return apo_fail(err, APO_ERR_IO, "%.300s: %s is being purged", database->path, run_id);
  if (chunk_rows > 0 && chunk_rows <= UINT32_MAX && chunk_rows % APO_BLOCK_ROWS == 0) return APO_OK;
  return apo_fail(err, APO_ERR_IO, "%.300s: %s has chunks of %lld rows, needed a multiple of %d",
                  database->path, run_id, (long long)chunk_rows, APO_BLOCK_ROWS);
}

apo_status apo_records_open_run(apo_database *database,
                                const apo_run_spec *spec,
                                const apo_run_identity *identity,
                                uint32_t chunk_rows,
                                apo_run_record *out,
                                apo_error *err) {
  *out = (apo_run_record){.chunk_rows = chunk_rows};
  apo_model_info info = {.struct_bytes = sizeof info};
  apo_model_describe(spec->model, &info);
  APO_TRY(write_input(database, spec, identity->input_id, info.n_columns, err));
  bool found = false;
  APO_TRY(find_run(database, identity->run_id, out, &found, err));
  if (found && out->is_complete) return APO_OK;
  if (found) return resume(database, spec, out, err);
  APO_TRY(write_columns(database, spec->model, info.n_columns, identity->columns_id, err));
  APO_TRY(write_players(database, spec, identity->players_id, err));
  APO_TRY(write_model(database, &info, identity, err));
  APO_TRY(write_background(database, spec, err));
  return write_run(database, spec, identity, out, err);
}
