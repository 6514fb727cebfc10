/* model_file.h - the model file of a command, and the part of it that is asked for. */
#ifndef APO_HOST_CLI_MODEL_FILE_H
#define APO_HOST_CLI_MODEL_FILE_H

#include "host/cli/options.h"

/** Read the model at `path`, or its --iterations.
 *
 * Fails:   as apo_model_read_part, with the path in front; APO_ERR_IO; APO_ERR_LIMIT above
 *          --max-model-bytes; `*hint` is what may help then, else it is not touched
 */
APO_NODISCARD apo_status apo_model_file_read(const apo_options *options,
                                             const char *path,
                                             apo_model **out,
                                             const char **hint,
                                             apo_error *err);

#endif
