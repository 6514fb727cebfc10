#include "engine/solve/cholesky.h"

#include <cblas.h>
#include <lapacke.h>

static apo_status check(lapack_int info, uint32_t n, apo_error *err) {
  if (info == 0) return APO_OK;
  if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR) {
    return apo_fail(err, APO_ERR_MEMORY, "cholesky: no memory for %u columns", n);
  }
  return apo_fail(err, APO_ERR_INTERNAL, "cholesky: LAPACK returned %d for %u columns", (int)info,
                  n);
}

void apo_cholesky_add(uint32_t n, uint32_t n_rows, const double *rows, double *a) {
  if (n == 0) return;
  // The rows of a row-major table are the columns of a column-major one.
  cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, (int)n, (int)n_rows, 1.0, rows, (int)n, 1.0,
              a, (int)n);
}

apo_status apo_cholesky_factor(uint32_t n, double *a, apo_error *err) {
  if (n == 0) return APO_OK;
  const lapack_int order = (lapack_int)n;
  return check(LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', order, a, order), n, err);
}

apo_status apo_cholesky_invert(uint32_t n, double *factor, apo_error *err) {
  if (n == 0) return APO_OK;
  const lapack_int order = (lapack_int)n;
  return check(LAPACKE_dtrtri(LAPACK_COL_MAJOR, 'L', 'N', order, factor, order), n, err);
}
