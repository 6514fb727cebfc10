/* spec_line.h - specs.txt as numbers: the specializations that a stage has. */
#ifndef APO_ENGINE_EXEC_SPEC_LINE_H
#define APO_ENGINE_EXEC_SPEC_LINE_H

#include <stdbool.h>

#include "engine/exec/executor.h"

/** Read the next specialization of `stage`, in the order of its parameters.
 *
 * `*cursor` is NULL before the first call and belongs to this function; comments and empty lines
 * are passed over.  False at the end.
 *
 * Fails:   nothing: a line that lacks a parameter, or has one that the stage does not know, is a
 *          defect of specs.txt; it ends the list and sets `*bad_line`, which may be NULL
 */
bool apo_spec_next(const apo_stage *stage,
                   const char **cursor,
                   apo_i32 spec[APO_MAX_STAGE_PARAMS],
                   bool *bad_line);

/** The value of one parameter of a specialization, or `absent`. */
apo_i32 apo_spec_value(const apo_stage *stage,
                       const apo_i32 *spec,
                       const char *param,
                       apo_i32 absent);

#endif
