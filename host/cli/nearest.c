/* nearest.c - the distance of Damerau and Levenshtein, in which no part is edited twice. */
#include "host/cli/nearest.h"

#include <stddef.h>
#include <string.h>

enum { MAX_WORD = 64 };

static uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

uint32_t apo_edit_distance(const char *a, const char *b) {
  // Three rows of the table d[i][j] = distance of the first i bytes of a and the first j of b.
  uint32_t rows[3][MAX_WORD + 1];
  const size_t n_a = strlen(a) < MAX_WORD ? strlen(a) : MAX_WORD;
  const size_t n_b = strlen(b) < MAX_WORD ? strlen(b) : MAX_WORD;
  for (size_t j = 0; j <= n_b; ++j) rows[0][j] = (uint32_t)j;
  for (size_t i = 1; i <= n_a; ++i) {
    uint32_t *now = rows[i % 3];
    const uint32_t *before = rows[(i + 2) % 3];
    const uint32_t *two_before = rows[(i + 1) % 3];
    now[0] = (uint32_t)i;
    for (size_t j = 1; j <= n_b; ++j) {
      const uint32_t replaced = before[j - 1] + (a[i - 1] != b[j - 1]);
      now[j] = least(replaced, least(before[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = least(now[j], two_before[j - 2] + 1);
      }
    }
  }
  return rows[n_a % 3][n_b];
}
