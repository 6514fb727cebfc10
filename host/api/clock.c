// clock_gettime is POSIX; a strict C17 compiler has to be asked for it.
#define _POSIX_C_SOURCE 200809L
#include "host/api/clock.h"

#include <time.h>

double apo_clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
