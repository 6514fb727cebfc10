/* test_device_list.c - the language of --device. */
#include <stdio.h>

#include "host/api/device_list.h"
#include "tests/support/apo_test.h"

enum { N_RECORDS = 5, INTEL = 0, POCL = 1, IRIS = 2, H200 = 3, BROKEN = 4 };

static apo_device_record record(uint32_t platform,
                                uint32_t device,
                                apo_device_kind kind,
                                const char *platform_name,
                                const char *name) {
  apo_device_record made = {.platform = platform, .device = device, .kind = kind, .usable = true};
  snprintf(made.caps.platform, sizeof made.caps.platform, "%s", platform_name);
  snprintf(made.caps.name, sizeof made.caps.name, "%s", name);
  return made;
}

static void fill(apo_device_record records[N_RECORDS]) {
  records[INTEL] = record(0, 0, APO_DEVICE_CPU, "Intel(R) OpenCL", "Xeon 6980P");
  records[POCL] = record(1, 0, APO_DEVICE_CPU, "Portable Computing Language", "pthread-Xeon");
  snprintf(records[POCL].platform_vendor, sizeof records[POCL].platform_vendor, "The pocl project");
  records[IRIS] = record(2, 0, APO_DEVICE_GPU, "Intel(R) OpenCL Graphics", "Iris Xe");
  records[IRIS].shares_host_memory = true;
  records[H200] = record(3, 0, APO_DEVICE_GPU, "NVIDIA CUDA", "NVIDIA H200");
  snprintf(records[H200].uuid, sizeof records[H200].uuid, "0123456789abcdef0123456789abcdef");
  snprintf(records[H200].pci, sizeof records[H200].pci, "0000:65:00.0");
  records[BROKEN] = record(3, 1, APO_DEVICE_GPU, "NVIDIA CUDA", "NVIDIA Old");
  records[BROKEN].usable = false;
}

static apo_status choose(const char *text,
                         uint32_t n_records,
                         apo_device_choice choices[N_RECORDS],
                         uint32_t *n_choices,
                         apo_error *err) {
  apo_device_record records[N_RECORDS];
  static apo_device_list list;
  *n_choices = 0;
  fill(records);
  const apo_status status = apo_device_list_parse(text, &list, err);
  if (status != APO_OK) return status;
  return apo_device_list_choose(&list, records, n_records, choices, n_choices, err);
}

// `expected` holds the digits of the chosen records, in order.
static void assert_chosen(const char *text, const char *expected) {
  apo_device_choice choices[N_RECORDS];
  uint32_t n_choices = 0;
  apo_error err;
  char chosen[N_RECORDS + 1] = "";
  assert_ok(choose(text, N_RECORDS, choices, &n_choices, &err), &err);
  for (uint32_t i = 0; i < n_choices; ++i) chosen[i] = (char)('0' + choices[i].record);
  assert_string_equal(chosen, expected);
}

static void assert_refused(const char *text, apo_status status, const char *words) {
  apo_device_choice choices[N_RECORDS];
  uint32_t n_choices = 0;
  apo_error err = {.status = APO_OK};
  assert_fails(choose(text, N_RECORDS, choices, &n_choices, &err), status, &err, words);
}

static void auto_puts_gpus_with_their_own_memory_first(void **state) {
  (void)state;
  assert_chosen("auto", "3201");
  assert_chosen(NULL, "3201");
}

static void a_kind_is_all_devices_of_it(void **state) {
  (void)state;
  assert_chosen("cpu", "01");
  assert_chosen("GPU", "234");
  assert_chosen("any", "01234");
}

static void a_pair_is_counted_as_clinfo_counts(void **state) {
  (void)state;
  assert_chosen("1:0", "1");
  assert_chosen("3:*", "34");
  assert_chosen("*:0", "0123");
  assert_chosen("nvidia:h200", "3");
}

static void a_text_is_a_part_of_a_name_in_any_case(void **state) {
  (void)state;
  assert_chosen("h200", "3");
  assert_chosen("pocl", "1");
  assert_chosen("portable", "1");
  assert_chosen("name:iris", "2");
  assert_chosen("nvidia*", "34");
}

static void a_text_that_fits_several_needs_a_star(void **state) {
  (void)state;
  assert_refused("xeon", APO_ERR_DEVICE, "several");
  assert_refused("nvidia:*d", APO_ERR_ARGUMENT, "may stand at the end");
}

static void uuid_and_pci_name_one_device(void **state) {
  (void)state;
  assert_chosen("uuid:0123456789ABCDEF0123456789abcdef", "3");
  assert_chosen("pci:0000:65:00.0", "3");
  assert_refused("pci:0000:66:00.0", APO_ERR_DEVICE, "fits nothing");
  assert_refused("uuid:0123", APO_ERR_ARGUMENT, "32 hexadecimal digits");
  assert_refused("pci:65:00.0", APO_ERR_ARGUMENT, "0000:65:00.0");
}

static void exclusions_take_away_from_what_the_others_chose(void **state) {
  (void)state;
  assert_chosen("gpu,!name:intel", "34");
  assert_chosen("any,!gpu", "01");
  assert_chosen("!gpu", "01");
  assert_chosen("auto,!3:0", "201");
  assert_refused("gpu,!gpu", APO_ERR_DEVICE, "everything is excluded");
}

static void a_list_keeps_its_order_without_repeats(void **state) {
  (void)state;
  assert_chosen("h200,cpu,1:0", "301");
}

static void what_matches_nothing_is_refused_and_named(void **state) {
  (void)state;
  assert_refused("acc", APO_ERR_DEVICE, "1:0 pthread-Xeon (Portable Computing Language)");
  assert_refused("gpu,acc", APO_ERR_DEVICE, "\"acc\" fits nothing");
  assert_refused("7:0", APO_ERR_DEVICE, "fits nothing");
}

static void auto_and_none_let_the_reference_answer(void **state) {
  (void)state;
  assert_chosen("acc,none", "");
  assert_chosen("acc,auto", "");
  assert_chosen("h200,none", "3");
  assert_chosen("none", "");
}

static void none_alone_needs_no_driver(void **state) {
  (void)state;
  static apo_device_list list;
  apo_error err;
  assert_ok(apo_device_list_parse("none", &list, &err), &err);
  assert_false(list.needs_devices);
  assert_ok(apo_device_list_parse("gpu,none", &list, &err), &err);
  assert_true(list.needs_devices);
}

static void without_a_platform_auto_is_the_reference_and_gpu_an_error(void **state) {
  (void)state;
  apo_device_choice choices[N_RECORDS];
  uint32_t n_choices = 1;
  apo_error err;
  assert_ok(choose("auto", 0, choices, &n_choices, &err), &err);
  assert_int_equal(n_choices, 0);
  assert_fails(choose("gpu", 0, choices, &n_choices, &err), APO_ERR_DEVICE, &err,
               "no OpenCL device");
}

static void numa_is_asked_for_by_a_suffix(void **state) {
  (void)state;
  apo_device_choice choices[N_RECORDS];
  uint32_t n_choices = 0;
  apo_error err;
  assert_ok(choose("1:0@numa,0:0", N_RECORDS, choices, &n_choices, &err), &err);
  assert_int_equal(n_choices, 2);
  assert_true(choices[0].splits_numa);
  assert_false(choices[1].splits_numa);
}

static void bad_syntax_is_refused_and_quoted(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",      ",",  "cpu,", "!",     "!auto", "!none",      "none,!cpu", "0",
      "1:2:3", ":0", "0:",   "name:", "a*b",   "99999999:0", "@numa",     "!cpu@numa"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    assert_refused(bad[i], APO_ERR_ARGUMENT, "device list: ");
  }
}

static void any_text_is_answered_without_a_crash(void **state) {
  (void)state;
  static const char letters[] = "0123:*!,@numacpugpx .";
  uint64_t random = 0x5eed;
  for (int i = 0; i < 20000; ++i) {
    char text[24] = "";
    apo_device_choice choices[N_RECORDS];
    uint32_t n_choices = 0;
    apo_error err;
    random = random * 6364136223846793005u + 1442695040888963407u;
    const size_t n = (size_t)(random >> 33) % (sizeof text - 1);
    for (size_t k = 0; k < n; ++k) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      text[k] = letters[(random >> 33) % (sizeof letters - 1)];
    }
    const apo_status status = choose(text, N_RECORDS, choices, &n_choices, &err);
    assert_true(status == APO_OK || status == APO_ERR_ARGUMENT || status == APO_ERR_DEVICE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(auto_puts_gpus_with_their_own_memory_first),
      cmocka_unit_test(a_kind_is_all_devices_of_it),
      cmocka_unit_test(a_pair_is_counted_as_clinfo_counts),
      cmocka_unit_test(a_text_is_a_part_of_a_name_in_any_case),
      cmocka_unit_test(a_text_that_fits_several_needs_a_star),
      cmocka_unit_test(uuid_and_pci_name_one_device),
      cmocka_unit_test(exclusions_take_away_from_what_the_others_chose),
      cmocka_unit_test(a_list_keeps_its_order_without_repeats),
      cmocka_unit_test(what_matches_nothing_is_refused_and_named),
      cmocka_unit_test(auto_and_none_let_the_reference_answer),
      cmocka_unit_test(none_alone_needs_no_driver),
      cmocka_unit_test(without_a_platform_auto_is_the_reference_and_gpu_an_error),
      cmocka_unit_test(numa_is_asked_for_by_a_suffix),
      cmocka_unit_test(bad_syntax_is_refused_and_quoted),
      cmocka_unit_test(any_text_is_answered_without_a_crash),
  };
  return cmocka_run_group_tests_name("unit.device_list", tests, NULL, NULL);
}
