#define _GNU_SOURCE  // memfd_create
#include "tests/fuzz/memory_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *apo_memory_file(const uint8_t *bytes, size_t n_bytes) {
  static int fd = -1;
  static char path[64];
  if (fd < 0) {
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  }
  if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, bytes, n_bytes, 0) != (ssize_t)n_bytes) {
    perror("fuzz: a file in memory");
    exit(1);  // of this machine, not a finding
  }
  return path;
}
