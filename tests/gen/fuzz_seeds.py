#!/usr/bin/env python3
"""Write the small seeds of tests/fuzz/corpus/: valid inputs, as short as they can be.

    python3 tests/gen/fuzz_seeds.py

An execution costs about as much as its bytes, so fixtures are cut to one iteration each, those of
XGBoost to the first split of each tree, and to the keys that matter.  The others are written by
hand below.  Every run writes the same bytes.  Needs nothing but Python.
"""

import copy
import json
import os
import struct

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
CORPUS = os.path.join(TESTS, "fuzz", "corpus")


def write(target, name, content):
    folder = os.path.join(CORPUS, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "seed-" + name), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8"))


def text_of(document):
    return json.dumps(document, separators=(",", ":"))


# --- UBJSON as XGBoost writes it ------------------------------------------------------------------

FLOATS = {"base_weights", "loss_changes", "split_conditions", "sum_hessian", "weight_drop",
          "leaf_weights", "weights"}
BYTES = {"default_left", "split_type"}
LONGS = {"categories_segments", "categories_sizes"}


def ubjson_text(text):
    raw = text.encode("utf-8")
    return b"L" + struct.pack(">q", len(raw)) + raw


def ubjson(value, key=""):
    if isinstance(value, dict):
        members = [ubjson_text(name) + ubjson(member, name) for name, member in value.items()]
        return b"{" + b"".join(members) + b"}"
    if isinstance(value, list) and all(isinstance(x, (int, float)) for x in value) and value:
        marker, form = (b"d", "f") if key in FLOATS else (b"U", "B") if key in BYTES else \
            (b"L", "q") if key in LONGS else (b"l", "i")
        head = b"[$" + marker + b"#L" + struct.pack(">q", len(value))
        return head + b"".join(struct.pack(">" + form, x) for x in value)
    if isinstance(value, list):
        return b"[#L" + struct.pack(">q", len(value)) + b"".join(ubjson(x, key) for x in value)
    if isinstance(value, str):
        return b"S" + ubjson_text(value)
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"l" + struct.pack(">i", value)
    return b"d" + struct.pack(">f", value)


# --- XGBoost --------------------------------------------------------------------------------------

UNUSED = {"base_weights", "loss_changes", "parents", "id", "sorted_idx", "boost_from_average"}


def without_unused(value, is_vector):
    """A copy without the keys that decide nothing; trees of vector leaves keep their values."""
    unused = UNUSED - {"base_weights"} if is_vector else UNUSED
    if isinstance(value, dict):
        return {key: without_unused(member, is_vector) for key, member in value.items()
                if key not in unused}
    if isinstance(value, list):
        return [without_unused(member, is_vector) for member in value]
    return value


def first_split(tree):
    """The tree with its root, and leaves in the place of what hung below."""
    tree = copy.deepcopy(tree)
    n_old = len(tree["left_children"])
    for key, value in list(tree.items()):
        if isinstance(value, list) and len(value) == n_old:
            tree[key] = value[:3]
        elif key == "leaf_weights":
            tree[key] = value[:2 * 2]
        elif key == "base_weights":
            tree[key] = value[:2 * 3]
    tree["left_children"] = [1, -1, -1]
    # With leaf_weights a leaf's right child is the number of its vector.
    tree["right_children"] = [2, 0, 1] if "leaf_weights" in tree else [2, -1, -1]
    tree["tree_param"]["num_nodes"] = "3"
    tree["tree_param"]["num_deleted"] = "0"
    if "categories_nodes" in tree:
        n = 1 if 0 in tree["categories_nodes"] else 0
        for key in ("categories_nodes", "categories_segments", "categories_sizes"):
            tree[key] = tree[key][:n]
        tree["categories"] = tree["categories"][:tree["categories_sizes"][0] if n else 0]
        tree["split_type"] = [1 if n else 0, 0, 0]
    return tree


def one_tree(document):
    booster = document["learner"]["gradient_booster"]
    model = booster.get("gbtree", booster)["model"]
    model["trees"] = [first_split(model["trees"][0])]
    model["tree_info"] = model["tree_info"][:1]
    model["gbtree_model_param"]["num_trees"] = "1"
    if "iteration_indptr" in model:
        model["iteration_indptr"] = [0, 1]
    for holder in (model, booster):
        if "weight_drop" in holder:
            holder["weight_drop"] = holder["weight_drop"][:1]
    return document


def write_xgboost():
    for name in ("logistic_1_2_1", "logistic_3_4_1", "dart_1_7_6", "dart_3_4_1",
                 "category_sets_3_4_1", "category_onehot_3_4_1", "vector_leaves_2_1_4",
                 "vector_leaves_3_4_1", "objective_multi_softprob_3_4_1", "linear_one_3_4_1",
                 "linear_three_3_4_1"):
        with open(os.path.join(TESTS, "fixtures", "xgboost", name + ".json")) as file:
            document = json.load(file)
        if not name.startswith("linear"):
            document = one_tree(document)
        document = without_unused(document, "vector" in name)
        write("xgboost_json", name, text_of(document))
        if "1_2_1" not in name:
            write("xgboost_ubjson", name, ubjson(document))


# --- neutral JSON ---------------------------------------------------------------------------------

def write_neutral():
    tree = {"output": 0, "column": [0, 1], "op": ["in", "lt"], "threshold": [0, 41.5],
            "default_left": [1, 0], "left": [1, -1], "right": [-2, -3], "missing": ["nan", "none"],
            "sets": [[0]], "leaf": [0.2, -0.1, 0.4], "cover": [100, 60], "leaf_cover": [25, 40, 35]}
    forest = {"format": "apportion-model", "version": 1, "kind": "forest",
              "columns": {"count": 2, "names": ["colour", "age"],
                          "categories": [{"column": 0, "values": ["red", "green"],
                                          "unknown": "error"}]},
              "input": {"cast": "float32", "code": "nonneg_trunc",
                        "transform": [{"op": "sub", "values": [0, 38.1]},
                                      {"op": "clip", "low": -3, "high": 3}]},
              "outputs": {"count": 1, "base": [-0.8], "link": {"name": "sigmoid", "scale": 2}},
              "forest": {"scale": 1, "divide": 1, "cover_kind": "hessian", "trees": [tree]}}
    write("neutral_json", "forest", text_of(forest))
    vector = {"format": "apportion-model", "version": 1, "kind": "forest", "columns": {"count": 3},
              "input": {"cast": "float64"}, "outputs": {"count": 2, "link": {"name": "softmax"}},
              "forest": {"divide": 2, "defaults": {"op": "le", "missing": "zero",
                                                   "default_left": 1},
                         "trees": [{"column": [2], "threshold": [0.5], "left": [-1], "right": [-2],
                                    "leaf": [1, 2, 3, 4], "weight": 0.5},
                                   {"column": [], "threshold": [], "left": [], "right": [],
                                    "leaf": [1, 2]}]}}
    write("neutral_json", "vector", text_of(vector))
    terms = {"format": "apportion-model", "version": 1, "kind": "forest", "columns": {"count": 2},
             "input": {"cast": "float64"}, "outputs": {"count": 1},
             "forest": {"trees": [{"output": 0, "column": [0], "op": ["present"], "threshold": [0],
                                   "left": [-1], "right": [-2], "leaf": [1, 2],
                                   "linear": {"count": [1, 0], "columns": [1],
                                              "coefficients": [0.5], "constant": [3, 2]}}]}}
    write("neutral_json", "terms", text_of(terms))
    linear = {"format": "apportion-model", "version": 1, "kind": "linear",
              "columns": {"count": 2, "names": ["a", "b"]},
              "outputs": {"count": 2, "names": ["x", "y"], "link": {"name": "ovr"}},
              "linear": {"coefficients": [[1, 2], [3, -4]], "missing": "zero"}}
    write("neutral_json", "linear", text_of(linear))


# --- LightGBM and CatBoost ------------------------------------------------------------------------

def fixture(folder, name):
    path = os.path.join(TESTS, "fixtures", folder, name)
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def first_iterations(text, n_iterations):
    """The header and the first trees of each class, without the lines that decide nothing."""
    unused = ("split_gain=", "leaf_weight=", "internal_value=", "internal_weight=", "tree_sizes=",
              "feature_infos=", "label_index=")
    lines = text.split("\n")
    per_iteration = [line for line in lines if line.startswith("num_tree_per_iteration=")][0]
    n_trees = n_iterations * int(per_iteration.split("=")[1])
    kept = []
    for line in lines:
        if line == "end of trees" or line == "Tree=%d" % n_trees:
            break
        if line and not line.startswith(unused):
            kept.append(("\n" if line.startswith("Tree=") else "") + line)
    kept += ["\nend of trees\n"]
    kept += [line for line in lines if line.startswith("pandas_categorical")]
    return "\n".join(kept) + "\n"


def write_lightgbm():
    for name in ("missing_nan", "missing_zero", "categories_40", "multiclass", "rf_binary",
                 "pandas_categories", "constant", "constant_linear", "linear"):
        path = os.path.join(TESTS, "fixtures", "lightgbm", name + ".txt")
        if os.path.exists(path):
            # The first linear tree has constant leaves.
            n_iterations = 2 if name == "linear" else 1
            text = fixture("lightgbm", name + ".txt")
            write("lightgbm_text", name, first_iterations(text, n_iterations))


def write_catboost():
    for name in ("loss_mae", "loss_multiclass", "chain", "multirmse", "nan_min", "one_hot",
                 "a_lone_leaf", "depthwise"):
        path = os.path.join(TESTS, "fixtures", "catboost", name + ".json")
        if not os.path.exists(path):
            continue
        document = json.loads(fixture("catboost", name + ".json"))
        for key in ("oblivious_trees", "trees"):
            if key in document:
                document[key] = document[key][:1]
        document["model_info"].pop("catboost_version_info", None)
        write("catboost_json", name, text_of(document))


# --- ONNX -----------------------------------------------------------------------------------------

def varint(number):
    number &= 2**64 - 1
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def number_field(field, number):
    return varint(field * 8) + varint(number)


def bytes_field(field, raw):
    raw = raw.encode("utf-8") if isinstance(raw, str) else raw
    return varint(field * 8 + 2) + varint(len(raw)) + raw


def onnx_attribute(name, value):
    """AttributeProto: name 1, f 2, i 3, s 4, floats 7, ints 8, strings 9, type 20."""
    values = value if isinstance(value, list) else [value]
    head = bytes_field(1, name)
    if isinstance(values[0], float):
        raw = struct.pack("<%df" % len(values), *values)
        body = bytes_field(7, raw) + number_field(20, 6) if isinstance(value, list) else \
            varint(2 * 8 + 5) + raw + number_field(20, 1)
    elif isinstance(values[0], int):
        body = bytes_field(8, b"".join(varint(x) for x in values)) + number_field(20, 7) \
            if isinstance(value, list) else number_field(3, value) + number_field(20, 2)
    else:
        body = b"".join(bytes_field(9, x) for x in values) + number_field(20, 8) \
            if isinstance(value, list) else bytes_field(4, value) + number_field(20, 3)
    return bytes_field(5, head + body)


def onnx_value(name, element, n_columns):
    """ValueInfoProto of a tensor [?, n_columns]."""
    shape = bytes_field(1, b"") + bytes_field(1, number_field(1, n_columns))
    tensor = number_field(1, element) + bytes_field(2, shape)
    return bytes_field(1, name) + bytes_field(2, bytes_field(1, tensor))


def onnx_model(operator, attributes, outputs, element=1):
    node = bytes_field(1, "X") + b"".join(bytes_field(2, name) for name, _, _ in outputs)
    node += bytes_field(4, operator)
    node += b"".join(onnx_attribute(name, value) for name, value in attributes.items())
    node += bytes_field(7, "ai.onnx.ml")
    graph = bytes_field(1, node) + bytes_field(2, "g") + bytes_field(11, onnx_value("X", element, 2))
    graph += b"".join(bytes_field(12, onnx_value(*output)) for output in outputs)
    domain = bytes_field(1, "ai.onnx.ml") + number_field(2, 3)
    return number_field(1, 8) + bytes_field(2, "skl2onnx") + bytes_field(7, graph) + \
        bytes_field(8, number_field(2, 15)) + bytes_field(8, domain)


ONNX_TREE = {
    "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [1, 0, 0],
    "nodes_values": [0.5, 0.0, 0.0], "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
    "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
    "nodes_missing_value_tracks_true": [1, 0, 0],
}


def write_onnx():
    regressor = dict(ONNX_TREE, n_targets=1, target_treeids=[0, 0], target_nodeids=[1, 2],
                     target_ids=[0, 0], target_weights=[1.0, -2.0], base_values=[0.25])
    write("onnx", "regressor", onnx_model("TreeEnsembleRegressor", regressor, [("Y", 1, 1)]))
    classifier = dict(ONNX_TREE, class_treeids=[0, 0], class_nodeids=[1, 2], class_ids=[1, 1],
                      class_weights=[1.0, -2.0], classlabels_int64s=[0, 1],
                      post_transform="LOGISTIC")
    outputs = [("L", 7, 1), ("P", 1, 2)]
    write("onnx", "classifier", onnx_model("TreeEnsembleClassifier", classifier, outputs))
    linear = {"coefficients": [1.0, 2.0], "intercepts": [0.5], "targets": 1}
    write("onnx", "linear", onnx_model("LinearRegressor", linear, [("Y", 1, 1)]))
    logistic = {"coefficients": [1.0, 2.0, -1.0, -2.0], "intercepts": [0.5, -0.5],
                "classlabels_strings": ["a", "b"], "post_transform": "SOFTMAX", "multi_class": 1}
    outputs = [("L", 8, 1), ("P", 1, 2)]
    write("onnx", "logistic", onnx_model("LinearClassifier", logistic, outputs))


# --- formats that are refused by name -------------------------------------------------------------

def write_sniff():
    heads = {"binf": b"binf\0\0\0\0", "pickle": b"\x80\x05\x95", "catboost": b"CBM1\0",
             "lightgbm": b"tree\nversion=v4\n", "dump": b'{"name":"tree","max_feature_idx":3}',
             "catboost_json": b'{"features_info":{}}', "xgboost_dump": b'[{"nodeid":0}]',
             "pmml": b'<?xml version="1.0"?><PMML>', "onnx": b"\x08\x0a\x12\x08skl2onnx",
             "zip": b"PK\x03\x04", "gzip": b"\x1f\x8b\x08", "words": b"hello"}
    for name, head in heads.items():
        write("sniff", name, head)


# --- tables ---------------------------------------------------------------------------------------

def npy(descr, order, shape, elements, version=1):
    header = "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)
    raw = header.encode("utf-8") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(raw))
    return b"\x93NUMPY" + bytes([version, 0]) + length + raw + elements


def write_tables():
    six = struct.pack("<6f", 1, -0.0, float("nan"), 3e38, 1e-45, float("inf"))
    write("npy", "f4", npy("'<f4'", "False", "(2, 3)", six))
    write("npy", "f8_fortran", npy("'<f8'", "True", "(3, 2)", struct.pack("<6d", *range(6)), 2))
    write("npy", "i4", npy("'<i4'", "False", "(3,)", struct.pack("<3i", 1, -1, 2**31 - 1)))
    write("npy", "u1", npy("'|u1'", "False", "(4, 1)", b"\0\1\2\xff", 3))
    write("npy", "b1", npy('"|b1"', "False", "(2L,)", b"\0\1"))
    write("npy", "i8", npy("'<i8'", "False", "(1,)", struct.pack("<q", 2**53 + 1)))
    write("npy", "empty", npy("'<f8'", "False", "(0, 2)", b""))
    write("csv", "all", "a,b,c\n1,2,3\n-0.5,NaN,\n1e300,.5,+7\n")
    write("csv", "quoted", '"a","b ""x""",c\r\n"1","2.5"," 3"\r\n')
    write("csv", "ids", "id,a\nr1,1\n\"r,2\",2\nr3,NA\nr4,4\n")
    write("csv", "target", "x,y\n1,0\n2,-999\n3,?\n\n\n")
    write("csv", "model", "c,b,a,extra\n1,2.5,red,x\n2,1,green,\n,-0.5,,z\n")
    write("csv", "bom", b"\xef\xbb\xbfa\n1\n2\n3\n4\n5\n6\n7\n")
    write("csv", "numbers", "1,2\n3,4\n")


write_xgboost()
write_neutral()
write_lightgbm()
write_catboost()
write_onnx()
write_sniff()
write_tables()
