/* run_tool.h - run the built tool as a user does, and keep what it said.
 *
 * POSIX: include it first, or define _POSIX_C_SOURCE before every other header.
 */
#ifndef APO_TESTS_SUPPORT_RUN_TOOL_H
#define APO_TESTS_SUPPORT_RUN_TOOL_H

#include "tests/support/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#ifndef APO_TOOL
  #define APO_TOOL "apportion" /* tests are told where it was built */
#endif

enum { RUN_MAX_WORDS = 48 };

/** What a run came to.  Texts are freed with outcome_clear. */
typedef struct outcome {
  int code; /* exit code, or 128 + signal */
  char *out;
  char *err;
} outcome;

static inline void outcome_clear(outcome *done) {
  free(done->out);
  free(done->err);
  *done = (outcome){0};
}

/** A whole file with a NUL behind it; "" when there is none. */
static inline char *read_text(const char *path) {
  char *text = NULL;
  size_t n = 0;
  FILE *file = fopen(path, "rb");
  for (size_t room = 4096;; room *= 2) {
    text = realloc(text, room + 1);
    if (text == NULL) abort();
    if (file != NULL) n += fread(text + n, 1, room - n, file);
    if (n < room) break;
  }
  text[n] = '\0';
  if (file != NULL) fclose(file);
  return text;
}

/** Start the tool with `words` (ended by NULL) behind its name.  stdin comes from `in_path` or from
 * nowhere; stdout and stderr go to the files out and err of the folder. */
static inline pid_t tool_start(scratch *where, const char *in_path, const char *const *words) {
  char *argv[RUN_MAX_WORDS + 2] = {(char *)APO_TOOL};
  size_t n = 1;
  for (; words[n - 1] != NULL && n <= RUN_MAX_WORDS; ++n) argv[n] = (char *)words[n - 1];
  char out[SCRATCH_PATH_BYTES];
  char err[SCRATCH_PATH_BYTES];
  snprintf(out, sizeof out, "%s", scratch_path(where, "out"));
  snprintf(err, sizeof err, "%s", scratch_path(where, "err"));
  unlink(out);
  unlink(err);
  const pid_t child = fork();
  if (child != 0) return child;
  const int fds[3] = {open(in_path != NULL ? in_path : "/dev/null", O_RDONLY),
                      open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
                      open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600)};
  for (int fd = 0; fd < 3; ++fd) {
    if (fds[fd] < 0 || dup2(fds[fd], fd) < 0) _exit(126);
  }
  execv(APO_TOOL, argv);
  _exit(127);
}

/** Wait for its end. */
static inline outcome tool_finish(scratch *where, pid_t child) {
  outcome done = {0};
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) abort();
  done.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  done.out = read_text(scratch_path(where, "out"));
  done.err = read_text(scratch_path(where, "err"));
  return done;
}

/** True when the child has ended; it can still be waited for. */
static inline bool tool_has_ended(pid_t child) {
  siginfo_t info = {0};
  return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == child;
}

/** Wait until stderr holds `words`, for at most 60 seconds and as long as the tool runs; false when
 * it does not. */
static inline bool tool_wait_for(scratch *where, pid_t child, const char *words) {
  bool found = false;
  for (int i = 0; i < 1200 && !found; ++i) {
    const struct timespec pause = {0, 50 * 1000 * 1000};
    if (i > 0) nanosleep(&pause, NULL);
    if (tool_has_ended(child)) return false;
    char *text = read_text(scratch_path(where, "err"));
    found = strstr(text, words) != NULL;
    free(text);
  }
  return found;
}

#endif
