/* groups.c - the groups file becomes player numbers. */
#include "host/cli/groups.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/json.h"
#include "host/cli/text_out.h"
#include "host/io/file.h"

enum { MAX_GROUP_FILE_BYTES = 1 << 26 };

typedef struct column_set {
  const char *const *names;
  uint32_t n;
} column_set;

static apo_status no_memory(apo_error *err) {
  return apo_fail(err, APO_ERR_MEMORY, "groups: out of memory");
}

static char *copy_text(const char *text, size_t n_bytes) {
  char *copy = apo_alloc(n_bytes + 1, 1);
  if (copy != NULL) memcpy(copy, text, n_bytes);
  return copy;
}

static bool find_column(const column_set *columns, apo_json_chars name, uint32_t *out) {
  for (uint32_t col = 0; col < columns->n; ++col) {
    if (!apo_json_chars_are(name, columns->names[col])) continue;
    *out = col;
    return true;
  }
  return false;
}

/* The list as it is kept beside a run: names in the order of the file. */
static char *members_text(apo_json_at list) {
  cJSON *array = cJSON_CreateArray();
  char *text = NULL;
  const uint64_t n = apo_json_length(list);
  bool failed = array == NULL;
  for (uint64_t i = 0; i < n && !failed; ++i) {
    apo_json_chars name;
    failed = apo_json_text_at(list, i, &name, NULL) != APO_OK;
    char *copy = failed ? NULL : copy_text(name.at, name.n_bytes);
    cJSON *item = copy == NULL ? NULL : cJSON_CreateString(copy);
    failed = item == NULL || !cJSON_AddItemToArray(array, item);
    free(copy);
  }
  char *printed = failed ? NULL : cJSON_PrintUnformatted(array);
  if (printed != NULL) text = copy_text(printed, strlen(printed));
  cJSON_free(printed);
  cJSON_Delete(array);
  return text;
}

/* Columns of one group get its number. */
static apo_status assign_members(apo_json_at list,
                                 uint32_t player,
                                 const column_set *columns,
                                 uint32_t *player_of_column,
                                 apo_error *err) {
  const uint64_t n = apo_json_length(list);
  if (apo_json_kind_of(list) != APO_JSON_ARRAY || n == 0) {
    return apo_json_fault(list, err, APO_ERR_ARGUMENT, "needed a list of at least one column");
  }
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_chars name;
    uint32_t col;
    APO_TRY(apo_json_text_at(list, i, &name, err));
    if (!find_column(columns, name, &col)) {
      return apo_json_fault_at(list, i, err, APO_ERR_ARGUMENT, "\"%.*s\" is no column",
                               name.n_bytes > 80 ? 80 : (int)name.n_bytes, name.at);
    }
    if (player_of_column[col] != UINT32_MAX) {
      return apo_json_fault_at(list, i, err, APO_ERR_ARGUMENT, "\"%.*s\" is in a group already",
                               name.n_bytes > 80 ? 80 : (int)name.n_bytes, name.at);
    }
    player_of_column[col] = player;
  }
  return APO_OK;
}

static apo_status assign_groups(apo_json_at root,
                                const column_set *columns,
                                apo_groups *out,
                                apo_error *err) {
  if (apo_json_kind_of(root) != APO_JSON_OBJECT) {
    return apo_json_fault(root, err, APO_ERR_ARGUMENT,
                          "needed an object, group to list of columns");
  }
  const uint64_t n_groups = apo_json_length(root);
  if (n_groups > columns->n) {
    return apo_json_fault(root, err, APO_ERR_ARGUMENT, "more groups than the %u columns",
                          columns->n);
  }
  for (uint32_t col = 0; col < columns->n; ++col) out->player_of_column[col] = UINT32_MAX;
  for (uint32_t group = 0; group < n_groups; ++group) {
    apo_json_at list;
    APO_TRY(apo_json_item(root, group, &list, err));
    APO_TRY(assign_members(list, group, columns, out->player_of_column, err));
    const apo_json_chars name = apo_json_key(list);
    out->n_players = group + 1;
    out->names[group] = copy_text(name.at, name.n_bytes);
    out->members[group] = members_text(list);
    if (out->names[group] == NULL || out->members[group] == NULL) return no_memory(err);
  }
  return APO_OK;
}

/* Columns of no group become players behind the groups. */
static apo_status assign_rest(const column_set *columns, apo_groups *out, apo_error *err) {
  const uint32_t n_groups = out->n_players;
  for (uint32_t col = 0; col < columns->n; ++col) {
    if (out->player_of_column[col] != UINT32_MAX) continue;
    for (uint32_t group = 0; group < n_groups; ++group) {
      if (strcmp(out->names[group], columns->names[col]) != 0) continue;
      return apo_fail(err, APO_ERR_ARGUMENT,
                      "group \"%s\": a column outside of it has the same name",
                      columns->names[col]);
    }
    const uint32_t player = out->n_players++;
    out->player_of_column[col] = player;
    out->names[player] = copy_text(columns->names[col], strlen(columns->names[col]));
    if (out->names[player] == NULL) return no_memory(err);
  }
  return APO_OK;
}

static apo_status parse_groups(const char *path,
                               const column_set *columns,
                               apo_groups *out,
                               apo_error *err) {
  apo_mapping file = {0};
  apo_json *json = NULL;
  apo_status status = apo_mapping_open(path, MAX_GROUP_FILE_BYTES, &file, err);
  if (status != APO_OK) return status;  // the message names the path already
  const apo_bytes bytes = {file.bytes, file.n_bytes};
  status = apo_json_parse(bytes, &json, err);
  if (status == APO_OK) status = assign_groups(apo_json_root(json), columns, out, err);
  if (status == APO_OK) status = assign_rest(columns, out, err);
  // What a person wrote for this command line is usage, whatever is wrong with it.
  if (status == APO_ERR_FORMAT) {
    status = APO_ERR_ARGUMENT;
    if (err != NULL) err->status = status;
  }
  apo_json_destroy(&json);
  apo_mapping_close(&file);
  return apo_prefix(err, status, "%s: ", path);
}

static apo_status every_column(const column_set *columns, apo_groups *out, apo_error *err) {
  for (uint32_t col = 0; col < columns->n; ++col) {
    out->names[col] = copy_text(columns->names[col], strlen(columns->names[col]));
    if (out->names[col] == NULL) return no_memory(err);
    out->n_players = col + 1;
  }
  return APO_OK;
}

apo_status apo_groups_read(const char *path,
                           const char *const *column_names,
                           uint32_t n_columns,
                           apo_groups *out,
                           apo_error *err) {
  const column_set columns = {column_names, n_columns};
  *out = (apo_groups){0};
  out->names = apo_alloc(n_columns, sizeof *out->names);
  out->members = apo_alloc(n_columns, sizeof *out->members);
  if (path != NULL) out->player_of_column = apo_alloc(n_columns, sizeof *out->player_of_column);
  apo_status status = APO_OK;
  if (out->names == NULL || out->members == NULL ||
      (path != NULL && out->player_of_column == NULL)) {
    status = no_memory(err);
  } else {
    status =
        path == NULL ? every_column(&columns, out, err) : parse_groups(path, &columns, out, err);
  }
  if (status != APO_OK) apo_groups_clear(out);
  return status;
}

void apo_groups_clear(apo_groups *groups) {
  for (uint32_t player = 0; groups->names != NULL && player < groups->n_players; ++player) {
    free(groups->names[player]);
    free(groups->members[player]);
  }
  free(groups->names);
  free(groups->members);
  free(groups->player_of_column);
  *groups = (apo_groups){0};
}
