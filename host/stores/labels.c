#include "host/stores/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"

apo_status apo_labels_copy(uint32_t n, const char *const *names, apo_labels *out, apo_error *err) {
  *out = (apo_labels){.texts = apo_alloc(n, sizeof *out->texts)};
  if (out->texts == NULL) return apo_fail(err, APO_ERR_MEMORY, "%u names: out of memory", n);
  for (; out->n < n; ++out->n) {
    char number[16];
    snprintf(number, sizeof number, "%u", out->n);
    const char *name = names != NULL && names[out->n] != NULL ? names[out->n] : number;
    char *copy = apo_alloc(strlen(name) + 1, 1);
    if (copy == NULL) return apo_fail(err, APO_ERR_MEMORY, "name %u: out of memory", out->n);
    memcpy(copy, name, strlen(name));
    out->texts[out->n] = copy;
  }
  return APO_OK;
}

void apo_labels_clear(apo_labels *labels) {
  for (uint32_t i = 0; i < labels->n; ++i) free(labels->texts[i]);
  free(labels->texts);
  *labels = (apo_labels){0};
}
