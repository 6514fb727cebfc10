/* fixture_files.h - files of tests/fixtures/: listed in order, read whole. */
#ifndef APO_TESTS_SUPPORT_FIXTURE_FILES_H
#define APO_TESTS_SUPPORT_FIXTURE_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/core/bytes.h"
#include "tests/support/apo_test.h"

enum { APO_MAX_FIXTURES = 512, APO_FIXTURE_PATH_BYTES = 512 };

typedef struct apo_fixture_list {
  char paths[APO_MAX_FIXTURES][APO_FIXTURE_PATH_BYTES]; /* ascending */
  size_t n_paths;
} apo_fixture_list;

static inline int apo_fixture_compare(const void *a, const void *b) {
  return strcmp(a, b);
}

static inline bool apo_fixture_ends(const char *name, const char *end) {
  const size_t n_name = strlen(name);
  const size_t n_end = strlen(end);
  return n_name >= n_end && strcmp(name + n_name - n_end, end) == 0;
}

/** Append the models of a folder: names that end in `end`, but not what belongs to a model. */
static inline void apo_fixtures_add(apo_fixture_list *list, const char *folder, const char *end) {
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  const size_t begin = list->n_paths;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (!apo_fixture_ends(entry->d_name, end)) continue;
    if (apo_fixture_ends(entry->d_name, ".expected.json")) continue;
    assert_true(list->n_paths < APO_MAX_FIXTURES);
    snprintf(list->paths[list->n_paths++], APO_FIXTURE_PATH_BYTES, "%s/%s", folder, entry->d_name);
  }
  closedir(directory);
  assert_true(list->n_paths > begin);
  qsort(list->paths + begin, list->n_paths - begin, sizeof list->paths[0], apo_fixture_compare);
}

/** Read a file whole; the caller frees `at`.  One spare byte, so that an empty file has an address. */
static inline apo_bytes apo_fixture_read(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) print_error("%s: cannot be opened\n", path);
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  const long n_bytes = ftell(file);
  assert_true(n_bytes >= 0);
  assert_int_equal(fseek(file, 0, SEEK_SET), 0);
  uint8_t *at = malloc((size_t)n_bytes + 1);
  assert_non_null(at);
  assert_int_equal(fread(at, 1, (size_t)n_bytes, file), (size_t)n_bytes);
  fclose(file);
  return (apo_bytes){at, (size_t)n_bytes};
}

#endif
