/* lightgbm_parts.h - what the files of this reader share.
 *
 * The text is a list of lines, most of them `key=value`.  A field is the value of one key, where it
 * stands in the file's bytes; nothing is copied.  Fields of a tree are collected first and read
 * afterwards, since the sizes of some are the values of others.
 */
#ifndef APO_ENGINE_READERS_LIGHTGBM_PARTS_H
#define APO_ENGINE_READERS_LIGHTGBM_PARTS_H

#include "engine/core/bytes.h"
#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "engine/readers/json.h"

/* --- lines (lightgbm_lines.c) ----------------------------------------------------------------- */

/** Where in the text we are. */
typedef struct apo_lightgbm_lines {
  apo_bytes rest;      /* behind the current line */
  apo_json_chars text; /* the current line without its end (LF or CRLF) */
  uint64_t number;     /* of the current line, from 1; 0 before the first */
  bool has_line;       /* there is a current line; false behind the last */
} apo_lightgbm_lines;

/** Go to the next line; false, and no current line, behind the last. */
bool apo_lightgbm_next(apo_lightgbm_lines *lines);

/** True when the current line starts with `head`, or is exactly `text`. */
bool apo_lightgbm_starts(const apo_lightgbm_lines *lines, const char *head);
bool apo_lightgbm_is(const apo_lightgbm_lines *lines, const char *text);

/** True when the current line ends the block before it: the next tree, or the end of all. */
bool apo_lightgbm_ends_block(const apo_lightgbm_lines *lines);

/** Memory that is used again by the next tree; all zero is none. */
typedef struct apo_lightgbm_room {
  void *at;
  size_t n_bytes;
} apo_lightgbm_room;

/** The value of a key; line 0: the key was not there. */
typedef struct apo_lightgbm_field {
  const char *key;
  apo_json_chars value;
  uint64_t line;
  apo_lightgbm_room room; /* for what is read of it */
} apo_lightgbm_field;

/** If the current line is `key=value` with the key of one of the fields, fill that field.
 *
 * Fails:   APO_ERR_FORMAT  the field was filled before
 */
APO_NODISCARD apo_status apo_lightgbm_take(const apo_lightgbm_lines *lines,
                                           apo_lightgbm_field *fields,
                                           size_t n_fields,
                                           apo_error *err);

/* --- values (lightgbm_values.c) --------------------------------------------------------------- */

/** Take the next word of a text whose words are separated by runs of spaces; false at its end. */
bool apo_lightgbm_word(apo_json_chars *rest, apo_json_chars *out);

/** How many words there are. */
uint64_t apo_lightgbm_count(apo_json_chars text);

/** True when `chars` starts with `head`, which is then cut off. */
bool apo_lightgbm_cut_head(apo_json_chars *chars, const char *head);

typedef struct apo_lightgbm_range {
  int64_t min;
  int64_t max;
} apo_lightgbm_range;

/** One whole number of a text; false when it is none, or does not fit in 64 bits. */
bool apo_lightgbm_read_integer(apo_json_chars word, int64_t *out);

/** The field's one whole number.  Messages start "KEY: ".
 *
 * Fails:   APO_ERR_FORMAT  the field is not there, is no whole number, is out of range
 */
APO_NODISCARD apo_status apo_lightgbm_integer(const apo_lightgbm_field *field,
                                              apo_lightgbm_range range,
                                              int64_t *out,
                                              apo_error *err);

/** Fails with APO_ERR_FORMAT when a field is not there or too short to hold `n` words, so that what
 * is allocated for them is in proportion to the bytes of the file. */
APO_NODISCARD apo_status apo_lightgbm_need(const apo_lightgbm_field *field,
                                           uint64_t n,
                                           apo_error *err);

/** Exactly `n` whole numbers in a range of int32.  Messages start "KEY: " or "KEY[i]: ". */
APO_NODISCARD apo_status apo_lightgbm_integers(const apo_lightgbm_field *field,
                                               apo_lightgbm_range range,
                                               uint64_t n,
                                               int32_t *out,
                                               apo_error *err);

/** Exactly `n` numbers, finite but for the word inf, where it may be: above all bins of a column. */
APO_NODISCARD apo_status apo_lightgbm_doubles(
    const apo_lightgbm_field *field, uint64_t n, bool may_be_inf, double *out, apo_error *err);

/** Room for `n` elements, contents anything; NULL without memory. */
void *apo_lightgbm_fit(apo_lightgbm_room *room, uint64_t n, size_t element_bytes);
/** The same, keeping what is in it. */
void *apo_lightgbm_grow(apo_lightgbm_room *room, uint64_t n, size_t element_bytes);

/* --- parts of the document -------------------------------------------------------------------- */

typedef struct apo_lightgbm_header {
  bool is_averaged; /* random forests: the margin is a mean over iterations */
  bool has_sizes;   /* there is a line tree_sizes */
  uint64_t n_sizes; /* trees that it lists */
  apo_json_chars feature_infos;
} apo_lightgbm_header;

/** Everything before the first tree, at which `lines` stands afterwards (lightgbm_header.c). */
APO_NODISCARD apo_status apo_lightgbm_read_header(apo_lightgbm_lines *lines,
                                                  apo_model *model,
                                                  apo_lightgbm_header *out,
                                                  apo_error *err);

/** The link of an objective line, which may not be there (lightgbm_objective.c). */
APO_NODISCARD apo_status apo_lightgbm_objective(const apo_lightgbm_field *line,
                                                apo_model *model,
                                                apo_error *err);

/** The trees, from the current line to the one behind the last (lightgbm_forest.c). */
APO_NODISCARD apo_status apo_lightgbm_read_forest(apo_lightgbm_lines *lines,
                                                  const apo_lightgbm_header *header,
                                                  apo_model *model,
                                                  apo_error *err);

/** Everything behind the trees: the categories of pandas columns (lightgbm_trailer.c). */
APO_NODISCARD apo_status apo_lightgbm_read_trailer(apo_lightgbm_lines *lines,
                                                   const apo_lightgbm_header *header,
                                                   apo_model *model,
                                                   apo_error *err);

/** What the file says about categories; texts that are not there are empty. */
typedef struct apo_lightgbm_categories {
  apo_json_chars json;      /* of the line pandas_categorical */
  apo_json_chars infos;     /* feature_infos */
  apo_json_chars parameter; /* columns as the parameter categorical_feature has them: "1,2,5" */
} apo_lightgbm_categories;

/** Category tables of the model (lightgbm_categories.c). */
APO_NODISCARD apo_status apo_lightgbm_read_categories(const apo_lightgbm_categories *from,
                                                      apo_model *model,
                                                      apo_error *err);

/* --- trees ------------------------------------------------------------------------------------ */

/** The fields of a tree, by number. */
enum {
  APO_LIGHTGBM_NUM_LEAVES,
  APO_LIGHTGBM_NUM_CAT,
  APO_LIGHTGBM_SPLIT_FEATURE,
  APO_LIGHTGBM_THRESHOLD,
  APO_LIGHTGBM_DECISION_TYPE,
  APO_LIGHTGBM_LEFT_CHILD,
  APO_LIGHTGBM_RIGHT_CHILD,
  APO_LIGHTGBM_LEAF_VALUE,
  APO_LIGHTGBM_LEAF_COUNT,
  APO_LIGHTGBM_INTERNAL_COUNT,
  APO_LIGHTGBM_CAT_BOUNDARIES,
  APO_LIGHTGBM_CAT_THRESHOLD,
  APO_LIGHTGBM_IS_LINEAR,
  APO_LIGHTGBM_LEAF_CONST,
  APO_LIGHTGBM_NUM_FEATURES,
  APO_LIGHTGBM_LEAF_FEATURES,
  APO_LIGHTGBM_LEAF_COEFF,
  APO_LIGHTGBM_SHRINKAGE,
  APO_LIGHTGBM_N_FIELDS
};

#define APO_LIGHTGBM_NO_SET UINT32_MAX /* set_of of an empty set */

/** A tree under way: its fields, and what was read of them, in rooms of the fields. */
typedef struct apo_lightgbm_tree {
  apo_lightgbm_field fields[APO_LIGHTGBM_N_FIELDS];
  apo_lightgbm_room set_room;
  apo_lightgbm_room begin_room;
  uint32_t n_columns;
  uint64_t n_inner;
  uint64_t n_sets;
  bool is_linear;
  bool has_leaf_counts;
  bool has_node_counts;
  int32_t *column;      /* [n_inner] */
  int32_t *decision;    /* [n_inner] bits, see lightgbm_tree.c */
  double *threshold;    /* [n_inner]; of a categorical split the number of a set */
  int32_t *left;        /* [n_inner]; child < 0 is leaf ~child */
  int32_t *right;       /* [n_inner] */
  int32_t *node_count;  /* [n_inner] */
  double *leaf_value;   /* [n_inner + 1] */
  int32_t *leaf_count;  /* [n_inner + 1] */
  uint32_t *set_of;     /* [n_sets], the builder's number or APO_LIGHTGBM_NO_SET */
  double *constant;     /* [n_inner + 1] of linear leaves */
  uint64_t *term_begin; /* [n_inner + 2], into the terms */
  uint32_t *term_column;
  double *coefficient;
} apo_lightgbm_tree;

/** Read the fields of a block into a tree and add it (lightgbm_tree.c).
 *
 * Fails:   with "tree NUMBER: KEY: ..." or the builder's "tree NUMBER: node N: ..."
 */
APO_NODISCARD apo_status apo_lightgbm_add_tree(apo_lightgbm_tree *tree,
                                               uint32_t number,
                                               uint32_t output,
                                               apo_builder *builder,
                                               apo_error *err);

/** Category sets of a tree, added to the builder (lightgbm_sets.c). */
APO_NODISCARD apo_status apo_lightgbm_read_sets(apo_lightgbm_tree *tree,
                                                apo_builder *builder,
                                                apo_error *err);

/** Constants and terms of linear leaves (lightgbm_leaves.c). */
APO_NODISCARD apo_status apo_lightgbm_read_leaves(apo_lightgbm_tree *tree, apo_error *err);

#endif
