/* json_out.c - members with a memory for failure. */
#include "host/cli/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/core/names.h"
#include "host/cli/text_out.h"

apo_json_out apo_json_out_start(void) {
  cJSON *root = cJSON_CreateObject();
  return (apo_json_out){.root = root, .failed = root == NULL};
}

/* Takes `item` in every case; returns it when it has a place. */
static cJSON *add(apo_json_out *json, cJSON *in, const char *name, cJSON *item) {
  const bool added = item != NULL && (name != NULL ? cJSON_AddItemToObject(in, name, item)
                                                   : cJSON_AddItemToArray(in, item));
  if (added) return item;
  cJSON_Delete(item);
  json->failed = true;
  return NULL;
}

cJSON *apo_json_out_object(apo_json_out *json, cJSON *in, const char *name) {
  return add(json, in, name, cJSON_CreateObject());
}

cJSON *apo_json_out_array(apo_json_out *json, cJSON *in, const char *name) {
  return add(json, in, name, cJSON_CreateArray());
}

void apo_json_out_text(apo_json_out *json, cJSON *in, const char *name, const char *value) {
  if (value == NULL || apo_utf8_valid(value, strlen(value))) {
    add(json, in, name, value == NULL ? cJSON_CreateNull() : cJSON_CreateString(value));
    return;
  }
  const size_t n_room = strlen(value) * 4 + 1;
  char *escaped = apo_alloc(n_room, 1);
  if (escaped == NULL) {
    json->failed = true;
    return;
  }
  apo_text_escape(value, escaped, n_room);
  add(json, in, name, cJSON_CreateString(escaped));
  free(escaped);
}

void apo_json_out_real(apo_json_out *json, cJSON *in, const char *name, double value) {
  add(json, in, name, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void apo_json_out_count(apo_json_out *json, cJSON *in, const char *name, uint64_t value) {
  // As raw text: cJSON's own numbers are doubles and lose digits above 2^53.
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  add(json, in, name, cJSON_CreateRaw(digits));
}

void apo_json_out_flag(apo_json_out *json, cJSON *in, const char *name, bool value) {
  add(json, in, name, cJSON_CreateBool(value));
}

apo_status apo_json_out_print(const apo_json_out *json, FILE *to, apo_error *err) {
  char *text = json->failed ? NULL : cJSON_PrintUnformatted(json->root);
  if (text == NULL) return apo_fail(err, APO_ERR_MEMORY, "report: out of memory");
  const bool written = fputs(text, to) >= 0 && fputc('\n', to) >= 0 && fflush(to) == 0;
  const int reason = errno;
  cJSON_free(text);
  if (!written) return apo_fail(err, APO_ERR_IO, "stdout: %s", strerror(reason));
  return APO_OK;
}

void apo_json_out_clear(apo_json_out *json) {
  cJSON_Delete(json->root);
  *json = (apo_json_out){0};
}
