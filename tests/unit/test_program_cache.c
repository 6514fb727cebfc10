/* test_program_cache.c - a poisoned cache is a miss, never a kernel. */
// mkdtemp, symlink and their kin are POSIX.
#define _XOPEN_SOURCE 700
#include "tests/support/apo_test.h"
#if APO_HAVE_OPENCL
  #include <fcntl.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/stat.h>
  #include <unistd.h>

  #include "host/opencl/program_cache.h"

enum { PATH_BYTES = 256, PAYLOAD_BYTES = 300, HEADER_BYTES = 64 };

typedef struct fixture {
  char root[PATH_BYTES];   /* a fresh folder */
  char folder[PATH_BYTES]; /* the cache, inside it */
  apo_program_cache *cache;
  uint8_t key[APO_CACHE_KEY_BYTES];
  uint8_t payload[PAYLOAD_BYTES];
} fixture;

static fixture f;

static int set_up(void **state) {
  (void)state;
  memset(&f, 0, sizeof f);
  snprintf(f.root, sizeof f.root, "/tmp/apo_cache_XXXXXX");
  assert_non_null(mkdtemp(f.root));
  snprintf(f.folder, sizeof f.folder, "%.200s/a/kernels", f.root);
  for (size_t i = 0; i < sizeof f.payload; ++i) f.payload[i] = (uint8_t)(i * 7);
  for (size_t i = 0; i < sizeof f.key; ++i) f.key[i] = (uint8_t)(0xf0 + i);
  apo_error err;
  assert_ok(apo_program_cache_open(f.folder, &f.cache, &err), &err);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  char command[PATH_BYTES + 16];
  apo_program_cache_close(&f.cache);
  snprintf(command, sizeof command, "rm -rf %s", f.root);
  return system(command);
}

static void entry_path(const uint8_t *key, char path[2 * PATH_BYTES]) {
  int n = snprintf(path, 2 * PATH_BYTES, "%s/", f.folder);
  for (size_t i = 0; i < APO_CACHE_KEY_BYTES; ++i) {
    n += snprintf(path + n, 2 * PATH_BYTES - (size_t)n, "%02x", key[i]);
  }
  snprintf(path + n, 2 * PATH_BYTES - (size_t)n, ".apok");
}

static void put(const uint8_t *key) {
  apo_error err;
  assert_ok(apo_program_cache_put(f.cache, key, f.payload, sizeof f.payload, &err), &err);
}

static bool is_found(const uint8_t *key) {
  uint8_t *payload = NULL;
  size_t n_bytes = 0;
  const bool found = apo_program_cache_find(f.cache, key, &payload, &n_bytes);
  if (found) {
    assert_int_equal(n_bytes, sizeof f.payload);
    assert_memory_equal(payload, f.payload, n_bytes);
  } else {
    assert_null(payload);
  }
  free(payload);
  return found;
}

static bool exists(const char *path) {
  struct stat found;
  return lstat(path, &found) == 0;
}

static void what_was_put_is_found(void **state) {
  (void)state;
  assert_false(is_found(f.key));
  put(f.key);
  assert_true(is_found(f.key));
  put(f.key);  // again, over the old one
  assert_true(is_found(f.key));
}

static void folder_and_file_are_ours_alone(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  struct stat found;
  put(f.key);
  entry_path(f.key, path);
  assert_int_equal(stat(f.folder, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0700);
  assert_int_equal(stat(path, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0600);
}

static void each_flipped_byte_is_a_miss_and_deleted(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  entry_path(f.key, path);
  for (long at = 0; at < HEADER_BYTES + PAYLOAD_BYTES; ++at) {
    put(f.key);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    const int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 0x10, file);
    fclose(file);
    assert_false(is_found(f.key));
    assert_false(exists(path));
  }
}

static void each_truncation_is_a_miss(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  entry_path(f.key, path);
  for (long n_kept = 0; n_kept < HEADER_BYTES + PAYLOAD_BYTES; n_kept += 13) {
    put(f.key);
    assert_int_equal(truncate(path, n_kept), 0);
    assert_false(is_found(f.key));
    assert_false(exists(path));
  }
}

static void a_longer_file_is_a_miss(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  entry_path(f.key, path);
  put(f.key);
  FILE *file = fopen(path, "ab");
  assert_non_null(file);
  fputc(0, file);
  fclose(file);
  assert_false(is_found(f.key));
}

static void swapped_entries_are_misses(void **state) {
  (void)state;
  char first[2 * PATH_BYTES];
  char second[2 * PATH_BYTES];
  uint8_t other[APO_CACHE_KEY_BYTES] = {1};
  put(f.key);
  entry_path(f.key, first);
  entry_path(other, second);
  assert_int_equal(rename(first, second), 0);
  assert_false(is_found(other));
  assert_false(is_found(f.key));
}

static void a_symbolic_link_is_not_followed(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  char moved[2 * PATH_BYTES];
  entry_path(f.key, path);
  snprintf(moved, sizeof moved, "%s/elsewhere", f.root);
  put(f.key);
  assert_int_equal(rename(path, moved), 0);
  assert_int_equal(symlink(moved, path), 0);
  assert_false(is_found(f.key));
  assert_false(exists(path));
  assert_true(exists(moved));
}

static void a_file_that_others_may_write_is_a_miss(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  entry_path(f.key, path);
  put(f.key);
  assert_int_equal(chmod(path, 0620), 0);
  assert_false(is_found(f.key));
}

static void a_fifo_in_place_of_an_entry_does_not_hang(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  entry_path(f.key, path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_false(is_found(f.key));
}

static void a_folder_that_others_may_use_is_refused(void **state) {
  (void)state;
  apo_program_cache *cache = NULL;
  apo_error err;
  assert_int_equal(chmod(f.folder, 0750), 0);
  assert_fails(apo_program_cache_open(f.folder, &cache, &err), APO_ERR_IO, &err, "open to others");
  assert_null(cache);
}

static void a_folder_behind_a_link_is_refused(void **state) {
  (void)state;
  char link[2 * PATH_BYTES];
  apo_program_cache *cache = NULL;
  apo_error err;
  snprintf(link, sizeof link, "%s/link", f.root);
  assert_int_equal(symlink(f.folder, link), 0);
  assert_fails(apo_program_cache_open(link, &cache, &err), APO_ERR_IO, &err, "symbolic link");
  assert_null(cache);
}

static void a_folder_of_another_user_is_refused(void **state) {
  (void)state;
  apo_program_cache *cache = NULL;
  apo_error err;
  if (chown(f.folder, 12345, (gid_t)-1) != 0) {
    print_message("not root: owners cannot be changed\n");
    skip();
  }
  assert_fails(apo_program_cache_open(f.folder, &cache, &err), APO_ERR_IO, &err, "another user");
}

static void a_file_where_the_folder_should_be_is_refused(void **state) {
  (void)state;
  char path[2 * PATH_BYTES];
  apo_program_cache *cache = NULL;
  apo_error err;
  put(f.key);
  entry_path(f.key, path);
  assert_fails(apo_program_cache_open(path, &cache, &err), APO_ERR_IO, &err, "no folder");
}

static void a_full_disk_leaves_nothing_half_written(void **state) {
  (void)state;
  apo_error err;
  char path[2 * PATH_BYTES];
  entry_path(f.key, path);
  // The entry's name is taken by a folder, so that the rename fails after everything was written.
  assert_int_equal(mkdir(path, 0700), 0);
  assert_fails(apo_program_cache_put(f.cache, f.key, f.payload, sizeof f.payload, &err), APO_ERR_IO,
               &err, "error");
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(rmdir(f.folder), 0);  // so the folder holds nothing else
  assert_int_equal(mkdir(f.folder, 0700), 0);
}

static void what_was_not_used_longest_goes_first(void **state) {
  (void)state;
  uint8_t keys[3][APO_CACHE_KEY_BYTES] = {{1}, {2}, {3}};
  char path[2 * PATH_BYTES];
  put(keys[0]);
  put(keys[1]);
  // Entry 0 was used at second 2000, entry 1 at second 1000.
  const struct timespec older[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
  const struct timespec newer[2] = {{.tv_sec = 2000}, {.tv_sec = 2000}};
  entry_path(keys[0], path);
  assert_int_equal(utimensat(AT_FDCWD, path, newer, 0), 0);
  entry_path(keys[1], path);
  assert_int_equal(utimensat(AT_FDCWD, path, older, 0), 0);
  apo_program_cache_set_limit(f.cache, 2 * (HEADER_BYTES + PAYLOAD_BYTES));
  put(keys[2]);
  assert_true(is_found(keys[0]));
  assert_false(is_found(keys[1]));
  assert_true(is_found(keys[2]));
}

  #define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CACHE_TEST(what_was_put_is_found),
      CACHE_TEST(folder_and_file_are_ours_alone),
      CACHE_TEST(each_flipped_byte_is_a_miss_and_deleted),
      CACHE_TEST(each_truncation_is_a_miss),
      CACHE_TEST(a_longer_file_is_a_miss),
      CACHE_TEST(swapped_entries_are_misses),
      CACHE_TEST(a_symbolic_link_is_not_followed),
      CACHE_TEST(a_file_that_others_may_write_is_a_miss),
      CACHE_TEST(a_fifo_in_place_of_an_entry_does_not_hang),
      CACHE_TEST(a_folder_that_others_may_use_is_refused),
      CACHE_TEST(a_folder_behind_a_link_is_refused),
      CACHE_TEST(a_folder_of_another_user_is_refused),
      CACHE_TEST(a_file_where_the_folder_should_be_is_refused),
      CACHE_TEST(a_full_disk_leaves_nothing_half_written),
      CACHE_TEST(what_was_not_used_longest_goes_first),
  };
  return cmocka_run_group_tests_name("unit.program_cache", tests, NULL, NULL);
}
#else
int main(void) {
  print_message("skipped: built without OpenCL\n");
  return 0;
}
#endif
