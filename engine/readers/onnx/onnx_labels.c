/* onnx_labels.c - class labels: texts, or integers that become their digits. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_parts.h"

static apo_status too_many(const apo_onnx_node *node, apo_error *err) {
  return apo_onnx_fault(node, err, APO_ERR_LIMIT, "more than %d class labels", APO_MAX_OUTPUTS);
}

static apo_status read_strings(const apo_onnx_node *node,
                               const char *name,
                               apo_names *out,
                               apo_error *err) {
  apo_onnx_list list;
  APO_TRY(apo_onnx_list_open(node, name, APO_ONNX_STRINGS, &list, err));
  for (;;) {
    apo_bytes text;
    bool more = true;
    APO_TRY(apo_onnx_list_text(&list, &text, &more, err));
    if (!more) return APO_OK;
    if (out->n_names == APO_MAX_OUTPUTS) return too_many(node, err);
    const apo_status status = apo_names_add(out, (const char *)text.at, text.n_bytes, err);
    if (status != APO_OK) return apo_prefix(err, status, "%s[%u]: ", name, out->n_names);
  }
}

static apo_status read_integers(const apo_onnx_node *node,
                                const char *name,
                                apo_names *out,
                                apo_error *err) {
  apo_onnx_list list;
  APO_TRY(apo_onnx_list_open(node, name, APO_ONNX_INTS, &list, err));
  for (;;) {
    uint64_t bits = 0;
    char digits[24];
    bool more = true;
    APO_TRY(apo_onnx_list_bits(&list, &bits, &more, err));
    if (!more) return APO_OK;
    if (out->n_names == APO_MAX_OUTPUTS) return too_many(node, err);
    const int n_bytes = snprintf(digits, sizeof digits, "%" PRId64, (int64_t)bits);
    const apo_status status = apo_names_add(out, digits, (size_t)n_bytes, err);
    if (status != APO_OK) return apo_prefix(err, status, "%s[%u]: ", name, out->n_names);
  }
}

apo_status apo_onnx_labels(const apo_onnx_node *node,
                           const char *strings,
                           const char *integers,
                           apo_names *out,
                           apo_error *err) {
  APO_TRY(read_strings(node, strings, out, err));
  const uint32_t n_strings = out->n_names;
  APO_TRY(read_integers(node, integers, out, err));
  if (n_strings > 0 && out->n_names > n_strings) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%s and %s, needs one of them", strings,
                          integers);
  }
  if (out->n_names >= 2) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "%u class labels, needs 2 or more",
                        out->n_names);
}

void apo_onnx_keep_second(apo_names *names) {
  while (names->n_names > 2) free(names->texts[--names->n_names]);
  if (names->n_names < 2) return;
  free(names->texts[0]);
  names->texts[0] = names->texts[1];
  names->n_names = 1;
}
