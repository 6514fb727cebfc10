/* neutral_outputs.c - what goes out: names, base margins, link. */
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/neutral_json/neutral_parts.h"

static apo_status read_link(apo_json_at at, apo_model *model, apo_error *err) {
  static const char *const keys[] = {"name", "scale", NULL};
  apo_json_at member;
  apo_json_chars name;
  char text[64] = "";
  APO_TRY(apo_neutral_check_keys(at, keys, err));
  APO_TRY(apo_json_member(at, "name", &member, err));
  APO_TRY(apo_json_text(member, &name, err));
  if (name.n_bytes < sizeof text) memcpy(text, name.at, name.n_bytes);
  if (!apo_link_find(text, &model->link.name)) {
    return apo_json_fault(member, err, APO_ERR_UNSUPPORTED, "\"%s\" is not known",
                          apo_json_show(name).text);
  }
  APO_TRY(apo_neutral_number(at, "scale", &model->link.scale, err));
  if (model->link.scale == 1.0 ||
      (model->link.scale > 0.0 && apo_neutral_link_has_scale(model->link.name))) {
    return APO_OK;
  }
  return apo_json_fault(at, err, APO_ERR_FORMAT, "scale %g of %s, needs %s", model->link.scale,
                        text, apo_neutral_link_has_scale(model->link.name) ? "more than 0" : "1");
}

static apo_status read_base(apo_json_at outputs, apo_model *model, apo_error *err) {
  apo_json_at base;
  if (apo_json_find(outputs, "base", &base)) {
    return apo_neutral_numbers(base, model->n_outputs, &model->base, err);
  }
  model->base = apo_alloc(model->n_outputs, sizeof *model->base);
  if (model->base != NULL) return APO_OK;
  return apo_json_fault(outputs, err, APO_ERR_MEMORY, "%u outputs", model->n_outputs);
}

apo_status apo_neutral_outputs(apo_json_at document, apo_model *model, apo_error *err) {
  static const char *const keys[] = {"count", "names", "base", "link", "space", NULL};
  apo_json_at outputs;
  apo_json_at member;
  int space = 0;
  APO_TRY(apo_json_member(document, "outputs", &outputs, err));
  APO_TRY(apo_neutral_check_keys(outputs, keys, err));
  APO_TRY(apo_neutral_count(outputs, "count", APO_MAX_OUTPUTS, &model->n_outputs, err));
  if (apo_json_find(outputs, "names", &member)) {
    APO_TRY(apo_json_need_length(member, model->n_outputs, err));
    APO_TRY(apo_neutral_names(member, "output", &model->output_names, err));
  }
  if (apo_json_find(outputs, "space", &member)) {
    APO_TRY(apo_neutral_word(member, apo_neutral_spaces, APO_ERR_UNSUPPORTED, &space, err));
  }
  model->margin_is_probability = space == 1;
  APO_TRY(read_base(outputs, model, err));
  if (!apo_json_find(outputs, "link", &member)) return APO_OK;
  return read_link(member, model, err);
}
