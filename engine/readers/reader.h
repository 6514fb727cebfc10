/* reader.h - what a model format offers, and the one function that uses them all.
 *
 * A format is a folder: engine/readers/<name>/<name>.c defines `const apo_reader
 * apo_reader_<name>`, and one line in readers.c lists it.  tests/contract then asks every reader:
 * empty, truncated and bit-flipped input; every allocation failing; the same bytes twice; no two
 * readers that claim the same bytes.
 */
#ifndef APO_ENGINE_READERS_READER_H
#define APO_ENGINE_READERS_READER_H

#include "engine/core/bytes.h"
#include "engine/model/model.h"

typedef struct apo_reader {
  const char *name;               /* of the folder; the first word of its messages */
  bool (*sniff)(apo_bytes bytes); /* are these bytes mine?  cheap, and never past n_bytes */
  /* Bytes to a filled model, not yet sealed (apo_model_read seals it).  A message starts with the
   * place in the input.  Unknown keys are skipped in foreign formats; unknown meanings are
   * APO_ERR_UNSUPPORTED, never a guess. */
  apo_status (*read)(apo_bytes bytes, apo_model *model, apo_error *err);
} apo_reader;

/** The listed readers in order, ended by NULL. */
extern const apo_reader *const apo_readers[];

#endif
