/* text_out.c - escaping and aligned tables. */
#include "host/cli/text_out.h"

#include <stdarg.h>
#include <string.h>

#include "engine/core/memory.h"

/* The character at `at`: its bytes, and its number; 0 bytes when it is not UTF-8.  Overlong forms,
 * surrogates and numbers above U+10FFFF are not. */
static size_t take_character(const unsigned char *at, uint32_t *out) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t n = 0;
  uint32_t value = 0;
  if (at[0] < 0x80) {
    *out = at[0];
    return 1;
  } else if (at[0] >= 0xc2 && at[0] <= 0xdf) {
    n = 2;
    value = at[0] & 0x1fu;
  } else if (at[0] >= 0xe0 && at[0] <= 0xef) {
    n = 3;
    value = at[0] & 0x0fu;
  } else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
    n = 4;
    value = at[0] & 0x07u;
  } else {
    return 0;
  }
  for (size_t i = 1; i < n; ++i) {  // the NUL at the end is no continuation byte
    if ((at[i] & 0xc0u) != 0x80u) return 0;
    value = value << 6 | (at[i] & 0x3fu);
  }
  if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
  *out = value;
  return n;
}

static bool is_dangerous(uint32_t character) {
  return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
         (character >= 0x202a && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

enum { MAX_PIECE_BYTES = 16 };

/* The next character of `*text` as it may be shown; moves past it.  Returns the bytes of it. */
static size_t next_piece(const char **text, char piece[MAX_PIECE_BYTES]) {
  const unsigned char *at = (const unsigned char *)*text;
  uint32_t character = 0;
  const size_t n = take_character(at, &character);
  *text += n > 0 ? n : 1;
  if (n == 0 || (n == 1 && is_dangerous(character))) {
    return (size_t)snprintf(piece, MAX_PIECE_BYTES, "\\x%02x", at[0]);
  }
  if (is_dangerous(character)) {
    return (size_t)snprintf(piece, MAX_PIECE_BYTES, "\\u{%x}", character);
  }
  memcpy(piece, at, n);
  return n;
}

size_t apo_text_escape(const char *text, char *out, size_t n_out) {
  size_t used = 0;
  if (n_out == 0) return 0;
  while (*text != '\0') {
    char piece[MAX_PIECE_BYTES];
    const size_t n = next_piece(&text, piece);
    if (used + n >= n_out) break;
    memcpy(out + used, piece, n);
    used += n;
  }
  out[used] = '\0';
  return used;
}

void apo_text_show(const char *text, char out[APO_SHOWN_BYTES]) {
  char whole[APO_SHOWN_BYTES + MAX_PIECE_BYTES];
  apo_text_escape(text, whole, sizeof whole);
  if (strlen(whole) <= 80) {
    memcpy(out, whole, strlen(whole) + 1);
    return;
  }
  const size_t n = apo_text_escape(text, out, 78);
  memcpy(out + n, "...", 4);
}

void apo_text_print(const char *text, FILE *to) {
  while (*text != '\0') {
    char piece[MAX_PIECE_BYTES];
    const size_t n = next_piece(&text, piece);
    fwrite(piece, 1, n, to);
  }
}

/* --- tables ----------------------------------------------------------------------------------- */

apo_text_table apo_text_table_start(uint32_t n_cols) {
  return (apo_text_table){.n_cols = n_cols};
}

void apo_text_table_add(apo_text_table *table, const char *text) {
  if (table->failed) return;
  if (table->n_cells == table->capacity) {
    const size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
    char **cells = apo_resize(table->cells, capacity, sizeof *cells);
    table->failed = cells == NULL;
    if (table->failed) return;
    table->cells = cells;
    table->capacity = capacity;
  }
  // A byte becomes at most the 4 of \xNN, a character of n bytes at most \u{10ffff}.
  const size_t n_room = strlen(text) * 5 + 1;
  char *cell = apo_alloc(n_room, 1);
  table->failed = cell == NULL;
  if (table->failed) return;
  apo_text_escape(text, cell, n_room);
  table->cells[table->n_cells++] = cell;
}

void apo_text_table_addf(apo_text_table *table, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  apo_text_table_add(table, text);
}

/* Characters, taken for columns of the terminal. */
static size_t width_of(const char *text) {
  size_t n = 0;
  for (; *text != '\0'; ++text) n += ((unsigned char)*text & 0xc0u) != 0x80u;
  return n;
}

/* The place of character `n`. */
static const char *skip_characters(const char *text, size_t n) {
  for (; *text != '\0'; ++text) {
    if (((unsigned char)*text & 0xc0u) == 0x80u) continue;
    if (n-- == 0) break;
  }
  return text;
}

static void print_cut(const char *text, size_t max_width, FILE *to) {
  const size_t width = width_of(text);
  if (max_width < 5 || width <= max_width) {
    fputs(text, to);
    return;
  }
  const size_t n_head = (max_width - 3) / 2;
  const size_t n_tail = max_width - 3 - n_head;
  const char *head_end = skip_characters(text, n_head);
  fprintf(to, "%.*s...%s", (int)(head_end - text), text, skip_characters(text, width - n_tail));
}

static size_t shown_width(const char *cell, uint32_t col, size_t max_name) {
  const size_t width = width_of(cell);
  return col == 0 && max_name >= 5 && width > max_name ? max_name : width;
}

apo_status apo_text_table_print(const apo_text_table *table,
                                size_t max_name,
                                FILE *to,
                                apo_error *err) {
  size_t *widths = apo_alloc(table->n_cols, sizeof *widths);
  if (table->failed || widths == NULL) {
    free(widths);
    return apo_fail(err, APO_ERR_MEMORY, "table of text: out of memory");
  }
  for (size_t i = 0; i < table->n_cells; ++i) {
    const uint32_t col = (uint32_t)(i % table->n_cols);
    const size_t width = shown_width(table->cells[i], col, max_name);
    if (width > widths[col]) widths[col] = width;
  }
  for (size_t i = 0; i < table->n_cells; ++i) {
    const uint32_t col = (uint32_t)(i % table->n_cols);
    const char *cell = table->cells[i];
    const int pad = (int)(widths[col] - shown_width(cell, col, max_name));
    if (col > 0) fprintf(to, "  %*s", pad, "");
    print_cut(cell, col == 0 ? max_name : 0, to);
    if (col == 0 && table->n_cols > 1) fprintf(to, "%*s", pad, "");
    if (col + 1 == table->n_cols) fputc('\n', to);
  }
  free(widths);
  return APO_OK;
}

void apo_text_table_clear(apo_text_table *table) {
  for (size_t i = 0; i < table->n_cells; ++i) free(table->cells[i]);
  free(table->cells);
  *table = (apo_text_table){0};
}
