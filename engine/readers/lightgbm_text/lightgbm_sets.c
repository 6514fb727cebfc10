/* lightgbm_sets.c - categories that go left, as bits.
 *
 *   cat_boundaries=0 1 3      two sets: word 0, and words 1 and 2
 *   cat_threshold=5 0 2       words of 32 bits: {0, 2} and {33}
 *
 * A set may be empty: nothing goes left then.  The forest has no empty sets; the tree turns such a
 * split into one that always holds, with its children swapped.
 */
#include <inttypes.h>

#include "engine/readers/lightgbm_text/lightgbm_parts.h"

enum { WORD_BITS = 32 };

/* The words of all sets, which are read in one go. */
typedef struct words {
  const apo_lightgbm_field *field;
  apo_json_chars rest;
  uint64_t n_read;
} words;

static apo_status next_word(words *self, uint32_t *out, apo_error *err) {
  apo_json_chars text;
  int64_t value = 0;
  const uint64_t at = self->n_read++;
  if (!apo_lightgbm_word(&self->rest, &text)) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "cat_threshold: %" PRIu64 " values, cat_boundaries needs more", at);
  }
  if (!apo_lightgbm_read_integer(text, &value) || value < 0 || value > UINT32_MAX) {
    return apo_fail(err, APO_ERR_FORMAT, "cat_threshold[%" PRIu64 "]: \"%s\", needs 0 to %u", at,
                    apo_json_show(text).text, UINT32_MAX);
  }
  *out = (uint32_t)value;
  return APO_OK;
}

// The codes of one word, behind those of the words before.
static apo_status take_bits(
    uint32_t word, uint64_t first_code, uint32_t *codes, uint64_t *n_codes, apo_error *err) {
  for (uint32_t bit = 0; bit < WORD_BITS; ++bit) {
    if ((word >> bit & 1u) == 0) continue;
    if (first_code + bit > APO_MAX_CATEGORY_CODE) {
      return apo_fail(err, APO_ERR_LIMIT, "cat_threshold: category %" PRIu64 ", at most %d",
                      first_code + bit, APO_MAX_CATEGORY_CODE);
    }
    codes[(*n_codes)++] = (uint32_t)(first_code + bit);
  }
  return APO_OK;
}

static apo_status read_set(
    words *self, uint64_t n_words, apo_lightgbm_room *room, uint64_t *n_codes, apo_error *err) {
  uint32_t word = 0;
  uint64_t capacity = 0;
  uint32_t *codes = NULL;
  *n_codes = 0;
  for (uint64_t at = 0; at < n_words; ++at) {
    APO_TRY(next_word(self, &word, err));
    if (*n_codes + WORD_BITS > capacity) {
      capacity += capacity / 2 + WORD_BITS;
      codes = apo_lightgbm_grow(room, capacity, sizeof *codes);
      if (codes == NULL) return apo_fail(err, APO_ERR_MEMORY, "cat_threshold: no memory");
    }
    APO_TRY(take_bits(word, at * WORD_BITS, codes, n_codes, err));
  }
  return APO_OK;
}

static apo_status read_boundaries(apo_lightgbm_tree *tree, int32_t **out, apo_error *err) {
  apo_lightgbm_field *field = &tree->fields[APO_LIGHTGBM_CAT_BOUNDARIES];
  const apo_lightgbm_range range = {0, INT32_MAX};
  const uint64_t n = tree->n_sets + 1;
  APO_TRY(apo_lightgbm_need(field, n, err));
  int32_t *bounds = apo_lightgbm_fit(&field->room, n, sizeof *bounds);
  if (bounds == NULL) return apo_fail(err, APO_ERR_MEMORY, "cat_boundaries: no memory");
  APO_TRY(apo_lightgbm_integers(field, range, n, bounds, err));
  if (bounds[0] != 0) {
    return apo_fail(err, APO_ERR_FORMAT, "cat_boundaries[0]: %d, needs 0", bounds[0]);
  }
  for (uint64_t i = 1; i < n; ++i) {
    if (bounds[i] >= bounds[i - 1]) continue;
    return apo_fail(err, APO_ERR_FORMAT,
                    "cat_boundaries[%" PRIu64 "]: %d after %d, needs to ascend", i, bounds[i],
                    bounds[i - 1]);
  }
  *out = bounds;
  return APO_OK;
}

apo_status apo_lightgbm_read_sets(apo_lightgbm_tree *tree, apo_builder *builder, apo_error *err) {
  apo_lightgbm_field *field = &tree->fields[APO_LIGHTGBM_CAT_THRESHOLD];
  int32_t *bounds = NULL;
  if (tree->n_sets == 0) return APO_OK;
  APO_TRY(read_boundaries(tree, &bounds, err));
  APO_TRY(apo_lightgbm_need(field, (uint64_t)bounds[tree->n_sets], err));
  tree->set_of = apo_lightgbm_fit(&tree->set_room, tree->n_sets, sizeof *tree->set_of);
  if (tree->set_of == NULL) return apo_fail(err, APO_ERR_MEMORY, "num_cat: no memory");
  words self = {.field = field, .rest = field->value};
  for (uint64_t set = 0; set < tree->n_sets; ++set) {
    const uint64_t n_words = (uint64_t)(bounds[set + 1] - bounds[set]);
    uint64_t n_codes = 0;
    tree->set_of[set] = APO_LIGHTGBM_NO_SET;
    APO_TRY(read_set(&self, n_words, &field->room, &n_codes, err));
    if (n_codes == 0) continue;
    APO_TRY(apo_builder_add_set(builder, field->room.at, (size_t)n_codes, &tree->set_of[set], err));
  }
  apo_json_chars word;
  if (!apo_lightgbm_word(&self.rest, &word)) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "cat_threshold: %" PRIu64 " values, cat_boundaries needs %d",
                  apo_lightgbm_count(field->value), bounds[tree->n_sets]);
}
