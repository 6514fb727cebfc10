#define _DEFAULT_SOURCE  // flock: unlike fcntl's locks it is not lost when another descriptor closes
#include "host/stores/sqlite/database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/io/system_error.h"

enum { BUSY_MS = 30000 };

/* --- failing ---------------------------------------------------------------------------------- */

static bool is_no_room(int code, int system_code) {
  return code == SQLITE_FULL || system_code == ENOSPC || system_code == EDQUOT ||
         system_code == EFBIG;
}

apo_status apo_database_fail(const apo_database *database, apo_error *err, const char *what) {
  if (database->db == NULL) {
    return apo_fail(err, APO_ERR_IO, "%.300s: %s: the file is closed", database->path, what);
  }
  const int code = sqlite3_extended_errcode(database->db);
  const int system_code = sqlite3_system_errno(database->db);
  if ((code & 0xff) == SQLITE_NOMEM) {
    return apo_fail(err, APO_ERR_MEMORY, "%.300s: %s: out of memory", database->path, what);
  }
  struct statvfs room;
  if (is_no_room(code & 0xff, system_code) && statvfs(database->path, &room) == 0) {
    apo_fail(err, APO_ERR_IO, "%.300s: %s: no room (%s), %" PRIu64 " bytes free", database->path,
             what, sqlite3_errmsg(database->db), (uint64_t)room.f_bavail * room.f_frsize);
  } else {
    apo_fail(err, APO_ERR_IO, "%.300s: %s: %s", database->path, what, sqlite3_errmsg(database->db));
  }
  if (err != NULL) err->native = system_code;
  return APO_ERR_IO;
}

/* --- statements ------------------------------------------------------------------------------- */

apo_status apo_database_prepare(apo_database *database,
                                const char *sql,
                                sqlite3_stmt **out,
                                apo_error *err) {
  *out = NULL;
  if (database->db != NULL && sqlite3_prepare_v2(database->db, sql, -1, out, NULL) == SQLITE_OK) {
    return APO_OK;
  }
  return apo_database_fail(database, err, "cannot prepare a statement");
}

// The values live until the caller's call returns, and the statement is done by then.
static int bind_all(sqlite3_stmt *statement, const char *types, va_list values) {
  int code = SQLITE_OK;
  for (int at = 1; types[at - 1] != '\0' && code == SQLITE_OK; ++at) {
    if (types[at - 1] == 't') {
      code = sqlite3_bind_text(statement, at, va_arg(values, const char *), -1, SQLITE_STATIC);
    } else if (types[at - 1] == 'i') {
      code = sqlite3_bind_int64(statement, at, va_arg(values, sqlite3_int64));
    } else if (types[at - 1] == 'r') {
      code = sqlite3_bind_double(statement, at, va_arg(values, double));
    } else {
      const void *bytes = va_arg(values, const void *);
      code = sqlite3_bind_blob64(statement, at, bytes, va_arg(values, size_t), SQLITE_STATIC);
    }
  }
  return code;
}

static apo_status start_statement(apo_database *database,
                                  const char *sql,
                                  const char *types,
                                  va_list values,
                                  sqlite3_stmt **out,
                                  bool *found,
                                  apo_error *err) {
  APO_TRY(apo_database_prepare(database, sql, out, err));
  apo_status status = APO_OK;
  if (bind_all(*out, types, values) != SQLITE_OK) {
    status = apo_database_fail(database, err, "cannot bind a value");
  } else {
    status = apo_database_next(database, *out, found, err);
  }
  if (status != APO_OK) {
    sqlite3_finalize(*out);
    *out = NULL;
  }
  return status;
}

apo_status apo_database_next(apo_database *database,
                             sqlite3_stmt *statement,
                             bool *found,
                             apo_error *err) {
  const int code = sqlite3_step(statement);
  *found = code == SQLITE_ROW;
  if (code == SQLITE_ROW || code == SQLITE_DONE) return APO_OK;
  return apo_database_fail(database, err, "cannot read or write");
}

apo_status apo_database_run(
    apo_database *database, apo_error *err, const char *sql, const char *types, ...) {
  sqlite3_stmt *statement = NULL;
  bool found = false;
  va_list values;
  va_start(values, types);
  const apo_status status = start_statement(database, sql, types, values, &statement, &found, err);
  va_end(values);
  sqlite3_finalize(statement);
  return status;
}

apo_status apo_database_find(apo_database *database,
                             sqlite3_stmt **out,
                             apo_error *err,
                             const char *sql,
                             const char *types,
                             ...) {
  bool found = false;
  va_list values;
  va_start(values, types);
  const apo_status status = start_statement(database, sql, types, values, out, &found, err);
  va_end(values);
  if (status == APO_OK && !found) {
    sqlite3_finalize(*out);
    *out = NULL;
  }
  return status;
}

/* --- transactions ----------------------------------------------------------------------------- */

apo_status apo_database_begin(apo_database *database, apo_error *err) {
  return apo_database_run(database, err, "BEGIN IMMEDIATE", "");
}

apo_status apo_database_commit(apo_database *database, apo_error *err) {
  return apo_database_run(database, err, "COMMIT", "");
}

void apo_database_rollback(apo_database *database) {
  // Some failures have rolled back already, and then there is no transaction to end.
  if (database->db != NULL && !sqlite3_get_autocommit(database->db)) {
    sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL);
  }
}

/* --- opening ---------------------------------------------------------------------------------- */

static apo_status lock_file(apo_database *database, apo_error *err) {
  const char *path = database->path;
  database->lock_fd =
      open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
  if (database->lock_fd < 0 && errno == ELOOP) {
    return apo_fail(err, APO_ERR_IO, "%.300s: a symbolic link, which is never written", path);
  }
  if (database->lock_fd < 0) return apo_fail_errno(err, errno, "%.300s: cannot open", path);
  struct stat about;
  if (fstat(database->lock_fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    return apo_fail(err, APO_ERR_IO, "%.300s: not a regular file", path);
  }
  if (flock(database->lock_fd, LOCK_EX | LOCK_NB) == 0) return APO_OK;
  if (errno == EWOULDBLOCK) {
    return apo_fail(err, APO_ERR_IO, "%.300s: another process is writing it", path);
  }
  return apo_fail_errno(err, errno, "%.300s: cannot lock", path);
}

static apo_status read_number(apo_database *database,
                              const char *pragma,
                              int64_t *out,
                              apo_error *err) {
  sqlite3_stmt *statement = NULL;
  *out = 0;
  APO_TRY(apo_database_find(database, &statement, err, pragma, ""));
  if (statement != NULL) *out = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return APO_OK;
}

// Before anything is written: whose file is this?
static apo_status identify(apo_database *database, apo_error *err) {
  int64_t n_pages = 0;
  int64_t application_id = 0;
  int64_t version = 0;
  apo_status status = read_number(database, "PRAGMA page_count", &n_pages, err);
  if (status == APO_OK) {
    status = read_number(database, "PRAGMA application_id", &application_id, err);
  }
  if (status == APO_OK) status = read_number(database, "PRAGMA user_version", &version, err);
  if (status != APO_OK && sqlite3_errcode(database->db) != SQLITE_NOTADB) return status;
  database->is_new = status == APO_OK && n_pages == 0;
  if (database->is_new) return APO_OK;
  if (status != APO_OK || application_id != APO_STORE_APPLICATION_ID) {
    return apo_fail(err, APO_ERR_IO, "%.300s: exists and is no attribution store of apportion",
                    database->path);
  }
  if (version == APO_STORE_SCHEMA_VERSION) return APO_OK;
  return apo_fail(err, APO_ERR_IO, "%.300s: a store of version %" PRId64 ", needed version %d",
                  database->path, version, APO_STORE_SCHEMA_VERSION);
}

static apo_status configure(apo_database *database, apo_error *err) {
  // The page size has an effect only before the first page is written.
  static const char pragmas[] =
      "PRAGMA page_size=16384;"
      "PRAGMA journal_mode=TRUNCATE;"
      "PRAGMA synchronous=FULL;"
      "PRAGMA foreign_keys=ON;"
      "PRAGMA trusted_schema=OFF;"
      "PRAGMA cache_size=-16384;";
  if (sqlite3_exec(database->db, pragmas, NULL, NULL, NULL) == SQLITE_OK) return APO_OK;
  return apo_database_fail(database, err, "cannot be configured");
}

// Relative paths get "./", so that SQLite sees no URI and no ":memory:" in a file's name.
static char *literal_path(const char *path) {
  const char *prefix = path[0] == '/' ? "" : "./";
  const size_t n_bytes = strlen(prefix) + strlen(path) + 1;
  char *literal = apo_alloc(n_bytes, 1);
  if (literal != NULL) snprintf(literal, n_bytes, "%s%s", prefix, path);
  return literal;
}

static apo_status connect_file(apo_database *database, apo_error *err) {
  APO_TRY(lock_file(database, err));
  if (sqlite3_open_v2(database->path, &database->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
    return apo_database_fail(database, err, "cannot open");
  }
  sqlite3_extended_result_codes(database->db, 1);
  sqlite3_busy_timeout(database->db, BUSY_MS);
  APO_TRY(identify(database, err));
  return configure(database, err);
}

apo_status apo_database_open(const char *path, apo_database *out, apo_error *err) {
  *out = (apo_database){.lock_fd = -1};
  out->path = literal_path(path);
  if (out->path == NULL) return apo_fail(err, APO_ERR_MEMORY, "%.300s: out of memory", path);
  const apo_status status = connect_file(out, err);
  if (status != APO_OK) apo_database_close(out);
  return status;
}

void apo_database_close(apo_database *database) {
  if (database->path == NULL) return;
  apo_database_rollback(database);
  // TRUNCATE leaves an empty journal beside the file; this takes it away.  Failing is no harm.
  if (database->db != NULL) {
    sqlite3_exec(database->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
  }
  // Not before SQLite is done: closing any descriptor of a file drops this process's fcntl locks.
  if (database->db != NULL) sqlite3_close(database->db);
  if (database->lock_fd >= 0) close(database->lock_fd);
  free(database->path);
  *database = (apo_database){.lock_fd = -1};
}
