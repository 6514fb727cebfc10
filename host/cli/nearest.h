/* nearest.h - what somebody may have meant. */
#ifndef APO_HOST_CLI_NEAREST_H
#define APO_HOST_CLI_NEAREST_H

#include <stdint.h>

/** How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`; words
 * above 64 bytes are cut. */
uint32_t apo_edit_distance(const char *a, const char *b);

#endif
