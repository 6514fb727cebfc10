/* test_topology.c - invented machines, and the one this runs on. */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "host/topology/topology.h"
#include "tests/support/apo_test.h"

// 2 packages of 4 cores, 2 threads each: 8 cores, 16 threads; L2 is a core's own, L3 a package's.
static const char two_nodes[] =
    "package:2 [numa(memory=1073741824)] l3:1(size=8388608) core:4 l2:1(size=1048576) "
    "l1d:1(size=32768) pu:2";

static apo_topology *invent(const char *description) {
  apo_topology *topology = NULL;
  apo_error err;
  assert_ok(apo_topology_invent(description, &topology, &err), &err);
  return topology;
}

static void a_machine_is_counted(void **state) {
  (void)state;
  apo_topology *topology = invent(two_nodes);
  apo_topology_summary s;
  apo_topology_summarize(topology, &s);
  assert_int_equal(s.n_packages, 2);
  assert_int_equal(s.n_numa_nodes, 2);
  assert_int_equal(s.n_cores, 8);
  assert_int_equal(s.n_threads, 16);
  assert_int_equal(s.memory_bytes, 2147483648u);
  assert_int_equal(s.l1_bytes, 32768);
  assert_int_equal(s.l2_bytes, 1048576);
  assert_int_equal(s.l3_bytes, 8388608);
  assert_int_equal(s.l2_shared_by, 1);
  assert_int_equal(s.l3_shared_by, 4);
  assert_int_equal(apo_topology_node_bytes(topology, 1), 1073741824);
  apo_topology_destroy(&topology);
  assert_null(topology);
}

static void a_core_has_its_greatest_unshared_cache(void **state) {
  (void)state;
  static const struct {
    const char *machine;
    uint64_t n_bytes;
  } machines[] = {
      {two_nodes, 1048576},
      {"l3:1(size=8388608) l2:2(size=2097152) core:4 l1d:1(size=65536) pu:1", 65536},
      {"core:4 pu:1", 0},
  };
  for (size_t i = 0; i < sizeof machines / sizeof machines[0]; ++i) {
    apo_topology *topology = invent(machines[i].machine);
    assert_int_equal(apo_topology_core_cache_bytes(topology), machines[i].n_bytes);
    apo_topology_destroy(&topology);
  }
}

static void an_invented_machine_cannot_be_bound_to(void **state) {
  (void)state;
  apo_topology *topology = invent(two_nodes);
  apo_error err;
  assert_fails(apo_topology_bind_thread(topology, 1, &err), APO_ERR_UNSUPPORTED, &err, "node 1");
  assert_fails(apo_topology_bind_thread(topology, 2, &err), APO_ERR_ARGUMENT, &err, "node 2 of 2");
  apo_topology_destroy(&topology);
}

static void nonsense_is_no_machine(void **state) {
  (void)state;
  apo_topology *topology = NULL;
  apo_error err;
  assert_fails(apo_topology_invent("core core", &topology, &err), APO_ERR_ARGUMENT, &err,
               "synthetic");
  assert_null(topology);
  assert_fails(apo_topology_read("<no/>", &topology, &err), APO_ERR_FORMAT, &err, "XML");
  assert_null(topology);
}

static void this_machine_computes_and_remembers(void **state) {
  (void)state;
  apo_topology *topology = NULL;
  apo_error err;
  apo_topology_summary s;
  char text[256];
  assert_ok(apo_topology_load(&topology, &err), &err);
  apo_topology_summarize(topology, &s);
  assert_true(s.n_threads >= 1);
  assert_true(s.n_cores >= 1);
  assert_true(s.n_numa_nodes >= 1);
  apo_topology_text(topology, text, sizeof text);
  assert_non_null(strstr(text, "NUMA node"));
  apo_topology_destroy(&topology);
}

static void the_text_is_one_line_of_numbers(void **state) {
  (void)state;
  char text[256];
  apo_topology *topology = invent(two_nodes);
  apo_topology_text(topology, text, sizeof text);
  assert_string_equal(text,
                      "2 packages, 2 NUMA nodes, 8 cores, 16 threads, L1 32 KiB, L2 1024 KiB, "
                      "L3 8192 KiB, 2.0 GiB");
  apo_topology_destroy(&topology);
}

static void the_json_has_each_cache_and_each_node(void **state) {
  (void)state;
  char *text = NULL;
  apo_error err;
  apo_topology *topology = invent(two_nodes);
  assert_ok(apo_topology_json(topology, &text, &err), &err);
  cJSON *root = cJSON_Parse(text);
  assert_non_null(root);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "caches")), 3);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "nodes")), 2);
  assert_int_equal(cJSON_GetObjectItem(root, "threads")->valueint, 16);
  cJSON_Delete(root);
  free(text);
  apo_topology_destroy(&topology);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_machine_is_counted),
      cmocka_unit_test(a_core_has_its_greatest_unshared_cache),
      cmocka_unit_test(an_invented_machine_cannot_be_bound_to),
      cmocka_unit_test(nonsense_is_no_machine),
      cmocka_unit_test(this_machine_computes_and_remembers),
      cmocka_unit_test(the_text_is_one_line_of_numbers),
      cmocka_unit_test(the_json_has_each_cache_and_each_node),
  };
  return cmocka_run_group_tests_name("unit.topology", tests, NULL, NULL);
}
