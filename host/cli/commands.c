/* commands.c - argv to a command; help and version. */
#include "host/cli/commands.h"

#include <string.h>

#include "host/cli/external.h"
#include "host/cli/failure.h"
#include "host/cli/json_out.h"
#include "host/cli/nearest.h"
#include "host/cli/stop.h"
#include "host/cli/text_out.h"

const apo_command apo_commands[APO_N_COMMANDS] = {
#define APO_COMMAND_LINE(name, NAME, operands, sentence) \
  [APO_COMMAND_##NAME] = {#name, operands, sentence, apo_cmd_##name},
    APO_COMMANDS(APO_COMMAND_LINE)
#undef APO_COMMAND_LINE
};

static int flushed(int code) {
  if (fflush(stdout) == 0 && ferror(stdout) == 0) return code;
  if (code != APO_EXIT_DONE && code != APO_EXIT_VERDICT) return code;
  apo_error err;
  (void)apo_fail(&err, APO_ERR_IO, "stdout: cannot be written");
  return apo_fail_command(&err, APO_SIDE_OUTPUT, NULL);
}

static int print_tool_help(void) {
  fputs(
      "Usage: apportion COMMAND [options]\n\n"
      "Which columns moved a prediction, and by how much: Shapley values, exact or sampled,\n"
      "permutation importance and predictions of tree ensembles and linear models, on OpenCL\n"
      "devices.\n\n"
      "Commands:\n",
      stdout);
  for (int id = 0; id < APO_N_COMMANDS; ++id) {
    printf("  %-12s%s\n", apo_commands[id].name, apo_commands[id].sentence);
  }
  fputs("\nOptions:\n", stdout);
  apo_options_print(0, stdout);
  fputs(
      "\n`apportion COMMAND --help` lists the options of a command.  A default can be set by an\n"
      "environment variable: APPORTION_ and the option's name in capitals, with _ for -.\n"
      "Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 model or data refused, 4 device or\n"
      "memory, 5 store or output, 6 stopped early, 70 a defect of apportion.\n",
      stdout);
  return flushed(APO_EXIT_DONE);
}

static int print_command_help(const apo_command *command, uint32_t bit) {
  printf("Usage: apportion %s%s%s [options]\n\n%s\n\nOptions:\n", command->name,
         command->operands[0] != '\0' ? " " : "", command->operands, command->sentence);
  apo_options_print(bit, stdout);
  return flushed(APO_EXIT_DONE);
}

static const char *compiler_text(void) {
#if defined(__VERSION__)
  return __VERSION__;
#else
  return "";
#endif
}

static int print_version(const apo_options *options) {
  if (!apo_option_flag(options, APO_OPT_JSON)) {
    printf("apportion %s\nlicence  Apache-2.0\ncompiler %s\nopencl   %s\nabi      %u\n",
           apo_version(), compiler_text(), APO_HAVE_OPENCL ? "1.2" : "not built in",
           apo_abi_version());
    return flushed(APO_EXIT_DONE);
  }
  apo_json_out json = apo_json_out_start();
  apo_json_out_text(&json, json.root, "name", "apportion");
  apo_json_out_text(&json, json.root, "version", apo_version());
  apo_json_out_text(&json, json.root, "licence", "Apache-2.0");
  apo_json_out_text(&json, json.root, "compiler", compiler_text());
  apo_json_out_flag(&json, json.root, "opencl", APO_HAVE_OPENCL != 0);
  apo_json_out_count(&json, json.root, "abi", apo_abi_version());
  apo_error err;
  const apo_status status = apo_json_out_print(&json, stdout, &err);
  apo_json_out_clear(&json);
  return status == APO_OK ? APO_EXIT_DONE : apo_fail_command(&err, APO_SIDE_OUTPUT, NULL);
}

/* A failure of usage always has two lines. */
static int fail_usage(const apo_error *err, const char *hint, const char *command) {
  char help[96];
  snprintf(help, sizeof help, "apportion %s%s--help lists the options", command,
           command[0] != '\0' ? " " : "");
  return apo_fail_command(err, APO_SIDE_INPUT, hint[0] != '\0' ? hint : help);
}

static int run_command(const apo_command *command, uint32_t bit, int argc, char **argv) {
  apo_options options;
  apo_error err;
  const uint32_t max_operands = command->operands[0] != '\0' ? 1 : 0;
  apo_status status =
      apo_options_parse(bit, max_operands, argc, (const char **)argv, &options, &err);
  if (status == APO_OK && apo_option_flag(&options, APO_OPT_HELP)) {
    apo_options_clear(&options);
    return print_command_help(command, bit);
  }
  if (status == APO_OK && apo_option_flag(&options, APO_OPT_VERSION)) {
    const int code = print_version(&options);
    apo_options_clear(&options);
    return code;
  }
  if (status == APO_OK) status = apo_options_check_required(&options, &err);
  if (status == APO_OK && max_operands > 0 && options.operand == NULL) {
    status = apo_fail(&err, APO_ERR_ARGUMENT, "%s: missing", command->operands);
  }
  int code;
  if (status != APO_OK) {
    status = apo_prefix(&err, status, "%s: ", command->name);
    code = fail_usage(&err, options.hint, command->name);
  } else {
    code = flushed(command->run(&options));
  }
  apo_options_clear(&options);
  return code;
}

static int run_tool(int argc, char **argv) {
  apo_options options;
  apo_error err;
  apo_status status = apo_options_parse(0, 0, argc, (const char **)argv, &options, &err);
  int code = APO_EXIT_USAGE;
  if (status == APO_OK && apo_option_flag(&options, APO_OPT_HELP)) {
    code = print_tool_help();
  } else if (status == APO_OK && apo_option_flag(&options, APO_OPT_VERSION)) {
    code = print_version(&options);
  } else {
    if (status == APO_OK) status = apo_fail(&err, APO_ERR_ARGUMENT, "a command is missing");
    code = status == APO_ERR_ARGUMENT && options.hint[0] == '\0'
               ? apo_fail_command(&err, APO_SIDE_INPUT, "apportion --help lists the commands")
               : fail_usage(&err, options.hint, "");
  }
  apo_options_clear(&options);
  return code;
}

static int fail_unknown_command(const char *name) {
  char shown[APO_SHOWN_BYTES];
  char hint[96] = "apportion --help lists the commands";
  apo_error err;
  uint32_t best = 3;
  for (int id = 0; id < APO_N_COMMANDS; ++id) {
    const uint32_t distance = apo_edit_distance(name, apo_commands[id].name);
    if (distance >= best) continue;
    best = distance;
    snprintf(hint, sizeof hint, "did you mean apportion %s?", apo_commands[id].name);
  }
  apo_text_show(name, shown);
  (void)apo_fail(&err, APO_ERR_ARGUMENT, "\"%s\": unknown command", shown);
  return apo_fail_command(&err, APO_SIDE_INPUT, hint);
}

int apo_cli_main(int argc, char **argv) {
  apo_stop_ignore_file_limit();
  if (argc < 2 || argv[1][0] == '-') return run_tool(argc, argv);
  for (int id = 0; id < APO_N_COMMANDS; ++id) {
    if (strcmp(argv[1], apo_commands[id].name) != 0) continue;
    return run_command(&apo_commands[id], 1u << id, argc - 1, argv + 1);
  }
  apo_external_run(argv + 1);
  return fail_unknown_command(argv[1]);
}
