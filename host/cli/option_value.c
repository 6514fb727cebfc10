/* option_value.c - the text of one option becomes a number, a share, a flag or a word. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/number.h"
#include "host/cli/options.h"
#include "host/cli/text_out.h"

enum { MAX_NUMBER_BYTES = 64 };

static apo_status refuse(const apo_option *option,
                         const char *text,
                         const char *needed,
                         apo_error *err) {
  char shown[APO_SHOWN_BYTES];
  apo_text_show(text, shown);
  return apo_fail(err, APO_ERR_ARGUMENT, "--%s: \"%s\", needed %s", option->name, shown, needed);
}

/* Digits with single `_` between them, without the `_`; returns how many bytes of `text` they are,
 * 0 when it does not begin with a digit. */
static size_t take_digits(const char *text, char digits[MAX_NUMBER_BYTES]) {
  size_t n = 0;
  size_t at = 0;
  for (;; ++at) {
    const char c = text[at];
    const bool parts =
        c == '_' && at > 0 && text[at - 1] != '_' && text[at + 1] >= '0' && text[at + 1] <= '9';
    if (parts) continue;
    if (c < '0' || c > '9') break;
    if (n + 1 >= MAX_NUMBER_BYTES) return 0;
    digits[n++] = c;
  }
  digits[n] = '\0';
  return at;
}

/* False when the number does not fit. */
static bool whole_number(const char *digits, uint64_t *out) {
  uint64_t value = 0;
  for (; *digits != '\0'; ++digits) {
    const uint64_t digit = (uint64_t)(*digits - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

static bool read_count(const char *text, uint64_t *out) {
  char digits[MAX_NUMBER_BYTES];
  const size_t n = take_digits(text, digits);
  return n > 0 && text[n] == '\0' && whole_number(digits, out);
}

static bool read_bytes(const char *text, uint64_t *out) {
  static const struct {
    const char *name;
    uint64_t factor;
  } units[] = {{"", 1},
               {"K", 1000},
               {"M", 1000000},
               {"G", 1000000000},
               {"T", UINT64_C(1000000000000)},
               {"Ki", UINT64_C(1) << 10},
               {"Mi", UINT64_C(1) << 20},
               {"Gi", UINT64_C(1) << 30},
               {"Ti", UINT64_C(1) << 40}};
  char digits[MAX_NUMBER_BYTES];
  size_t n = take_digits(text, digits);
  uint64_t whole;
  if (n == 0 || !whole_number(digits, &whole)) return false;
  double fraction = 0;
  if (text[n] == '.') {
    const size_t begin = n++;
    while (text[n] >= '0' && text[n] <= '9') ++n;
    if (n == begin + 1 || !apo_number_read(text + begin, n - begin, &fraction)) return false;
  }
  for (size_t unit = 0; unit < sizeof units / sizeof units[0]; ++unit) {
    if (strcmp(text + n, units[unit].name) != 0) continue;
    const uint64_t factor = units[unit].factor;
    if (whole > (UINT64_MAX - factor) / factor) return false;
    *out = whole * factor + (uint64_t)(fraction * (double)factor);
    return true;
  }
  return false;
}

static bool read_real(const char *text, double *out) {
  return apo_number_read(text, strlen(text), out) && isfinite(*out) && *out >= 0;
}

static bool read_share(const char *text, double *out) {
  const size_t n = strlen(text);
  const bool is_percent = n > 0 && text[n - 1] == '%';
  double value;
  if (!apo_number_read(text, is_percent ? n - 1 : n, &value)) return false;
  *out = is_percent ? value / 100 : value;
  return *out >= 0 && *out <= 1;
}

static bool read_portion(const char *text, apo_option_value *out) {
  out->is_share = !read_count(text, &out->count);
  return !out->is_share || (read_share(text, &out->real) && out->real > 0);
}

static bool read_flag(const char *text, bool *out) {
  static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};
  for (size_t word = 0; word < sizeof words / sizeof words[0]; ++word) {
    if (strcmp(text, words[word]) != 0) continue;
    *out = word % 2 == 1;
    return true;
  }
  return false;
}

/* FIRST:END, :END, FIRST: or best. */
static bool read_range(const char *text, apo_option_value *out) {
  char digits[MAX_NUMBER_BYTES];
  out->count = 0;
  out->end = APO_BEST_ITERATION;
  if (strcmp(text, "best") == 0) return true;
  out->end = 0;
  size_t at = take_digits(text, digits);
  if (at > 0 && !whole_number(digits, &out->count)) return false;
  if (text[at++] != ':') return false;
  if (text[at] == '\0') return at > 1;
  return read_count(text + at, &out->end) && out->end > 0 && out->end != APO_BEST_ITERATION;
}

/* The choices as a sentence: "a, b or c"; refused ones are left out. */
static void list_choices(const char *unit, char *out, size_t n_out) {
  size_t used = 0;
  out[0] = '\0';
  for (const char *word = unit; word != NULL;) {
    const char *end = strchr(word, '|');
    const int n = end == NULL ? (int)strlen(word) : (int)(end - word);
    if (word[0] != '!' && used < n_out) {
      const int wrote =
          snprintf(out + used, n_out - used, "%s%.*s", used == 0 ? "" : ", ", n, word);
      used += wrote > 0 ? (size_t)wrote : 0;
    }
    word = end == NULL ? NULL : end + 1;
  }
}

static apo_status read_choice(const apo_option *option, const char *text, apo_error *err) {
  const size_t n_text = strlen(text);
  char choices[160];
  list_choices(option->unit, choices, sizeof choices);
  for (const char *word = option->unit; word != NULL;) {
    const char *end = strchr(word, '|');
    const bool is_refused = word[0] == '!';
    if (is_refused) ++word;
    const size_t n = end == NULL ? strlen(word) : (size_t)(end - word);
    if (n == n_text && memcmp(word, text, n) == 0) {
      if (!is_refused) return APO_OK;
      return apo_fail(err, APO_ERR_UNSUPPORTED, "--%s %s: not in this version, which has %s",
                      option->name, text, choices);
    }
    word = end == NULL ? NULL : end + 1;
  }
  return refuse(option, text, choices, err);
}

apo_status apo_option_read(const apo_option *option,
                           const char *text,
                           apo_option_value *out,
                           apo_error *err) {
  out->text = text;
  if (text[0] == '\0') return refuse(option, text, "a value", err);
  switch (option->type) {
    case APO_OPTION_TEXT: return APO_OK;
    case APO_OPTION_CHOICE: return read_choice(option, text, err);
    case APO_OPTION_FLAG:
      if (read_flag(text, &out->flag)) return APO_OK;
      return refuse(option, text, "yes or no", err);
    case APO_OPTION_AUTO_COUNT:
      out->count = 0;
      if (strcmp(text, "auto") == 0) return APO_OK;
      if (read_count(text, &out->count) && out->count > 0) return APO_OK;
      return refuse(option, text, "a whole number from 1, or auto", err);
    case APO_OPTION_COUNT:
      if (read_count(text, &out->count)) return APO_OK;
      return refuse(option, text, "a whole number", err);
    case APO_OPTION_BYTES:
      if (read_bytes(text, &out->count)) return APO_OK;
      return refuse(option, text, "a size as 512Mi or 2G", err);
    case APO_OPTION_REAL:
      if (read_real(text, &out->real)) return APO_OK;
      return refuse(option, text, "a number from 0", err);
    case APO_OPTION_PORTION:
      if (read_portion(text, out)) return APO_OK;
      return refuse(option, text, "a whole number, or a share as 0.2 or 20%", err);
    case APO_OPTION_RANGE:
      if (read_range(text, out)) return APO_OK;
      return refuse(option, text, "FIRST:END, as 0:100, or best", err);
    case APO_OPTION_REFUSED:
      return apo_fail(err, APO_ERR_UNSUPPORTED, "--%s: not in this version", option->name);
  }
  return apo_fail(err, APO_ERR_INTERNAL, "--%s: type %d", option->name, (int)option->type);
}
