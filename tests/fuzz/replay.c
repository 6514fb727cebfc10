/* replay.c - a target without libFuzzer: run it on files, and on changes of them.
 *
 *   fuzz.<target> [-n CHANGES] FILE_OR_FOLDER...
 *
 * Each file is run as it is, in a block of its exact size for the sanitizers, and then CHANGES
 * times after the target's own mutator, which is thereby tested as well: it must stay inside its
 * room, and do the same thing twice.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { ROOM_FACTOR = 2, ROOM_BYTES = 256, PATH_BYTES = 4096 };

static unsigned long n_changes = 0;
static unsigned long n_files = 0;
static unsigned long n_runs = 0;

static void stop(const char *path, const char *why) {
  fprintf(stderr, "%s: %s\n", path, why);
  exit(1);
}

static void *reserve(size_t n_bytes) {
  void *at = malloc(n_bytes > 0 ? n_bytes : 1);
  if (at == NULL) stop("replay", "no memory");
  return at;
}

/* What libFuzzer would do to bytes that the syntax does not fit: here, one byte. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n_bytes, size_t room) {
  if (n_bytes == 0) {
    if (room == 0) return 0;
    bytes[0] = ' ';
    return 1;
  }
  const size_t at = (n_bytes * 7919u) % n_bytes + n_bytes / 2;
  bytes[at % n_bytes] ^= (uint8_t)(1u << (n_bytes % 8));
  return n_bytes;
}

static void run(const uint8_t *bytes, size_t n_bytes) {
  uint8_t *exact = reserve(n_bytes);
  if (n_bytes > 0) memcpy(exact, bytes, n_bytes);
  (void)LLVMFuzzerTestOneInput(exact, n_bytes);
  free(exact);
  ++n_runs;
}

static void run_changed(const uint8_t *bytes, size_t n_bytes, unsigned seed) {
  const size_t room = ROOM_FACTOR * n_bytes + ROOM_BYTES;
  uint8_t *first = reserve(room);
  uint8_t *second = reserve(room);
  if (n_bytes > 0) memcpy(first, bytes, n_bytes);
  if (n_bytes > 0) memcpy(second, bytes, n_bytes);
  const size_t n_first = LLVMFuzzerCustomMutator(first, n_bytes, room, seed);
  const size_t n_second = LLVMFuzzerCustomMutator(second, n_bytes, room, seed);
  apo_fuzz_demand(n_first <= room, "a change inside its room", "more bytes");
  apo_fuzz_demand(n_first == n_second && memcmp(first, second, n_first) == 0,
                  "the same change twice", "another");
  run(first, n_first);
  free(first);
  free(second);
}

static void run_file(const char *path, size_t n_bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) stop(path, "cannot be opened");
  uint8_t *bytes = reserve(n_bytes);
  if (fread(bytes, 1, n_bytes, file) != n_bytes) stop(path, "cannot be read");
  fclose(file);
  printf("%s\n", path);
  fflush(stdout);  // the last line names the file of a crash
  run(bytes, n_bytes);
  for (unsigned seed = 1; seed <= n_changes; ++seed) run_changed(bytes, n_bytes, seed);
  free(bytes);
  ++n_files;
}

static void run_path(const char *path);

static void run_folder(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) stop(path, "cannot be opened");
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    char inside[PATH_BYTES];
    if (entry->d_name[0] == '.') continue;
    snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
    struct stat about;
    if (stat(inside, &about) == 0 && S_ISREG(about.st_mode)) {
      run_file(inside, (size_t)about.st_size);
    }
  }
  closedir(folder);
}

static void run_path(const char *path) {
  struct stat about;
  if (stat(path, &about) != 0) stop(path, "is not there");
  if (S_ISDIR(about.st_mode)) {
    run_folder(path);
  } else {
    run_file(path, (size_t)about.st_size);
  }
}

int main(int n_arguments, char **arguments) {
  int first = 1;
  if (n_arguments > 2 && strcmp(arguments[1], "-n") == 0) {
    n_changes = strtoul(arguments[2], NULL, 10);
    first = 3;
  }
  for (int i = first; i < n_arguments; ++i) run_path(arguments[i]);
  printf("%lu files, %lu executions\n", n_files, n_runs);
  return n_files > 0 ? 0 : 1;
}
