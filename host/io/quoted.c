#include "host/io/quoted.h"

#include "engine/core/names.h"

static const char end_of_cut[] = "...\"";

apo_quoted apo_quote(const char *text, size_t n_bytes) {
  apo_quoted quoted = {{'"'}};
  // Room for both quotes, the dots and the NUL.
  const size_t n_room = APO_QUOTED_BYTES - 1 - sizeof end_of_cut;
  const size_t n_kept = n_bytes < n_room ? n_bytes : n_room;
  size_t n = n_kept;
  // A cut inside a character of several bytes would leave a message that is not UTF-8.
  if (n < n_bytes) {
    while (n > 0 && ((unsigned char)text[n] & 0xc0u) == 0x80u) --n;
  }
  const int is_text = apo_utf8_valid(text, n);
  size_t at = 1;
  for (size_t i = 0; i < n; ++i) {
    const unsigned char byte = (unsigned char)text[i];
    const int is_plain = byte >= 0x20 && byte != 0x7f && (byte < 0x80 || is_text);
    quoted.text[at++] = is_plain ? (char)byte : '?';
  }
  const char *end = n < n_bytes ? end_of_cut : "\"";
  while (*end != '\0') quoted.text[at++] = *end++;
  quoted.text[at] = '\0';
  return quoted;
}
