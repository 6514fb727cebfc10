/* mutate_input.c - what libFuzzer calls to make the next input.
 *
 * Half of the inputs are changed by their syntax (APO_FUZZ_SYNTAX, which the build names for each
 * target), one to four times; the others by libFuzzer, which knows the dictionaries and the other
 * inputs of the corpus.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

static size_t mutate(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  const size_t n_changes = (size_t)1 << apo_mutate_below(draw, 3);
  bool is_changed = false;
  for (size_t i = 0; i < n_changes && n_bytes > 0; ++i) {
    const size_t n = APO_FUZZ_SYNTAX(bytes, n_bytes, room, draw);
    is_changed = is_changed || n > 0;
    if (n > 0) n_bytes = n;
  }
  return is_changed ? n_bytes : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t room, unsigned seed) {
  apo_mutate_draw draw = apo_mutate_start(seed);
  const size_t n = apo_mutate_coin(&draw) ? mutate(bytes, n_bytes, room, &draw) : 0;
  return n > 0 ? n : LLVMFuzzerMutate(bytes, n_bytes, room);
}
