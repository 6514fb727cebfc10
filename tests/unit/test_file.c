/* test_file.c - a reader sees the old file or the new one, and nothing else is left behind. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "engine/core/error.h"
#include "host/io/file.h"
#include "tests/support/apo_test.h"
#include "tests/support/scratch.h"

static bool holds(const char *path, const char *text) {
  apo_mapping mapping;
  apo_error err;
  if (apo_mapping_open(path, 1 << 20, &mapping, &err) != APO_OK) return false;
  const bool is_same = mapping.n_bytes == strlen(text) &&
                       (mapping.n_bytes == 0 || memcmp(mapping.bytes, text, mapping.n_bytes) == 0);
  apo_mapping_close(&mapping);
  return is_same;
}

static apo_status write_text(const char *path, bool force, const char *text, apo_error *err) {
  apo_output_file *file = NULL;
  APO_TRY(apo_output_file_open(path, force, &file, err));
  const apo_status status = apo_output_file_write(file, text, strlen(text), err);
  if (status != APO_OK) {
    apo_output_file_abandon(&file);
    return status;
  }
  return apo_output_file_commit(&file, err);
}

static void a_file_appears_when_it_is_committed(void **state) {
  (void)state;
  scratch folder = scratch_open();
  const char *path = scratch_path(&folder, "out");
  apo_output_file *file = NULL;
  apo_error err;

  assert_ok(apo_output_file_open(path, false, &file, &err), &err);
  assert_ok(apo_output_file_write(file, "abc", 3, &err), &err);
  assert_int_equal(access(path, F_OK), -1);
  assert_ok(apo_output_file_commit(&file, &err), &err);

  assert_null(file);
  assert_true(holds(path, "abc"));
  assert_int_equal(scratch_count(&folder), 1);
  scratch_close(&folder);
}

static void the_mode_is_that_of_an_ordinary_new_file(void **state) {
  (void)state;
  scratch folder = scratch_open();
  const char *path = scratch_path(&folder, "out");
  struct stat about;
  apo_error err;
  const mode_t old = umask(027);

  assert_ok(write_text(path, false, "x", &err), &err);

  assert_int_equal(umask(old), 027);  // and the mask is as it was
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0640);
  scratch_close(&folder);
}

static void an_abandoned_file_leaves_nothing(void **state) {
  (void)state;
  scratch folder = scratch_open();
  apo_output_file *file = NULL;
  apo_error err;
  assert_ok(apo_output_file_open(scratch_path(&folder, "out"), false, &file, &err), &err);
  assert_ok(apo_output_file_write(file, "abc", 3, &err), &err);

  apo_output_file_abandon(&file);
  apo_output_file_abandon(&file);

  assert_int_equal(scratch_count(&folder), 0);
  scratch_close(&folder);
}

static void an_existing_file_is_replaced_only_by_force(void **state) {
  (void)state;
  scratch folder = scratch_open();
  const char *path = scratch_write(&folder, "out", "old", 3);
  apo_error err;

  assert_fails(write_text(path, false, "new", &err), APO_ERR_IO, &err, "out: exists");
  assert_true(holds(path, "old"));
  assert_ok(write_text(path, true, "new", &err), &err);

  assert_true(holds(path, "new"));
  assert_int_equal(scratch_count(&folder), 1);
  scratch_close(&folder);
}

static void a_file_that_appears_while_writing_is_kept(void **state) {
  (void)state;
  scratch folder = scratch_open();
  apo_output_file *file = NULL;
  apo_error err;
  assert_ok(apo_output_file_open(scratch_path(&folder, "out"), false, &file, &err), &err);
  const char *path = scratch_write(&folder, "out", "theirs", 6);

  assert_fails(apo_output_file_commit(&file, &err), APO_ERR_IO, &err, "exists");

  assert_true(holds(path, "theirs"));
  assert_int_equal(scratch_count(&folder), 1);
  scratch_close(&folder);
}

static void a_symbolic_link_is_refused_even_by_force(void **state) {
  (void)state;
  scratch folder = scratch_open();
  char target[SCRATCH_PATH_BYTES];
  apo_error err;
  strcpy(target, scratch_write(&folder, "target", "old", 3));
  const char *path = scratch_path(&folder, "link");
  assert_int_equal(symlink(target, path), 0);

  assert_fails(write_text(path, true, "new", &err), APO_ERR_IO, &err, "symbolic link");

  assert_true(holds(target, "old"));
  scratch_close(&folder);
}

static void a_link_swapped_in_while_writing_is_not_followed(void **state) {
  (void)state;
  scratch folder = scratch_open();
  char target[SCRATCH_PATH_BYTES];
  apo_output_file *file = NULL;
  apo_error err;
  strcpy(target, scratch_write(&folder, "target", "old", 3));
  const char *path = scratch_path(&folder, "out");
  assert_ok(apo_output_file_open(path, true, &file, &err), &err);
  assert_int_equal(symlink(target, path), 0);

  assert_fails(apo_output_file_commit(&file, &err), APO_ERR_IO, &err, "symbolic link");

  assert_true(holds(target, "old"));
  assert_int_equal(scratch_count(&folder), 2);
  scratch_close(&folder);
}

static void a_path_that_cannot_be_written_is_named_with_the_reason(void **state) {
  (void)state;
  scratch folder = scratch_open();
  apo_output_file *file = NULL;
  apo_error err;

  assert_fails(apo_output_file_open(scratch_path(&folder, "no/such/out"), false, &file, &err),
               APO_ERR_IO, &err, "No such file or directory");
  assert_int_equal(err.native, ENOENT);
  assert_non_null(strstr(err.message, "no/such/out"));
  assert_fails(apo_output_file_open(folder.folder, true, &file, &err), APO_ERR_IO, &err,
               "not a regular file");
  assert_fails(apo_output_file_open(scratch_path(&folder, ""), true, &file, &err), APO_ERR_IO, &err,
               "needed the name of a file");

  assert_null(file);
  scratch_close(&folder);
}

static void a_disk_that_is_full_says_so_and_leaves_nothing(void **state) {
  (void)state;
  scratch folder = scratch_open();
  const char *path = scratch_write(&folder, "out", "old", 3);
  static char much[256 * 1024];
  struct rlimit old;
  apo_output_file *file = NULL;
  apo_error err;
  // The size limit of files stands in for the disk: the same call fails, with EFBIG for ENOSPC.
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  const struct rlimit small = {100 * 1024, old.rlim_max};
  assert_ok(apo_output_file_open(path, true, &file, &err), &err);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

  const apo_status written = apo_output_file_write(file, much, sizeof much, &err);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

  assert_fails(written, APO_ERR_IO, &err, "File too large");
  assert_int_equal(err.native, EFBIG);
  // Whoever overlooks that failure cannot publish half a file.
  assert_fails(apo_output_file_commit(&file, &err), APO_ERR_IO, &err, "earlier write");
  assert_true(holds(path, "old"));
  assert_int_equal(scratch_count(&folder), 1);
  scratch_close(&folder);
}

static void bytes_can_be_rewritten_before_and_after_they_reached_the_disk(void **state) {
  (void)state;
  static char much[200 * 1024];
  scratch folder = scratch_open();
  const char *path = scratch_path(&folder, "out");
  apo_output_file *file = NULL;
  apo_mapping mapping;
  apo_error err;
  memset(much, 'x', sizeof much);
  assert_ok(apo_output_file_open(path, false, &file, &err), &err);
  assert_ok(apo_output_file_write(file, "head", 4, &err), &err);
  assert_ok(apo_output_file_rewrite(file, 0, "HE", 2, &err), &err);
  assert_ok(apo_output_file_write(file, much, sizeof much, &err), &err);
  assert_ok(apo_output_file_write(file, "tail", 4, &err), &err);
  assert_ok(apo_output_file_rewrite(file, 2, "AD", 2, &err), &err);
  assert_ok(apo_output_file_rewrite(file, 4 + sizeof much, "T", 1, &err), &err);
  assert_fails(apo_output_file_rewrite(file, 4 + sizeof much, "12345", 5, &err), APO_ERR_ARGUMENT,
               &err, "written are");
  assert_ok(apo_output_file_commit(&file, &err), &err);

  assert_ok(apo_mapping_open(path, UINT64_MAX, &mapping, &err), &err);
  assert_int_equal(mapping.n_bytes, sizeof much + 8);
  assert_memory_equal(mapping.bytes, "HEADxx", 6);
  assert_memory_equal(mapping.bytes + 4 + sizeof much, "Tail", 4);
  apo_mapping_close(&mapping);
  scratch_close(&folder);
}

static void a_dash_is_stdout(void **state) {
  (void)state;
  scratch folder = scratch_open();
  const char *path = scratch_path(&folder, "captured");
  const pid_t child = fork();
  if (child == 0) {
    static char much[100 * 1024];
    apo_output_file *file = NULL;
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    int code = dup2(fd, STDOUT_FILENO) == STDOUT_FILENO ? 0 : 1;
    if (apo_output_file_open("-", false, &file, NULL) != APO_OK) _exit(1);
    if (apo_output_file_write(file, "abc", 3, NULL) != APO_OK) code = 1;
    if (apo_output_file_rewrite(file, 0, "A", 1, NULL) != APO_OK) code = 1;
    if (apo_output_file_write(file, much, sizeof much, NULL) != APO_OK) code = 1;
    if (apo_output_file_rewrite(file, 0, "x", 1, NULL) != APO_ERR_UNSUPPORTED) code = 1;
    if (apo_output_file_commit(&file, NULL) != APO_OK) code = 1;
    _exit(code);
  }
  int result = -1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);

  apo_mapping mapping;
  apo_error err;
  assert_ok(apo_mapping_open(path, UINT64_MAX, &mapping, &err), &err);
  assert_int_equal(mapping.n_bytes, 3 + 100 * 1024);
  assert_memory_equal(mapping.bytes, "Abc", 3);
  apo_mapping_close(&mapping);
  scratch_close(&folder);
}

static void a_mapping_refuses_what_is_no_file_of_the_right_size(void **state) {
  (void)state;
  scratch folder = scratch_open();
  apo_mapping mapping;
  apo_error err;

  assert_fails(apo_mapping_open(folder.folder, 10, &mapping, &err), APO_ERR_IO, &err,
               "Is a directory");
  assert_fails(apo_mapping_open(scratch_path(&folder, "absent"), 10, &mapping, &err), APO_ERR_IO,
               &err, "absent: cannot open: No such file");
  const char *path = scratch_write(&folder, "big", "0123456789a", 11);
  assert_fails(apo_mapping_open(path, 10, &mapping, &err), APO_ERR_LIMIT, &err,
               "11 bytes, at most 10");
  path = scratch_path(&folder, "fifo");
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_fails(apo_mapping_open(path, 10, &mapping, &err), APO_ERR_IO, &err, "not a regular file");
  path = scratch_write(&folder, "empty", "", 0);
  assert_ok(apo_mapping_open(path, 10, &mapping, &err), &err);

  assert_null(mapping.bytes);
  assert_int_equal(mapping.n_bytes, 0);
  apo_mapping_close(&mapping);
  scratch_close(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_appears_when_it_is_committed),
      cmocka_unit_test(the_mode_is_that_of_an_ordinary_new_file),
      cmocka_unit_test(an_abandoned_file_leaves_nothing),
      cmocka_unit_test(an_existing_file_is_replaced_only_by_force),
      cmocka_unit_test(a_file_that_appears_while_writing_is_kept),
      cmocka_unit_test(a_symbolic_link_is_refused_even_by_force),
      cmocka_unit_test(a_link_swapped_in_while_writing_is_not_followed),
      cmocka_unit_test(a_path_that_cannot_be_written_is_named_with_the_reason),
      cmocka_unit_test(a_disk_that_is_full_says_so_and_leaves_nothing),
      cmocka_unit_test(bytes_can_be_rewritten_before_and_after_they_reached_the_disk),
      cmocka_unit_test(a_dash_is_stdout),
      cmocka_unit_test(a_mapping_refuses_what_is_no_file_of_the_right_size),
  };
  return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
