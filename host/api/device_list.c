/* device_list.c - reading the device list, and matching it with what is there. */
#include "host/api/device_list.h"

#include <stdio.h>
#include <string.h>

enum { UUID_DIGITS = 32 };

// The classification functions of <ctype.h> ask the locale; a device list does not.
static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

static bool same_text(const char *a, const char *b) {
  while (*a != '\0' && lower(*a) == lower(*b)) ++a, ++b;
  return lower(*a) == lower(*b);
}

static bool contains(const char *text, const char *part) {
  for (; *text != '\0'; ++text) {
    size_t n = 0;
    while (part[n] != '\0' && lower(text[n]) == lower(part[n])) ++n;
    if (part[n] == '\0') return true;
  }
  return false;
}

const char *apo_device_kind_text(apo_device_kind kind) {
  switch (kind) {
    case APO_DEVICE_CPU: return "cpu";
    case APO_DEVICE_GPU: return "gpu";
    case APO_DEVICE_ACC: return "acc";
    case APO_DEVICE_OTHER: return "other";
  }
  return "other";
}

/* --- reading ---------------------------------------------------------------------------------- */

static apo_status refuse(apo_error *err, const apo_selector *selector, const char *needed) {
  return apo_fail(err, APO_ERR_ARGUMENT, "device list: \"%s\": %s", selector->text, needed);
}

// A number, "*", a text, or a text with "*" at its end.
static apo_status read_part(const apo_selector *selector,
                            const char *text,
                            size_t n_bytes,
                            apo_selector_part *out,
                            apo_error *err) {
  *out = (apo_selector_part){.is_number = n_bytes > 0};
  for (size_t i = 0; i < n_bytes && out->is_number; ++i) out->is_number = is_digit(text[i]);
  if (out->is_number) {
    if (n_bytes > 6) return refuse(err, selector, "the number is too large");
    for (size_t i = 0; i < n_bytes; ++i) out->number = out->number * 10 + (uint32_t)(text[i] - '0');
    return APO_OK;
  }
  if (n_bytes > 0 && text[n_bytes - 1] == '*') {
    out->is_all = true;
    --n_bytes;
  }
  if (n_bytes == 0 && !out->is_all) return refuse(err, selector, "a part is empty");
  if (memchr(text, '*', n_bytes) != NULL)
    return refuse(err, selector, "\"*\" may stand at the end");
  memcpy(out->text, text, n_bytes);
  out->text[n_bytes] = '\0';
  return APO_OK;
}

static apo_status read_uuid(apo_selector *selector, const char *text, apo_error *err) {
  size_t n_digits = 0;
  while (is_hex(text[n_digits])) ++n_digits;
  if (n_digits != UUID_DIGITS || text[n_digits] != '\0') {
    return refuse(err, selector, "a uuid has 32 hexadecimal digits");
  }
  selector->kind = APO_SELECT_UUID;
  memcpy(selector->parts[0].text, text, n_digits + 1);
  return APO_OK;
}

// "0000:65:00.0"; '0' in the pattern stands for any hexadecimal digit.
static apo_status read_pci(apo_selector *selector, const char *text, apo_error *err) {
  static const char pattern[] = "0000:00:00.0";
  size_t n = 0;
  while (pattern[n] != '\0' && (pattern[n] == '0' ? is_hex(text[n]) : text[n] == pattern[n])) ++n;
  if (n != sizeof pattern - 1 || text[n] != '\0') {
    return refuse(err, selector, "a pci address looks like 0000:65:00.0");
  }
  selector->kind = APO_SELECT_PCI;
  memcpy(selector->parts[0].text, text, n + 1);
  return APO_OK;
}

static bool find_word(const char *text, apo_selector_kind *out) {
  static const struct {
    const char *word;
    apo_selector_kind kind;
  } words[] = {
      {"auto", APO_SELECT_AUTO}, {"none", APO_SELECT_NONE}, {"any", APO_SELECT_ANY},
      {"cpu", APO_SELECT_CPU},   {"gpu", APO_SELECT_GPU},   {"acc", APO_SELECT_ACC},
  };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
    if (!same_text(text, words[i].word)) continue;
    *out = words[i].kind;
    return true;
  }
  return false;
}

static const char *after_prefix(const char *text, const char *prefix) {
  for (; *prefix != '\0'; ++text, ++prefix) {
    if (lower(*text) != *prefix) return NULL;
  }
  return text;
}

static apo_status read_dev(apo_selector *selector, const char *dev, apo_error *err) {
  const char *rest;
  if (find_word(dev, &selector->kind)) return APO_OK;
  if ((rest = after_prefix(dev, "uuid:")) != NULL) return read_uuid(selector, rest, err);
  if ((rest = after_prefix(dev, "pci:")) != NULL) return read_pci(selector, rest, err);
  if ((rest = after_prefix(dev, "name:")) != NULL) {
    selector->kind = APO_SELECT_NAME;
    APO_TRY(read_part(selector, rest, strlen(rest), &selector->parts[0], err));
    selector->parts[0].is_number = false;
    snprintf(selector->parts[0].text, sizeof selector->parts[0].text, "%.*s",
             (int)(strlen(rest) - selector->parts[0].is_all), rest);
    return APO_OK;
  }
  const char *colon = strchr(dev, ':');
  if (colon != NULL) {
    if (strchr(colon + 1, ':') != NULL) return refuse(err, selector, "one \":\" is allowed");
    selector->kind = APO_SELECT_PAIR;
    APO_TRY(read_part(selector, dev, (size_t)(colon - dev), &selector->parts[0], err));
    return read_part(selector, colon + 1, strlen(colon + 1), &selector->parts[1], err);
  }
  selector->kind = APO_SELECT_NAME;
  APO_TRY(read_part(selector, dev, strlen(dev), &selector->parts[0], err));
  if (!selector->parts[0].is_number) return APO_OK;
  return refuse(err, selector, "a number needs its platform, as in 0:0");
}

static apo_status read_selector(const char *text,
                                size_t n_bytes,
                                apo_selector *out,
                                apo_error *err) {
  static const char numa[] = "@numa";
  while (n_bytes > 0 && *text == ' ') ++text, --n_bytes;
  while (n_bytes > 0 && text[n_bytes - 1] == ' ') --n_bytes;
  *out = (apo_selector){.kind = APO_SELECT_AUTO};
  if (n_bytes == 0) return apo_fail(err, APO_ERR_ARGUMENT, "device list: a selector is empty");
  if (n_bytes >= APO_MAX_SELECTOR_BYTES) {
    return apo_fail(err, APO_ERR_ARGUMENT, "device list: a selector of %zu bytes, at most %d",
                    n_bytes, APO_MAX_SELECTOR_BYTES - 1);
  }
  memcpy(out->text, text, n_bytes);  // the rest is zero
  char dev[APO_MAX_SELECTOR_BYTES];
  out->excludes = out->text[0] == '!';
  snprintf(dev, sizeof dev, "%s", out->text + out->excludes);
  const size_t n_dev = strlen(dev);
  const size_t n_numa = sizeof numa - 1;
  if (n_dev >= n_numa && same_text(dev + n_dev - n_numa, numa)) {
    out->splits_numa = true;
    dev[n_dev - n_numa] = '\0';
  }
  if (dev[0] == '\0') return refuse(err, out, "a device is missing");
  APO_TRY(read_dev(out, dev, err));
  if (!out->excludes) return APO_OK;
  if (out->kind == APO_SELECT_AUTO || out->kind == APO_SELECT_NONE || out->splits_numa) {
    return refuse(err, out, "only devices can be excluded");
  }
  return APO_OK;
}

// What the list as a whole means.  Without a selector that adds, "auto" is what others take from.
static apo_status conclude(apo_device_list *list, apo_error *err) {
  bool adds = false;
  bool adds_others = false;
  for (uint32_t i = 0; i < list->n_selectors; ++i) {
    const apo_selector *selector = &list->selectors[i];
    if (selector->excludes) continue;
    adds = true;
    if (selector->kind == APO_SELECT_AUTO) list->is_auto = true;
    if (selector->kind == APO_SELECT_AUTO || selector->kind == APO_SELECT_NONE) {
      list->allows_reference = true;
    } else {
      adds_others = true;
    }
  }
  if (!adds) list->is_auto = list->allows_reference = true;
  list->needs_devices = list->is_auto || adds_others;
  // "auto" beside devices that are named only adds the permission to fall back.
  if (adds_others) list->is_auto = false;
  if (!list->needs_devices && list->n_selectors > 1) {
    return apo_fail(err, APO_ERR_ARGUMENT, "device list: \"none\" leaves nothing to exclude");
  }
  return APO_OK;
}

apo_status apo_device_list_parse(const char *text, apo_device_list *out, apo_error *err) {
  *out = (apo_device_list){.n_selectors = 0};
  if (text == NULL) text = "auto";
  for (;;) {
    const size_t n_bytes = strcspn(text, ",");
    if (out->n_selectors == APO_MAX_SELECTORS) {
      return apo_fail(err, APO_ERR_ARGUMENT, "device list: more than %d selectors",
                      APO_MAX_SELECTORS);
    }
    APO_TRY(read_selector(text, n_bytes, &out->selectors[out->n_selectors], err));
    ++out->n_selectors;
    if (text[n_bytes] == '\0') break;
    text += n_bytes + 1;
  }
  return conclude(out, err);
}

/* --- choosing --------------------------------------------------------------------------------- */

// PoCL calls its platform "Portable Computing Language" and only its vendor "The pocl project", so
// the vendor counts as a name of the platform.
static bool names_platform(const apo_selector_part *part, const apo_device_record *record) {
  if (part->is_number) return part->number == record->platform;
  return part->text[0] == '\0' || contains(record->caps.platform, part->text) ||
         contains(record->platform_vendor, part->text);
}

static bool names_device(const apo_selector_part *part, const apo_device_record *record) {
  if (part->is_number) return part->number == record->device;
  return part->text[0] == '\0' || contains(record->caps.name, part->text);
}

static bool fits(const apo_selector *selector, const apo_device_record *record) {
  const apo_selector_part *parts = selector->parts;
  switch (selector->kind) {
    case APO_SELECT_AUTO:
    case APO_SELECT_NONE: return false;
    case APO_SELECT_ANY: return true;
    case APO_SELECT_CPU: return record->kind == APO_DEVICE_CPU;
    case APO_SELECT_GPU: return record->kind == APO_DEVICE_GPU;
    case APO_SELECT_ACC: return record->kind == APO_DEVICE_ACC;
    case APO_SELECT_PAIR:
      return names_platform(&parts[0], record) && names_device(&parts[1], record);
    case APO_SELECT_UUID: return record->uuid[0] != '\0' && same_text(record->uuid, parts[0].text);
    case APO_SELECT_PCI: return record->pci[0] != '\0' && same_text(record->pci, parts[0].text);
    case APO_SELECT_NAME:
      return names_platform(&parts[0], record) || names_device(&parts[0], record);
  }
  return false;
}

// Kinds mean all of them, names and pairs one, unless they say "*".
static bool may_fit_several(const apo_selector *selector) {
  switch (selector->kind) {
    case APO_SELECT_AUTO:
    case APO_SELECT_NONE:
    case APO_SELECT_ANY:
    case APO_SELECT_CPU:
    case APO_SELECT_GPU:
    case APO_SELECT_ACC: return true;
    case APO_SELECT_PAIR:
    case APO_SELECT_UUID:
    case APO_SELECT_PCI:
    case APO_SELECT_NAME:
      return selector->excludes || selector->parts[0].is_all || selector->parts[1].is_all;
  }
  return false;
}

// "0:0 PoCL / cpu-haswell, 1:0 ..." as far as it goes.
static void name_records(const apo_device_record *records, uint32_t n, char *text, size_t size) {
  size_t n_text = 0;
  snprintf(text, size, "no OpenCL device");
  for (uint32_t i = 0; i < n && n_text < size; ++i) {
    const int n_more = snprintf(text + n_text, size - n_text, "%s%u:%u %s (%s)", i > 0 ? ", " : "",
                                records[i].platform, records[i].device, records[i].caps.name,
                                records[i].caps.platform);
    if (n_more < 0) return;
    n_text += (size_t)n_more;
  }
}

static void add_choice(uint32_t record,
                       bool splits_numa,
                       apo_device_choice *choices,
                       uint32_t *n_choices) {
  for (uint32_t i = 0; i < *n_choices; ++i) {
    if (choices[i].record != record) continue;
    choices[i].splits_numa |= splits_numa;
    return;
  }
  choices[(*n_choices)++] = (apo_device_choice){record, splits_numa};
}

static uint32_t rank(const apo_device_record *record) {
  switch (record->kind) {
    case APO_DEVICE_GPU: return record->shares_host_memory ? 1 : 0;
    case APO_DEVICE_CPU: return 2;
    case APO_DEVICE_ACC:
    case APO_DEVICE_OTHER: break;
  }
  return 3;
}

static void choose_auto(const apo_device_list *list,
                        const apo_device_record *records,
                        uint32_t n_records,
                        apo_device_choice *choices,
                        uint32_t *n_choices) {
  bool splits_numa = false;
  for (uint32_t i = 0; i < list->n_selectors; ++i) splits_numa |= list->selectors[i].splits_numa;
  for (uint32_t r = 0; r <= 3; ++r) {
    for (uint32_t i = 0; i < n_records; ++i) {
      if (records[i].usable && rank(&records[i]) == r)
        add_choice(i, splits_numa, choices, n_choices);
    }
  }
}

static apo_status choose_named(const apo_device_list *list,
                               const apo_selector *selector,
                               const apo_device_record *records,
                               uint32_t n_records,
                               apo_device_choice *choices,
                               uint32_t *n_choices,
                               apo_error *err) {
  uint32_t n_fit = 0;
  for (uint32_t i = 0; i < n_records; ++i) n_fit += fits(selector, &records[i]);
  if (n_fit == 0 && list->allows_reference) return APO_OK;
  if (n_fit == 0 || (n_fit > 1 && !may_fit_several(selector))) {
    char there[384];
    name_records(records, n_records, there, sizeof there);
    return apo_fail(err, APO_ERR_DEVICE, "device list: \"%s\" fits %s; there is: %s",
                    selector->text, n_fit == 0 ? "nothing" : "several, needed one or a \"*\"",
                    there);
  }
  for (uint32_t i = 0; i < n_records; ++i) {
    if (fits(selector, &records[i])) add_choice(i, selector->splits_numa, choices, n_choices);
  }
  return APO_OK;
}

static void take_away(const apo_selector *selector,
                      const apo_device_record *records,
                      apo_device_choice *choices,
                      uint32_t *n_choices) {
  uint32_t n_kept = 0;
  for (uint32_t i = 0; i < *n_choices; ++i) {
    if (!fits(selector, &records[choices[i].record])) choices[n_kept++] = choices[i];
  }
  *n_choices = n_kept;
}

apo_status apo_device_list_choose(const apo_device_list *list,
                                  const apo_device_record *records,
                                  uint32_t n_records,
                                  apo_device_choice *choices,
                                  uint32_t *n_choices,
                                  apo_error *err) {
  *n_choices = 0;
  if (list->is_auto) choose_auto(list, records, n_records, choices, n_choices);
  for (uint32_t i = 0; i < list->n_selectors; ++i) {
    const apo_selector *selector = &list->selectors[i];
    if (selector->excludes || selector->kind == APO_SELECT_AUTO ||
        selector->kind == APO_SELECT_NONE) {
      continue;
    }
    APO_TRY(choose_named(list, selector, records, n_records, choices, n_choices, err));
  }
  for (uint32_t i = 0; i < list->n_selectors; ++i) {
    const apo_selector *selector = &list->selectors[i];
    if (selector->excludes) take_away(selector, records, choices, n_choices);
  }
  if (*n_choices > 0 || list->allows_reference) return APO_OK;
  char there[384];
  name_records(records, n_records, there, sizeof there);
  return apo_fail(err, APO_ERR_DEVICE, "device list: everything is excluded; there is: %s", there);
}
