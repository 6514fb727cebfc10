/* background.h - the rows that stand for "absent", as copied from the caller. */
#ifndef APO_ENGINE_DATA_BACKGROUND_H
#define APO_ENGINE_DATA_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

struct apo_background {
  uint64_t n_rows; /* at least 1 */
  uint32_t n_columns;
  bool is_weighted; /* the caller gave weights */
  double *values;   /* [n_rows x n_columns], as given: before transform and cast */
  double *weights;  /* [n_rows], sum 1 */
  char digest[72];  /* "sha256:...": names, values, and the scaled weights where given */
};

/** The digest.  Lives as long as the background. */
const char *apo_background_digest(const apo_background *background);

#endif
