/* json_out.h - a report as one line of JSON, on cJSON.
 *
 * Members are added without asking each time whether it worked: a failure is remembered and the
 * print at the end reports it.  Numbers are written so that they read back as the same double;
 * what is not finite is null; whole numbers keep all their digits.
 */
#ifndef APO_HOST_CLI_JSON_OUT_H
#define APO_HOST_CLI_JSON_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/core/error.h"

typedef struct apo_json_out {
  cJSON *root; /* an object */
  bool failed;
} apo_json_out;

apo_json_out apo_json_out_start(void);
/** A nested object or array as member `name`, or, in an array, with name NULL. */
cJSON *apo_json_out_object(apo_json_out *json, cJSON *in, const char *name);
cJSON *apo_json_out_array(apo_json_out *json, cJSON *in, const char *name);
/** Texts that are not UTF-8 are escaped; NULL is null. */
void apo_json_out_text(apo_json_out *json, cJSON *in, const char *name, const char *value);
void apo_json_out_real(apo_json_out *json, cJSON *in, const char *name, double value);
void apo_json_out_count(apo_json_out *json, cJSON *in, const char *name, uint64_t value);
void apo_json_out_flag(apo_json_out *json, cJSON *in, const char *name, bool value);
/** Write the document and a newline, and flush.  Fails: APO_ERR_MEMORY, APO_ERR_IO. */
APO_NODISCARD apo_status apo_json_out_print(const apo_json_out *json, FILE *to, apo_error *err);
void apo_json_out_clear(apo_json_out *json);

#endif
