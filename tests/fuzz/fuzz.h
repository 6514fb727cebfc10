/* fuzz.h - what a fuzz target is, and what all of them demand of the code they call.
 *
 * A target is one file with LLVMFuzzerTestOneInput.  It is built twice: with libFuzzer (preset
 * `fuzz`), and with replay.c, which runs it on files, as a test.  A demand that is not met ends the
 * program, which both take as a finding; the sanitizers find the rest.
 */
#ifndef APO_TESTS_FUZZ_FUZZ_H
#define APO_TESTS_FUZZ_FUZZ_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/model.h"

/** libFuzzer's interface. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n_bytes, size_t room);

/** End the program unless `is_met`; `what` says what was demanded. */
static inline void apo_fuzz_demand(bool is_met, const char *what, const char *found) {
  if (is_met) return;
  fprintf(stderr, "fuzz: needed %s; found \"%s\"\n", what, found);
  abort();
}

/** A refusal is about the input, and its message is one printable line that names a place.
 *
 * Memory that runs out is about the input as well: a file of some KiB made us ask for too much.
 */
static inline void apo_fuzz_check_refusal(apo_status status, const apo_error *err) {
  const bool is_about_input =
      status == APO_ERR_FORMAT || status == APO_ERR_UNSUPPORTED || status == APO_ERR_LIMIT;
  apo_fuzz_demand(is_about_input && err->status == status, "FORMAT, UNSUPPORTED or LIMIT",
                  err->message);
  apo_fuzz_demand(strchr(err->message, ':') != NULL, "a message with a place", err->message);
  for (const char *at = err->message; *at != '\0'; ++at) {
    const bool is_control = (unsigned char)*at < ' ' || *at == 0x7f;
    apo_fuzz_demand(!is_control, "a message of one line", err->message);
  }
  apo_fuzz_demand(apo_utf8_valid(err->message, strlen(err->message)), "a message in UTF-8",
                  err->message);
}

enum { APO_FUZZ_MAX_CELLS = 4096 };

/** A valid model answers any row: not a crash, and a refusal only of NaN by a linear model. */
static inline void apo_fuzz_margin(const apo_model *model, const double *row, double *margin) {
  apo_error err = {.message = ""};
  const apo_status status = apo_model_margin(model, row, margin, &err);
  if (status == APO_OK) return;
  apo_fuzz_demand(model->kind == APO_MODEL_LINEAR && status == APO_ERR_FORMAT,
                  "margins of a valid model", err.message);
}

#endif
