/* lightgbm_trailer.c - what follows the trees.
 *
 *   feature_importances:            not read
 *   parameters:                     one is read: [categorical_feature: 1,2,5]
 *   [name: value]
 *   end of parameters
 *   pandas_categorical:[["a","b"],[1,2]]
 */
#include <inttypes.h>

#include "engine/readers/lightgbm_text/lightgbm_parts.h"

static void take_parameter(const apo_lightgbm_lines *lines, apo_lightgbm_categories *out) {
  apo_json_chars text = lines->text;
  if (!apo_lightgbm_cut_head(&text, "[categorical_feature: ")) return;
  if (text.n_bytes == 0 || text.at[text.n_bytes - 1] != ']') return;
  out->parameter = (apo_json_chars){text.at, text.n_bytes - 1};
}

static apo_status take_line(const apo_lightgbm_lines *lines,
                            apo_lightgbm_categories *out,
                            apo_error *err) {
  apo_json_chars text = lines->text;
  take_parameter(lines, out);
  if (apo_lightgbm_starts(lines, "Tree=")) {
    return apo_fail(err, APO_ERR_FORMAT, "line %" PRIu64 ": a tree behind the end of the trees",
                    lines->number);
  }
  if (!apo_lightgbm_cut_head(&text, "pandas_categorical:")) return APO_OK;
  if (out->json.at != NULL) {
    return apo_fail(err, APO_ERR_FORMAT, "line %" PRIu64 ": pandas_categorical is there twice",
                    lines->number);
  }
  out->json = text;
  return APO_OK;
}

apo_status apo_lightgbm_read_trailer(apo_lightgbm_lines *lines,
                                     const apo_lightgbm_header *header,
                                     apo_model *model,
                                     apo_error *err) {
  apo_lightgbm_categories categories = {.infos = header->feature_infos};
  for (; lines->has_line; apo_lightgbm_next(lines)) {
    APO_TRY(take_line(lines, &categories, err));
  }
  if (categories.json.at == NULL || categories.json.n_bytes == 0) return APO_OK;
  const apo_status status = apo_lightgbm_read_categories(&categories, model, err);
  return apo_prefix(err, status, "pandas_categorical: ");
}
