/* groups.h - players: every column by itself, or columns that enter and leave together.
 *
 * A groups file is a JSON object from the name of a group to a list of column names.  Players are
 * the groups in the order of the file, then the columns of no group in their own order.
 */
#ifndef APO_HOST_CLI_GROUPS_H
#define APO_HOST_CLI_GROUPS_H

#include <stdint.h>

#include "engine/core/error.h"

typedef struct apo_groups {
  uint32_t *player_of_column; /* [n_columns]; NULL when every column is a player */
  uint32_t n_players;
  char **names;   /* [n_players] */
  char **members; /* [n_players] JSON list of column names; NULL entries for plain columns */
} apo_groups;

/** Read a groups file, or with `path` NULL make every column a player.
 *
 * Shapes:  column_names [n_columns]
 * Fails:   APO_ERR_ARGUMENT  no JSON object of lists of texts; a name that is no column; a column
 *                            in two groups; an empty group; two players of one name
 *          APO_ERR_IO, APO_ERR_LIMIT, APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_groups_read(const char *path,
                                         const char *const *column_names,
                                         uint32_t n_columns,
                                         apo_groups *out,
                                         apo_error *err);
void apo_groups_clear(apo_groups *groups);

#endif
