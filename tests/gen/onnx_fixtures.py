#!/usr/bin/env python3
"""Write tests/fixtures/onnx/: small models and what onnxruntime predicts with them.

    python3 tests/gen/onnx_fixtures.py tests/fixtures/onnx

needs onnx 1.23.2, onnxruntime 1.32.0, skl2onnx 1.20.0, scikit-learn 1.9.1 and numpy.  Every run
writes the same bytes: skl2onnx's random graph names are replaced.

<id>.onnx is the model, <id>.expected.json holds

    library    version of onnxruntime
    rows       [n][columns]; null is NaN; Infinity is a bare word
    margin     [n][outputs], of the same graph with its links taken out
    response   [n][outputs], of the graph

Where onnxruntime writes two columns for one score, the second is the model's.  Rows lie at the
edges: NaN, zeros of both signs, 1e38, -1e38, 1e-36, infinities, each threshold with its neighbours,
and, where rows are scaled first, what is scaled to them.

    sk_*       of skl2onnx: trees, forests, boosting, linear models, pipelines
    modes_*    by hand: each comparison with each side for missing values, in float and in double
    trees_*    by hand: TreeEnsemble of ai.onnx.ml 5, leaves alone, sets
    *_packed   the same bytes as its namesake, but lists of numbers side by side
"""

import json
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

FOLDER = sys.argv[1]
ML = "ai.onnx.ml"
LINKS = ("Sigmoid", "Exp", "Softmax", "Normalizer")


def numbers(attribute):
    """The numbers of a list or tensor attribute."""
    value = helper.get_attribute_value(attribute)
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.array(value)


def splits(model):
    """(column, threshold) of the graph's trees, as far as they compare numbers."""
    found = []
    for node in model.graph.node:
        lists = {a.name: numbers(a) for a in node.attribute if a.name.startswith("nodes_")}
        if "nodes_featureids" not in lists:
            continue
        values = next(
            lists[name]
            for name in ("nodes_values", "nodes_values_as_tensor", "nodes_splits")
            if name in lists
        )
        for column, value, mode in zip(lists["nodes_featureids"], values, lists["nodes_modes"]):
            if mode not in (b"LEAF", 6) and np.isfinite(value):
                found.append((int(column), float(value)))
    return found


def edge_rows(model, n_columns, kind, missing=True, unscale=None, n_splits=12, seed=1):
    """Rows at the edges, one column at a time; `unscale` undoes what happens before the trees."""
    random = np.random.default_rng(seed)
    rows = [random.normal(size=n_columns).astype(kind) for _ in range(5)]

    def add(column, value):
        row = random.normal(size=n_columns).astype(kind)
        row[column] = value
        rows.append(row)

    special = [0.0, -0.0, 1e-36]
    special += [np.nan, 1e38, -1e38, np.inf, -np.inf] if missing else [1e3, -1e3]
    for column in range(n_columns):
        for value in special:
            add(column, value)
    for column, threshold in sorted(set(splits(model)))[:n_splits]:
        at = kind(threshold if unscale is None else unscale(column, threshold))
        add(column, at)
        add(column, np.nextafter(at, kind(-np.inf)))
        add(column, np.nextafter(at, kind(np.inf)))
        if unscale is not None:
            add(column, np.nextafter(np.nextafter(at, kind(-np.inf)), kind(-np.inf)))
            add(column, np.nextafter(np.nextafter(at, kind(np.inf)), kind(np.inf)))
    if missing:
        rows.append(np.full(n_columns, np.nan, dtype=kind))
    rows.append(np.zeros(n_columns, dtype=kind))
    return np.array(rows, dtype=kind)


# --- onnxruntime ----------------------------------------------------------------------------------


def run(model, rows, name):
    """One output as a table."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (value,) = session.run([name], {model.graph.input[0].name: rows})
    if isinstance(value, list):  # of ZipMap
        value = np.array([list(row.values()) for row in value])
    return np.asarray(value, dtype=np.float64).reshape(len(rows), -1)


def without_links(model):
    """The same graph whose scores are margins."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    for node in plain.graph.node:
        for attribute in list(node.attribute):
            if attribute.name == "post_transform":
                node.attribute.remove(attribute)
        if node.op_type in LINKS:
            del node.attribute[:]
            node.op_type = "Identity"
            node.domain = ""
    if not any(imported.domain == "" for imported in plain.opset_import):
        plain.opset_import.append(helper.make_opsetid("", 21))
    return plain


def plain(values):
    return [[None if np.isnan(v) else float(v) for v in row] for row in values]


def write(name, model, rows, columns=None, output=-1):
    """`columns` of what onnxruntime gives are the model's; all when it is None."""
    model.graph.name = name
    onnx.checker.check_model(model)
    with open(os.path.join(FOLDER, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    result = model.graph.output[output].name
    margin = run(without_links(model), rows, result)
    response = run(model, rows, result)
    if columns is not None:
        margin, response = margin[:, columns], response[:, columns]
    expected = {
        "library": onnxruntime.__version__,
        "rows": plain(rows.astype(np.float64)),
        "margin": plain(margin),
        "response": plain(response),
    }
    with open(os.path.join(FOLDER, name + ".expected.json"), "w", encoding="utf-8") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


# --- skl2onnx -------------------------------------------------------------------------------------


def training():
    random = np.random.default_rng(0)
    rows = random.normal(size=(150, 4))
    score = rows[:, 0] + rows[:, 1] ** 2 - 0.5 * rows[:, 2] * rows[:, 3]
    return rows, score


def convert(estimator, rows, target, kind=np.float32, **options):
    estimator.fit(rows, target)
    model = to_onnx(estimator, rows[:1].astype(kind), **options)
    # The domain that matters comes last, so that a cut file has lost it.
    versions = {imported.domain: imported.version for imported in model.opset_import}
    del model.opset_import[:]
    for domain in sorted(versions):
        model.opset_import.append(helper.make_opsetid(domain, versions[domain]))
    if model.graph.node[-1].op_type == "TreeEnsembleRegressor":
        # skl2onnx says double, which onnxruntime refuses: the operator gives floats.
        model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    return model


def sklearn_trees():
    rows, score = training()
    two = (score > 1).astype(int)
    three = np.digitize(score, [0, 1.5])
    names = np.array(["low", "middle", "h\u00f6chste"])[three]
    small = {"n_estimators": 3, "max_depth": 3, "random_state": 0}
    alone = {"max_depth": 3, "random_state": 0}
    holes = rows.copy()
    holes[::7, 0] = np.nan
    for name, estimator, target, columns in (
        ("tree", DecisionTreeRegressor(**alone), score, None),
        ("tree_three", DecisionTreeClassifier(**alone), three, None),
        ("forest", RandomForestRegressor(**small), score, None),
        ("forest_targets", RandomForestRegressor(**small), np.stack([score, -rows[:, 1]], 1), None),
        ("forest_two", RandomForestClassifier(**small), two, [1]),
        ("forest_names", RandomForestClassifier(**small), names, None),
        ("boosting", GradientBoostingRegressor(**small), score, None),
        ("boosting_two", GradientBoostingClassifier(**small), two, [1]),
        ("boosting_three", GradientBoostingClassifier(**small), three, None),
    ):
        model = convert(estimator, rows, target)
        write("sk_" + name, model, edge_rows(model, 4, np.float32), columns)
    model = convert(ExtraTreesRegressor(**small), rows, score, np.float64)
    write("sk_extra_double", model, edge_rows(model, 4, np.float64))
    model = convert(DecisionTreeRegressor(**alone), holes, score)
    write("sk_tree_missing", model, edge_rows(model, 4, np.float32))


def sklearn_linear():
    rows, score = training()
    two = (score > 1).astype(int)
    three = np.digitize(score, [0, 1.5])
    standard = make_pipeline(StandardScaler(), LogisticRegression())
    for name, estimator, target, columns, output, options in (
        ("linear", LinearRegression(), score, None, -1, {}),
        ("linear_targets", LinearRegression(), np.stack([score, -rows[:, 1]], 1), None, -1, {}),
        ("logistic_two", LogisticRegression(), two, None, -1, {}),
        ("logistic_three", LogisticRegression(), three, None, -1, {}),
        ("logistic_raw", LogisticRegression(), three, None, -1, {"options": {"raw_scores": True}}),
        ("svc_two", LinearSVC(), two, None, -1, {}),
        ("svc_three", LinearSVC(), three, None, -1, {}),
        ("ridge_class", RidgeClassifier(), two, None, -1, {}),
        ("poisson", PoissonRegressor(), np.exp(score / 3), None, -1, {}),
        ("standard_logistic", standard, two, None, -1, {}),
        ("robust_ridge", make_pipeline(RobustScaler(), Ridge()), score, None, -1, {}),
    ):
        model = convert(estimator, rows, target, **options)
        write("sk_" + name, model, edge_rows(model, 4, np.float32, missing=False), columns, output)
    model = convert(LinearRegression(), rows, score, np.float64)
    write("sk_linear_double", model, edge_rows(model, 4, np.float64, missing=False))


def sklearn_pipelines():
    rows, score = training()
    small = {"n_estimators": 3, "max_depth": 3, "random_state": 0}
    standard = StandardScaler()
    model = convert(make_pipeline(standard, RandomForestRegressor(**small)), rows, score)

    def unstandard(column, value):
        return value * standard.scale_[column] + standard.mean_[column]

    write("sk_standard_forest", model, edge_rows(model, 4, np.float32, unscale=unstandard))
    for clip in (False, True):
        scaler = MinMaxScaler(clip=clip)
        model = convert(make_pipeline(scaler, RandomForestRegressor(**small)), rows, score)
        table = edge_rows(
            model,
            4,
            np.float32,
            unscale=lambda column, value: (value - scaler.min_[column]) / scaler.scale_[column],
        )
        write("sk_minmax_clip_forest" if clip else "sk_minmax_forest", model, table)
    pipeline = make_pipeline(standard, RandomForestRegressor(**small))
    model = convert(pipeline, rows, score, np.float64)
    write("sk_standard_forest_double", model, edge_rows(model, 4, np.float64, unscale=unstandard))


# --- by hand --------------------------------------------------------------------------------------


def graph(nodes, kind=TensorProto.FLOAT, out_kind=None, ml=3, outputs=None, constants=()):
    table = helper.make_tensor_value_info("X", kind, [None, 3])
    if outputs is None:
        outputs = [helper.make_tensor_value_info("Y", out_kind or TensorProto.FLOAT, [None, None])]
    body = helper.make_graph(nodes, "g", [table], outputs, list(constants))
    imports = [helper.make_opsetid("", 21), helper.make_opsetid(ML, ml)]
    return helper.make_model(
        body, opset_imports=imports, ir_version=10, producer_name="by hand", producer_version="1"
    )


MODES = ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ")


def mode_lists():
    """Two trees for each comparison, one for each side of missing values; ids of all kinds."""
    lists = {
        name: []
        for name in (
            "treeids nodeids featureids values modes truenodeids falsenodeids "
            "missing_value_tracks_true".split()
        )
    }
    votes = {name: [] for name in "treeids nodeids ids weights".split()}
    values = [0.1, -0.5, 1.0, 0.0, 2.0, 0.3]
    for tree, (mode, tracks) in enumerate((m, t) for m in MODES for t in (0, 1)):
        identity = 7 * tree - 3
        numbering = [59 - tree, 5, 2, 40, 11]  # root, left leaf, inner, leaf, leaf
        shape = ((0, 1, 2), (1, 0, 0), (2, 3, 4), (3, 0, 0), (4, 0, 0))
        for place, (node, yes, no) in enumerate(shape):
            is_leaf = place in (1, 3, 4)
            lists["treeids"].append(identity)
            lists["nodeids"].append(numbering[node])
            lists["featureids"].append(0 if is_leaf else (tree + place) % 3)
            lists["values"].append(0.0 if is_leaf else values[(tree + place) % 6])
            lists["modes"].append("LEAF" if is_leaf else "BRANCH_" + mode)
            lists["truenodeids"].append(numbering[yes])
            lists["falsenodeids"].append(numbering[no])
            lists["missing_value_tracks_true"].append(0 if is_leaf else tracks)
        # Several votes of a leaf, one, and none.
        for node, target, weight in ((1, 0, 0.5), (1, 1, -0.25), (3, tree % 2, 1.0 + tree)):
            votes["treeids"].append(identity)
            votes["nodeids"].append(numbering[node])
            votes["ids"].append(target)
            votes["weights"].append(weight)
    # A leaf alone that votes for both: onnxruntime forgets the base of a target without a vote.
    for name, value in zip(lists, (1000, 0, 0, 0.0, "LEAF", 0, 0, 0)):
        lists[name].append(value)
    for target in (0, 1):
        for name, value in zip(votes, (1000, 0, target, 0.0625)):
            votes[name].append(value)
    return lists, votes


def regressor(lists, votes, tensors=False, **more):
    attributes = {}
    for prefix, group in (("nodes", lists), ("target", votes)):
        for name, values in group.items():
            if tensors and name in ("values", "weights"):
                key = "%s_%s_as_tensor" % (prefix, name)
                attributes[key] = helper.make_tensor(key, TensorProto.DOUBLE, [len(values)], values)
            else:
                attributes["%s_%s" % (prefix, name)] = values
    return helper.make_node(
        "TreeEnsembleRegressor", ["X"], ["Y"], name="trees", domain=ML, **attributes, **more
    )


def modes():
    lists, votes = mode_lists()
    model = graph([regressor(lists, votes, n_targets=2, base_values=[0.5, -1.5])])
    rows = edge_rows(model, 3, np.float32, n_splits=18)
    write("modes_float", model, rows)
    write_packed("modes_float_packed", model, rows)
    more = {"aggregate_function": "AVERAGE", "base_values": [1.0, 2.0]}
    average = regressor(lists, votes, n_targets=2, **more)
    write("modes_average", graph([average]), rows)
    softmax = regressor(lists, votes, n_targets=2, post_transform="SOFTMAX")
    write("modes_softmax", graph([softmax]), rows)
    logistic = regressor(lists, votes, n_targets=2, post_transform="LOGISTIC")
    write("modes_logistic", graph([logistic]), rows)
    # A double against a widened float, and against a double.
    wide = graph([regressor(lists, votes, n_targets=2)], kind=TensorProto.DOUBLE)
    write("modes_double", wide, edge_rows(wide, 3, np.float64, n_splits=18))
    node = regressor(lists, votes, tensors=True, n_targets=2)
    wide = graph([node], kind=TensorProto.DOUBLE)
    write("modes_tensor", wide, edge_rows(wide, 3, np.float64, n_splits=18))
    # Votes in any order, and rows and scores that are cast on the way.
    order = np.random.default_rng(2).permutation(len(votes["ids"]))
    shuffled = {name: [values[at] for at in order] for name, values in votes.items()}
    node = regressor(lists, shuffled, n_targets=2)
    node.input[0], node.output[0] = "narrow", "scores"
    nodes = [
        helper.make_node("Cast", ["X"], ["narrow"], to=TensorProto.FLOAT),
        node,
        helper.make_node("Div", ["scores", "three"], ["thirds"]),
        helper.make_node("Add", ["thirds", "shift"], ["Y"]),
    ]
    constants = [
        helper.make_tensor("three", TensorProto.FLOAT, [], [3.0]),
        helper.make_tensor("shift", TensorProto.FLOAT, [1, 2], [0.25, -4.0]),
    ]
    model = graph(nodes, kind=TensorProto.DOUBLE, constants=constants)
    write("modes_cast", model, edge_rows(model, 3, np.float64))


def classifiers():
    """One score with and without negative votes, and two scores."""
    lists, votes = mode_lists()
    leaves = [place for place, mode in enumerate(lists["modes"]) if mode == "LEAF"]
    random = np.random.default_rng(3)
    weights = [float(np.float32(w)) for w in random.random(len(leaves))]
    nodes = {"nodes_" + name: values for name, values in lists.items()}
    outputs = [
        helper.make_tensor_value_info("L", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 2]),
    ]

    def classifier(ids, values, places, **more):
        return helper.make_node(
            "TreeEnsembleClassifier",
            ["X"],
            ["L", "Y"],
            name="classes",
            domain=ML,
            class_treeids=[lists["treeids"][at] for at in places],
            class_nodeids=[lists["nodeids"][at] for at in places],
            class_ids=ids,
            class_weights=values,
            classlabels_int64s=[-1, 10**12],
            **nodes,
            **more,
        )

    zeros = [0] * len(leaves)
    signed = [w - 0.5 for w in weights]
    for name, values, more in (
        ("positive", weights, {}),
        ("positive_base", weights, {"base_values": [-0.75]}),
        ("signed", signed, {}),
        ("logistic", signed, {"post_transform": "LOGISTIC", "base_values": [0.125]}),
    ):
        model = graph([classifier(zeros, values, leaves, **more)], outputs=outputs)
        write("class_" + name, model, edge_rows(model, 3, np.float32), [1])
    both = [at for at in leaves for _ in range(2)]
    values = [v for w in signed for v in (w, 0.25 - w)]
    for transform in ("NONE", "LOGISTIC", "SOFTMAX"):
        node = classifier([0, 1] * len(leaves), values, both, post_transform=transform)
        model = graph([node], outputs=outputs)
        write("class_both_" + transform.lower(), model, edge_rows(model, 3, np.float32))


def ensemble(kind, **attributes):
    for name in ("nodes_splits", "leaf_weights", "membership_values"):
        if name in attributes:
            values = attributes[name]
            attributes[name] = helper.make_tensor(name, kind, [len(values)], values)
    codes = attributes["nodes_modes"]
    attributes["nodes_modes"] = helper.make_tensor("modes", TensorProto.UINT8, [len(codes)], codes)
    return helper.make_node("TreeEnsemble", ["X"], ["Y"], name="trees", domain=ML, **attributes)


def trees():
    #      0: x0 <= .1               4: x1 in {0, 3, 40}        6: a leaf alone
    #     /          \              /              \
    #  leaf 0    1: x1 != 2      leaf 4       5: x2 == 7 (a set of one)
    #            /      \                      /      \
    #      2: x2 >= -.5  3: x0 > 1          leaf 5   leaf 6
    #       /    \        /   \
    #    leaf 1 leaf 2  leaf 2 leaf 3
    shape = {
        "tree_roots": [0, 4, 6],
        "nodes_featureids": [0, 1, 2, 0, 1, 2, 0],
        "nodes_modes": [0, 5, 2, 3, 6, 6, 0],
        "nodes_splits": [0.1, 2.0, -0.5, 1.0, 0.0, 0.0, 0.0],
        "nodes_missing_value_tracks_true": [1, 0, 0, 1, 1, 0, 0],
        "nodes_trueleafs": [1, 0, 1, 1, 1, 1, 1],
        "nodes_truenodeids": [0, 2, 1, 2, 4, 5, 7],
        "nodes_falseleafs": [0, 0, 1, 1, 0, 1, 1],
        "nodes_falsenodeids": [1, 3, 2, 3, 5, 6, 7],
        "membership_values": [0.0, 3.0, 40.0, np.nan, 7.0],
        "leaf_targetids": [0, 1, 0, 1, 0, 0, 0, 1],
        "leaf_weights": [0.25, -0.5, 1.5, 3.0, 0.125, 2.0, -1.0, 10.0],
        "n_targets": 2,
    }
    for name, kind, dtype, more in (
        ("float", TensorProto.FLOAT, np.float32, {}),
        ("double", TensorProto.DOUBLE, np.float64, {}),
        ("average", TensorProto.FLOAT, np.float32, {"aggregate_function": 0}),
    ):
        node = ensemble(kind, **shape, **more)
        model = graph([node], kind=kind, out_kind=kind, ml=5)
        rows = edge_rows(model, 3, dtype)
        # onnxruntime rounds fractions before it looks them up in a set; ONNX does not.
        rows[:, 1] = np.where(np.isfinite(rows[:, 1]), np.round(rows[:, 1]), rows[:, 1])
        rows = np.concatenate([rows, np.zeros((6, 3), dtype=dtype)])
        rows[-6:, 1] = [0, 3, 40, 1, 41, -3]
        rows[-6:, 2] = [7, 7, 6.5, 7, 7.5, 7]
        write("trees_" + name, model, rows)
    lone = ensemble(
        TensorProto.FLOAT,
        tree_roots=[0],
        nodes_featureids=[0],
        nodes_modes=[0],
        nodes_splits=[0.0],
        nodes_trueleafs=[1],
        nodes_truenodeids=[0],
        nodes_falseleafs=[1],
        nodes_falsenodeids=[0],
        leaf_targetids=[0],
        leaf_weights=[7.5],
        n_targets=1,
    )
    model = graph([lone], ml=5)
    write("trees_lone_leaf", model, edge_rows(model, 3, np.float32))


def linear():
    """One intercept for two labels; a scaler that has one number for all columns."""
    outputs = [
        helper.make_tensor_value_info("L", TensorProto.STRING, [None]),
        helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 2]),
    ]
    for transform in ("NONE", "LOGISTIC"):
        nodes = [
            helper.make_node("Scaler", ["X"], ["S"], domain=ML, offset=[0.5], scale=[0.1]),
            helper.make_node(
                "LinearClassifier",
                ["S"],
                ["L", "Y"],
                domain=ML,
                coefficients=[0.3, -2.0, 1.5],
                intercepts=[0.25],
                classlabels_strings=["no", "yes"],
                post_transform=transform,
            ),
        ]
        model = graph(nodes, outputs=outputs)
        rows = edge_rows(model, 3, np.float32, missing=False)
        write("linear_one_" + transform.lower(), model, rows, [1])


# --- packed lists ---------------------------------------------------------------------------------


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def packed_attribute(attribute):
    out = field(1, attribute.name.encode())
    if attribute.ints:
        out += field(8, b"".join(varint(value) for value in attribute.ints))
    elif attribute.floats:
        out += field(7, np.array(attribute.floats, dtype="<f4").tobytes())
    else:
        return attribute.SerializeToString()
    return out + varint(20 << 3) + varint(attribute.type)


def write_packed(name, model, rows):
    """As a writer of proto3 would: onnxruntime must read it, and give the same."""
    node = model.graph.node[0]
    body = b"".join(field(1, text.encode()) for text in node.input)
    body += b"".join(field(2, text.encode()) for text in node.output)
    body += field(3, node.name.encode()) + field(4, node.op_type.encode())
    body += b"".join(field(5, packed_attribute(attribute)) for attribute in node.attribute)
    body += field(7, node.domain.encode())
    rest = onnx.GraphProto()
    rest.CopyFrom(model.graph)
    del rest.node[:]
    shell = onnx.ModelProto()
    shell.CopyFrom(model)
    shell.ClearField("graph")
    text = shell.SerializeToString(deterministic=True)
    head = varint(1 << 3) + varint(model.ir_version)
    assert text.startswith(head)
    packed = head + field(7, field(1, body) + rest.SerializeToString(deterministic=True))
    packed += text[len(head) :]
    again = onnx.load_from_string(packed)
    assert again.graph.node[0] == node and len(packed) < len(model.SerializeToString())
    write(name, model, rows)
    with open(os.path.join(FOLDER, name + ".onnx"), "wb") as file:
        file.write(packed)


def main():
    warnings.filterwarnings("ignore")
    onnxruntime.set_default_logger_severity(4)
    os.makedirs(FOLDER, exist_ok=True)
    sklearn_trees()
    sklearn_linear()
    sklearn_pipelines()
    modes()
    classifiers()
    trees()
    linear()


if __name__ == "__main__":
    main()
