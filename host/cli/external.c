/* external.c - PATH by hand: execvp would search relative entries too. */
#define _POSIX_C_SOURCE 200809L

#include "host/cli/external.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_command_name(const char *name) {
  const size_t n = strlen(name);
  if (n == 0 || n > 32 || name[0] < 'a' || name[0] > 'z') return false;
  return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

void apo_external_run(char **argv) {
  const char *entry = getenv("PATH");
  if (!is_command_name(argv[0]) || getuid() != geteuid() || getgid() != getegid()) return;
  while (entry != NULL && *entry != '\0') {
    const size_t n = strcspn(entry, ":");
    char path[4096];
    if (entry[0] == '/' && n + sizeof "/apportion-" + 32 < sizeof path) {
      snprintf(path, sizeof path, "%.*s/apportion-%s", (int)n, entry, argv[0]);
      if (access(path, X_OK) == 0) {
        argv[0] = path;
        execv(path, argv);
        return;
      }
    }
    entry += n + (entry[n] == ':');
  }
}
