#include "kernels/permutation_orders/permutation_orders_abi.h"

#include <Random123/philox.h>
#include <stddef.h>
#include <string.h>

#include "kernels/stage.h"

extern const char apo_source_permutation_orders[];
extern const char apo_specs_permutation_orders[];

enum { GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_GROUP"};

typedef struct words {
  philox4x32_ctr_t counter;
  philox4x32_key_t key;
  philox4x32_ctr_t block;
  apo_u32 n_left;
} words;

static apo_u32 next_word(words *w) {
  if (w->n_left == 0) {
    w->block = philox4x32(w->counter, w->key);
    ++w->counter.v[3];
    w->n_left = 4;
  }
  return w->block.v[4 - w->n_left--];
}

static apo_u32 below(words *w, apo_u32 n) {
  apo_u64 product = (apo_u64)next_word(w) * n;
  const apo_u32 least = (0u - n) % n;
  while ((apo_u32)product < least) product = (apo_u64)next_word(w) * n;
  return (apo_u32)(product >> 32);
}

static void draw_order(words *w, apo_u32 n, apo_u32 *order) {
  for (apo_u32 i = 0; i < n; ++i) order[i] = i;
  for (apo_u32 i = n; i > 1; --i) {
    const apo_u32 j = below(w, i);
    const apo_u32 last = order[i - 1];
    order[i - 1] = order[j];
    order[j] = last;
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_permutation_orders_args *args = args_bytes;
  const apo_u32 *n_varying = buffers[0];
  apo_u32 *order = buffers[1];
  (void)spec;
  for (apo_u32 row = 0; row < args->n_rows; ++row) {
    const apo_u64 number = ((apo_u64)args->row_high << 32 | args->row_low) + row;
    for (apo_u32 o = 0; o < args->n_orders; ++o, order += args->n_slots) {
      words w = {.n_left = 0};
      w.counter.v[0] = (apo_u32)number;
      w.counter.v[1] = (apo_u32)(number >> 32);
      w.counter.v[2] = o;
      w.counter.v[3] = args->stream << 24;
      w.key.v[0] = args->seed_low;
      w.key.v[1] = args->seed_high;
      memset(order, 0, args->n_slots * sizeof *order);
      draw_order(&w, n_varying[row], order);
    }
  }
}

const apo_stage apo_stage_permutation_orders = {
    .name = "permutation_orders",
    .source = apo_source_permutation_orders,
    .specs = apo_specs_permutation_orders,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_permutation_orders_args),
    .n_buffers = 2,
    .max_ulps = 0,  // integers
    .reference = reference,
};
