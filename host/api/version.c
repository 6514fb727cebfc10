#include "apo_version.h"
#include "apportion.h"

uint32_t apo_abi_version(void) {
  return APO_ABI_VERSION;
}

const char *apo_version(void) {
  return APO_VERSION;
}
