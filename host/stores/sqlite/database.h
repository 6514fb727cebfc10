/* database.h - one SQLite file that this process writes, and SQL whose values are only ever bound.
 *
 * Who may write is decided by a lock of the operating system on the file, held as long as the store
 * is open: it ends with the process, however that ends, so there is no stale owner to recognise.
 * SQLite's own locks are held for the length of a transaction, and readers come in between.
 */
#ifndef APO_HOST_STORES_SQLITE_DATABASE_H
#define APO_HOST_STORES_SQLITE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "engine/core/error.h"

enum { APO_STORE_APPLICATION_ID = 0x41504F31 /* "APO1" */, APO_STORE_SCHEMA_VERSION = 1 };

/** All zero is one that is not open. */
typedef struct apo_database {
  sqlite3 *db;
  int lock_fd; /* valid while path is not NULL */
  char *path;
  bool is_new; /* it had no tables when it was opened */
} apo_database;

/** Open or create `path` for writing.  An empty file counts as absent.
 *
 * Fails:   APO_ERR_IO  it cannot be created or written, another process writes it, it is no store
 *                      of apportion, or one of a newer version; a symbolic link
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_database_open(const char *path, apo_database *out, apo_error *err);
/** Accepts one that is not open.  An open transaction is rolled back. */
void apo_database_close(apo_database *database);

/** BEGIN IMMEDIATE: waits up to 30 s for other writers and never has to be upgraded later. */
APO_NODISCARD apo_status apo_database_begin(apo_database *database, apo_error *err);
APO_NODISCARD apo_status apo_database_commit(apo_database *database, apo_error *err);
void apo_database_rollback(apo_database *database);

/** Run one statement to its end.
 *
 * `types` has a letter for each parameter, whose value follows: t text (const char *, NULL is
 * NULL), i sqlite3_int64, r double, b bytes (const void *, size_t).
 */
APO_NODISCARD apo_status
apo_database_run(apo_database *database, apo_error *err, const char *sql, const char *types, ...);

/** As apo_database_run, stopping at the first row: `*out` is to be finalized, or NULL when there is
 * no row. */
APO_NODISCARD apo_status apo_database_find(apo_database *database,
                                           sqlite3_stmt **out,
                                           apo_error *err,
                                           const char *sql,
                                           const char *types,
                                           ...);

/** Step on: `*found` is false behind the last row. */
APO_NODISCARD apo_status apo_database_next(apo_database *database,
                                           sqlite3_stmt *statement,
                                           bool *found,
                                           apo_error *err);

APO_NODISCARD apo_status apo_database_prepare(apo_database *database,
                                              const char *sql,
                                              sqlite3_stmt **out,
                                              apo_error *err);

/** What SQLite said last, as a status with path and, when there is no room, the bytes left. */
apo_status apo_database_fail(const apo_database *database, apo_error *err, const char *what);

#endif
