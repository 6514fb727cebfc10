#include "kernels/long_path/long_path_abi.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/leaf_groups_ref.h"
#include "kernels/response_ref.h"
#include "kernels/stage.h"

extern const char apo_source_long_path[];
extern const char apo_specs_long_path[];

enum { CODE_BYTES, PAIRS, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_PAIRS", "APO_GROUP",
                                             "APO_ROWS"};
enum { LEAF, TEST, PLAYER, RATIO, POINT, POINTS_OF, VALUE, CODE, PHI, FACTOR, N_BUFFERS };

/* One leaf and one row. */
typedef struct visit {
  const apo_long_path_args *args;
  const apo_long_leaf *leaf;
  const apo_u32 *player;
  const apo_f32 *ratio;
  const apo_i32 *value;
  const apo_long_point *point;
  apo_u32 n_points;
  apo_f32 *fail;    /* [point][player] factor of a player that fails: (1 - t) r */
  apo_f32 *inverse; /* [point][player] 1 / factor of one that passes: 1 / ((1 - t) r + t) */
  apo_f32 *product; /* [point] of weight and factors */
  apo_f32 *pass;    /* [player] 1 or 0 */
  apo_f32 *without; /* [point] product / factor of a player that passes; only with pairs */
  apo_f32 *mixed;   /* [player] share of a pair with a player that fails; only with pairs */
  apo_f32 failed_share;
  apo_f32 failed_pair;
  int64_t *phi; /* of the row */
} visit;

static void fill_tables(visit *v) {
  for (apo_u32 t = 0; t < v->n_points; ++t) {
    for (apo_u32 i = 0; i < v->leaf->n_players; ++i) {
      const size_t at = (size_t)t * v->leaf->n_players + i;
      v->fail[at] = v->point[t].rest * v->ratio[i];
      v->inverse[at] = apo_reciprocal(v->fail[at] + v->point[t].t);
    }
  }
}

static void multiply(visit *v) {
  v->failed_share = 0.0f;
  v->failed_pair = 0.0f;
  for (apo_u32 t = 0; t < v->n_points; ++t) {
    apo_f32 product = v->point[t].weight;
    for (apo_u32 i = 0; i < v->leaf->n_players; ++i) {
      const apo_f32 fail = v->fail[(size_t)t * v->leaf->n_players + i];
      product = product * (v->pass[i] != 0.0f ? fail + v->point[t].t : fail);
    }
    v->product[t] = product;
    const apo_f32 without = product * v->point[t].inverse;
    v->failed_share = v->failed_share + without;
    v->failed_pair = v->failed_pair + without * v->point[t].inverse;
  }
}

static void add_value(
    const visit *v, size_t slot, size_t slots_an_output, apo_f32 magnitude, bool is_negative) {
  const apo_f32 scaled = magnitude * 0x1p30f;
  apo_i32 units = (apo_i32)scaled;
  if (scaled - (apo_f32)units >= 0.5f) ++units;
  if (is_negative) units = -units;
  for (apo_u32 k = 0; k < v->leaf->n_outputs; ++k) {
    const size_t at = slot + (v->leaf->first_output + k) * slots_an_output;
    v->phi[at * v->args->stride] += ((int64_t)v->value[k] * units + ((int64_t)1 << 29)) >> 30;
  }
}

static apo_f32 inverse_of(const visit *v, apo_u32 t, apo_u32 i) {
  return v->inverse[(size_t)t * v->leaf->n_players + i];
}

static void add_singles(const visit *v) {
  for (apo_u32 i = 0; i < v->leaf->n_players; ++i) {
    const bool passes = v->pass[i] != 0.0f;
    apo_f32 sum = 0.0f;
    for (apo_u32 t = 0; t < v->n_points; ++t) sum = sum + v->product[t] * inverse_of(v, t, i);
    add_value(v, v->player[i], v->args->n_players,
              passes ? (1.0f - v->ratio[i]) * sum : v->failed_share, !passes);
  }
}

static void add_pair(const visit *v, apo_u32 i, apo_u32 j) {
  const size_t n = v->args->n_players;
  const bool i_passes = v->pass[i] != 0.0f;
  const bool j_passes = v->pass[j] != 0.0f;
  apo_f32 sum = 0.0f;
  for (apo_u32 t = 0; t < v->n_points; ++t) sum = sum + v->without[t] * inverse_of(v, t, j);
  const apo_f32 share = i_passes && j_passes ? ((1.0f - v->ratio[i]) * (1.0f - v->ratio[j])) * sum
                        : i_passes           ? v->mixed[i]
                        : j_passes           ? v->mixed[j]
                                             : v->failed_pair;
  const size_t low = v->player[i] < v->player[j] ? v->player[i] : v->player[j];
  const size_t high = v->player[i] < v->player[j] ? v->player[j] : v->player[i];
  add_value(v, v->args->n_outputs * n + APO_PAIR(n, low, high), n * (n - 1) / 2, share,
            i_passes != j_passes);
}

static void add_pairs(const visit *v) {
  for (apo_u32 i = 0; i < v->leaf->n_players; ++i) {
    apo_f32 sum = 0.0f;
    for (apo_u32 t = 0; t < v->n_points; ++t) {
      sum = sum + (v->product[t] * inverse_of(v, t, i)) * v->point[t].inverse;
    }
    v->mixed[i] = (1.0f - v->ratio[i]) * sum;
  }
  for (apo_u32 i = 0; i < v->leaf->n_players; ++i) {
    for (apo_u32 t = 0; t < v->n_points; ++t) {
      v->without[t] = v->product[t] * inverse_of(v, t, i);
    }
    for (apo_u32 j = i + 1; j < v->leaf->n_players; ++j) add_pair(v, i, j);
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_long_path_args *args = args_bytes;
  const apo_u32 *points_of = buffers[POINTS_OF];
  visit v = {.args = args, .fail = buffers[FACTOR]};
  v.inverse = v.fail + (size_t)args->n_points * APO_LONG_PATH_PADDED(args->longest);
  v.product = v.inverse + (size_t)args->n_points * APO_LONG_PATH_PADDED(args->longest);
  v.pass = v.product + args->n_points;
  v.without = v.pass + args->longest;
  v.mixed = v.without + args->n_points;

  for (apo_u32 l = args->leaf_begin; l < args->leaf_end; ++l) {
    v.leaf = (const apo_long_leaf *)buffers[LEAF] + l;
    v.player = (const apo_u32 *)buffers[PLAYER] + v.leaf->player_begin;
    v.ratio = (const apo_f32 *)buffers[RATIO] + v.leaf->player_begin;
    v.value = (const apo_i32 *)buffers[VALUE] + v.leaf->value_begin;
    v.point = (const apo_long_point *)buffers[POINT] + points_of[2 * l];
    v.n_points = points_of[2 * l + 1];
    fill_tables(&v);
    for (size_t row = 0; row < args->n_rows; ++row) {
      apo_u32 at = v.leaf->test_begin;
      for (apo_u32 i = 0; i < v.leaf->n_players; ++i) {
        v.pass[i] =
            apo_row_passes(buffers[TEST], &at, buffers[CODE], spec[CODE_BYTES], args->stride, row);
      }
      v.phi = (int64_t *)buffers[PHI] + row;
      multiply(&v);
      add_singles(&v);
      if (spec[PAIRS] != 0) add_pairs(&v);
    }
  }
}

const apo_stage apo_stage_long_path = {
    .name = "long_path",
    .source = apo_source_long_path,
    .specs = apo_specs_long_path,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_long_path_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // + - * in one order, integers
    .reference = reference,
};
