/* model_bytes.c - what a model holds in memory, array by array. */
#include <string.h>

#include "engine/model/model.h"

static uint64_t names_bytes(const apo_names *names) {
  uint64_t n = (uint64_t)names->capacity * sizeof *names->texts;
  for (uint32_t i = 0; i < names->n_names; ++i) n += strlen(names->texts[i]) + 1;
  return n;
}

static uint64_t nodes_bytes(const apo_forest *forest) {
  uint64_t n = sizeof *forest->column + sizeof *forest->op + sizeof *forest->missing +
               sizeof *forest->default_left + sizeof *forest->threshold + sizeof *forest->left +
               sizeof *forest->right;
  if (forest->node_cover != NULL) n += sizeof *forest->node_cover;
  return n * forest->n_nodes;
}

static uint64_t leaves_bytes(const apo_forest *forest) {
  uint64_t n = forest->n_values * sizeof *forest->leaf_value;
  if (forest->leaf_cover != NULL) n += forest->n_leaves * sizeof *forest->leaf_cover;
  if (forest->term_begin == NULL) return n;
  n += (forest->n_leaves + 1) * sizeof *forest->term_begin;
  n += forest->n_leaves * sizeof *forest->leaf_constant;
  return n + forest->term_begin[forest->n_leaves] *
                 (sizeof *forest->term_column + sizeof *forest->term_coefficient);
}

static uint64_t forest_bytes(const apo_forest *forest) {
  const uint64_t of_tree = sizeof *forest->node_begin + sizeof *forest->leaf_begin +
                           sizeof *forest->value_begin + sizeof *forest->tree_output +
                           sizeof *forest->tree_weight;
  return sizeof *forest + nodes_bytes(forest) + leaves_bytes(forest) +
         of_tree * ((uint64_t)forest->n_trees + 1) +
         ((uint64_t)forest->n_sets + 1) * sizeof *forest->set_begin +
         forest->set_begin[forest->n_sets] * sizeof *forest->set_code;
}

static uint64_t tables_bytes(const apo_model *model) {
  uint64_t n = (uint64_t)model->n_categories * sizeof *model->categories;
  for (uint32_t at = 0; at < model->n_categories; ++at) {
    n += names_bytes(&model->categories[at].texts);
    n += model->categories[at].n_numbers * sizeof *model->categories[at].numbers;
  }
  return n;
}

uint64_t apo_model_bytes(const apo_model *model) {
  uint64_t n = sizeof *model + names_bytes(&model->column_names) +
               names_bytes(&model->output_names) + tables_bytes(model);
  if (model->base != NULL) n += model->n_outputs * sizeof *model->base;
  if (model->forest != NULL) n += forest_bytes(model->forest);
  if (model->linear != NULL) {
    n += sizeof *model->linear +
         (uint64_t)model->n_outputs * model->n_columns * sizeof *model->linear->coefficients;
  }
  for (uint32_t at = 0; at < model->transform.n_steps; ++at) {
    const bool is_clip = model->transform.steps[at].highs != NULL;
    n += sizeof *model->transform.steps + (is_clip ? 2u : 1u) * model->n_columns * sizeof(double);
  }
  return n;
}
