/* cache_dir.c - where, by the rules of the XDG base directories. */
#define _POSIX_C_SOURCE 200809L

#include "host/cli/cache_dir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The value of a variable that holds an absolute path, or NULL. */
static const char *absolute(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && value[0] == '/' ? value : NULL;
}

/* Every folder on the way, the last one only for us. */
static bool make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    const bool made = mkdir(path, 0700) == 0 || errno == EEXIST || access(path, X_OK) == 0;
    *slash = '/';
    if (!made) return false;
  }
  return mkdir(path, 0700) == 0 || errno == EEXIST;
}

void apo_cache_dir_make(char out[APO_CACHE_DIR_BYTES]) {
  enum { MARGIN = 16 };
  char folder[APO_CACHE_DIR_BYTES - MARGIN];
  const char *own = absolute("APPORTION_CACHE_DIR");
  const char *xdg = absolute("XDG_CACHE_HOME");
  const char *home = absolute("HOME");
  int n = -1;
  out[0] = '\0';
  if (getuid() != geteuid() || getgid() != getegid()) return;
  if (own != NULL) {
    n = snprintf(folder, sizeof folder, "%s", own);
  } else if (xdg != NULL) {
    n = snprintf(folder, sizeof folder, "%s/apportion", xdg);
  } else if (home != NULL) {
    n = snprintf(folder, sizeof folder, "%s/.cache/apportion", home);
  }
  if (n < 0 || (size_t)n >= sizeof folder || !make_folders(folder)) return;
  if (getenv("POCL_CACHE_DIR") == NULL) {
    snprintf(out, APO_CACHE_DIR_BYTES, "%s/pocl", folder);
    if (mkdir(out, 0700) == 0 || errno == EEXIST) setenv("POCL_CACHE_DIR", out, 0);
  }
  snprintf(out, APO_CACHE_DIR_BYTES, "%s/kernels", folder);
}
