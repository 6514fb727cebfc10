#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/response_ref.h"
#include "kernels/stage.h"
#include "kernels/walk_ref.h"

extern const char apo_source_coalition_mean[];
extern const char apo_specs_coalition_mean[];

enum { CODE_BYTES, SETS, RESPONSE, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_SETS", "APO_RESPONSE",
                                             "APO_GROUP"};

enum {
  NODE,
  INSTANCE,
  LEAF,
  SET_WORDS,
  OUTPUT_BEGIN,
  BASE,
  X_CODE,
  B_CODE,
  WEIGHT,
  PLAYER_OF_COLUMN,
  MEMBER,
  LIST_OF_ROW,
  PARTIAL,
  SCRATCH,
  N_BUFFERS
};

typedef struct hybrid {
  const char *x;
  const char *b;
  const apo_u32 *member; /* of the row's list */
  apo_u32 n_words;
  apo_u32 coalition;
} hybrid;

static apo_i32 tree_value(const apo_i32 *spec,
                          void *const *buffers,
                          const apo_instance *tree,
                          const hybrid *row) {
  const apo_node *node = buffers[NODE];
  const apo_u32 *player_of_column = buffers[PLAYER_OF_COLUMN];
  const apo_i32 *leaf = buffers[LEAF];
  const apo_node *at = &node[tree->root];
  while (at->leaf == APO_NODE_INNER) {
    const size_t player = player_of_column[at->column];
    const apo_u32 word = row->member[player * row->n_words + row->coalition / 32];
    const char *from = (word >> (row->coalition % 32) & 1) != 0 ? row->x : row->b;
    const apo_u32 code = apo_code_at(from, spec[CODE_BYTES], at->column);
    at = &node[(at->next & APO_NODE_NEXT) +
               apo_node_right(at, code, spec[CODE_BYTES], buffers[SET_WORDS])];
  }
  return leaf[tree->value_base + at->leaf];
}

// One coalition of one (row, background row): margins of all outputs to responses in `value`.
static void hybrid_response(const apo_i32 *spec,
                            const apo_coalition_mean_args *args,
                            void *const *buffers,
                            const hybrid *row,
                            apo_f32 *value) {
  const apo_instance *instance = buffers[INSTANCE];
  const apo_u32 *output_begin = buffers[OUTPUT_BEGIN];
  const apo_i32 *base = buffers[BASE];
  for (apo_u32 k = 0; k < args->n_outputs; ++k) {
    apo_i32 margin = base[k];
    for (apo_u32 i = output_begin[k]; i < output_begin[k + 1]; ++i) {
      margin += tree_value(spec, buffers, &instance[i], row);
    }
    value[k] = (apo_f32)margin * args->unit;
  }
  apo_respond(spec[RESPONSE], args->response_scale, args->n_outputs, 1, args->n_planes, value);
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_coalition_mean_args *args = args_bytes;
  const size_t row_bytes = (size_t)args->n_columns * (size_t)spec[CODE_BYTES];
  const size_t n_values = (size_t)args->n_planes * args->n_outputs;
  const size_t n_coalitions = (size_t)args->n_words * 32;
  const apo_f32 *weight = buffers[WEIGHT];
  const apo_u32 *list_of_row = buffers[LIST_OF_ROW];
  apo_f32 *value = buffers[SCRATCH];  // the first n_values words of it
  apo_f32 *partial = buffers[PARTIAL];

  for (size_t row = 0; row < args->n_rows; ++row) {
    hybrid at = {.x = (const char *)buffers[X_CODE] + row * row_bytes, .n_words = args->n_words};
    at.member = (const apo_u32 *)buffers[MEMBER] +
                (size_t)list_of_row[row] * args->n_players * args->n_words;
    for (size_t block = 0; block < args->n_blocks; ++block, partial += n_values * n_coalitions) {
      memset(partial, 0, n_values * n_coalitions * sizeof *partial);
      const size_t begin = block * APO_BACKGROUND_BLOCK;
      const size_t end = begin + APO_BACKGROUND_BLOCK;
      for (size_t i = begin; i < args->n_background && i < end; ++i) {
        const size_t b = args->first_background + i;
        at.b = (const char *)buffers[B_CODE] + b * row_bytes;
        for (at.coalition = 0; at.coalition < n_coalitions; ++at.coalition) {
          hybrid_response(spec, args, buffers, &at, value);
          for (size_t k = 0; k < n_values; ++k) {
            partial[k * n_coalitions + at.coalition] += value[k] * weight[b];
          }
        }
      }
    }
  }
}

const apo_stage apo_stage_coalition_mean = {
    .name = "coalition_mean",
    .source = apo_source_coalition_mean,
    .specs = apo_specs_coalition_mean,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_coalition_mean_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // integer margins, then response.h in one order: docs/NUMERICS.md
    .reference = reference,
};
