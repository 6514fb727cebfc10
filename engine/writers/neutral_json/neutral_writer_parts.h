/* neutral_writer_parts.h - the writer of the neutral format between its two files. */
#ifndef APO_ENGINE_WRITERS_NEUTRAL_JSON_NEUTRAL_WRITER_PARTS_H
#define APO_ENGINE_WRITERS_NEUTRAL_JSON_NEUTRAL_WRITER_PARTS_H

#include "engine/model/model.h"
#include "engine/writers/json_writer.h"

/** Write the value of "forest".
 *
 * Fails:   APO_ERR_UNSUPPORTED  the divisor is not a whole number that the format can hold
 *          APO_ERR_MEMORY       8 bytes for each category set
 */
APO_NODISCARD apo_status apo_neutral_write_forest(apo_json_writer *writer,
                                                  const apo_model *model,
                                                  apo_error *err);

/** Write an array of numbers. */
void apo_neutral_write_numbers(apo_json_writer *writer, const double *numbers, uint64_t n);

#endif
