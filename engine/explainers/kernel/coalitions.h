/* coalitions.h - which coalitions Kernel SHAP evaluates, and what each one weighs.
 *
 * The Shapley values of a game are the solution of a weighted least-squares problem over all
 * coalitions but the empty and the full one, with weight (M-1) / (C(M,s) s (M-s)) for size s of M.
 * A budget rarely covers them all.  The design is shap's: sizes are taken from the outside in,
 * both sides at once (1 and M-1, 2 and M-2, ...), in full as long as the budget covers them; what
 * is left is spent on coalitions drawn from the other sizes, each with its complement, and these
 * share the weight of the sizes they stand for.
 *
 * One difference: a drawn coalition always has its complement (docs/SEMANTICS.md, 7), also in the
 * middle size and also where an odd budget would have ended between the two.
 */
#ifndef APO_ENGINE_EXPLAINERS_KERNEL_COALITIONS_H
#define APO_ENGINE_EXPLAINERS_KERNEL_COALITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

enum {
  APO_MAX_PLAYERS_ENUMERABLE = 30, /* up to here a budget is capped at 2^M - 2 */
  APO_MAX_COALITIONS = 1 << 30     /* a draw's number has 32 bits, and four may be made for each */
};

/** Distinct coalitions, none of them empty or full, as bit-sliced columns.
 *
 * Bit (k % 32) of bits[player * n_words + k / 32] says that coalition k holds the player; bits
 * behind the last coalition are 0.  The first n_enumerated coalitions are those of sizes taken in
 * full; from n_enumerated on, coalition k + 1 is the complement of k, for even k, with equal weight.
 */
typedef struct apo_coalitions {
  uint32_t n_players;
  uint32_t n_coalitions;
  uint32_t n_words;      /* (n_coalitions + 31) / 32 */
  uint32_t *bits;        /* [n_players x n_words] */
  double *weights;       /* [n_coalitions], positive; the sum is 1 if all sizes are there */
  bool is_complete;      /* all 2^M - 2 are there: the values are exact */
  uint64_t n_enumerated; /* even */
} apo_coalitions;

/** shap's "auto": 2 M + 2048, at most 2^M - 2 for M up to 30; 0 for M below 2. */
uint64_t apo_coalitions_auto_budget(uint32_t n_players);

/** The least budget whose regression is regular whatever is drawn: it takes sizes 1 and M-1 in
 * full.  0 for M below 2.  Smaller budgets mostly work, down to 2 (M - 1). */
uint64_t apo_coalitions_safe_budget(uint32_t n_players);

/** Draw the coalitions of `n_players`.
 *
 * `a` is the number of the row, or APO_DRAW_SHARED for one list for all rows.  A budget of 0 is
 * the automatic one.  Fewer coalitions than the budget come out where it is odd, or where draws
 * repeat too often to fill it (near 2^M - 2).  With 0 or 1 players nothing needs to be evaluated:
 * the list is empty and complete.
 *
 * Owns:    on success *out goes back with apo_coalitions_destroy.
 * Fails:   APO_ERR_LIMIT   the budget cannot determine the values: below 2 (M - 1); it is named
 *          APO_ERR_LIMIT   a budget above APO_MAX_COALITIONS
 *          APO_ERR_MEMORY
 * Source:  Lundberg and Lee 2017 (arXiv 1705.07874); the design of shap's KernelExplainer
 *          (docs/SEMANTICS.md); streams 1 (b = draw) and 2 (b = draw) of draw.h.
 */
APO_NODISCARD apo_status apo_coalitions_draw(uint32_t n_players,
                                             uint64_t budget,
                                             uint64_t seed,
                                             uint64_t a,
                                             apo_coalitions **out,
                                             apo_error *err);
void apo_coalitions_destroy(apo_coalitions **coalitions);

/** True when coalition k holds the player. */
static inline bool apo_coalitions_holds(const apo_coalitions *coalitions,
                                        uint32_t k,
                                        uint32_t player) {
  const uint32_t word = coalitions->bits[(size_t)player * coalitions->n_words + k / 32];
  return (word >> (k % 32) & 1) != 0;
}

#endif
