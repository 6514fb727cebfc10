#include "host/stores/chunk.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "engine/core/memory.h"
#include "engine/core/names.h"
#include "host/stores/pair_matrix.h"

// Of a line: row, output, prediction, gap and the length of the id.
enum { LINE_HEAD_BYTES = 8 + 4 + 8 + 4 + 4 };

/* --- numbers modulo 2^128 ---------------------------------------------------------------------- */

apo_u128 apo_u128_add(apo_u128 a, apo_u128 b) {
  const uint64_t low = a.low + b.low;
  return (apo_u128){.high = a.high + b.high + (low < a.low), .low = low};
}

void apo_u128_write(apo_u128 value, uint8_t out[APO_CHUNK_SUM_BYTES]) {
  for (int i = 0; i < 8; ++i) {
    out[i] = (uint8_t)(value.high >> (56 - 8 * i));
    out[8 + i] = (uint8_t)(value.low >> (56 - 8 * i));
  }
}

apo_u128 apo_u128_read(const uint8_t bytes[APO_CHUNK_SUM_BYTES]) {
  apo_u128 value = {0, 0};
  for (int i = 0; i < 8; ++i) {
    value.high = value.high << 8 | bytes[i];
    value.low = value.low << 8 | bytes[8 + i];
  }
  return value;
}

/* --- gathering -------------------------------------------------------------------------------- */

static size_t line_floats(const apo_chunk_shape *shape) {
  return (size_t)shape->n_outputs * shape->n_players;
}

apo_packing apo_chunk_packing(const apo_chunk_shape *shape) {
  return (apo_packing){shape->layout, shape->n_players, shape->top};
}

static size_t packed_bytes(const apo_chunk_shape *shape) {
  const apo_packing packing = apo_chunk_packing(shape);
  return apo_packed_bytes(&packing);
}

uint32_t apo_chunk_rows(uint32_t wanted, const apo_chunk_shape *shape) {
  const uint32_t rows = wanted != 0 ? wanted : APO_CHUNK_ROWS;
  const uint32_t blocks = rows / APO_BLOCK_ROWS + (rows % APO_BLOCK_ROWS != 0);
  const uint64_t values_bytes = line_floats(shape) * 4 * (shape->has_errors ? 2 : 1);
  const uint64_t kept_bytes = shape->layout != APO_LAYOUT_DENSE ? packed_bytes(shape) : 0;
  const uint64_t row_bytes =
      values_bytes +
      (uint64_t)shape->n_outputs * (LINE_HEAD_BYTES + kept_bytes + (shape->has_row_base ? 8 : 0));
  const uint64_t most = APO_CHUNK_BYTES / (row_bytes * APO_BLOCK_ROWS);
  const uint64_t kept = most < 1 ? 1 : most < blocks ? most : blocks;
  const uint64_t largest = UINT32_MAX / APO_BLOCK_ROWS;
  return (uint32_t)(kept < largest ? kept : largest) * APO_BLOCK_ROWS;
}

static bool grow(void *array, size_t n, size_t element_bytes) {
  void *old;
  memcpy(&old, array, sizeof old);
  void *grown = apo_resize(old, n, element_bytes);
  if (grown == NULL) return false;
  memcpy(array, &grown, sizeof grown);
  return true;
}

static bool reserve_rows(apo_chunk *chunk, uint32_t n_more) {
  const uint64_t needed = (uint64_t)chunk->n_rows + n_more;
  if (needed <= chunk->capacity) return true;
  const uint64_t capacity = needed < 1024 ? 1024 : needed + needed / 2;
  if (capacity > UINT32_MAX) return false;
  const size_t rows = (size_t)capacity;
  const size_t n_outputs = chunk->shape.n_outputs;
  const size_t n_values = line_floats(&chunk->shape);
  if (!grow(&chunk->phi, rows, n_values * sizeof(float)) ||
      (chunk->shape.has_errors && !grow(&chunk->phi_se, rows, n_values * sizeof(float))) ||
      (chunk->shape.layout != APO_LAYOUT_DENSE &&
       !grow(&chunk->packed, rows, n_outputs * packed_bytes(&chunk->shape))) ||
      !grow(&chunk->prediction, rows, n_outputs * sizeof(double)) ||
      !grow(&chunk->gap, rows, n_outputs * sizeof(float)) ||
      (chunk->shape.has_row_base && !grow(&chunk->base, rows, n_outputs * sizeof(double))) ||
      (chunk->shape.has_ids && !grow(&chunk->id_begin, rows + 1, sizeof(size_t)))) {
    return false;
  }
  chunk->capacity = (uint32_t)capacity;
  return true;
}

static apo_status check_id(const char *id, uint64_t row, apo_error *err) {
  const size_t n_bytes = id != NULL ? strlen(id) : 0;
  if (n_bytes == 0 || n_bytes > APO_MAX_ID_BYTES) {
    return apo_fail(err, APO_ERR_FORMAT, "row %llu: id of %zu bytes, needed 1 to %d",
                    (unsigned long long)row, n_bytes, APO_MAX_ID_BYTES);
  }
  if (apo_utf8_valid(id, n_bytes)) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "row %llu: id is not UTF-8", (unsigned long long)row);
}

// Ids are taken behind the rows that are there; n_rows, which makes them count, is raised last.
static apo_status take_ids(apo_chunk *chunk,
                           uint32_t n_taken,
                           const char *const *ids,
                           apo_error *err) {
  if (chunk->n_rows == 0) chunk->id_begin[0] = 0;
  for (uint32_t i = 0; i < n_taken; ++i) {
    const uint32_t row = chunk->n_rows + i;
    APO_TRY(check_id(ids[i], chunk->row_begin + row, err));
    const size_t begin = chunk->id_begin[row];
    const size_t end = begin + strlen(ids[i]) + 1;
    if (end > chunk->ids_capacity) {
      if (!grow(&chunk->ids, end * 2, 1)) {
        return apo_fail(err, APO_ERR_MEMORY, "chunk: ids: out of memory");
      }
      chunk->ids_capacity = end * 2;
    }
    memcpy(chunk->ids + begin, ids[i], end - begin);
    chunk->id_begin[row + 1] = end;
  }
  return APO_OK;
}

static apo_status prepare_packer(apo_chunk *chunk, apo_error *err) {
  if (chunk->shape.layout == APO_LAYOUT_DENSE || chunk->packer.best != NULL) return APO_OK;
  const apo_packing packing = apo_chunk_packing(&chunk->shape);
  const apo_status status = apo_packer_init(&packing, &chunk->packer, err);
  if (status != APO_OK) apo_packer_clear(&chunk->packer);
  return status;
}

static void pack_rows(apo_chunk *chunk, const apo_tile *tile, uint32_t row_begin, uint32_t n) {
  if (chunk->shape.layout == APO_LAYOUT_DENSE) return;
  const size_t n_bytes = packed_bytes(&chunk->shape);
  const size_t n_outputs = chunk->shape.n_outputs;
  const size_t n_pairs = apo_pair_count(chunk->shape.n_players);
  for (size_t line = 0; line < n * n_outputs; ++line) {
    const size_t from = row_begin * n_outputs + line;
    const float *pairs = tile->pairs != NULL ? tile->pairs + from * n_pairs : NULL;
    apo_packer_line(&chunk->packer, tile->phi + from * chunk->shape.n_players, pairs,
                    chunk->packed + (chunk->n_rows * n_outputs + line) * n_bytes);
  }
}

apo_status apo_chunk_take(apo_chunk *chunk,
                          const apo_tile *tile,
                          uint32_t row_begin,
                          uint32_t row_end,
                          const char *const *ids,
                          apo_error *err) {
  const uint32_t n_taken = row_end - row_begin;
  const size_t n_outputs = chunk->shape.n_outputs;
  const size_t n_values = line_floats(&chunk->shape);
  if (!reserve_rows(chunk, n_taken)) {
    return apo_fail(err, APO_ERR_MEMORY, "chunk: %u rows of %zu values: out of memory",
                    chunk->n_rows + n_taken, n_values);
  }
  APO_TRY(prepare_packer(chunk, err));
  if (chunk->shape.has_ids) APO_TRY(take_ids(chunk, n_taken, ids + row_begin, err));

  pack_rows(chunk, tile, row_begin, n_taken);
  const size_t at = chunk->n_rows;
  memcpy(chunk->phi + at * n_values, tile->phi + row_begin * n_values,
         n_taken * n_values * sizeof(float));
  if (chunk->shape.has_errors) {
    memcpy(chunk->phi_se + at * n_values, tile->phi_se + row_begin * n_values,
           n_taken * n_values * sizeof(float));
  }
  memcpy(chunk->prediction + at * n_outputs, tile->prediction + row_begin * n_outputs,
         n_taken * n_outputs * sizeof(double));
  memcpy(chunk->gap + at * n_outputs, tile->gap + row_begin * n_outputs,
         n_taken * n_outputs * sizeof(float));
  if (chunk->shape.has_row_base) {
    memcpy(chunk->base + at * n_outputs, tile->row_base + row_begin * n_outputs,
           n_taken * n_outputs * sizeof(double));
  }
  chunk->n_rows += n_taken;
  return APO_OK;
}

const char *apo_chunk_id(const apo_chunk *chunk, uint32_t row) {
  return chunk->shape.has_ids ? chunk->ids + chunk->id_begin[row] : "";
}

void apo_chunk_pack(const apo_chunk *chunk, uint32_t row, uint32_t output, uint8_t *out) {
  const size_t line = (size_t)row * chunk->shape.n_outputs + output;
  const size_t n_players = chunk->shape.n_players;
  if (chunk->shape.layout == APO_LAYOUT_DENSE) {
    apo_pack_f32(chunk->phi + line * n_players, n_players, out);
  } else {
    const size_t n_bytes = packed_bytes(&chunk->shape);
    memcpy(out, chunk->packed + line * n_bytes, n_bytes);
  }
}

void apo_chunk_pack_errors(
    const apo_chunk *chunk, uint32_t row, uint32_t output, const uint8_t *packed, uint8_t *out) {
  const size_t line = (size_t)row * chunk->shape.n_outputs + output;
  const apo_packing packing = apo_chunk_packing(&chunk->shape);
  apo_packed_errors(&packing, packed, chunk->phi_se + line * chunk->shape.n_players, out);
}

static bool all_finite(const float *values, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    if (!isfinite(values[i])) return false;
  }
  return true;
}

const char *apo_chunk_fault(const apo_chunk *chunk, uint32_t row, uint32_t output) {
  const size_t line = (size_t)row * chunk->shape.n_outputs + output;
  const size_t n_players = chunk->shape.n_players;
  if (!isfinite(chunk->prediction[line])) return "prediction_not_finite";
  if (!all_finite(chunk->phi + line * n_players, n_players)) return "phi_not_finite";
  if (chunk->shape.layout != APO_LAYOUT_DENSE) {
    const apo_packing packing = apo_chunk_packing(&chunk->shape);
    const bool is_pairs = packing.layout != APO_LAYOUT_TOPK;
    if (!apo_packed_is_finite(&packing, chunk->packed + line * apo_packed_bytes(&packing))) {
      return is_pairs ? "pairs_not_finite" : "phi_not_finite";
    }
  }
  if (!isfinite(chunk->gap[line])) return "gap_not_finite";
  if (chunk->shape.has_row_base && !isfinite(chunk->base[line])) return "base_not_finite";
  if (chunk->shape.has_errors && !all_finite(chunk->phi_se + line * n_players, n_players)) {
    return "phi_se_not_finite";
  }
  return NULL;
}

void apo_chunk_restart(apo_chunk *chunk, uint64_t row_begin) {
  chunk->row_begin = row_begin;
  chunk->n_rows = 0;
}

void apo_chunk_clear(apo_chunk *chunk) {
  free(chunk->phi);
  free(chunk->phi_se);
  free(chunk->packed);
  apo_packer_clear(&chunk->packer);
  free(chunk->prediction);
  free(chunk->gap);
  free(chunk->base);
  free(chunk->ids);
  free(chunk->id_begin);
  memset(chunk, 0, sizeof *chunk);
}

/* --- sums ------------------------------------------------------------------------------------- */

static size_t write_line(const apo_chunk *chunk, uint32_t row, uint32_t output, uint8_t *out) {
  const size_t line = (size_t)row * chunk->shape.n_outputs + output;
  const apo_packing packing = apo_chunk_packing(&chunk->shape);
  const char *id = apo_chunk_id(chunk, row);
  const size_t n_id_bytes = strlen(id);
  apo_pack_u64(chunk->row_begin + row, out);
  apo_pack_u32(output, out + 8);
  apo_pack_f64(&chunk->prediction[line], 1, out + 12);
  apo_pack_f32(&chunk->gap[line], 1, out + 20);
  apo_pack_u32((uint32_t)n_id_bytes, out + 24);
  uint8_t *at = out + LINE_HEAD_BYTES;
  memcpy(at, id, n_id_bytes);
  at += n_id_bytes;
  uint8_t *const phi = at;
  apo_chunk_pack(chunk, row, output, phi);
  at += apo_packed_bytes(&packing);
  if (chunk->shape.has_errors) {
    apo_chunk_pack_errors(chunk, row, output, phi, at);
    at += apo_packed_error_bytes(&packing);
  }
  if (chunk->shape.has_row_base) {
    apo_pack_f64(&chunk->base[line], 1, at);
    at += 8;
  }
  return (size_t)(at - out);
}

// `w` is 1 in every row today; the places for weights are kept, so that stores need not change.
static void add_line(const float *phi, const float *phi_se, size_t n_players, double *sums) {
  for (size_t player = 0; player < n_players; ++player, sums += APO_N_SUMS) {
    const double value = (double)phi[player];
    const double error = phi_se != NULL ? (double)phi_se[player] : 0.0;
    sums[APO_SUM_W] += 1.0;
    sums[APO_SUM_W2] += 1.0;
    sums[APO_SUM_W_ABS] += fabs(value);
    sums[APO_SUM_W_PHI] += value;
    sums[APO_SUM_W_PHI2] += value * value;
    sums[APO_SUM_W2_ABS] += fabs(value);
    sums[APO_SUM_W2_PHI2] += value * value;
    sums[APO_SUM_W_E] += error;
    sums[APO_SUM_W2_E2] += error * error;
  }
}

static void sum_row(
    const apo_chunk *chunk, uint32_t row, uint8_t *room, XXH3_state_t *state, apo_chunk_sums *out) {
  const size_t n_outputs = chunk->shape.n_outputs;
  const size_t n_players = chunk->shape.n_players;
  double *block = out->partial + row / APO_BLOCK_ROWS * n_outputs * n_players * APO_N_SUMS;
  bool failed = false;
  for (uint32_t output = 0; output < n_outputs; ++output) {
    if (apo_chunk_fault(chunk, row, output) != NULL) {
      failed = true;
      continue;
    }
    const size_t line = row * n_outputs + output;
    const size_t n_bytes = write_line(chunk, row, output, room);
    const XXH128_hash_t hash = XXH3_128bits(room, n_bytes);
    out->rowsum = apo_u128_add(out->rowsum, (apo_u128){hash.high64, hash.low64});
    XXH3_128bits_update(state, room, n_bytes);
    if (chunk->gap[line] > out->gap_max) out->gap_max = chunk->gap[line];
    add_line(chunk->phi + line * n_players,
             chunk->shape.has_errors ? chunk->phi_se + line * n_players : NULL, n_players,
             block + output * n_players * APO_N_SUMS);
  }
  out->n_failed += failed;
}

apo_status apo_chunk_sum(const apo_chunk *chunk, apo_chunk_sums *out, apo_error *err) {
  const size_t n_values = line_floats(&chunk->shape);
  const size_t n_blocks = ((size_t)chunk->n_rows + APO_BLOCK_ROWS - 1) / APO_BLOCK_ROWS;
  apo_status status = APO_OK;
  *out = (apo_chunk_sums){.n_partial = n_blocks * n_values * APO_N_SUMS};
  const apo_packing packing = apo_chunk_packing(&chunk->shape);
  uint8_t *room = apo_alloc(LINE_HEAD_BYTES + APO_MAX_ID_BYTES + apo_packed_bytes(&packing) +
                                apo_packed_error_bytes(&packing) + sizeof(double),
                            1);
  XXH3_state_t *state = XXH3_createState();
  out->partial = apo_alloc(out->n_partial, sizeof *out->partial);
  if (room == NULL || state == NULL || out->partial == NULL) {
    free(out->partial);
    *out = (apo_chunk_sums){0};
    status = apo_fail(err, APO_ERR_MEMORY, "chunk: its sums: out of memory");
    goto done;
  }
  XXH3_128bits_reset(state);
  for (uint32_t row = 0; row < chunk->n_rows; ++row) sum_row(chunk, row, room, state, out);
  const XXH128_hash_t hash = XXH3_128bits_digest(state);
  apo_u128_write((apo_u128){hash.high64, hash.low64}, out->checksum);
done:
  free(room);
  XXH3_freeState(state);
  return status;
}

apo_global apo_global_from_sums(const double sums[APO_N_SUMS], bool draws_are_shared) {
  const double W = sums[APO_SUM_W];
  if (!(W > 0.0)) return (apo_global){0};
  const double m = sums[APO_SUM_W_ABS] / W;
  // sum of w^2 (|phi| - m)^2, multiplied out so that blocks can be added; rounding may leave less
  // than nothing.
  const double spread =
      sums[APO_SUM_W2_PHI2] - 2.0 * m * sums[APO_SUM_W2_ABS] + m * m * sums[APO_SUM_W2];
  const double rows = (spread > 0.0 ? spread : 0.0) / (W * W);
  const double shared = sums[APO_SUM_W_E] / W;
  const double draws = draws_are_shared ? shared * shared : sums[APO_SUM_W2_E2] / (W * W);
  return (apo_global){
      .n = W,
      .mean_abs = m,
      .mean = sums[APO_SUM_W_PHI] / W,
      .mean_sq = sums[APO_SUM_W_PHI2] / W,
      .se_mean_abs = sqrt(rows + draws),
      .noise = 0.79788456080286536 * shared,  // sqrt(2 / pi): mean |x| of a standard normal
  };
}
