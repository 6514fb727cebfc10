#include "host/stores/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/core/names.h"

/* --- a text that grows ------------------------------------------------------------------------ */

// A failure is remembered and looked at once, in `digest_text`, so that writing JSON reads as JSON.
typedef struct text {
  char *bytes;
  size_t n_bytes;
  size_t capacity;
  bool out_of_memory;
} text;

static void put_bytes(text *t, const char *bytes, size_t n_bytes) {
  if (t->out_of_memory) return;
  if (n_bytes >= t->capacity - t->n_bytes) {  // one byte stays free for the NUL
    const size_t capacity = (t->n_bytes + n_bytes + 1) * 2;
    char *grown = apo_resize(t->bytes, capacity, 1);
    if (grown == NULL) {
      t->out_of_memory = true;
      return;
    }
    t->bytes = grown;
    t->capacity = capacity;
  }
  memcpy(t->bytes + t->n_bytes, bytes, n_bytes);
  t->n_bytes += n_bytes;
  t->bytes[t->n_bytes] = '\0';
}

static void put(text *t, const char *plain) {
  put_bytes(t, plain, strlen(plain));
}

static void put_string(text *t, const char *value) {
  if (value == NULL) {
    put(t, "null");
    return;
  }
  put(t, "\"");
  for (const char *at = value; *at != '\0'; ++at) {
    char escaped[8];
    const unsigned char c = (unsigned char)*at;
    if (c == '"' || c == '\\') {
      snprintf(escaped, sizeof escaped, "\\%c", c);
    } else if (c < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
    } else {
      snprintf(escaped, sizeof escaped, "%c", c);
    }
    put(t, escaped);
  }
  put(t, "\"");
}

static void put_member(text *t, const char *separator, const char *name, const char *value) {
  put(t, separator);
  put_string(t, name);
  put(t, ":");
  put_string(t, value);
}

static void put_count(text *t, const char *name, uint64_t value) {
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  put(t, ",");
  put_string(t, name);
  put(t, ":");
  put(t, digits);
}

static apo_status digest_text(const text *t, char out[APO_DIGEST_TEXT_BYTES], apo_error *err) {
  if (t->out_of_memory) {
    return apo_fail(err, APO_ERR_MEMORY, "run: the text of its identity: out of memory");
  }
  return apo_digest_text(t->bytes, t->n_bytes, out, err);
}

/* --- players ---------------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static apo_status check_unique(uint32_t n, const char *const *names, apo_error *err) {
  const char **sorted = apo_alloc(n, sizeof *sorted);
  if (sorted == NULL) return apo_fail(err, APO_ERR_MEMORY, "run: players: out of memory");
  for (uint32_t player = 0; player < n; ++player) sorted[player] = names[player];
  qsort(sorted, n, sizeof *sorted, compare_texts);
  apo_status status = APO_OK;
  for (uint32_t i = 1; i < n && status == APO_OK; ++i) {
    if (strcmp(sorted[i - 1], sorted[i]) != 0) continue;
    status = apo_fail(err, APO_ERR_ARGUMENT, "run: players: \"%.200s\" occurs twice", sorted[i]);
  }
  free(sorted);
  return status;
}

static apo_status check_text(const char *what, const char *value, apo_error *err) {
  if (value == NULL || apo_utf8_valid(value, strlen(value))) return APO_OK;
  return apo_fail(err, APO_ERR_ARGUMENT, "run: %s: not UTF-8", what);
}

static apo_status check_player(uint32_t player, const char *name, apo_error *err) {
  if (name == NULL) return apo_fail(err, APO_ERR_ARGUMENT, "run: player %u: no name", player);
  if (strlen(name) > APO_MAX_NAME_BYTES) {
    return apo_fail(err, APO_ERR_ARGUMENT, "run: player %u: a name of %zu bytes, at most %d",
                    player, strlen(name), APO_MAX_NAME_BYTES);
  }
  char what[32];
  snprintf(what, sizeof what, "player %u: name", player);
  return check_text(what, name, err);
}

apo_status apo_players_digest(uint32_t n,
                              const char *const *names,
                              const char *const *members,
                              char out[APO_DIGEST_TEXT_BYTES],
                              apo_error *err) {
  for (uint32_t player = 0; player < n; ++player) APO_TRY(check_player(player, names[player], err));
  APO_TRY(check_unique(n, names, err));
  text t = {0};
  put(&t, "{\"players\":[");
  for (uint32_t player = 0; player < n; ++player) {
    const char *group = members != NULL ? members[player] : NULL;
    put_member(&t, player > 0 ? ",{" : "{", "kind", group != NULL ? "group" : "column");
    put_member(&t, ",", "members", group);
    put_member(&t, ",", "name", names[player]);
    put_member(&t, ",", "unit", NULL);
    put(&t, "}");
  }
  put(&t, "],\"schema\":\"players/1\"}");
  const apo_status status = digest_text(&t, out, err);
  free(t.bytes);
  return status;
}

const char *apo_column_label(const apo_model *model, uint32_t column, char room[16]) {
  const char *name = apo_model_column_name(model, column);
  if (name != NULL) return name;
  snprintf(room, 16, "f%u", column);
  return room;
}

// Columns of a model without names get those that XGBoost would give them.
static apo_status digest_columns(const apo_model *model,
                                 uint32_t n_columns,
                                 char out[APO_DIGEST_TEXT_BYTES],
                                 apo_error *err) {
  apo_status status = APO_OK;
  const char **names = apo_alloc(n_columns, sizeof *names);
  char(*rooms)[16] = apo_alloc(n_columns, sizeof *rooms);
  if (names == NULL || rooms == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "run: names of %u columns: out of memory", n_columns);
    goto done;
  }
  for (uint32_t column = 0; column < n_columns; ++column) {
    names[column] = apo_column_label(model, column, rooms[column]);
  }
  status = apo_players_digest(n_columns, names, NULL, out, err);
done:
  free(names);
  free(rooms);
  return status;
}

/* --- the run ---------------------------------------------------------------------------------- */

apo_status apo_random_id(char out[APO_DIGEST_TEXT_BYTES], apo_error *err) {
  uint8_t bytes[APO_DIGEST_BYTES];
  FILE *in = fopen("/dev/urandom", "rb");
  const size_t n_read = in != NULL ? fread(bytes, 1, sizeof bytes, in) : 0;
  if (in != NULL) fclose(in);
  if (n_read != sizeof bytes) return apo_fail(err, APO_ERR_IO, "/dev/urandom: cannot be read");
  apo_digest_print(bytes, out);
  memcpy(out, "random:", 7);
  return APO_OK;
}

static char *copy_text(const char *value) {
  char *copy = apo_alloc(strlen(value) + 1, 1);
  if (copy != NULL) memcpy(copy, value, strlen(value));
  return copy;
}

// Which draws a row gets.  Shards of one input differ in it, so the origin is part of the answer.
static void print_draws(const apo_run_spec *spec, char out[64]) {
  const char *kind = spec->coalitions != NULL ? spec->coalitions : "";
  if (spec->row_origin == 0) {
    snprintf(out, 64, "%.32s", kind);
  } else {
    snprintf(out, 64, "%.32s+%" PRIu64, kind, spec->row_origin);
  }
}

// What is kept of a row, "topk:5"; more than there are is all there are.
static void print_layout(const apo_run_spec *spec, char out[32]) {
  const apo_layout layout = apo_spec_layout(spec);
  if (spec->top > 0) {
    snprintf(out, 32, "%s:%u", apo_layout_text(layout), apo_spec_top(spec));
  } else {
    snprintf(out, 32, "%s", apo_layout_text(layout));
  }
}

static void put_config(text *t, const apo_run_spec *spec, const apo_run_identity *identity) {
  char draws[64];
  char layout[32];
  print_draws(spec, draws);
  print_layout(spec, layout);
  put_member(t, "{", "background_id", spec->background_id);
  put_member(t, ",", "draws", draws);
  put_member(t, ",", "index", spec->index != NULL ? spec->index : "shapley");
  put_member(t, ",", "input_id", identity->input_id);
  put_member(t, ",", "layout", layout);
  put_member(t, ",", "link", spec->link);
  put_member(t, ",", "method", spec->method);
  put_member(t, ",", "model_id", identity->model_id);
  put_count(t, "nsamples", spec->n_samples);
  put_count(t, "order", spec->has_pairs ? 2 : 1);  // attributions of players, or of pairs too
  put_member(t, ",", "output", spec->output);
  put_member(t, ",", "players_id", identity->players_id);
  put_member(t, ",", "schema", "run/1");
  put_count(t, "seed", spec->seed);
  put_count(t, "semantics", APO_RUN_SEMANTICS);
  // Runs without a loss keep the identities they had before there was one.
  if (spec->target_id != NULL) put_member(t, ",", "target_id", spec->target_id);
  put_member(t, ",", "tolerance", "0x0p+0");
  put(t, "}");
}

static apo_status identify_parts(const apo_run_spec *spec,
                                 apo_run_identity *identity,
                                 apo_error *err) {
  apo_model_info info = {.struct_bytes = sizeof info};
  apo_model_describe(spec->model, &info);
  const bool has_digest = info.digest != NULL && info.digest[0] != '\0';
  if (has_digest) {
    snprintf(identity->model_id, sizeof identity->model_id, "%s", info.digest);
  } else {
    APO_TRY(apo_random_id(identity->model_id, err));
  }
  char random_id[APO_DIGEST_TEXT_BYTES];
  if (spec->input_id == NULL) APO_TRY(apo_random_id(random_id, err));
  identity->input_id = copy_text(spec->input_id != NULL ? spec->input_id : random_id);
  if (identity->input_id == NULL) return apo_fail(err, APO_ERR_MEMORY, "run: out of memory");
  identity->can_resume = has_digest && spec->input_id != NULL;

  APO_TRY(check_text("input id", identity->input_id, err));
  APO_TRY(check_text("background id", spec->background_id, err));
  APO_TRY(check_text("target id", spec->target_id, err));
  APO_TRY(digest_columns(spec->model, info.n_columns, identity->columns_id, err));
  return apo_players_digest(spec->n_players, spec->player_names, spec->player_members,
                            identity->players_id, err);
}

apo_status apo_run_identify(const apo_run_spec *spec, apo_run_identity *out, apo_error *err) {
  memset(out, 0, sizeof *out);
  text t = {0};
  apo_status status = identify_parts(spec, out, err);
  if (status == APO_OK) {
    put_config(&t, spec, out);
    status = digest_text(&t, out->run_id, err);
  }
  if (status == APO_OK && !out->can_resume) status = apo_random_id(out->run_id, err);
  out->config = t.bytes;
  if (status != APO_OK) apo_run_identity_clear(out);
  return status;
}

void apo_run_identity_clear(apo_run_identity *identity) {
  free(identity->input_id);
  free(identity->config);
  memset(identity, 0, sizeof *identity);
}
