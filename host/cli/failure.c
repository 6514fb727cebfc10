/* failure.c - statuses to exit codes, messages to stderr. */
#include "host/cli/failure.h"

#include <stdarg.h>

#include "host/cli/text_out.h"
#include "host/io/file.h"

int apo_exit_code(apo_status status, apo_side side) {
  const int refused = side == APO_SIDE_OUTPUT ? APO_EXIT_OUTPUT : APO_EXIT_INPUT;
  switch (status) {
    case APO_OK: return APO_EXIT_DONE;
    case APO_ERR_ARGUMENT: return APO_EXIT_USAGE;
    case APO_ERR_FORMAT:
    case APO_ERR_UNSUPPORTED:
    case APO_ERR_LIMIT:
    case APO_ERR_IO: return refused;
    case APO_ERR_MEMORY:
    case APO_ERR_DEVICE_MEMORY:
    case APO_ERR_DEVICE:
    case APO_ERR_BUILD: return APO_EXIT_DEVICE;
    case APO_ERR_CANCELLED: return APO_EXIT_STOPPED;
    case APO_ERR_INTERNAL: return APO_EXIT_DEFECT;
  }
  return APO_EXIT_DEFECT;
}

int apo_fail_command(const apo_error *err, apo_side side, const char *hint) {
  fputs("apportion: ", stderr);
  apo_text_print(err->message, stderr);
  fputc('\n', stderr);
  if (err->status == APO_ERR_INTERNAL) {
    fprintf(stderr, "hint: this is a defect of apportion %s; please report it\n", apo_version());
  } else if (hint != NULL && hint[0] != '\0') {
    fputs("hint: ", stderr);
    apo_text_print(hint, stderr);
    fputc('\n', stderr);
  }
  return apo_exit_code(err->status, side);
}

const char *apo_force_hint(const apo_options *options, const char *path) {
  const bool would_help = !apo_option_flag(options, APO_OPT_FORCE) && apo_file_is_regular(path);
  return would_help ? "--force replaces the file" : NULL;
}

void apo_warn(const apo_options *options, const char *code, const char *format, ...) {
  if (apo_option_flag(options, APO_OPT_QUIET)) return;
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fprintf(stderr, "apportion: warning: %s: ", code);
  apo_text_print(text, stderr);
  fputc('\n', stderr);
}
