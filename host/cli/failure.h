/* failure.h - how a command ends: exit codes, and the one line that says why. */
#ifndef APO_HOST_CLI_FAILURE_H
#define APO_HOST_CLI_FAILURE_H

#include "host/cli/options.h"

/** Exit codes; scripts rely on them (README.md). */
enum {
  APO_EXIT_DONE = 0,
  APO_EXIT_VERDICT = 1, /* a check failed */
  APO_EXIT_USAGE = 2,
  APO_EXIT_INPUT = 3,  /* model or data refused, or unreadable */
  APO_EXIT_DEVICE = 4, /* device, or memory */
  APO_EXIT_OUTPUT = 5, /* store or output */
  APO_EXIT_STOPPED = 6,
  APO_EXIT_DEFECT = 70
};

/** What a command was doing with the world when it failed. */
typedef enum apo_side { APO_SIDE_INPUT, APO_SIDE_OUTPUT } apo_side;

/** The exit code of a status.  A destination's faults are all of kind 5, but for memory, for
 * wrong use and for being stopped. */
int apo_exit_code(apo_status status, apo_side side);

/** Write `apportion: <message>` to stderr, and one line `hint: ...` unless `hint` is
 * NULL or "".  Texts are escaped.  Returns the exit code. */
int apo_fail_command(const apo_error *err, apo_side side, const char *hint);

/** What may help when the output `path` is refused: --force, where it would; else NULL. */
const char *apo_force_hint(const apo_options *options, const char *path);

/** Write `apportion: warning: CODE: ...` to stderr, unless -q. */
void apo_warn(const apo_options *options, const char *code, const char *format, ...)
    APO_PRINTF(3, 4);

#endif
