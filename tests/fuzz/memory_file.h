/* memory_file.h - the input as a file that is never on a disk, for readers that take a path. */
#ifndef APO_TESTS_FUZZ_MEMORY_FILE_H
#define APO_TESTS_FUZZ_MEMORY_FILE_H

#include <stddef.h>
#include <stdint.h>

/** Replace the content of the one file there is; its path, which stays valid. */
const char *apo_memory_file(const uint8_t *bytes, size_t n_bytes);

#endif
