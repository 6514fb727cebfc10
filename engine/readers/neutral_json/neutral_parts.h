/* neutral_parts.h - the pieces of the neutral reader, and what they have in common. */
#ifndef APO_ENGINE_READERS_NEUTRAL_JSON_NEUTRAL_PARTS_H
#define APO_ENGINE_READERS_NEUTRAL_JSON_NEUTRAL_PARTS_H

#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "engine/readers/json.h"
#include "engine/readers/neutral_json/neutral_words.h"

/** How values become what splits compare; from the member "input". */
typedef struct apo_neutral_input {
  bool has_cast;
  bool cast_f32;
  bool has_code;
  apo_code_rule code_rule;
} apo_neutral_input;

/* --- asking (neutral_ask.c) -------------------------------------------------------------------- */

/** Fails with APO_ERR_FORMAT at the first key that is not in `known` (ended by NULL) and does not
 * start with "x_". */
APO_NODISCARD apo_status apo_neutral_check_keys(apo_json_at object,
                                                const char *const *known,
                                                apo_error *err);
/** A member that is a whole number in [1, max].  Fails: APO_ERR_FORMAT, APO_ERR_LIMIT above. */
APO_NODISCARD apo_status
apo_neutral_count(apo_json_at object, const char *key, uint32_t max, uint32_t *out, apo_error *err);
/** A member that is a finite number; `out` keeps its value when there is none. */
APO_NODISCARD apo_status apo_neutral_number(apo_json_at object,
                                            const char *key,
                                            double *out,
                                            apo_error *err);
/** Element of an array that is a finite number. */
APO_NODISCARD apo_status apo_neutral_number_at(apo_json_at array,
                                               uint64_t position,
                                               double *out,
                                               apo_error *err);
/** Exactly `n` finite numbers.  Owns: `*out` is freed with free(). */
APO_NODISCARD apo_status apo_neutral_numbers(apo_json_at array,
                                             uint64_t n,
                                             double **out,
                                             apo_error *err);
/** All texts of an array, each once, appended to `names`; `what` is for the message. */
APO_NODISCARD apo_status apo_neutral_names(apo_json_at array,
                                           const char *what,
                                           apo_names *names,
                                           apo_error *err);
/** The place in `words` (ended by NULL) of a text.
 *
 * Fails:   `unknown` when it is none of them: APO_ERR_FORMAT, APO_ERR_UNSUPPORTED
 */
APO_NODISCARD apo_status apo_neutral_word(
    apo_json_at at, const char *const *words, apo_status unknown, int *out, apo_error *err);

/* --- parts ------------------------------------------------------------------------------------- */

/** "columns": count, names, category tables. */
APO_NODISCARD apo_status apo_neutral_columns(apo_json_at document,
                                             apo_model *model,
                                             apo_error *err);
/** "input": cast, code, transform. */
APO_NODISCARD apo_status apo_neutral_read_input(apo_json_at document,
                                                apo_model *model,
                                                apo_neutral_input *out,
                                                apo_error *err);
/** "outputs": count, names, base, link, space. */
APO_NODISCARD apo_status apo_neutral_outputs(apo_json_at document,
                                             apo_model *model,
                                             apo_error *err);
/** The terms of one tree's linear leaves.  All zero is none; the room serves tree after tree. */
typedef struct apo_neutral_terms {
  apo_json_at constant;
  uint64_t *begin; /* [leaves + 1] into the terms */
  uint32_t *columns;
  double *coefficients;
  uint64_t leaf_capacity; /* of begin */
  uint64_t term_capacity;
} apo_neutral_terms;

/** "linear" of a tree. */
APO_NODISCARD apo_status apo_neutral_read_terms(apo_json_at linear,
                                                uint64_t n_leaves,
                                                uint32_t n_columns,
                                                apo_neutral_terms *out,
                                                apo_error *err);
/** Those of one leaf; they point into `terms`. */
APO_NODISCARD apo_status apo_neutral_terms_of(const apo_neutral_terms *terms,
                                              uint64_t leaf,
                                              apo_leaf_terms *out,
                                              apo_error *err);
void apo_neutral_terms_clear(apo_neutral_terms *terms);

/** "forest". */
APO_NODISCARD apo_status apo_neutral_forest(apo_json_at document,
                                            const apo_neutral_input *input,
                                            apo_model *model,
                                            apo_error *err);

#endif
