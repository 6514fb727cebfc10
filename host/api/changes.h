/* changes.h - how each row's margin changes when a player's columns come from another row.
 *
 * The rows of an importance job stay on the host: as codes for forests, as plain values for other
 * models.  Each question names a donor for every row and a range of players; forests answer it on
 * the devices (donor_margin), linear models by their terms, callbacks by predicting again.
 */
#ifndef APO_HOST_API_CHANGES_H
#define APO_HOST_API_CHANGES_H

#include "engine/codes/code_forest.h"
#include "host/api/lanes.h"

typedef struct apo_changes apo_changes;

typedef struct apo_changes_spec {
  const apo_model *model;
  const apo_code_forest *forest;    /* of forest models, else NULL */
  const uint32_t *player_of_column; /* [n_columns] */
  uint32_t n_players;
  uint32_t n_rows;
  const void *codes;     /* [n_rows x n_columns] of code_bytes; forests */
  const double *values;  /* [n_rows x n_columns] before transform; other models */
  const double *margins; /* [n_rows x n_outputs] of the unchanged rows */
  apo_devices *devices;
  uint64_t memory_bytes;
} apo_changes_spec;

/** Borrows everything the spec points to. */
APO_NODISCARD apo_status apo_changes_create(const apo_changes_spec *spec,
                                            apo_changes **out,
                                            apo_error *err);
void apo_changes_destroy(apo_changes **changes);

/** Margins of every row with the columns of one of players [player, player + n_players) from its
 * donor.
 *
 * Shapes:  donor [n_rows]; out [n_players x n_rows x n_outputs]
 * Fails:   as the devices or the callback
 */
APO_NODISCARD apo_status apo_changes_margins(apo_changes *changes,
                                             const uint32_t *donor,
                                             uint32_t player,
                                             uint32_t n_players,
                                             double *out,
                                             apo_error *err);

/** As apo_scorer_report. */
void apo_changes_report(apo_changes *changes, apo_report *report);

#endif
