/* progress.c - rate and time left; a bar for people, lines of JSON for programs. */
#define _POSIX_C_SOURCE 200809L

#include "host/cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "host/api/clock.h"

apo_progress apo_progress_start(const apo_options *options, uint64_t total, uint64_t chunk_rows) {
  apo_progress progress = {.kind = APO_PROGRESS_NEVER, .total = total, .chunk_rows = chunk_rows};
  progress.begun = apo_clock_seconds();
  progress.shown = progress.begun;
  const bool is_quiet = apo_option_flag(options, APO_OPT_QUIET);
  if (apo_option_is(options, APO_OPT_PROGRESS, "json")) {
    progress.kind = APO_PROGRESS_JSON;
  } else if (apo_option_is(options, APO_OPT_PROGRESS, "auto") && !is_quiet && isatty(2)) {
    progress.kind = APO_PROGRESS_BAR;
  }
  return progress;
}

/* Bytes of memory in use, or 0 where the system does not say. */
static uint64_t resident_bytes(void) {
  uint64_t pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%*u %" SCNu64, &pages) != 1) pages = 0;
  fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_duration(double seconds) {
  const uint64_t s = (uint64_t)(seconds + 0.5);
  if (s >= 3600) {
    fprintf(stderr, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
  } else {
    fprintf(stderr, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
  }
}

static void print_bar(apo_progress *progress, uint64_t n_rows, double rate, double left) {
  enum { WIDTH = 20 };
  fputs("\r\033[K", stderr);
  if (progress->total != UINT64_MAX && progress->total > 0) {
    const double share = (double)n_rows / (double)progress->total;
    const int n_full = share >= 1 ? WIDTH : (int)(share * WIDTH);
    fputc('[', stderr);
    for (int i = 0; i < WIDTH; ++i) fputc(i < n_full ? '#' : '.', stderr);
    fprintf(stderr, "] %3.0f %%  %" PRIu64 " of %" PRIu64 " rows", share * 100, n_rows,
            progress->total);
  } else {
    fprintf(stderr, "%" PRIu64 " rows", n_rows);
  }
  fprintf(stderr, "  %.4g rows/s", rate);
  if (isfinite(left)) {
    fputs("  ", stderr);
    print_duration(left);
    fputs(" left", stderr);
  }
  fflush(stderr);
  progress->is_open = true;
}

static void print_line(const apo_progress *progress, uint64_t n_rows, double rate, double left) {
  fprintf(stderr, "{\"rows\":%" PRIu64 ",\"total\":", n_rows);
  if (progress->total == UINT64_MAX) {
    fputs("null", stderr);
  } else {
    fprintf(stderr, "%" PRIu64, progress->total);
  }
  fprintf(stderr, ",\"rows_per_s\":%.6g,\"eta_s\":", rate);
  if (isfinite(left)) {
    fprintf(stderr, "%.3g", left);
  } else {
    fputs("null", stderr);
  }
  const uint64_t n_chunks = progress->chunk_rows > 0 ? n_rows / progress->chunk_rows : 0;
  // The library counts device faults for its report at the end, not on the way.
  fprintf(stderr,
          ",\"chunks_done\":%" PRIu64 ",\"device_faults\":null,\"rss_bytes\":%" PRIu64 "}\n",
          n_chunks, resident_bytes());
}

static void show(apo_progress *progress, uint64_t n_rows, double now) {
  const double seconds = now - progress->begun;
  const double rate = seconds > 0 ? (double)n_rows / seconds : 0;
  double left = INFINITY;
  if (progress->total != UINT64_MAX && rate > 0) {
    const uint64_t n_left = progress->total > n_rows ? progress->total - n_rows : 0;
    left = (double)n_left / rate;
  }
  progress->shown = now;
  if (progress->kind == APO_PROGRESS_BAR) {
    print_bar(progress, n_rows, rate, left);
  } else {
    print_line(progress, n_rows, rate, left);
  }
}

void apo_progress_show(apo_progress *progress, uint64_t n_rows) {
  if (progress->kind == APO_PROGRESS_NEVER) return;
  const double now = apo_clock_seconds();
  const double pause = progress->kind == APO_PROGRESS_BAR ? 0.2 : 1.0;
  if (now - progress->shown >= pause) show(progress, n_rows, now);
}

void apo_progress_end(apo_progress *progress, uint64_t n_rows) {
  if (progress->kind == APO_PROGRESS_JSON) show(progress, n_rows, apo_clock_seconds());
  if (progress->is_open) fputs("\r\033[K", stderr);
  progress->kind = APO_PROGRESS_NEVER;
}
