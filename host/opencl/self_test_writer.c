/* self_test_writer.c - buffers, arguments and drawn numbers of small launches. */
#include "host/opencl/self_test_writer.h"

#include <string.h>

#include "engine/exec/spec_line.h"

apo_i32 apo_case_param(const apo_self_test_case *known, const char *name, apo_i32 absent) {
  return apo_spec_value(known->stage, known->spec, name, absent);
}

apo_u32 *apo_case_words(apo_case_writer *w, size_t n_bytes) {
  apo_case_buffer *to = &w->out->buffers[w->next++];
  w->fits = w->fits && n_bytes <= sizeof to->words;
  to->n_bytes = w->fits ? n_bytes : sizeof to->words;
  return to->words;
}

apo_u32 *apo_case_output(apo_case_writer *w, size_t n_bytes, bool is_float) {
  w->out->buffers[w->next].is_output = true;
  w->out->buffers[w->next].is_float = is_float;
  return apo_case_words(w, n_bytes);
}

void apo_case_scratch(apo_case_writer *w, size_t n_bytes) {
  w->out->buffers[w->next].is_scratch = true;
  w->out->buffers[w->next++].n_bytes = n_bytes;
}

void apo_case_copy(apo_case_writer *w, const void *from, size_t n_bytes) {
  memcpy(apo_case_words(w, n_bytes), from, n_bytes);
}

void apo_case_args(apo_case_writer *w, const void *from, size_t n_bytes) {
  memcpy(w->out->args, from, n_bytes);
}

void apo_case_launch(apo_case_writer *w, size_t n_items) {
  w->out->n_items = (n_items + w->group - 1) / w->group * w->group;
  w->out->group = w->group;
}

apo_u32 apo_case_draw(apo_case_writer *w, apo_u32 limit) {
  w->state = w->state * 1664525u + 1013904223u;
  return (w->state >> 16) % limit;
}

void apo_case_floats(apo_case_writer *w, size_t n) {
  apo_f32 *to = (apo_f32 *)(void *)apo_case_words(w, n * sizeof *to);
  for (size_t i = 0; w->fits && i < n; ++i) {
    to[i] = ((apo_f32)apo_case_draw(w, 2001) - 1000.0f) * 0.0031f;
  }
}

void apo_case_codes(apo_case_writer *w, size_t n_rows) {
  const size_t n = n_rows * APO_CASE_COLUMNS;
  const size_t n_bytes = n * w->code_bytes;
  unsigned char *to = (unsigned char *)apo_case_words(w, (n_bytes + 3) / 4 * 4);
  for (size_t i = 0; w->fits && i < n; ++i) {
    const apo_u32 drawn = apo_case_draw(w, APO_CASE_CODES + 1);
    const apo_u32 code = drawn == APO_CASE_CODES ? UINT32_MAX : drawn;
    const uint16_t narrow = (uint16_t)code;
    memcpy(to + i * w->code_bytes, w->code_bytes == 2 ? (const void *)&narrow : &code,
           w->code_bytes);
  }
}
