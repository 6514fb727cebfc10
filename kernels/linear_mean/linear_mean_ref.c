#include "kernels/linear_mean/linear_mean_abi.h"

#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/response_ref.h"
#include "kernels/stage.h"

extern const char apo_source_linear_mean[];
extern const char apo_specs_linear_mean[];

enum { RESPONSE, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_RESPONSE", "APO_GROUP"};

enum { BASE, X_TERM, B_TERM, WEIGHT, MEMBER, LIST_OF_ROW, PARTIAL, SCRATCH, N_BUFFERS };

// The margin of one coalition for one pair of rows, players in order.
static apo_f32 hybrid_margin(const apo_linear_mean_args *args,
                             const apo_u32 *member,
                             size_t coalition,
                             apo_f32 base,
                             const apo_f32 *x,
                             const apo_f32 *b) {
  apo_f32 margin = base;
  for (size_t p = 0; p < args->n_players; ++p) {
    const apo_u32 word = member[p * args->n_words + coalition / 32];
    margin += (word >> (coalition % 32) & 1) != 0 ? x[p] : b[p];
  }
  return margin;
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_linear_mean_args *args = args_bytes;
  const size_t n_values = (size_t)args->n_planes * args->n_outputs;
  const size_t n_coalitions = (size_t)args->n_words * 32;
  const size_t row_terms = (size_t)args->n_outputs * args->n_players;
  const apo_f32 *base = buffers[BASE];
  const apo_f32 *weight = buffers[WEIGHT];
  const apo_u32 *list_of_row = buffers[LIST_OF_ROW];
  apo_f32 *partial = buffers[PARTIAL];
  apo_f32 *value = buffers[SCRATCH];

  for (size_t row = 0; row < args->n_rows; ++row) {
    const apo_f32 *x = (const apo_f32 *)buffers[X_TERM] + row * row_terms;
    const apo_u32 *member = (const apo_u32 *)buffers[MEMBER] +
                            (size_t)list_of_row[row] * args->n_players * args->n_words;
    for (size_t block = 0; block < args->n_blocks; ++block, partial += n_values * n_coalitions) {
      memset(partial, 0, n_values * n_coalitions * sizeof *partial);
      const size_t begin = block * APO_BACKGROUND_BLOCK;
      const size_t end = begin + APO_BACKGROUND_BLOCK;
      for (size_t i = begin; i < args->n_background && i < end; ++i) {
        const size_t b = args->first_background + i;
        const apo_f32 *y = (const apo_f32 *)buffers[B_TERM] + b * row_terms;
        for (size_t coalition = 0; coalition < n_coalitions; ++coalition) {
          for (size_t k = 0; k < args->n_outputs; ++k) {
            const size_t at = k * args->n_players;
            value[k] = hybrid_margin(args, member, coalition, base[k], x + at, y + at);
          }
          apo_respond(spec[RESPONSE], args->response_scale, args->n_outputs, 1, args->n_planes,
                      value);
          for (size_t k = 0; k < n_values; ++k) {
            partial[k * n_coalitions + coalition] += value[k] * weight[b];
          }
        }
      }
    }
  }
}

const apo_stage apo_stage_linear_mean = {
    .name = "linear_mean",
    .source = apo_source_linear_mean,
    .specs = apo_specs_linear_mean,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_linear_mean_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // + and * in one order, response.h
    .reference = reference,
};
