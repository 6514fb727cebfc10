#include "host/cli/model_file.h"

#include "host/io/file.h"

apo_status apo_model_file_read(const apo_options *options,
                               const char *path,
                               apo_model **out,
                               const char **hint,
                               apo_error *err) {
  apo_mapping file = {0};
  const uint64_t max_bytes = apo_option_count(options, APO_OPT_MAX_MODEL_BYTES);
  const apo_read_options part = {
      .struct_bytes = sizeof part,
      .iteration_begin = options->values[APO_OPT_ITERATIONS].count,
      .iteration_end = options->values[APO_OPT_ITERATIONS].end,
  };
  apo_status status = apo_mapping_open(path, max_bytes, &file, err);
  if (status == APO_ERR_LIMIT) *hint = "--max-model-bytes raises the limit";
  if (status != APO_OK) return status;  // the message names the path already
  status = apo_model_read_part(file.bytes, file.n_bytes, &part, out, err);
  apo_mapping_close(&file);
  return apo_prefix(err, status, "%s: ", path);
}
