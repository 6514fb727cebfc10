#include "engine/exec/spec_line.h"

#include <stddef.h>
#include <string.h>

enum { MAX_VALUE = 1 << 30 };

static const char *skip_spaces(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\r') ++at;
  return at;
}

static bool find_param(const apo_stage *stage, const char *name, size_t n_name, apo_u32 *out) {
  for (apo_u32 p = 0; p < stage->n_params; ++p) {
    if (strlen(stage->params[p]) != n_name || memcmp(stage->params[p], name, n_name) != 0) continue;
    *out = p;
    return true;
  }
  return false;
}

// "NAME=value" at `at`; returns what follows it, or NULL.
static const char *read_pair(const apo_stage *stage, const char *at, apo_i32 *spec, apo_u32 *seen) {
  const size_t n_name = strcspn(at, "= \t\r\n");
  apo_u32 param = 0;
  apo_i32 value = 0;
  if (at[n_name] != '=' || !find_param(stage, at, n_name, &param)) return NULL;
  at += n_name + 1;
  if (*at < '0' || *at > '9') return NULL;
  for (; *at >= '0' && *at <= '9'; ++at) {
    if (value > MAX_VALUE / 10) return NULL;
    value = value * 10 + (*at - '0');
  }
  spec[param] = value;
  *seen |= (apo_u32)1 << param;
  return at;
}

bool apo_spec_next(const apo_stage *stage,
                   const char **cursor,
                   apo_i32 spec[APO_MAX_STAGE_PARAMS],
                   bool *bad_line) {
  const char *at = *cursor != NULL ? *cursor : stage->specs;
  if (bad_line != NULL) *bad_line = false;
  memset(spec, 0, APO_MAX_STAGE_PARAMS * sizeof spec[0]);
  for (at = skip_spaces(at); *at == '\n' || *at == '#'; at = skip_spaces(at)) {
    at += strcspn(at, "\n");
    if (*at == '\n') ++at;
    // Markers of kernels/embed.c begin with '#', as comments do.
  }
  apo_u32 seen = 0;
  bool is_bad = stage->n_params > APO_MAX_STAGE_PARAMS;
  const bool is_end = *at == '\0';
  while (!is_bad && *at != '\n' && *at != '\0') {
    const char *rest = read_pair(stage, at, spec, &seen);
    is_bad = rest == NULL;
    if (!is_bad) at = skip_spaces(rest);
  }
  if (!is_end && seen != ((apo_u32)1 << stage->n_params) - 1) is_bad = true;
  if (is_bad && bad_line != NULL) *bad_line = true;
  *cursor = at;
  return !is_end && !is_bad;
}

apo_i32 apo_spec_value(const apo_stage *stage,
                       const apo_i32 *spec,
                       const char *param,
                       apo_i32 absent) {
  apo_u32 p = 0;
  return find_param(stage, param, strlen(param), &p) ? spec[p] : absent;
}
