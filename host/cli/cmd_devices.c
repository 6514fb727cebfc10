/* cmd_devices.c - what could compute here. */
#include <inttypes.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/api/device_list.h"
#include "host/api/devices.h"
#include "host/cli/cache_dir.h"
#include "host/cli/commands.h"
#include "host/cli/session.h"
#include "host/cli/text_out.h"
#include "host/topology/topology.h"

/* What is shown: records, and the machine. */
typedef struct listing {
  apo_device_record *records;
  uint32_t n_records;
  apo_topology *topology; /* NULL where the system tells nothing */
} listing;

/* Only the records that --device names; without the option, all. */
static apo_status keep_chosen(listing *shown, const char *text, apo_error *err) {
  apo_device_list *list = apo_alloc(1, sizeof *list);
  apo_device_choice *choices = apo_alloc(shown->n_records, sizeof *choices);
  apo_device_record *kept = apo_alloc(shown->n_records, sizeof *kept);
  uint32_t n = 0;
  apo_status status = APO_OK;
  if (list == NULL || choices == NULL || kept == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "devices: out of memory");
    goto done;
  }
  status = apo_device_list_parse(text, list, err);
  if (status == APO_OK) {
    status = apo_device_list_choose(list, shown->records, shown->n_records, choices, &n, err);
  }
  if (status != APO_OK) goto done;
  for (uint32_t i = 0; i < n; ++i) kept[i] = shown->records[choices[i].record];
  free(shown->records);
  shown->records = kept;
  shown->n_records = n;
  kept = NULL;
done:
  free(kept);
  free(choices);
  free(list);
  return apo_prefix(err, status, "--device: ");
}

static apo_status make_listing(const apo_options *o, listing *shown, apo_error *err) {
  apo_error ignored;
  const char *device = apo_option_text(o, APO_OPT_DEVICE);
  const bool tests = apo_option_flag(o, APO_OPT_SELF_TEST);
  if (strcmp(device, "none") != 0) {  // which promises that no driver is loaded
    char cache_dir[APO_CACHE_DIR_BYTES];
    if (apo_option_flag(o, APO_OPT_CACHE))
      apo_cache_dir_make(cache_dir);  // for PoCL's cache beside ours
    APO_TRY(apo_device_records(tests, &shown->records, &shown->n_records, err));
  }
  if (o->values[APO_OPT_DEVICE].is_given) APO_TRY(keep_chosen(shown, device, err));
  // Without a topology there is nothing to show, which is no failure.
  if (apo_topology_load(&shown->topology, &ignored) != APO_OK) shown->topology = NULL;
  return APO_OK;
}

/* --- text ------------------------------------------------------------------------------------- */

static const char *self_test_word(const apo_device_record *record) {
  switch (record->self_test) {
    case APO_SELF_TEST_NOT_RUN: return "not run";
    case APO_SELF_TEST_PASSED: return "passed";
    case APO_SELF_TEST_FAILED: return "failed";
  }
  return "";
}

static void print_fact(const char *name, const char *value) {
  if (value[0] == '\0') return;
  printf("    %-12s", name);
  apo_text_print(value, stdout);
  putchar('\n');
}

static void print_record(const apo_device_record *record) {
  const apo_caps *caps = &record->caps;
  printf("%u:%u  ", record->platform, record->device);
  apo_text_print(caps->name, stdout);
  printf("\n    %-12s%s, %u compute units, groups up to %u\n", "kind",
         apo_device_kind_text(record->kind), caps->compute_units, caps->max_group);
  print_fact("platform", caps->platform);
  print_fact("version", record->version);
  print_fact("driver", caps->driver);
  print_fact("uuid", record->uuid);
  print_fact("pci", record->pci);
  printf("    %-12s%" PRIu64 " MiB global, %" PRIu64 " MiB at most at once, %" PRIu64
         " KiB local, %s\n",
         "memory", caps->global_bytes >> 20, caps->max_alloc_bytes >> 20, caps->local_bytes >> 10,
         record->shares_host_memory ? "shared with the host" : "its own");
  print_fact("fp64", record->has_fp64 ? "yes" : "no");
  print_fact("self-test", self_test_word(record));
  if (record->self_test == APO_SELF_TEST_FAILED) print_fact("", record->self_test_text);
  if (!record->usable) print_fact("not usable", record->why);
}

static void print_text(const listing *shown) {
  char machine[512] = "unknown";
  for (uint32_t i = 0; i < shown->n_records; ++i) print_record(&shown->records[i]);
  if (shown->n_records == 0) puts("no OpenCL device");
  puts("none  the reference: plain C on one thread");
  if (shown->topology != NULL) apo_topology_text(shown->topology, machine, sizeof machine);
  printf("machine  %s\n", machine);
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* Move the member `name` of a printed object, or the whole object without a name. */
static void adopt(apo_json_out *json, const char *text, const char *from, const char *name) {
  cJSON *document = cJSON_Parse(text);
  cJSON *item = from == NULL ? document : cJSON_DetachItemFromObject(document, from);
  if (item == NULL || !cJSON_AddItemToObject(json->root, name, item)) {
    json->failed = true;
    cJSON_Delete(item);
  }
  if (from != NULL) cJSON_Delete(document);
}

static apo_status print_json(const listing *shown, apo_error *err) {
  char *devices = NULL;
  char *machine = NULL;
  apo_json_out json = apo_json_out_start();
  apo_status status = apo_device_records_json(shown->records, shown->n_records, &devices, err);
  if (status == APO_OK && shown->topology != NULL) {
    status = apo_topology_json(shown->topology, &machine, err);
  }
  if (status == APO_OK) {
    apo_json_out_text(&json, json.root, "schema", "devices/1");
    adopt(&json, devices, "devices", "devices");
    if (machine != NULL) adopt(&json, machine, NULL, "topology");
    if (machine == NULL) apo_json_out_text(&json, json.root, "topology", NULL);
    status = apo_json_out_print(&json, stdout, err);
  }
  apo_json_out_clear(&json);
  free(devices);
  free(machine);
  return status;
}

/* With --self-test, a device that fails it is a fault found. */
static int verdict(const apo_options *o, const listing *shown) {
  if (!apo_option_flag(o, APO_OPT_SELF_TEST)) return APO_EXIT_DONE;
  for (uint32_t i = 0; i < shown->n_records; ++i) {
    if (shown->records[i].self_test == APO_SELF_TEST_FAILED) return APO_EXIT_VERDICT;
  }
  return APO_EXIT_DONE;
}

int apo_cmd_devices(const apo_options *options) {
  listing shown = {0};
  apo_error err;
  int code;
  apo_status status = make_listing(options, &shown, &err);
  if (status != APO_OK) {
    code = apo_fail_command(&err, APO_SIDE_INPUT, "`apportion devices` lists what there is");
  } else if (apo_option_flag(options, APO_OPT_JSON)) {
    status = print_json(&shown, &err);
    code =
        status == APO_OK ? verdict(options, &shown) : apo_fail_command(&err, APO_SIDE_OUTPUT, NULL);
  } else {
    print_text(&shown);
    code = verdict(options, &shown);
  }
  apo_topology_destroy(&shown.topology);
  free(shown.records);
  return code;
}
