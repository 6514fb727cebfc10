#include "engine/forest/forest.h"

#include "engine/core/memory.h"

void apo_forest_drop_terms(apo_forest *forest) {
  free(forest->term_begin);
  free(forest->term_column);
  free(forest->term_coefficient);
  free(forest->leaf_constant);
  forest->term_begin = NULL;
  forest->term_column = NULL;
  forest->term_coefficient = NULL;
  forest->leaf_constant = NULL;
}

void apo_forest_destroy(apo_forest **forest) {
  if (forest == NULL || *forest == NULL) return;
  apo_forest *self = *forest;
  free(self->node_begin);
  free(self->leaf_begin);
  free(self->value_begin);
  free(self->tree_output);
  free(self->tree_weight);
  free(self->column);
  free(self->op);
  free(self->missing);
  free(self->default_left);
  free(self->threshold);
  free(self->left);
  free(self->right);
  free(self->node_cover);
  free(self->leaf_value);
  free(self->leaf_cover);
  apo_forest_drop_terms(self);
  free(self->set_begin);
  free(self->set_code);
  free(self);
  *forest = NULL;
}
