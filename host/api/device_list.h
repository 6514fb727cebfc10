/* device_list.h - the language of --device: which devices a user means.
 *
 *   list := sel {"," sel}        sel := ["!"] dev ["@numa"]
 *   dev  := "auto" | "none" | "any" | "cpu" | "gpu" | "acc" | part ":" part | "uuid:" hex32
 *         | "pci:" bdf | "name:" text | text ["*"]
 *   part := integer | "*" | text
 *
 * A text is a part of a platform's name or vendor or of a device's name, case ignored; it has to fit one device,
 * or end in "*" for all that fit.  "!" takes away from what the others chose; a list of nothing
 * else starts from "auto".  "@numa" asks for one sub-device per NUMA node of a CPU device.
 * "none" and "auto" beside others mean that the reference may answer if no device can.
 */
#ifndef APO_HOST_API_DEVICE_LIST_H
#define APO_HOST_API_DEVICE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "host/api/device_record.h"

enum { APO_MAX_SELECTORS = 32, APO_MAX_SELECTOR_BYTES = 128 };

typedef enum apo_selector_kind {
  APO_SELECT_AUTO,
  APO_SELECT_NONE,
  APO_SELECT_ANY,
  APO_SELECT_CPU,
  APO_SELECT_GPU,
  APO_SELECT_ACC,
  APO_SELECT_PAIR,
  APO_SELECT_UUID,
  APO_SELECT_PCI,
  APO_SELECT_NAME
} apo_selector_kind;

/** One side of "P:D", or the text of a name. */
typedef struct apo_selector_part {
  bool is_number;
  uint32_t number;
  bool is_all; /* "*", or a text that ended in one */
  char text[APO_MAX_SELECTOR_BYTES];
} apo_selector_part;

typedef struct apo_selector {
  apo_selector_kind kind;
  bool excludes;
  bool splits_numa;
  apo_selector_part parts[2];        /* PAIR both; UUID, PCI and NAME the first */
  char text[APO_MAX_SELECTOR_BYTES]; /* as written, for messages */
} apo_selector;

typedef struct apo_device_list {
  apo_selector selectors[APO_MAX_SELECTORS];
  uint32_t n_selectors;
  bool needs_devices; /* some selector can be answered by OpenCL only, so drivers may be loaded */
  bool is_auto;       /* the first device that works is meant, not every one that fits */
  bool allows_reference; /* "auto" or "none" is among the selectors */
} apo_device_list;

/** Read a list.  NULL is "auto".
 *
 * Fails:   APO_ERR_ARGUMENT  it is not a device list; the selector is quoted
 */
APO_NODISCARD apo_status apo_device_list_parse(const char *text,
                                               apo_device_list *out,
                                               apo_error *err);

/** One chosen device. */
typedef struct apo_device_choice {
  uint32_t record;
  bool splits_numa;
} apo_device_choice;

/** Choose among `records`, in the order of the selectors and without repeats.
 *
 * `auto` gives every candidate, best first: GPUs with memory of their own, other GPUs, CPUs, the
 * rest; unusable ones are left out.  The caller takes the first that opens.  Unusable devices that
 * are named are chosen all the same, so that opening them says why they fail.
 *
 * Shapes:  choices [n_records]
 * Fails:   APO_ERR_DEVICE  a selector fits nothing, or several devices without a "*", and the list
 *                          does not allow the reference; the message names what there is
 */
APO_NODISCARD apo_status apo_device_list_choose(const apo_device_list *list,
                                                const apo_device_record *records,
                                                uint32_t n_records,
                                                apo_device_choice *choices,
                                                uint32_t *n_choices,
                                                apo_error *err);

#endif
