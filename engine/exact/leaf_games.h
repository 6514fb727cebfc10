/* leaf_games.h - a forest cut into leaves as games of their own (kernels/leaf_groups.h).
 *
 * Made once per plan from the code forest, the players and (path-dependent) the covers.  Leaves
 * below one node form a group where that is cheaper for rows than its children apart: the cut
 * minimises an estimate of time, bottom up.  Everything is in tree order.
 *
 * Values of leaves are integers in `unit`, centred in their tree (a constant added to a tree moves
 * the base only): the unit is the least power of two such that no tree's values span more than 2^29
 * and all trees' together no more than max(64, trees / 4) times as many units.  Blocks are runs of groups whose trees together
 * span at most 2^29 units, so that int32 holds every sum of a slot over one block.
 *
 * A tree of one leaf, and a tree whose leaves are all equal, has neither groups nor long leaves.
 */
#ifndef APO_ENGINE_EXACT_LEAF_GAMES_H
#define APO_ENGINE_EXACT_LEAF_GAMES_H

#include <stdbool.h>

#include "engine/codes/code_forest.h"
#include "engine/exact/tree_programs.h"
#include "engine/model/model.h"
#include "kernels/column_codes/column_codes_abi.h"
#include "kernels/leaf_groups.h"

typedef struct apo_leaf_wish {
  const uint32_t *player_of_column; /* [n_columns] */
  uint32_t n_players;
  bool with_pairs;
  bool is_path; /* ratios are wanted: the model must have covers */
  uint32_t
      table_rows;  /* that share the cost of a table, when walking a tree whole is weighed against
                         * it; 0: no tree is walked whole.  Only with is_path, without pairs */
  bool is_banzhaf; /* of their points */
  uint32_t max_players; /* leaves with more are long; at most APO_LEAF_PLAYERS */
  uint32_t cache_bytes; /* of one core; tables larger than a share of it cost more */
} apo_leaf_wish;

typedef struct apo_leaf_games {
  uint32_t n_players;
  uint32_t n_outputs;
  uint32_t n_slots; /* with the spare */
  bool with_pairs;
  double unit;

  uint32_t n_derived;
  apo_derived_column *derived; /* [n_derived] behind the model's columns */

  uint32_t n_groups, n_leaves, n_group_players, n_tests, n_slot_words, n_values, n_blocks;
  apo_leaf_group *group; /* [n_groups] count_begin, table_begin: 0, filled by schedules */
  apo_group_leaf *leaf;  /* [n_leaves] vector_begin likewise */
  apo_group_player *player;
  uint64_t *ratio; /* [n_group_players] or NULL: cover ratio of the player's nodes, 2^-62 */
  apo_pattern_test *test;
  uint32_t *slot;
  int32_t *value;  /* also of the long leaves */
  uint32_t *block; /* [n_blocks + 1] group numbers */

  uint32_t n_long, n_long_players, n_long_tests, longest; /* longest: players of the longest leaf */
  apo_long_leaf *long_leaf; /* patterns are filled by whoever knows the background */
  uint32_t *long_player;
  double *long_ratio; /* [n_long_players] or NULL */
  apo_pattern_test *long_test;

  apo_tree_programs programs; /* of the trees that have neither groups nor long leaves */
} apo_leaf_games;

/** Cut a forest.
 *
 * Fails:   APO_ERR_LIMIT        sizes beyond 32 bits
 *          APO_ERR_UNSUPPORTED  is_path, and the model has no covers
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_leaf_games_create(const apo_model *model,
                                               const apo_code_forest *codes,
                                               const apo_leaf_wish *wish,
                                               apo_leaf_games **out,
                                               apo_error *err);
void apo_leaf_games_destroy(apo_leaf_games **games);

/** v of no player under covers: [n_outputs], with the model's base.  Only with is_path. */
void apo_path_base(const apo_model *model, double *base);

/** Share of the covers that goes left at an inner node: cover of the left child over that of both;
 * 1/2 where both are 0. */
double apo_cover_share(const apo_forest *forest, uint32_t tree, uint32_t node);

#endif
