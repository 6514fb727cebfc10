/* self_test_writer.h - a small launch written down: buffers in order, arguments, drawn numbers. */
#ifndef APO_HOST_OPENCL_SELF_TEST_WRITER_H
#define APO_HOST_OPENCL_SELF_TEST_WRITER_H

#include "host/opencl/self_test_case.h"

/** Codes of a case: so many columns, each with codes 0 to APO_CASE_CODES - 1, and missing. */
enum { APO_CASE_COLUMNS = 3, APO_CASE_CODES = 4 };

/** A case on its way, and the parameters that most stages have. */
typedef struct apo_case_writer {
  apo_self_test_case *out;
  apo_u32 group;
  apo_u32 rows;       /* of a work-item */
  apo_u32 code_bytes; /* of stages on codes */
  bool has_sets;
  apo_u32 next; /* the buffer to be written next */
  apo_u32 state;
  bool fits; /* false: a buffer was larger than a case's, and nothing more is to be written */
} apo_case_writer;

/** What makes the case of a stage. */
typedef struct apo_case_maker {
  const char *stage;
  void (*make)(apo_case_writer *w);
} apo_case_maker;

/** Those of self_test_leaf_games.c, ended by a stage of NULL. */
extern const apo_case_maker apo_leaf_game_makers[];

/** A parameter of the case's specialization; `absent` where the stage has none of that name. */
apo_i32 apo_case_param(const apo_self_test_case *known, const char *name, apo_i32 absent);

/** The next buffer, zeroed.  Behind the last word of a case there is none: `fits` says so. */
apo_u32 *apo_case_words(apo_case_writer *w, size_t n_bytes);
apo_u32 *apo_case_output(apo_case_writer *w, size_t n_bytes, bool is_float);
/** What a stage only works with has no content and may be longer than a case's words. */
void apo_case_scratch(apo_case_writer *w, size_t n_bytes);
void apo_case_copy(apo_case_writer *w, const void *from, size_t n_bytes);

void apo_case_args(apo_case_writer *w, const void *from, size_t n_bytes);
/** Items, rounded up to whole groups. */
void apo_case_launch(apo_case_writer *w, size_t n_items);

/** A number below `limit`; the next ones of a case are always the same. */
apo_u32 apo_case_draw(apo_case_writer *w, apo_u32 limit);
/** A buffer of n floats, or of the codes of n rows. */
void apo_case_floats(apo_case_writer *w, size_t n);
void apo_case_codes(apo_case_writer *w, size_t n_rows);

#endif
