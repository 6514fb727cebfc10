/* fuzz_sniff.c - any bytes -> apo_model_read, twice, with the same answer.
 *
 * No two readers claim the same bytes, and what none claims is refused by name or as unknown.
 */
#include "engine/readers/reader.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  int n_claims = 0;
  for (size_t i = 0; apo_readers[i] != NULL; ++i) {
    n_claims += apo_readers[i]->sniff((apo_bytes){bytes, n_bytes}) ? 1 : 0;
  }
  apo_fuzz_demand(n_claims <= 1, "at most one reader for the same bytes", "several");
  apo_error errs[2] = {{.message = ""}, {.message = ""}};
  apo_model *models[2] = {NULL, NULL};
  apo_status statuses[2];
  for (int turn = 0; turn < 2; ++turn) {
    statuses[turn] = apo_model_read(bytes, n_bytes, &models[turn], &errs[turn]);
  }
  apo_fuzz_demand(statuses[0] == statuses[1], "the same status twice", errs[0].message);
  if (statuses[0] == APO_OK) {
    apo_fuzz_demand(n_claims == 1, "a model that a reader claims", models[0]->format);
    apo_fuzz_demand(strcmp(models[0]->digest, models[1]->digest) == 0, "the same digest twice",
                    models[1]->digest);
  } else {
    apo_fuzz_demand(models[0] == NULL && models[1] == NULL, "no model on failure", errs[0].message);
    apo_fuzz_demand(strcmp(errs[0].message, errs[1].message) == 0, "the same message twice",
                    errs[1].message);
    apo_fuzz_check_refusal(statuses[0], &errs[0]);
  }
  for (int turn = 0; turn < 2; ++turn) apo_model_destroy(&models[turn]);
  return 0;
}
