/* onnx_parts.h - an ONNX graph as this reader takes it: a line of tensors with one model in it.
 *
 *   input --> casts, scalers --> the model's node --> scores --> sums, links, ZipMap --> output
 *    rows                                   \--> labels --> whatever names them
 *
 * Nodes come in the order of the file, which ONNX asks to be a topological one.  Each reads one
 * tensor that is not constant, and what that tensor is decides what the node may be.
 */
#ifndef APO_ENGINE_READERS_ONNX_ONNX_PARTS_H
#define APO_ENGINE_READERS_ONNX_ONNX_PARTS_H

#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "engine/readers/onnx/onnx_proto.h"

enum {
  APO_ONNX_MAX_NODES = 256,
  APO_ONNX_MAX_CONSTANTS = 256,
  APO_ONNX_MAX_STEPS = 64,
  APO_ONNX_MAX_GRAPH_OUTPUTS = 16
};

/* --- rows: what happens to them before the model ---------------------------------------------- */

/** One column-wise operation, whose operands are the same for all columns or one for each. */
typedef struct apo_onnx_step {
  apo_transform_op op;
  double *values; /* [n_values], owned */
  uint64_t n_values;
  double high; /* of clip, whose values are the lower bound */
} apo_onnx_step;

typedef struct apo_onnx_rows {
  uint32_t n_columns; /* 0 while nothing has said it */
  bool is_float;      /* the tensor holds floats, else doubles */
  bool needs_cast;    /* the numbers are still to be rounded to float */
  apo_onnx_step steps[APO_ONNX_MAX_STEPS];
  uint32_t n_steps;
} apo_onnx_rows;

/** A named constant of the graph. */
typedef struct apo_onnx_constant {
  apo_bytes name;
  apo_onnx_tensor_head head;
} apo_onnx_constant;

typedef struct apo_onnx_constants {
  apo_onnx_constant at[APO_ONNX_MAX_CONSTANTS];
  uint32_t n;
} apo_onnx_constants;

/** The constant of that name, or NULL. */
const apo_onnx_constant *apo_onnx_constant_find(const apo_onnx_constants *constants,
                                                apo_bytes name);

/** The numbers of the constant input `input` of a node, as doubles.
 *
 * Owns:    `*out` [*n_out] is the caller's
 */
APO_NODISCARD apo_status apo_onnx_operand(const apo_onnx_node *node,
                                          uint32_t input,
                                          const apo_onnx_constants *constants,
                                          double **out,
                                          uint64_t *n_out,
                                          apo_error *err);

/** One node in front of the model.
 *
 * Fails:   APO_ERR_UNSUPPORTED  an operator that is not column by column, or not read; it is named
 */
APO_NODISCARD apo_status apo_onnx_rows_node(apo_onnx_rows *rows,
                                            const apo_onnx_node *node,
                                            uint32_t input,
                                            const apo_onnx_constants *constants,
                                            apo_error *err);

/** The steps for the columns of a whole model.
 *
 * Fails:   APO_ERR_LIMIT  they take memory out of proportion to the file
 */
APO_NODISCARD apo_status apo_onnx_rows_finish(const apo_onnx_rows *rows,
                                              size_t file_bytes,
                                              apo_model *model,
                                              apo_error *err);
void apo_onnx_rows_clear(apo_onnx_rows *rows);

/* --- the model -------------------------------------------------------------------------------- */

/** What a model's node says beside its trees or coefficients, and what comes after it changes. */
typedef struct apo_onnx_scores {
  bool is_pair;        /* the tensor has two columns of which the model has the second */
  bool sums_to_one;    /* the responses of a row do */
  bool is_probability; /* the margin is one */
} apo_onnx_scores;

/** post_transform of a node of `n_outputs`: NONE, LOGISTIC or SOFTMAX.
 *
 * Fails:   APO_ERR_UNSUPPORTED  another one; one that libraries do not agree about
 */
APO_NODISCARD apo_status apo_onnx_link(const apo_onnx_node *node,
                                       apo_bytes post_transform,
                                       apo_model *model,
                                       apo_onnx_scores *scores,
                                       apo_error *err);

/** Class labels (strings, else integers) to names.
 *
 * Fails:   APO_ERR_FORMAT       both lists
 *          APO_ERR_UNSUPPORTED  fewer than two labels
 */
APO_NODISCARD apo_status apo_onnx_labels(const apo_onnx_node *node,
                                         const char *strings,
                                         const char *integers,
                                         apo_names *out,
                                         apo_error *err);

/** Forget all names but the second. */
void apo_onnx_keep_second(apo_names *names);

/** The base: zeros, or as many numbers of attribute base_values as there are outputs. */
APO_NODISCARD apo_status apo_onnx_base(const apo_onnx_node *node, apo_model *model, apo_error *err);

/** TreeEnsembleRegressor, TreeEnsembleClassifier: nodes of all trees in a row. */
APO_NODISCARD apo_status apo_onnx_ensemble(const apo_onnx_node *node,
                                           const apo_onnx_rows *rows,
                                           size_t file_bytes,
                                           apo_model *model,
                                           apo_onnx_scores *scores,
                                           apo_error *err);

/** TreeEnsemble of ai.onnx.ml 5: inner nodes and leaves apart. */
APO_NODISCARD apo_status apo_onnx_trees(const apo_onnx_node *node,
                                        const apo_onnx_rows *rows,
                                        size_t file_bytes,
                                        apo_model *model,
                                        apo_error *err);

/** LinearRegressor, LinearClassifier. */
APO_NODISCARD apo_status apo_onnx_linear(const apo_onnx_node *node,
                                         const apo_onnx_rows *rows,
                                         apo_model *model,
                                         apo_onnx_scores *scores,
                                         apo_error *err);

/** MatMul by a constant matrix: a linear model without intercepts. */
APO_NODISCARD apo_status apo_onnx_matmul(const apo_onnx_node *node,
                                         const apo_onnx_rows *rows,
                                         const apo_onnx_constants *constants,
                                         apo_model *model,
                                         apo_error *err);

/* --- trees ------------------------------------------------------------------------------------ */

/** How a node decides, in the order of ai.onnx.ml 5. */
typedef enum apo_onnx_mode {
  APO_ONNX_LEQ = 0,
  APO_ONNX_LT = 1,
  APO_ONNX_GTE = 2,
  APO_ONNX_GT = 3,
  APO_ONNX_EQ = 4,
  APO_ONNX_NEQ = 5,
  APO_ONNX_MEMBER = 6,
  APO_ONNX_LEAF = 7 /* of versions before 5 */
} apo_onnx_mode;

/** Fill what a split says, column apart; `set` is of APO_ONNX_MEMBER. */
void apo_onnx_split(apo_onnx_mode mode,
                    double value,
                    bool missing_is_true,
                    int64_t if_true,
                    int64_t if_false,
                    apo_node_spec *out);

/** A leaf's contribution to one output.  A leaf may have several, or none. */
typedef struct apo_onnx_vote {
  double weight;
  int32_t tree; /* the numbers of the file */
  int32_t node;
  uint32_t output;
} apo_onnx_vote;

typedef struct apo_onnx_votes {
  apo_onnx_vote *at; /* [n], by tree, node and output */
  uint64_t n;
  bool has_negative;
} apo_onnx_votes;

/** Lists `prefix`_treeids, _nodeids, _ids and _weights.
 *
 * Fails:   APO_ERR_FORMAT  lists of different lengths; an id below 0 or not below `n_ids`; two
 *                          votes of a leaf for one output
 */
APO_NODISCARD apo_status apo_onnx_votes_read(const apo_onnx_node *node,
                                             const char *prefix,
                                             uint64_t n_ids,
                                             apo_onnx_votes *out,
                                             apo_error *err);
void apo_onnx_votes_clear(apo_onnx_votes *votes);

/** The votes [*begin, *end) of a tree; of one of its nodes, when these are the tree's. */
void apo_onnx_votes_of_tree(const apo_onnx_votes *votes,
                            int32_t tree,
                            uint64_t *begin,
                            uint64_t *end);
void apo_onnx_votes_of_node(const apo_onnx_votes *votes,
                            int32_t node,
                            uint64_t *begin,
                            uint64_t *end);

/** Refuse leaf vectors that are out of proportion to the file.
 *
 * A tree whose leaves vote for several outputs holds a number for each output in each leaf, however
 * few votes the file has.  Fails: APO_ERR_LIMIT.
 */
APO_NODISCARD apo_status apo_onnx_check_vectors(const apo_onnx_node *node,
                                                uint64_t n_values,
                                                size_t file_bytes,
                                                apo_error *err);

/** SUM or AVERAGE of `n_trees` trees to the forest's divisor; MIN and MAX are refused. */
APO_NODISCARD apo_status apo_onnx_aggregate(const apo_onnx_node *node,
                                            const char *name,
                                            apo_forest *forest,
                                            apo_error *err);

/* --- after the model -------------------------------------------------------------------------- */

/** One node behind the model that reads its scores and gives scores.
 *
 * Fails:   APO_ERR_UNSUPPORTED  an operator that is no sum, no factor and no link; it is named
 */
APO_NODISCARD apo_status apo_onnx_scores_node(apo_onnx_scores *scores,
                                              const apo_onnx_node *node,
                                              uint32_t input,
                                              const apo_onnx_constants *constants,
                                              apo_model *model,
                                              apo_error *err);

/* --- the graph -------------------------------------------------------------------------------- */

/** Whose operators the file says that it uses. */
typedef struct apo_onnx_imports {
  bool has_standard;
  bool has_ml;
} apo_onnx_imports;

/** A GraphProto to a model. */
APO_NODISCARD apo_status apo_onnx_graph(
    apo_wire graph, apo_onnx_imports imports, size_t file_bytes, apo_model *model, apo_error *err);

#endif
