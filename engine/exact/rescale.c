#include "engine/exact/rescale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/exact/value_weights.h"

enum { MAX_ROWS = 1 << 29, MAX_EXPONENT = 900 };

static const double pi = 3.14159265358979323846;
static const double tolerance = 1e-9; /* of r^-K: rho itself is at most 1/4 */

bool apo_rescale_can(const apo_model *model) {
  return model->kind == APO_MODEL_FOREST && model->link.name == APO_LINK_SIGMOID;
}

static double sigmoid(double margin) {
  return 1.0 / (1.0 + exp(-margin));
}

// s(a) - s(b) = s(a) s(-b) (1 - e^(b - a)), without cancellation or overflow for a >= b.
double apo_rescale_slope(double a, double b) {
  const double high = a > b ? a : b;
  const double low = a > b ? b : a;
  const double step = high - low;
  return sigmoid(high) * sigmoid(-low) * (step > 0.0 ? -expm1(-step) / step : 1.0);
}

double apo_rescale_factor(const apo_rescale *rescale, uint32_t set, double margin, double target) {
  const double scaled = rescale->scale * margin;
  const double node = rescale->node[set];
  const double slope = rescale->loss == APO_LOSS_NONE
                           ? apo_rescale_slope(scaled, node)
                           : apo_loss_slope(rescale->loss, scaled, node, target);
  return rescale->scale * slope * rescale->unit[set];
}

double apo_rescale_base(const apo_rescale *rescale, double target) {
  switch (rescale->loss) {
    case APO_LOSS_NONE: return rescale->base;
    case APO_LOSS_LOG: return target > 0.0 ? rescale->other : rescale->base;
    case APO_LOSS_SQUARED:
      return rescale->base + apo_loss_at(APO_LOSS_SQUARED, rescale->other, target);
  }
  return rescale->base;
}

double apo_rescale_loss(const apo_rescale *rescale, double margin, double target) {
  return apo_loss_at(rescale->loss, rescale->scale * margin, target);
}

// --- margins ------------------------------------------------------------------------------------

static double mean_response(const apo_background *background, const double *margin) {
  double sum = 0.0;
  for (uint64_t row = 0; row < background->n_rows; ++row) {
    sum += background->weights[row] * sigmoid(margin[row]);
  }
  return sum;
}

static double mean_loss(apo_loss loss,
                        const apo_background *background,
                        const double *margin,
                        double target) {
  double sum = 0.0;
  for (uint64_t row = 0; row < background->n_rows; ++row) {
    sum += background->weights[row] * apo_loss_at(loss, margin[row], target);
  }
  return sum;
}

static double mean_margin(const apo_background *background, const double *margin) {
  double sum = 0.0;
  for (uint64_t row = 0; row < background->n_rows; ++row) {
    sum += background->weights[row] * margin[row];
  }
  return sum;
}

static void find_bases(apo_rescale *rescale,
                       const apo_background *background,
                       const double *margin) {
  switch (rescale->loss) {
    case APO_LOSS_NONE: rescale->base = mean_response(background, margin); break;
    case APO_LOSS_LOG:
      rescale->base = mean_loss(APO_LOSS_LOG, background, margin, 0.0);
      rescale->other = mean_loss(APO_LOSS_LOG, background, margin, 1.0);
      break;
    case APO_LOSS_SQUARED:
      rescale->other = mean_margin(background, margin);
      rescale->base = mean_loss(APO_LOSS_SQUARED, background, margin, rescale->other);
      break;
  }
}

// --- nodes --------------------------------------------------------------------------------------

// Nodes that a segment [low, high] of u needs.
static uint32_t nodes_of(double low, double high) {
  const double half = 0.5 * (high - low);
  if (!(half > 0.0)) return 1;
  const double n = ceil(-log(tolerance) / asinh(pi / (2.0 * half)));
  return n < APO_MAX_RESCALE_SETS ? (uint32_t)n : APO_MAX_RESCALE_SETS;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

// The different margins, ascending, into node; how many, or most + 1.
static uint32_t different(const double *sorted, uint64_t n_rows, uint32_t most, double *node) {
  uint32_t n = 0;
  for (uint64_t row = 0; row < n_rows && n <= most; ++row) {
    if (row > 0 && sorted[row] <= sorted[row - 1]) continue;
    if (n < most) node[n] = sorted[row];
    ++n;
  }
  return n;
}

// --- weights ------------------------------------------------------------------------------------

// How margins become weights of the nodes.
typedef struct basis {
  bool is_exact;  // each margin is a node
  bool is_line;   // two nodes, what is interpolated being linear
  uint32_t n;
  double *node;    // [n] ascending margins, or Chebyshev's nodes in u
  double *weight;  // [n] of the barycentric form
  double *share;   // [n] of the row at hand
  double *rest;    // [n] what rounding has left over so far
  int *exponent;   // [n] of the sets' counts
} basis;

static void clear_basis(basis *b) {
  free(b->node);
  free(b->weight);
  free(b->share);
  free(b->rest);
  free(b->exponent);
}

static apo_status make_basis(basis *b, apo_error *err) {
  b->node = apo_alloc(APO_MAX_RESCALE_SETS, sizeof *b->node);
  b->weight = apo_alloc(APO_MAX_RESCALE_SETS, sizeof *b->weight);
  b->share = apo_alloc(APO_MAX_RESCALE_SETS, sizeof *b->share);
  b->rest = apo_alloc(APO_MAX_RESCALE_SETS, sizeof *b->rest);
  b->exponent = apo_alloc(APO_MAX_RESCALE_SETS, sizeof *b->exponent);
  const bool is_whole = b->node != NULL && b->weight != NULL && b->share != NULL &&
                        b->rest != NULL && b->exponent != NULL;
  if (!is_whole) return apo_fail(err, APO_ERR_MEMORY, "nodes: %d", APO_MAX_RESCALE_SETS);
  return APO_OK;
}

// Lagrange's at Chebyshev's nodes, in the barycentric form.
static void interpolate(const basis *b, double u) {
  double sum = 0.0;
  uint32_t at = b->n;
  for (uint32_t k = 0; k < b->n; ++k) {
    const double distance = u - b->node[k];
    if (!(fabs(distance) > 0.0)) at = k;
    b->share[k] = b->weight[k] / distance;
    sum += b->share[k];
  }
  for (uint32_t k = 0; k < b->n; ++k) {
    b->share[k] = at < b->n ? (k == at ? 1.0 : 0.0) : b->share[k] / sum;
  }
}

static void find_shares(const basis *b, double margin) {
  if (b->is_line) {
    b->share[1] = (margin - b->node[0]) / (b->node[1] - b->node[0]);
    b->share[0] = (b->node[1] - margin) / (b->node[1] - b->node[0]);
    return;
  }
  if (!b->is_exact) {
    interpolate(b, asinh(margin / pi));
    return;
  }
  for (uint32_t k = 0; k < b->n; ++k) b->share[k] = margin >= b->node[k] ? 1.0 : 0.0;
  for (uint32_t k = 0; k + 1 < b->n; ++k) b->share[k] -= b->share[k + 1];
}

// Counts as fine as fits the scale: magnitudes of a set, each rounded by one at most, stay below.
static void choose_exponents(basis *b, const apo_background *background, const double *margin) {
  double *magnitude = b->rest;
  for (uint64_t row = 0; row < background->n_rows; ++row) {
    find_shares(b, margin[row]);
    for (uint32_t k = 0; k < b->n; ++k) {
      magnitude[k] += fabs(background->weights[row] * b->share[k]);
    }
  }
  const double room = (double)APO_COUNT_SCALE - (double)background->n_rows - 1.0;
  for (uint32_t k = 0; k < b->n; ++k) {
    int exponent = 1;
    if (magnitude[k] > 0.0) frexp(room / magnitude[k], &exponent);
    b->exponent[k] = exponent - 1 < MAX_EXPONENT ? exponent - 1 : MAX_EXPONENT;
    b->rest[k] = 0.0;
  }
}

// What rounding leaves over goes to the set's next row, so that errors do not add up.
static void count_sets(basis *b,
                       const apo_background *background,
                       const double *margin,
                       int32_t *count) {
  const uint64_t n_rows = background->n_rows;
  for (uint64_t row = 0; row < n_rows; ++row) {
    find_shares(b, margin[row]);
    for (uint32_t k = 0; k < b->n; ++k) {
      const double weight = background->weights[row] * b->share[k];
      if (!(fabs(weight) > 0.0)) continue;
      const double wanted = ldexp(weight, b->exponent[k]) + b->rest[k];
      const double whole = rint(wanted);
      count[k * n_rows + row] = (int32_t)whole;
      b->rest[k] = wanted - whole;
    }
  }
}

// --- all together -------------------------------------------------------------------------------

// Different margins if they are few, else Chebyshev's nodes over all of them; the ends of a line.
static apo_status choose_nodes(
    basis *b, apo_loss loss, const double *margin, uint64_t n_rows, apo_error *err) {
  double *sorted = apo_alloc(n_rows, sizeof *sorted);
  if (sorted == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "margins: %llu rows", (unsigned long long)n_rows);
  }
  memcpy(sorted, margin, n_rows * sizeof *sorted);
  qsort(sorted, n_rows, sizeof *sorted, compare);
  const double low = asinh(sorted[0] / pi);
  const double high = asinh(sorted[n_rows - 1] / pi);
  b->n = nodes_of(low, high);
  if (loss == APO_LOSS_SQUARED) b->n = 2;
  const uint32_t n_different = different(sorted, n_rows, b->n, b->node);
  const double last = sorted[n_rows - 1];
  free(sorted);
  b->is_exact = n_different <= b->n;
  b->is_line = loss == APO_LOSS_SQUARED && !b->is_exact;
  if (b->is_line) b->node[1] = last;
  if (b->is_exact) b->n = n_different;
  if (b->is_exact || b->is_line) return APO_OK;
  for (uint32_t k = 0; k < b->n; ++k) {
    const double angle = pi * (2.0 * k + 1.0) / (2.0 * b->n);
    b->node[k] = 0.5 * (low + high) + 0.5 * (high - low) * cos(angle);
    b->weight[k] = k % 2 == 0 ? sin(angle) : -sin(angle);
  }
  return APO_OK;
}

static apo_status fill(apo_rescale *rescale,
                       basis *b,
                       const apo_background *background,
                       const double *margin,
                       int32_t **count,
                       apo_error *err) {
  APO_TRY(make_basis(b, err));
  APO_TRY(choose_nodes(b, rescale->loss, margin, background->n_rows, err));
  find_bases(rescale, background, margin);
  rescale->n_sets = b->n;
  rescale->node = apo_alloc(b->n, sizeof *rescale->node);
  rescale->unit = apo_alloc(b->n, sizeof *rescale->unit);
  *count = apo_alloc(b->n * background->n_rows, sizeof **count);
  if (rescale->node == NULL || rescale->unit == NULL || *count == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "background: %u sets of %llu weights", b->n,
                    (unsigned long long)background->n_rows);
  }
  choose_exponents(b, background, margin);
  count_sets(b, background, margin, *count);
  for (uint32_t k = 0; k < b->n; ++k) {
    rescale->node[k] = b->is_exact || b->is_line ? b->node[k] : pi * sinh(b->node[k]);
    rescale->unit[k] = ldexp((double)APO_COUNT_SCALE, -b->exponent[k]);
  }
  return APO_OK;
}

apo_status apo_rescale_create(apo_loss loss,
                              double scale,
                              const apo_background *background,
                              const double *margin,
                              int32_t **count_out,
                              apo_rescale **out,
                              apo_error *err) {
  const uint64_t n_rows = background->n_rows;
  basis b = {0};
  *out = NULL;
  *count_out = NULL;
  if (n_rows > MAX_ROWS) {
    return apo_fail(err, APO_ERR_LIMIT, "background: %llu rows, the limit is %d",
                    (unsigned long long)n_rows, MAX_ROWS);
  }
  apo_rescale *rescale = apo_alloc(1, sizeof *rescale);
  double *scaled = apo_alloc(n_rows, sizeof *scaled);
  apo_status status = APO_OK;
  if (rescale == NULL || scaled == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "background: %llu margins", (unsigned long long)n_rows);
  } else {
    rescale->loss = loss;
    rescale->scale = scale;
    for (uint64_t row = 0; row < n_rows; ++row) scaled[row] = scale * margin[row];
    status = fill(rescale, &b, background, scaled, count_out, err);
  }
  clear_basis(&b);
  free(scaled);
  if (status != APO_OK) {
    apo_rescale_destroy(&rescale);
    free(*count_out);
    *count_out = NULL;
  }
  *out = rescale;
  return status;
}

void apo_rescale_destroy(apo_rescale **rescale) {
  if (rescale == NULL || *rescale == NULL) return;
  free((*rescale)->node);
  free((*rescale)->unit);
  free(*rescale);
  *rescale = NULL;
}
