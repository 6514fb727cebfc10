/* store_question.h - one kind of destination in a folder of its own, and a run to give it.
 *
 * POSIX: include it first, or define _POSIX_C_SOURCE before every other header.
 */
#ifndef APO_TESTS_SUPPORT_STORE_QUESTION_H
#define APO_TESTS_SUPPORT_STORE_QUESTION_H

#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"

/** A kind, and how to ask for it in a folder. */
typedef struct kind_case {
  const char *name;
  const char *format; /* of the destination, with the folder for %s */
  const char *file;   /* in the folder, or NULL */
  bool is_array;      /* whole or not at all */
} kind_case;

static const kind_case kinds[] = {
    {"npy", "%s/out.npy", "out.npy", true},
    {"csv", "%s/out.csv", "out.csv", true},
    {"sqlite", "sqlite:%s/out.db", "out.db", false},
    {"null", "null:", NULL, false},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct question {
  const kind_case *kind;
  scratch folder;
  store_case c;
  char where[SCRATCH_PATH_BYTES];
  char path[SCRATCH_PATH_BYTES]; /* "" where there is no file */
  apo_error err;
} question;

static inline void ask(question *q, const kind_case *kind, uint32_t n_outputs) {
  q->kind = kind;
  q->folder = scratch_open();
  store_case_open(&q->c, n_outputs);
  snprintf(q->where, sizeof q->where,
           kind->file != NULL ? kind->format : "null:", q->folder.folder);
  q->path[0] = '\0';
  if (kind->file != NULL) {
    snprintf(q->path, sizeof q->path, "%s", scratch_path(&q->folder, kind->file));
  }
}

static inline void answer(question *q) {
  store_case_close(&q->c);
  scratch_close(&q->folder);
}

static inline apo_store *open_store(question *q) {
  apo_store *store = NULL;
  assert_ok(apo_store_open(q->where, &q->c.spec, &store, &q->err), &q->err);
  assert_non_null(store);
  return store;
}

static inline void write_rows(question *q, uint64_t n_rows) {
  apo_store *store = open_store(q);
  assert_ok(store_case_put(&q->c, store, 0, n_rows, 30, &q->err), &q->err);
  assert_ok(apo_store_finish(store, &q->err), &q->err);
  assert_int_equal(store->n_rows_kept, n_rows);
  apo_store_close(&store);
}

/** The file's bytes; freed by the caller. */
static inline char *read_file(const char *path, size_t *n_bytes) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  char *bytes = calloc(1, 1 << 20);
  *n_bytes = fread(bytes, 1, (1 << 20) - 1, file);
  fclose(file);
  return bytes;
}

#endif
