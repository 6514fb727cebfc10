/* neutral_words.h - the words of the neutral format, which its reader and its writer share.
 *
 * Each list is indexed by the enum it stands for and ended by NULL.  Links have their words in
 * engine/model/link.h.
 */
#ifndef APO_ENGINE_READERS_NEUTRAL_JSON_NEUTRAL_WORDS_H
#define APO_ENGINE_READERS_NEUTRAL_JSON_NEUTRAL_WORDS_H

#include <stdbool.h>

#include "engine/model/link.h"

#define APO_NEUTRAL_FORMAT "apportion-model"
enum { APO_NEUTRAL_VERSION = 1 };

/* A key of the user's kind, which other readers may ignore: information, as `origin` is. */
#define APO_NEUTRAL_BEST_ITERATION "x_best_iteration"

extern const char *const apo_neutral_kinds[];          /* apo_model_kind without callbacks */
extern const char *const apo_neutral_ops[];            /* apo_op */
extern const char *const apo_neutral_missing[];        /* apo_missing */
extern const char *const apo_neutral_cover_kinds[];    /* apo_cover_kind */
extern const char *const apo_neutral_code_rules[];     /* apo_code_rule */
extern const char *const apo_neutral_casts[];          /* is it to float32? */
extern const char *const apo_neutral_steps[];          /* apo_transform_op */
extern const char *const apo_neutral_unknown[];        /* apo_unknown_rule */
extern const char *const apo_neutral_linear_missing[]; /* does a missing value add nothing? */
extern const char *const apo_neutral_spaces[];         /* is the margin a probability? */

/** Does the link have a scale to state?  The others' is 1. */
bool apo_neutral_link_has_scale(apo_link_name name);

#endif
