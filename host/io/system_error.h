/* system_error.h - a failed system call as APO_ERR_IO, with the system's own words. */
#ifndef APO_HOST_IO_SYSTEM_ERROR_H
#define APO_HOST_IO_SYSTEM_ERROR_H

#include "engine/core/error.h"

/** "where: what: No space left on device", with `code` (an errno) as err->native. */
apo_status apo_fail_errno(apo_error *err, int code, const char *format, ...) APO_PRINTF(3, 4);

#endif
