/* file.c - mapping, and writing that is either finished or never happened.
 *
 * Everything is done relative to the descriptor of the target's folder, so that a folder which is
 * renamed or swapped under way cannot move the output.  Without `force` the finished temporary is
 * linked to its name, since link() refuses a name that exists and rename() does not.
 */
#define _POSIX_C_SOURCE 200809L
#include "host/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/io/system_error.h"

enum {
  BUFFER_BYTES = 64 * 1024, /* CSV comes line by line; a system call a line would dominate */
  TEMP_NAME_BYTES = 64,
  TEMP_TRIES = 64
};

bool apo_file_is_regular(const char *path) {
  struct stat about;
  return lstat(path, &about) == 0 && S_ISREG(about.st_mode);
}

bool apo_file_is_same(const char *path, const char *other) {
  struct stat a;
  struct stat b;
  return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

bool apo_path_ends_in(const char *path, const char *ending) {
  const size_t n = strlen(path);
  const size_t n_ending = strlen(ending);
  return n > n_ending && strcmp(path + n - n_ending, ending) == 0;
}

/* --- whole files in --------------------------------------------------------------------------- */

static apo_status map_descriptor(
    int fd, const char *path, uint64_t max_bytes, apo_mapping *out, apo_error *err) {
  struct stat about;
  if (fstat(fd, &about) != 0) return apo_fail_errno(err, errno, "%s: cannot look at it", path);
  if (S_ISDIR(about.st_mode)) return apo_fail_errno(err, EISDIR, "%s: cannot read", path);
  if (!S_ISREG(about.st_mode)) {
    return apo_fail(err, APO_ERR_IO, "%s: not a regular file", path);
  }
  const uint64_t n_bytes = (uint64_t)about.st_size;
  if (n_bytes > max_bytes || n_bytes > SIZE_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "%s: %" PRIu64 " bytes, at most %" PRIu64 " are read", path,
                    n_bytes, max_bytes);
  }
  if (n_bytes == 0) return APO_OK;
  void *bytes = mmap(NULL, (size_t)n_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return apo_fail_errno(err, errno, "%s: cannot map", path);
  out->bytes = bytes;
  out->n_bytes = (size_t)n_bytes;
  return APO_OK;
}

apo_status apo_mapping_open(const char *path,
                            uint64_t max_bytes,
                            apo_mapping *out,
                            apo_error *err) {
  *out = (apo_mapping){0};
  // A FIFO would make a plain open wait for a writer, and is refused below anyway.
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return apo_fail_errno(err, errno, "%s: cannot open", path);
  const apo_status status = map_descriptor(fd, path, max_bytes, out, err);
  close(fd);
  return status;
}

void apo_mapping_close(apo_mapping *mapping) {
  // munmap takes a pointer to bytes that may change; ours never did.
  if (mapping->bytes != NULL) munmap((void *)(uintptr_t)mapping->bytes, mapping->n_bytes);
  *mapping = (apo_mapping){0};
}

/* --- whole files out -------------------------------------------------------------------------- */

struct apo_output_file {
  int fd;        /* of the temporary, or of stdout */
  int folder_fd; /* -1 for stdout */
  bool force;
  bool has_temp;  /* a name in the folder that must go away again */
  bool is_broken; /* a write failed; nothing of this may appear */
  char temp_name[TEMP_NAME_BYTES];
  char *path;       /* as given, for messages */
  const char *name; /* the last part of it */
  uint64_t n_flushed;
  size_t n_buffered;
  uint8_t *buffer; /* [BUFFER_BYTES] */
};

static bool is_stdout(const apo_output_file *file) {
  return file->folder_fd < 0;
}

/* May the target take the place of what is there? */
static apo_status check_target(const apo_output_file *file, apo_error *err) {
  struct stat about;
  if (fstatat(file->folder_fd, file->name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return APO_OK;
    return apo_fail_errno(err, errno, "%s: cannot look at it", file->path);
  }
  if (S_ISLNK(about.st_mode)) {
    return apo_fail(err, APO_ERR_IO, "%s: a symbolic link, which is never replaced", file->path);
  }
  if (!S_ISREG(about.st_mode)) {
    return apo_fail(err, APO_ERR_IO, "%s: exists and is not a regular file", file->path);
  }
  if (!file->force) {
    return apo_fail(err, APO_ERR_IO, "%s: exists, and is replaced only by force", file->path);
  }
  return APO_OK;
}

static apo_status open_folder(apo_output_file *file, apo_error *err) {
  const char *slash = strrchr(file->path, '/');
  file->name = slash == NULL ? file->path : slash + 1;
  if (*file->name == '\0' || strcmp(file->name, ".") == 0 || strcmp(file->name, "..") == 0) {
    return apo_fail(err, APO_ERR_IO, "%s: a folder, needed the name of a file", file->path);
  }
  const char *folder = slash == NULL ? "." : slash == file->path ? "/" : file->path;
  // The path is ours: it is cut at its last slash for one call.
  char *cut = slash == NULL || slash == file->path ? NULL : file->path + (slash - file->path);
  if (cut != NULL) *cut = '\0';
  file->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int code = errno;
  if (cut != NULL) *cut = '/';
  if (file->folder_fd < 0) {
    return apo_fail_errno(err, code, "%s: cannot open its folder", file->path);
  }
  return APO_OK;
}

static apo_status open_temp(apo_output_file *file, apo_error *err) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t start = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
  for (unsigned attempt = 0; attempt < TEMP_TRIES; ++attempt) {
    snprintf(file->temp_name, sizeof file->temp_name, ".apportion-%ld-%" PRIx64, (long)getpid(),
             start + attempt);
    file->fd = openat(file->folder_fd, file->temp_name,
                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd >= 0) {
      file->has_temp = true;
      return APO_OK;
    }
    if (errno != EEXIST) break;
  }
  return apo_fail_errno(err, errno, "%s: cannot create a file beside it", file->path);
}

static apo_status open_target(apo_output_file *file, apo_error *err) {
  APO_TRY(open_folder(file, err));
  APO_TRY(check_target(file, err));
  return open_temp(file, err);
}

apo_status apo_output_file_open(const char *path,
                                bool force,
                                apo_output_file **out,
                                apo_error *err) {
  *out = NULL;
  apo_status status = APO_OK;
  const bool to_stdout = strcmp(path, "-") == 0;
  const char *shown = to_stdout ? "stdout" : path;
  const size_t path_bytes = strlen(shown) + 1;
  apo_output_file *file = apo_alloc(1, sizeof *file);
  if (file == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory to write it", shown);
  file->fd = -1;
  file->folder_fd = -1;
  file->force = force;
  file->path = apo_alloc(path_bytes, 1);
  file->buffer = apo_alloc(BUFFER_BYTES, 1);
  if (file->path == NULL || file->buffer == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "%s: no memory to write it", shown);
    goto done;
  }
  memcpy(file->path, shown, path_bytes);
  if (to_stdout) {
    file->fd = STDOUT_FILENO;
  } else {
    status = open_target(file, err);
  }
done:
  if (status == APO_OK) {
    *out = file;
  } else {
    apo_output_file_abandon(&file);
  }
  return status;
}

/* All of the bytes at the end of what was written. */
static apo_status write_through(apo_output_file *file,
                                const uint8_t *bytes,
                                size_t n_bytes,
                                apo_error *err) {
  size_t n_done = 0;
  while (n_done < n_bytes) {
    const ssize_t n = write(file->fd, bytes + n_done, n_bytes - n_done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      file->is_broken = true;
      return apo_fail_errno(err, n < 0 ? errno : EIO, "%s: cannot write %zu bytes at %" PRIu64,
                            file->path, n_bytes - n_done, file->n_flushed);
    }
    n_done += (size_t)n;
    file->n_flushed += (uint64_t)n;
  }
  return APO_OK;
}

static apo_status flush_buffer(apo_output_file *file, apo_error *err) {
  const size_t n_bytes = file->n_buffered;
  file->n_buffered = 0;
  return write_through(file, file->buffer, n_bytes, err);
}

apo_status apo_output_file_write(apo_output_file *file,
                                 const void *bytes,
                                 size_t n_bytes,
                                 apo_error *err) {
  if (n_bytes == 0) return APO_OK;
  if (n_bytes > BUFFER_BYTES - file->n_buffered) APO_TRY(flush_buffer(file, err));
  if (n_bytes >= BUFFER_BYTES) return write_through(file, bytes, n_bytes, err);
  memcpy(file->buffer + file->n_buffered, bytes, n_bytes);
  file->n_buffered += n_bytes;
  return APO_OK;
}

apo_status apo_output_file_rewrite(
    apo_output_file *file, uint64_t at, const void *bytes, size_t n_bytes, apo_error *err) {
  const uint64_t end = file->n_flushed + file->n_buffered;
  if (at > end || n_bytes > end - at) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "%s: rewriting %zu bytes at %" PRIu64 ", written are %" PRIu64, file->path,
                    n_bytes, at, end);
  }
  if (at >= file->n_flushed) {
    if (n_bytes > 0) memcpy(file->buffer + (at - file->n_flushed), bytes, n_bytes);
    return APO_OK;
  }
  if (is_stdout(file)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "%s: what went out cannot be changed", file->path);
  }
  APO_TRY(flush_buffer(file, err));
  const uint8_t *rest = bytes;
  while (n_bytes > 0) {
    const ssize_t n = pwrite(file->fd, rest, n_bytes, (off_t)at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      file->is_broken = true;
      return apo_fail_errno(err, n < 0 ? errno : EIO, "%s: cannot write %zu bytes at %" PRIu64,
                            file->path, n_bytes, at);
    }
    rest += n;
    at += (uint64_t)n;
    n_bytes -= (size_t)n;
  }
  return APO_OK;
}

apo_status apo_output_file_map(apo_output_file *file, apo_mapping *out, apo_error *err) {
  *out = (apo_mapping){0};
  if (is_stdout(file)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "%s: what went out cannot be read", file->path);
  }
  APO_TRY(flush_buffer(file, err));
  return map_descriptor(file->fd, file->path, UINT64_MAX, out, err);
}

static mode_t mode_of_new_files(void) {
  const mode_t mask = umask(077);  // the only way to ask is to set
  umask(mask);
  return 0644 & ~mask;
}

/* Give the finished temporary its name. */
static apo_status publish(apo_output_file *file, apo_error *err) {
  APO_TRY(check_target(file, err));  // it may have appeared since
  if (!file->force) {
    if (linkat(file->folder_fd, file->temp_name, file->folder_fd, file->name, 0) == 0) {
      return APO_OK;  // the temporary name goes with the handle
    }
    if (errno == EEXIST) {
      return apo_fail(err, APO_ERR_IO, "%s: exists, and is replaced only by force", file->path);
    }
    // A file system without links; the check above has to do.
  }
  if (renameat(file->folder_fd, file->temp_name, file->folder_fd, file->name) != 0) {
    return apo_fail_errno(err, errno, "%s: cannot rename to it", file->path);
  }
  file->has_temp = false;
  return APO_OK;
}

static apo_status commit_target(apo_output_file *file, apo_error *err) {
  if (fchmod(file->fd, mode_of_new_files()) != 0 || fsync(file->fd) != 0) {
    return apo_fail_errno(err, errno, "%s: cannot sync", file->path);
  }
  const int fd = file->fd;
  file->fd = -1;
  if (close(fd) != 0) return apo_fail_errno(err, errno, "%s: cannot close", file->path);
  APO_TRY(publish(file, err));
  if (file->has_temp && unlinkat(file->folder_fd, file->temp_name, 0) == 0) file->has_temp = false;
  // Some file systems have nothing to sync in a folder and say EINVAL.
  if (fsync(file->folder_fd) != 0 && errno != EINVAL) {
    return apo_fail_errno(err, errno, "%s: cannot sync its folder", file->path);
  }
  return APO_OK;
}

apo_status apo_output_file_commit(apo_output_file **file, apo_error *err) {
  const bool was_broken = (*file)->is_broken;
  apo_status status = flush_buffer(*file, err);
  if (was_broken) {
    status = apo_fail(err, APO_ERR_IO, "%s: an earlier write to it failed", (*file)->path);
  } else if (status == APO_OK && !is_stdout(*file)) {
    status = commit_target(*file, err);
  }
  apo_output_file_abandon(file);
  return status;
}

void apo_output_file_abandon(apo_output_file **file) {
  apo_output_file *dropped = *file;
  *file = NULL;
  if (dropped == NULL) return;
  if (dropped->fd >= 0 && !is_stdout(dropped)) close(dropped->fd);
  if (dropped->has_temp) unlinkat(dropped->folder_fd, dropped->temp_name, 0);
  if (dropped->folder_fd >= 0) close(dropped->folder_fd);
  free(dropped->buffer);
  free(dropped->path);
  free(dropped);
}
