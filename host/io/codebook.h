/* codebook.h - a column's categories as they stand in data, to the codes of the model. */
#ifndef APO_HOST_IO_CODEBOOK_H
#define APO_HOST_IO_CODEBOOK_H

#include "engine/model/model.h"
#include "host/io/names_map.h"

/** One category table, ready to be asked.  All zero knows nothing. */
typedef struct apo_codebook {
  const apo_category_table *table; /* borrowed; NULL: the column has none */
  apo_names_map texts;             /* of a table of texts */
  uint32_t *slots;                 /* [mask + 1] of a table of numbers: place + 1, 0 is empty */
  uint64_t mask;
} apo_codebook;

/** The table must outlive the codebook.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_codebook_build(const apo_category_table *table,
                                            apo_codebook *out,
                                            apo_error *err);
/** The code of a text, as a number; false when the table does not list it. */
bool apo_codebook_find(const apo_codebook *book, const char *text, size_t n_bytes, double *out);
void apo_codebook_clear(apo_codebook *book);

#endif
