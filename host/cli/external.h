/* external.h - a command that lives outside: an executable apportion-COMMAND on PATH. */
#ifndef APO_HOST_CLI_EXTERNAL_H
#define APO_HOST_CLI_EXTERNAL_H

/** Become `apportion-<argv[0]>` with the arguments unchanged; returns only when there is none.
 *
 * The name has to be [a-z][a-z0-9-]{0,31}, and only absolute entries of PATH are searched, so that
 * neither a path in the name nor the current folder decides what runs.  Under set-user-ID nothing
 * is run.
 */
void apo_external_run(char **argv);

#endif
