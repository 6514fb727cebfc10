#include "host/io/codebook.h"

#include "engine/core/memory.h"
#include "engine/core/number.h"

/* The slot that holds the number, or the empty one where it would be. */
static uint64_t find_slot(const apo_codebook *book, double number) {
  const double value = number + 0.0;  // both zeros are one category
  uint64_t slot = apo_hash_bytes(&value, sizeof value) & book->mask;
  while (book->slots[slot] != 0 && book->table->numbers[book->slots[slot] - 1] != value) {
    slot = (slot + 1) & book->mask;
  }
  return slot;
}

apo_status apo_codebook_build(const apo_category_table *table, apo_codebook *out, apo_error *err) {
  *out = (apo_codebook){.table = table};
  if (table->is_text) return apo_names_map_build(&table->texts, &out->texts, err);
  uint64_t n_slots = 8;
  while (n_slots < 2 * (uint64_t)table->n_numbers) n_slots *= 2;
  out->slots = apo_alloc((size_t)n_slots, sizeof *out->slots);
  if (out->slots == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "no memory for %u categories", table->n_numbers);
  }
  out->mask = n_slots - 1;
  for (uint32_t i = 0; i < table->n_numbers; ++i) {
    out->slots[find_slot(out, table->numbers[i])] = i + 1;
  }
  return APO_OK;
}

bool apo_codebook_find(const apo_codebook *book, const char *text, size_t n_bytes, double *out) {
  uint32_t code = 0;
  if (book->table == NULL) return false;
  if (book->table->is_text) {
    if (!apo_names_map_find(&book->texts, text, n_bytes, &code)) return false;
  } else {
    double number;
    if (!apo_number_read(text, n_bytes, &number)) return false;
    const uint32_t place = book->slots[find_slot(book, number)];
    if (place == 0) return false;
    code = place - 1;
  }
  *out = (double)code;
  return true;
}

void apo_codebook_clear(apo_codebook *book) {
  apo_names_map_clear(&book->texts);
  free(book->slots);
  *book = (apo_codebook){0};
}
