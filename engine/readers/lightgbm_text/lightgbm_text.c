/* lightgbm_text.c - LightGBM's own model format, a text; README.md says what is read.
 *
 *   tree                 header, up to the first tree
 *   version=v4
 *   ...
 *   Tree=0               blocks of lines, each ended by an empty one
 *   num_leaves=4
 *   ...
 *   end of trees
 *   ...                  importances, parameters, categories of pandas columns
 *
 * One pass over the bytes, line by line; only an averaging forest looks ahead to count its trees.
 */
#include "engine/readers/lightgbm_text/lightgbm_parts.h"
#include "engine/readers/reader.h"

static bool take(apo_bytes *bytes, const char *text) {
  const size_t n = strlen(text);
  if (bytes->n_bytes < n || memcmp(bytes->at, text, n) != 0) return false;
  bytes->at += n;
  bytes->n_bytes -= n;
  return true;
}

static bool sniff(apo_bytes bytes) {
  take(&bytes, "\xef\xbb\xbf");
  return take(&bytes, "tree") && (take(&bytes, "\n") || take(&bytes, "\r\n"));
}

static apo_status read(apo_bytes bytes, apo_model *model, apo_error *err) {
  apo_lightgbm_lines lines = {.rest = bytes};
  apo_lightgbm_header header;
  model->kind = APO_MODEL_FOREST;
  APO_TRY(apo_lightgbm_read_header(&lines, model, &header, err));
  APO_TRY(apo_lightgbm_read_forest(&lines, &header, model, err));
  return apo_lightgbm_read_trailer(&lines, &header, model, err);
}

const apo_reader apo_reader_lightgbm_text = {.name = "lightgbm_text", .sniff = sniff, .read = read};
