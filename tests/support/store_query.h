/* store_query.h - one value out of an SQLite file, for tests. */
#ifndef APO_TESTS_SUPPORT_STORE_QUERY_H
#define APO_TESTS_SUPPORT_STORE_QUERY_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORE_QUERY_BYTES = 8192 };

/** The first column of the first row as text; "" when there is none.  `text` is at most one value
 * of STORE_QUERY_BYTES and valid until the next call.  Ends the program when SQL fails. */
static inline const char *store_query(const char *path, const char *sql) {
  static char value[STORE_QUERY_BYTES];
  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;
  value[0] = '\0';
  if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
      sqlite3_busy_timeout(db, 30000) != SQLITE_OK ||
      sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK) {
    fprintf(stderr, "%s: %s: %s\n", path, sql, sqlite3_errmsg(db));
    abort();
  }
  const int code = sqlite3_step(row);
  if (code == SQLITE_ROW && sqlite3_column_text(row, 0) != NULL) {
    snprintf(value, sizeof value, "%s", (const char *)sqlite3_column_text(row, 0));
  } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
    fprintf(stderr, "%s: %s: %s\n", path, sql, sqlite3_errmsg(db));
    abort();
  }
  sqlite3_finalize(row);
  sqlite3_close(db);
  return value;
}

static inline int64_t store_query_int(const char *path, const char *sql) {
  return strtoll(store_query(path, sql), NULL, 10);
}

/** "" or the first complaint of SQLite about the file itself. */
static inline const char *store_query_damage(const char *path) {
  const char *found = store_query(path, "PRAGMA integrity_check");
  return strcmp(found, "ok") == 0 ? "" : found;
}

#endif
