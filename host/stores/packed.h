/* packed.h - the bytes of a line's attributions, as a store keeps them.
 *
 *   dense       value f32 of each player
 *   topk        player u32, value f32 of the `top` players with the largest magnitudes, then
 *               0xFFFFFFFF and the sum of the other players
 *   pairs       cell f32 of the upper triangle of the matrix (pair_matrix.h), row by row, with the
 *               diagonal
 *   pairs_topk  first u32, second u32, cell f32 of the `top` pairs with the largest magnitudes, then
 *               0xFFFFFFFF twice and what is left of the output: all else, diagonal and other pairs
 *
 * Magnitudes fall; equal ones come in order of players.  Numbers are little-endian.  A cell off the
 * diagonal stands for two of the matrix.
 */
#ifndef APO_HOST_STORES_PACKED_H
#define APO_HOST_STORES_PACKED_H

#include "engine/core/error.h"
#include "host/stores/store.h"

typedef struct apo_packing {
  apo_layout layout;
  uint32_t n_players;
  uint32_t top; /* entries of topk and pairs_topk; at most the players, or their pairs */
} apo_packing;

/** Bytes of a line, and of its standard errors: of every player, or of those that are kept. */
size_t apo_packed_bytes(const apo_packing *packing);
size_t apo_packed_error_bytes(const apo_packing *packing);

/** One that was met on the way to the largest. */
typedef struct apo_packed_entry {
  float value;
  uint32_t first;
  uint32_t second; /* of a pair */
} apo_packed_entry;

/** Room to pack lines in.  All zero is none. */
typedef struct apo_packer {
  apo_packing packing;
  apo_packed_entry *best; /* [top] */
  float *diagonal;        /* [n_players] */
  double *room;           /* [n_players] */
} apo_packer;

/** Owns:  on success and on failure apo_packer_clear gives back.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_packer_init(const apo_packing *packing,
                                         apo_packer *out,
                                         apo_error *err);
void apo_packer_clear(apo_packer *packer);

/** Pack a line.
 *
 * A value that is not finite shows: the last one of what is written, or the one itself, is not.
 *
 * Shapes:  phi [n_players]; pairs [n_players (n_players - 1) / 2], NULL where the layout has none;
 *          out [apo_packed_bytes]
 */
void apo_packer_line(apo_packer *packer, const float *phi, const float *pairs, uint8_t *out);

/** Pack the standard errors of a line whose attributions are `packed`.
 *
 * Shapes:  phi_se [n_players]; out [apo_packed_error_bytes]
 */
void apo_packed_errors(const apo_packing *packing,
                       const uint8_t *packed,
                       const float *phi_se,
                       uint8_t *out);

/** Whether every value of a packed line is finite. */
bool apo_packed_is_finite(const apo_packing *packing, const uint8_t *packed);

#endif
