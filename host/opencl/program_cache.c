/* program_cache.c - a folder of compiled kernels that nobody else can have written.
 *
 * The folder is opened once and checked through its descriptor; every file is reached relative to
 * it, without following links.  So what was checked is what is used, whatever happens to the path
 * meanwhile.
 */
// openat, fdopendir, futimens and their kin are POSIX.
#define _POSIX_C_SOURCE 200809L
#include "host/opencl/program_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "engine/core/memory.h"

enum {
  FORMAT = 1,
  SUM_BYTES = 16,
  HEADER_BYTES = 4 + 4 + APO_CACHE_KEY_BYTES + 8 + SUM_BYTES,
  NAME_DIGITS = 2 * APO_CACHE_KEY_BYTES,
  NAME_BYTES = NAME_DIGITS + sizeof ".apok",
  TEMPORARY_BYTES = NAME_BYTES + 32,
  MAX_PATH_BYTES = 4096,
  PRIVATE_FOLDER = 0700,
  PRIVATE_FILE = 0600,
  OTHERS = 0077
};

static const char magic[4] = {'A', 'P', 'O', 'K'};

struct apo_program_cache {
  int folder;
  uint64_t limit_bytes;
};

/* --- the folder ------------------------------------------------------------------------------- */

static apo_status refuse(apo_error *err, const char *folder, const char *why) {
  return apo_fail(err, APO_ERR_IO, "kernel cache: %.200s: %s", folder, why);
}

static apo_status refuse_errno(apo_error *err, const char *folder, int native) {
  // strerror is not safe among threads, so the number speaks.
  apo_fail(err, APO_ERR_IO, "kernel cache: %.200s: error %d of the system", folder, native);
  if (err != NULL) err->native = native;
  return APO_ERR_IO;
}

// mkdir of the folder and of what is missing above it.
static apo_status make_folders(const char *folder, apo_error *err) {
  char path[MAX_PATH_BYTES];
  const size_t n = strlen(folder);
  if (n == 0 || n >= sizeof path) return refuse(err, folder, "no path of a usable length");
  memcpy(path, folder, n + 1);
  for (size_t i = 1; i <= n; ++i) {
    if (path[i] != '/' && path[i] != '\0') continue;
    const char end = path[i];
    path[i] = '\0';
    if (mkdir(path, PRIVATE_FOLDER) != 0 && errno != EEXIST) {
      const int native = errno;
      return refuse_errno(err, folder, native);
    }
    path[i] = end;
  }
  return APO_OK;
}

static apo_status check_folder(int descriptor, const char *folder, apo_error *err) {
  struct stat found;
  if (fstat(descriptor, &found) != 0) return refuse_errno(err, folder, errno);
  if (found.st_uid != geteuid()) return refuse(err, folder, "belongs to another user");
  if ((found.st_mode & OTHERS) != 0) return refuse(err, folder, "open to others, needed mode 0700");
  return APO_OK;
}

apo_status apo_program_cache_open(const char *folder, apo_program_cache **out, apo_error *err) {
  *out = NULL;
  APO_TRY(make_folders(folder, err));
  const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) {
    const int native = errno;
    if (native == ELOOP || native == ENOTDIR) {
      return refuse(err, folder, "a symbolic link or no folder");
    }
    return refuse_errno(err, folder, native);
  }
  apo_status status = check_folder(descriptor, folder, err);
  apo_program_cache *cache = NULL;
  if (status == APO_OK) {
    cache = apo_alloc(1, sizeof *cache);
    if (cache == NULL) status = apo_fail(err, APO_ERR_MEMORY, "kernel cache: no memory");
  }
  if (status != APO_OK) {
    close(descriptor);
    return status;
  }
  *cache = (apo_program_cache){descriptor, (uint64_t)APO_CACHE_LIMIT_MIB << 20};
  *out = cache;
  return APO_OK;
}

void apo_program_cache_close(apo_program_cache **cache) {
  if (cache == NULL || *cache == NULL) return;
  close((*cache)->folder);
  free(*cache);
  *cache = NULL;
}

void apo_program_cache_set_limit(apo_program_cache *cache, uint64_t n_bytes) {
  cache->limit_bytes = n_bytes;
}

/* --- one entry -------------------------------------------------------------------------------- */

static void name_entry(const uint8_t key[APO_CACHE_KEY_BYTES], char name[NAME_BYTES]) {
  for (size_t i = 0; i < APO_CACHE_KEY_BYTES; ++i) snprintf(name + 2 * i, 3, "%02x", key[i]);
  memcpy(name + NAME_DIGITS, ".apok", sizeof ".apok");
}

static void put_number(uint8_t *at, uint64_t value, int n_bytes) {
  for (int i = 0; i < n_bytes; ++i) at[i] = (uint8_t)(value >> (8 * i));
}

static void make_header(const uint8_t key[APO_CACHE_KEY_BYTES],
                        const void *payload,
                        size_t n_bytes,
                        uint8_t header[HEADER_BYTES]) {
  XXH128_canonical_t sum;
  XXH128_canonicalFromHash(&sum, XXH3_128bits(payload, n_bytes));
  memcpy(header, magic, sizeof magic);
  put_number(header + 4, FORMAT, 4);
  memcpy(header + 8, key, APO_CACHE_KEY_BYTES);
  put_number(header + 8 + APO_CACHE_KEY_BYTES, n_bytes, 8);
  memcpy(header + 16 + APO_CACHE_KEY_BYTES, sum.digest, SUM_BYTES);
}

static bool read_all(int file, uint8_t *to, size_t n_bytes) {
  while (n_bytes > 0) {
    const ssize_t n = read(file, to, n_bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    n_bytes -= (size_t)n;
  }
  return true;
}

static bool write_all(int file, const uint8_t *from, size_t n_bytes) {
  while (n_bytes > 0) {
    const ssize_t n = write(file, from, n_bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    from += n;
    n_bytes -= (size_t)n;
  }
  return true;
}

// A regular file of ours that nobody else can write, of a size that an entry may have.
static bool check_file(const apo_program_cache *cache, int file, size_t *n_payload) {
  struct stat found;
  if (fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) return false;
  if (found.st_uid != geteuid() || (found.st_mode & OTHERS) != 0) return false;
  if (found.st_size <= HEADER_BYTES || (uint64_t)found.st_size > cache->limit_bytes) return false;
  *n_payload = (size_t)found.st_size - HEADER_BYTES;
  return true;
}

// The header that the payload should have is made anew; one comparison then covers every field.
static bool read_entry(const apo_program_cache *cache,
                       int file,
                       const uint8_t key[APO_CACHE_KEY_BYTES],
                       uint8_t **out,
                       size_t *n_bytes) {
  uint8_t found[HEADER_BYTES];
  uint8_t expected[HEADER_BYTES];
  if (!check_file(cache, file, n_bytes) || !read_all(file, found, sizeof found)) return false;
  uint8_t *payload = apo_alloc(*n_bytes, 1);
  if (payload == NULL) return false;
  bool is_good = read_all(file, payload, *n_bytes);
  if (is_good) {
    make_header(key, payload, *n_bytes, expected);
    is_good = memcmp(found, expected, sizeof found) == 0;
  }
  if (!is_good) {
    free(payload);
    return false;
  }
  *out = payload;
  return true;
}

bool apo_program_cache_find(apo_program_cache *cache,
                            const uint8_t key[APO_CACHE_KEY_BYTES],
                            uint8_t **out,
                            size_t *n_bytes) {
  char name[NAME_BYTES];
  *out = NULL;
  *n_bytes = 0;
  name_entry(key, name);
  const int file = openat(cache->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    if (errno != ENOENT) apo_program_cache_drop(cache, key);
    return false;
  }
  const bool is_good = read_entry(cache, file, key, out, n_bytes);
  if (is_good) {
    // Its time of use decides what goes first.  A folder that is read-only keeps the old time.
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    const int touched = futimens(file, now);
    (void)touched;
  } else {
    apo_program_cache_drop(cache, key);
    *n_bytes = 0;
  }
  close(file);
  return is_good;
}

void apo_program_cache_drop(apo_program_cache *cache, const uint8_t key[APO_CACHE_KEY_BYTES]) {
  char name[NAME_BYTES];
  name_entry(key, name);
  unlinkat(cache->folder, name, 0);
}

/* --- the limit -------------------------------------------------------------------------------- */

typedef struct old_entry {
  char name[NAME_BYTES];
  struct timespec used;
  uint64_t n_bytes;
} old_entry;

static bool is_entry_name(const char *name) {
  size_t n = 0;
  while ((name[n] >= '0' && name[n] <= '9') || (name[n] >= 'a' && name[n] <= 'f')) ++n;
  return n == NAME_DIGITS && strcmp(name + n, ".apok") == 0;
}

static int compare_use(const void *left, const void *right) {
  const struct timespec *a = &((const old_entry *)left)->used;
  const struct timespec *b = &((const old_entry *)right)->used;
  if (a->tv_sec != b->tv_sec) return a->tv_sec < b->tv_sec ? -1 : 1;
  return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

// Every entry of the folder; false when there is no memory or no reading.
static bool list_entries(const apo_program_cache *cache, old_entry **out, size_t *n_out) {
  size_t n_room = 0;
  *out = NULL;
  *n_out = 0;
  const int again = openat(cache->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = again >= 0 ? fdopendir(again) : NULL;
  if (folder == NULL) {
    if (again >= 0) close(again);
    return false;
  }
  bool is_whole = true;
  for (struct dirent *at; is_whole && (at = readdir(folder)) != NULL;) {
    struct stat found;
    if (!is_entry_name(at->d_name) ||
        fstatat(cache->folder, at->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    if (*n_out == n_room) {
      n_room = n_room > 0 ? 2 * n_room : 64;
      old_entry *grown = apo_resize(*out, n_room, sizeof *grown);
      is_whole = grown != NULL;
      if (!is_whole) break;
      *out = grown;
    }
    old_entry *entry = &(*out)[(*n_out)++];
    memcpy(entry->name, at->d_name, sizeof entry->name);
    entry->used = found.st_mtim;
    entry->n_bytes = found.st_size > 0 ? (uint64_t)found.st_size : 0;
  }
  closedir(folder);
  return is_whole;
}

static void enforce_limit(const apo_program_cache *cache) {
  old_entry *entries = NULL;
  size_t n_entries = 0;
  uint64_t n_bytes = 0;
  if (list_entries(cache, &entries, &n_entries)) {
    for (size_t i = 0; i < n_entries; ++i) n_bytes += entries[i].n_bytes;
    if (n_bytes > cache->limit_bytes) qsort(entries, n_entries, sizeof *entries, compare_use);
    for (size_t i = 0; i < n_entries && n_bytes > cache->limit_bytes; ++i) {
      if (unlinkat(cache->folder, entries[i].name, 0) == 0) n_bytes -= entries[i].n_bytes;
    }
  }
  free(entries);
}

/* --- storing ---------------------------------------------------------------------------------- */

static bool write_entry(int file,
                        const uint8_t key[APO_CACHE_KEY_BYTES],
                        const void *payload,
                        size_t n_bytes) {
  uint8_t header[HEADER_BYTES];
  make_header(key, payload, n_bytes, header);
  return write_all(file, header, sizeof header) && write_all(file, payload, n_bytes) &&
         fsync(file) == 0;
}

apo_status apo_program_cache_put(apo_program_cache *cache,
                                 const uint8_t key[APO_CACHE_KEY_BYTES],
                                 const void *payload,
                                 size_t n_bytes,
                                 apo_error *err) {
  char name[NAME_BYTES];
  char temporary[TEMPORARY_BYTES];
  name_entry(key, name);
  // One per process: a leftover of a process that died under this number is written over.
  snprintf(temporary, sizeof temporary, "%s.%ld", name, (long)getpid());
  unlinkat(cache->folder, temporary, 0);
  const int file = openat(cache->folder, temporary,
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_FILE);
  if (file < 0) return refuse_errno(err, temporary, errno);
  bool is_written = write_entry(file, key, payload, n_bytes);
  int native = is_written ? 0 : errno;
  if (close(file) != 0 && is_written) {
    is_written = false;
    native = errno;
  }
  if (is_written && renameat(cache->folder, temporary, cache->folder, name) != 0) {
    is_written = false;
    native = errno;
  }
  if (!is_written) {
    unlinkat(cache->folder, temporary, 0);
    return refuse_errno(err, temporary, native);
  }
  enforce_limit(cache);
  return APO_OK;
}
