/* comma_locale.h - a locale whose decimal point is a comma.
 *
 * An installed one, else one that localedef makes in a folder of its own.  POSIX: include it first,
 * or define _POSIX_C_SOURCE before every other header.
 */
#ifndef APO_TESTS_SUPPORT_COMMA_LOCALE_H
#define APO_TESTS_SUPPORT_COMMA_LOCALE_H

#include "tests/support/scratch.h"

#include <locale.h>

#include "tests/support/apo_test.h"

static inline bool comma_locale_set(const char *name) {
  return setlocale(LC_ALL, name) != NULL && strcmp(localeconv()->decimal_point, ",") == 0;
}

/** Set a locale with a comma, or skip the test with the reason.  Ended by comma_locale_end. */
static inline void comma_locale_begin(scratch *folder) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
  char command[3 * SCRATCH_PATH_BYTES];
  *folder = scratch_open();
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    if (comma_locale_set(names[i])) return;
  }
  snprintf(command, sizeof command,
           "localedef --no-archive -f UTF-8 -i de_DE '%s' >'%s/log' 2>&1; "
           "[ -e '%s/de_DE.utf8/LC_NUMERIC' ]",
           scratch_path(folder, "de_DE.utf8"), folder->folder, folder->folder);
  if (system(command) == 0) {
    setenv("LOCPATH", folder->folder, 1);
    if (comma_locale_set("de_DE.utf8")) return;
  }
  print_message("no locale with a decimal comma, and localedef makes none\n");
  setlocale(LC_ALL, "C");
  scratch_close(folder);
  skip();
}

static inline void comma_locale_end(scratch *folder) {
  char command[SCRATCH_PATH_BYTES + 32];
  setlocale(LC_ALL, "C");
  unsetenv("LOCPATH");
  snprintf(command, sizeof command, "rm -r '%s'", folder->folder);
  if (system(command) != 0) perror(folder->folder);
}

#endif
