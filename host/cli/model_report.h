/* model_report.h - what a model is, as `validate` tells it: as text and as JSON. */
#ifndef APO_HOST_CLI_MODEL_REPORT_H
#define APO_HOST_CLI_MODEL_REPORT_H

#include "engine/model/column_use.h"
#include "host/cli/json_out.h"

/** What is told; borrowed. */
typedef struct apo_model_report {
  const apo_model *model;
  const apo_model_info *info;
  const apo_column_use *uses; /* [n_columns] */
} apo_model_report;

/** Splits of all columns together; `table` NULL. */
apo_column_use apo_model_report_sum(const apo_model_report *report);

/** Print lines, and a table of columns, of which all are shown only if `is_whole`.
 *
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_model_report_print(const apo_model_report *report,
                                                bool is_whole,
                                                apo_error *err);

/** Add members to the root of `json`; lists are complete. */
void apo_model_report_add(const apo_model_report *report, apo_json_out *json);

#endif
