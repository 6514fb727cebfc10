/* commands.h - what the tool can be asked to do, and the way from argv to it.
 *
 * A command is one file, cmd_<name>.c, and one line in the list below.  A word that is not in the
 * list is looked up as an executable `apportion-<word>` on PATH, as git does it.
 */
#ifndef APO_HOST_CLI_COMMANDS_H
#define APO_HOST_CLI_COMMANDS_H

#include "host/cli/options.h"

/* THE TABLE: name, capital name, operands, one sentence. */
// clang-format off
#define APO_COMMANDS(X)                                                                           \
  X(explain, EXPLAIN, "", "Attributions for rows, to an array file or an attribution store.")     \
  X(importance, IMPORTANCE, "", "Permutation importance of a model on labelled rows.")            \
  X(predict, PREDICT, "", "Raw or transformed predictions.")                                      \
  X(validate, VALIDATE, "FILE", "Reads a model file, prints what it is or what is wrong with it.")\
  X(convert, CONVERT, "FILE", "Any readable model to the neutral JSON, read back and compared.")  \
  X(plan, PLAN, "", "What explain would run: method, stages, tiles, memory.")                     \
  X(devices, DEVICES, "", "OpenCL devices with limits and self-test, and the machine's topology.")\
  X(bench, BENCH, "", "Explainer throughput, per stage and end to end.")
// clang-format on

/** The number of a command; 1u << number is its bit in the option table. */
typedef enum apo_command_id {
#define APO_COMMAND_ID(name, NAME, operands, sentence) APO_COMMAND_##NAME,
  APO_COMMANDS(APO_COMMAND_ID)
#undef APO_COMMAND_ID
      APO_N_COMMANDS
} apo_command_id;

typedef struct apo_command {
  const char *name;
  const char *operands;
  const char *sentence;
  int (*run)(const apo_options *options); /* returns the exit code */
} apo_command;

extern const apo_command apo_commands[APO_N_COMMANDS];

#define APO_COMMAND_RUN(name, NAME, operands, sentence) int apo_cmd_##name(const apo_options *o);
APO_COMMANDS(APO_COMMAND_RUN)
#undef APO_COMMAND_RUN

/** The whole tool: argv in, exit code out. */
int apo_cli_main(int argc, char **argv);

#endif
