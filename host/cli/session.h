/* session.h - what the commands that run a model have in common: open everything, once.
 *
 * A session is filled in steps, each of which a command may leave out.  Whatever fails, the status
 * says what, `side` says whose fault it is, and apo_session_close gives everything back.
 */
#ifndef APO_HOST_CLI_SESSION_H
#define APO_HOST_CLI_SESSION_H

#include "host/cli/failure.h"
#include "host/cli/groups.h"
#include "host/cli/json_out.h"
#include "host/io/source.h"

typedef struct apo_session {
  const apo_options *options;
  apo_side side;
  const char *hint; /* for the failure under way, or NULL */
  apo_model *model;
  apo_model_info info;
  apo_table *data;
  apo_background *background;
  apo_devices *devices;
  apo_groups groups;
  double *target; /* [n_targets], of --target */
  uint64_t n_targets;
  const char **column_names; /* [n_columns]: the model's, else the data's, else f0, f1, ... */
  char (*made_names)[16];
  double begun;        /* apo_clock_seconds */
  double seconds_load; /* until devices were opened */
  double seconds_open; /* devices */
} apo_session;

apo_session apo_session_start(const apo_options *options);
void apo_session_close(apo_session *session);

/** Report the failure and return the exit code. */
int apo_session_fail(const apo_session *session, const apo_error *err);

/** Read --model.  Fails: as apo_model_read, with the path in front; APO_ERR_IO. */
APO_NODISCARD apo_status apo_session_open_model(apo_session *session, apo_error *err);
/** Open --data for the model, and warn of columns that it does not use. */
APO_NODISCARD apo_status apo_session_open_data(apo_session *session, apo_error *err);
/** Read --background and its weights, where given. */
APO_NODISCARD apo_status apo_session_open_background(apo_session *session, apo_error *err);
/** Name the columns and read --groups. */
APO_NODISCARD apo_status apo_session_open_players(apo_session *session, apo_error *err);
/** Read --target, which --output loss needs and nothing else takes, one number for each row of the
 * data where their number is known. */
APO_NODISCARD apo_status apo_session_open_target(apo_session *session, apo_error *err);
/** Open --device with the kernel cache. */
APO_NODISCARD apo_status apo_session_open_devices(apo_session *session, apo_error *err);

/** Write member "seconds": where the time of a run went. */
void apo_session_put_seconds(const apo_session *session,
                             const apo_report *report,
                             double seconds_store,
                             apo_json_out *json);

/** The request that the options make; its arrays belong to the session. */
APO_NODISCARD apo_status apo_session_request(const apo_session *session,
                                             apo_request *out,
                                             apo_error *err);

/** Fails with APO_ERR_ARGUMENT when more than one of the given sources is stdin; entries may be
 * NULL. */
APO_NODISCARD apo_status apo_check_one_stdin(const char *const *sources,
                                             uint32_t n,
                                             apo_error *err);

/** Read SRC[:COLUMN] as one number a row.
 *
 * SRC may hold a colon itself: a name that exists as a file is taken whole.
 *
 * Shapes:  *out [*n_out]
 * Owns:    `*out` is freed by the caller with free()
 * Fails:   as apo_table_open; APO_ERR_FORMAT  several columns, and none was named
 */
APO_NODISCARD apo_status apo_read_numbers(
    const char *where, const char *missing, double **out, uint64_t *n_out, apo_error *err);

#endif
