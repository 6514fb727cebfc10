/* scratch.h - a folder of its own for a test that needs files, gone when the test is.
 *
 * POSIX: include it first, or define _POSIX_C_SOURCE before every other header.
 */
#ifndef APO_TESTS_SUPPORT_SCRATCH_H
#define APO_TESTS_SUPPORT_SCRATCH_H

#ifndef _POSIX_C_SOURCE
  #define _POSIX_C_SOURCE 200809L
#endif

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_PATH_BYTES = 512 };

typedef struct scratch {
  char folder[SCRATCH_PATH_BYTES / 2];
  char path[SCRATCH_PATH_BYTES]; /* the latest that scratch_path made */
} scratch;

/** A new folder.  Ends the program when there can be none. */
static inline scratch scratch_open(void) {
  scratch made = {.path = ""};
  const char *root = getenv("TMPDIR");
  if (root == NULL || *root == '\0') root = "/tmp";
  snprintf(made.folder, sizeof made.folder, "%s/apportion-test-XXXXXX", root);
  if (mkdtemp(made.folder) == NULL) {
    perror(made.folder);
    abort();
  }
  return made;
}

/** The path of a name in the folder; valid until the next call. */
static inline const char *scratch_path(scratch *where, const char *name) {
  snprintf(where->path, sizeof where->path, "%s/%s", where->folder, name);
  return where->path;
}

/** Write a file and return its path, as scratch_path does. */
static inline const char *scratch_write(scratch *where,
                                        const char *name,
                                        const void *bytes,
                                        size_t n_bytes) {
  const char *path = scratch_path(where, name);
  FILE *file = fopen(path, "wb");
  if (file == NULL || (n_bytes > 0 && fwrite(bytes, 1, n_bytes, file) != n_bytes) ||
      fclose(file) != 0) {
    perror(path);
    abort();
  }
  return path;
}

/** How many names the folder holds. */
static inline size_t scratch_count(const scratch *where) {
  size_t n = 0;
  DIR *folder = opendir(where->folder);
  for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) ++n;
  }
  if (folder != NULL) closedir(folder);
  return n;
}

/** Remove the folder and the files in it. */
static inline void scratch_close(scratch *where) {
  DIR *folder = opendir(where->folder);
  for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    const char *path = scratch_path(where, entry->d_name);
    if (unlink(path) != 0) rmdir(path);
  }
  if (folder != NULL) closedir(folder);
  rmdir(where->folder);
}

#endif
