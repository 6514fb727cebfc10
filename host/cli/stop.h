/* stop.h - SIGINT and SIGTERM ask a command to come to an end; the second one ends it.
 *
 * The handler sets a flag and puts the default action back.  Nothing else happens in it.  The
 * library never sees a signal: commands look at the flag between tiles.
 */
#ifndef APO_HOST_CLI_STOP_H
#define APO_HOST_CLI_STOP_H

#include <stdbool.h>

/** A write beyond a limit of file size fails like any other write, instead of killing the tool. */
void apo_stop_ignore_file_limit(void);
/** From now on the first signal only sets the flag. */
void apo_stop_install(void);
/** True once a signal came. */
bool apo_stop_wanted(void);
/** Die by the signal that came, as the shell expects of a command that cannot be resumed; returns
 * when none came. */
void apo_stop_reraise(void);

#endif
