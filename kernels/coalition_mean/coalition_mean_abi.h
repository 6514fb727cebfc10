/* coalition_mean_abi.h - what the host writes and the coalition_mean stage reads. */
#ifndef APO_COALITION_MEAN_ABI_H
#define APO_COALITION_MEAN_ABI_H

#include "kernels/abi.h"

/* Background rows that are summed before anything else is done with the sum.  Part of the meaning:
 * another number would round otherwise. */
#define APO_BACKGROUND_BLOCK 32

/* A cube in a lane's list: its value, the number of its literals, the literals. */
#define APO_CUBE_HEAD_WORDS 2
/* A literal: player * 2 + 1 when the player must be present, player * 2 when it must be absent. */

/* Words of scratch that one work-group needs (device) and the sizes of its parts. */
typedef struct apo_coalition_mean_args {
  apo_u32 n_rows;
  apo_u32 n_columns;
  apo_u32 n_players;
  apo_u32 n_outputs;
  apo_u32 n_planes;         /* 2 when the complement of the response is wanted too */
  apo_u32 n_words;          /* 32 coalitions each; a multiple of 4 */
  apo_u32 first_background; /* rows [first_background, + n_background) are this launch's */
  apo_u32 n_background;
  apo_u32 n_blocks;     /* of APO_BACKGROUND_BLOCK rows, the last one may be shorter */
  apo_u32 n_chunks;     /* work-groups that share the words of one (row, block) */
  apo_u32 lane_words;   /* of a lane's list of cubes; at least APO_CUBE_HEAD_WORDS + max_literals
                           once more than a cube takes */
  apo_u32 max_literals; /* most players on a path: min(depth, n_players) */
  apo_u32 group_words;  /* scratch of a work-group, a multiple of 16:
                           APO_GROUP * (lane_words + 2 max_literals) rounded up,
                           + n_planes * n_outputs * 32 * words of the group */
  apo_f32 unit;         /* of the integer leaf values, in margin units */
  apo_f32 response_scale;
} apo_coalition_mean_args;
APO_ABI_ASSERT(coalition_mean_args_size, sizeof(apo_coalition_mean_args) == 60);

#endif
