/* mutate_any.c - the mutator that the first bytes ask for. */
#include "tests/fuzz/mutate.h"

size_t apo_mutate_any(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  if (n_bytes < 2) return 0;
  if (bytes[0] == 0x93) return apo_mutate_npy(bytes, n_bytes, room, draw);
  if (bytes[0] == '{' && bytes[1] == 'L') return apo_mutate_ubjson(bytes, n_bytes, room, draw);
  if (bytes[0] == '{' || bytes[0] == '[') return apo_mutate_json(bytes, n_bytes, room, draw);
  if (bytes[0] == 't') return apo_mutate_lines(bytes, n_bytes, room, draw);
  return apo_mutate_protobuf(bytes, n_bytes, room, draw);
}
