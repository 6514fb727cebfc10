#include "engine/readers/neutral_json/neutral_words.h"

#include "engine/model/model.h"

const char *const apo_neutral_kinds[] = {
    [APO_MODEL_FOREST] = "forest", [APO_MODEL_LINEAR] = "linear", NULL};

const char *const apo_neutral_ops[] = {
    [APO_OP_LT] = "lt", [APO_OP_LE] = "le",           [APO_OP_EQ] = "eq",
    [APO_OP_IN] = "in", [APO_OP_PRESENT] = "present", NULL};

const char *const apo_neutral_missing[] = {
    [APO_MISSING_NAN] = "nan", [APO_MISSING_NONE] = "none", [APO_MISSING_ZERO] = "zero", NULL};

const char *const apo_neutral_cover_kinds[] = {[APO_COVER_NONE] = "none",
                                               [APO_COVER_HESSIAN] = "hessian",
                                               [APO_COVER_COUNT] = "count",
                                               [APO_COVER_WEIGHT] = "weight",
                                               NULL};

const char *const apo_neutral_code_rules[] = {[APO_CODE_TRUNC] = "trunc",
                                              [APO_CODE_NONNEG_TRUNC] = "nonneg_trunc",
                                              [APO_CODE_WHOLE] = "whole",
                                              NULL};

const char *const apo_neutral_casts[] = {[false] = "float64", [true] = "float32", NULL};

const char *const apo_neutral_steps[] = {[APO_TRANSFORM_ADD] = "add",
                                         [APO_TRANSFORM_SUB] = "sub",
                                         [APO_TRANSFORM_MUL] = "mul",
                                         [APO_TRANSFORM_DIV] = "div",
                                         [APO_TRANSFORM_CLIP] = "clip",
                                         [APO_TRANSFORM_FLOAT] = "float",
                                         NULL};

const char *const apo_neutral_unknown[] = {[APO_UNKNOWN_ERROR] = "error",
                                           [APO_UNKNOWN_MISSING] = "missing",
                                           [APO_UNKNOWN_OTHER] = "other",
                                           NULL};

const char *const apo_neutral_linear_missing[] = {[false] = "error", [true] = "zero", NULL};

const char *const apo_neutral_spaces[] = {[false] = "margin", [true] = "probability", NULL};

bool apo_neutral_link_has_scale(apo_link_name name) {
  return name == APO_LINK_SIGMOID || name == APO_LINK_NEG_EXP2;
}
