"""Tree ensembles.

Trees compare float32(value) <= threshold in float64, histogram trees compare float64; a threshold
of +inf sends all values that are there to the left, which is the operation `present`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from apportion._parts import (
    INSTEAD,
    Export,
    Feature,
    Refused,
    attribute,
    class_names,
    finite,
    label,
    make_outputs,
)
from apportion._steps import NEUTRAL

MAX_CODE = 2**24 - 1


# --- a tree ---------------------------------------------------------------------------------------


def renumber(left: np.ndarray, right: np.ndarray, is_leaf: np.ndarray, name: str) -> tuple:
    """Children of inner nodes in the neutral numbering: inner nodes >= 0, leaf l as ~l."""
    inner = ~is_leaf
    numbers = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(is_leaf) - 1))
    lefts, rights = left[inner].astype(np.int64), right[inner].astype(np.int64)
    if (np.minimum(lefts, rights) <= np.flatnonzero(inner)).any():
        raise Refused(f"{name}: a tree has a child before its parent")
    return numbers[lefts].tolist(), numbers[rights].tolist()


def state_tree(
    nodes: dict,
    columns: np.ndarray,
    leaf: np.ndarray,
    cover: np.ndarray,
    name: str,
) -> dict:
    """A tree of numeric splits; `nodes` holds left, right, is_leaf, feature, threshold, missing."""
    is_leaf = nodes["is_leaf"]
    inner = ~is_leaf
    left, right = renumber(nodes["left"], nodes["right"], is_leaf, name)
    threshold = np.asarray(nodes["threshold"], dtype=np.float64)[inner]
    is_present = threshold == np.inf
    threshold = np.where(is_present, 0.0, threshold)
    default_left = nodes["default_left"][inner]
    tree: dict = {"column": columns[nodes["feature"][inner]].tolist()}
    if is_present.any():
        tree["op"] = ["present" if there else "le" for there in is_present]
    tree["threshold"] = threshold.tolist()
    if default_left.any():
        tree["default_left"] = default_left.astype(int).tolist()
    tree |= {"left": left, "right": right}
    tree["leaf"] = finite(leaf[is_leaf], f"{name}: a leaf").reshape(-1).tolist()
    tree["cover"] = cover[inner].astype(np.float64).tolist()
    tree["leaf_cover"] = cover[is_leaf].astype(np.float64).tolist()
    return tree


def sklearn_tree(estimator: Any, columns: np.ndarray, leaf: np.ndarray | None = None) -> dict:
    """A `tree_`; `leaf` [nodes] or [nodes, outputs] replaces its values."""
    tree = attribute(estimator, "tree_")
    n_nodes = tree.node_count
    left = np.asarray(tree.children_left)
    missing = getattr(tree, "missing_go_to_left", np.zeros(n_nodes))
    nodes = {
        "left": left,
        "right": np.asarray(tree.children_right),
        "is_leaf": left < 0,
        "feature": np.asarray(tree.feature),
        "threshold": tree.threshold,
        "default_left": np.asarray(missing)[:n_nodes] != 0,
    }
    leaf = tree.value[:, 0, 0] if leaf is None else leaf
    return state_tree(nodes, columns, leaf, tree.weighted_n_node_samples, label(estimator))


def forest_body(trees: list[dict], cover_kind: str, divide: int = 1) -> dict:
    body: dict = {} if divide == 1 else {"divide": divide}
    body["cover_kind"] = cover_kind
    body["defaults"] = {"op": "le", "missing": "nan", "default_left": 0}
    body["trees"] = trees
    return body


def places(features: list[Feature]) -> np.ndarray:
    return np.array([feature.column for feature in features], dtype=np.int64)


# --- averages -------------------------------------------------------------------------------------


def class_fractions(tree: Any) -> np.ndarray:
    """Probabilities at each node; versions before 1.3 stored weights."""
    value = tree.value[:, 0, :]
    total = value.sum(axis=1, keepdims=True)
    return value if np.allclose(total, 1, rtol=0, atol=1e-9) else value / np.where(total, total, 1)


def average(estimator: Any, features: list[Feature]) -> Export:
    """Decision trees and what averages them: random forests, extra trees."""
    trees = getattr(estimator, "estimators_", None) or [estimator]
    columns = places(features)
    n_targets = attribute(estimator, "n_outputs_")
    if hasattr(estimator, "classes_"):
        names = class_names(estimator)
        stated = [sklearn_tree(tree, columns, class_fractions(tree.tree_)) for tree in trees]
        outputs = make_outputs(len(names), names, space="probability")
        raw = estimator.predict_proba
    else:
        stated = [sklearn_tree(tree, columns, tree.tree_.value[:, :, 0]) for tree in trees]
        if n_targets == 1:
            stated = [{"output": 0} | tree for tree in stated]
        outputs = make_outputs(n_targets)
        raw = estimator.predict
    body = forest_body(stated, "weight", len(trees))
    return Export("forest", body, outputs, raw, raw, cast="float32")


# --- isolation ------------------------------------------------------------------------------------


def mean_path(n_rows: np.ndarray) -> np.ndarray:
    """c(n): mean length of a path in a random search tree of n rows (Liu, Ting, Zhou 2008)."""
    n = np.maximum(np.asarray(n_rows, dtype=np.float64), 3.0)
    longer = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(n_rows <= 1, 0.0, np.where(n_rows == 2, 1.0, longer))


def node_depths(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    depth = np.zeros(len(left))
    for node in np.flatnonzero(left >= 0):  # parents come before their children
        depth[left[node]] = depth[right[node]] = depth[node] + 1
    return depth


def isolation(estimator: Any, features: list[Feature]) -> Export:
    """Margin = mean path length, response = score_samples."""
    c = float(mean_path(np.array(attribute(estimator, "_max_samples", "max_samples_"))))
    if c <= 0:
        raise Refused("IsolationForest: trees of one row isolate nothing")
    columns = places(features)
    trees = []
    # scikit-learn looks at the lists of features only where they leave some out.
    has_subsets = attribute(estimator, "_max_features") != len(columns)
    for member, chosen in zip(estimator.estimators_, estimator.estimators_features_):
        tree = member.tree_
        depth = node_depths(tree.children_left, tree.children_right)
        own = columns[np.asarray(chosen)] if has_subsets else columns
        stated = sklearn_tree(member, own, depth + mean_path(tree.n_node_samples))
        trees.append({"output": 0} | stated)
    body = forest_body(trees, "weight", len(trees))
    outputs = make_outputs(1, link="neg_exp2", scale=c)
    response = estimator.score_samples
    return Export(
        "forest", body, outputs, lambda x: -c * np.log2(-response(x)), response, cast="float32"
    )


# --- gradient boosting ----------------------------------------------------------------------------


def initial_margins(estimator: Any, n_features: int) -> np.ndarray:
    """What boosting starts from: the library's own number, since its clipping changes."""
    init = attribute(estimator, "init_")
    constant = isinstance(init, str) or label(init) in ("DummyRegressor", "DummyClassifier")
    if not constant or getattr(init, "strategy", "") in ("stratified", "uniform"):
        raise Refused(f"{label(estimator)}: init={label(init)} is not constant; {INSTEAD}")
    return estimator._raw_predict_init(np.zeros((1, n_features), dtype=np.float32))[0]


def boosting(estimator: Any, features: list[Feature]) -> Export:
    members = attribute(estimator, "estimators_")
    base = initial_margins(estimator, len(features))
    columns = places(features)
    rate = float(estimator.learning_rate)
    trees = [
        {"output": output, "weight": rate} | sklearn_tree(member, columns)
        for stage in members
        for output, member in enumerate(stage)
    ]
    body = forest_body(trees, "weight")
    if not hasattr(estimator, "classes_"):
        outputs = make_outputs(1, base=base)
        predict = estimator.predict
        return Export("forest", body, outputs, predict, predict, cast="float32")
    names = class_names(estimator)
    if len(base) > 1:
        outputs = make_outputs(len(names), names, base, "softmax")
    else:
        scale = 2.0 if estimator.loss == "exponential" else None
        outputs = make_outputs(1, names[1:], base, "sigmoid", scale)
    return Export(
        "forest", body, outputs, estimator.decision_function, estimator.predict_proba, "float32"
    )


# --- histogram gradient boosting ------------------------------------------------------------------


def remap(estimator: Any, features: list[Feature]) -> tuple[list[Feature], dict[int, list]]:
    """Features in the order of the trees, and the categories of each, by that order.

    From 1.4 on a preprocessor moves categorical columns to the front and numbers their
    categories; before, the values are the numbers.
    """
    mask = getattr(estimator, "is_categorical_", None)
    if mask is None or not np.any(mask):
        return features, {}
    preprocessor = getattr(estimator, "_preprocessor", None)
    if preprocessor is None:
        known = estimator._bin_mapper.bin_thresholds_
        return features, {int(at): list(known[at]) for at in np.flatnonzero(mask)}
    order = np.concatenate([np.flatnonzero(mask), np.flatnonzero(~np.asarray(mask))])
    encoder = attribute(preprocessor, "named_transformers_")["encoder"]
    lists = dict(enumerate(list(values) for values in encoder.categories_))
    return [features[at] for at in order], lists


def is_missing(value: Any) -> bool:
    return value is None or value != value


def known_values(values: list, column: int) -> list:
    """A column's categories as texts or numbers; missing is no category and stands last.

    Booleans are the texts that pandas writes for them.
    """
    values = [value for value in values if not is_missing(value)]
    if all(isinstance(value, (str, bool, np.bool_)) for value in values):
        if len({isinstance(value, str) for value in values}) <= 1:
            return [str(value) for value in values]
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        numbers = []
    is_same = len(numbers) == len(values) and all(a == b for a, b in zip(numbers, values))
    if not is_same or not np.isfinite(numbers).all():
        kinds = sorted({type(value).__name__ for value in values})
        raise Refused(f"column {column}: categories of type {', '.join(kinds)}")
    return numbers


def number_categories(values: list, is_encoded: bool) -> tuple[list[int], bool]:
    """Code of each category, and whether a table is needed to get there.

    Whole numbers are their own codes: then a table of numbers holds what the column holds, with no
    second meaning for arrays.
    """
    is_number = bool(values) and not isinstance(values[0], str)
    if is_number and values != list(range(len(values))):
        if all(v >= 0 and v <= MAX_CODE and v == int(v) for v in values):
            return [int(value) for value in values], False
    if is_number and not is_encoded:
        return [int(value) for value in values], False
    return list(range(len(values))), True


def code_lists(lists: dict[int, list], features: list[Feature], is_encoded: bool) -> tuple:
    """Codes of the categories by feature, the tables, and the columns that hold codes."""
    codes: dict[int, list[int]] = {}
    tables, bare = [], []
    for at, values in lists.items():
        column = features[at].column
        if any(tuple(operands) != NEUTRAL[name] for name, *operands in features[at].chain):
            raise Refused(f"column {column}: categorical, and scaled by the pipeline")
        values = known_values(values, column)
        codes[at], needs_table = number_categories(values, is_encoded)
        if needs_table and values:
            tables.append({"column": column, "values": values, "unknown": "missing"})
        else:
            bare.append(column)
    return codes, sorted(tables, key=lambda table: table["column"]), sorted(bare)


def histogram_tree(predictor: Any, columns: np.ndarray, codes: dict[int, list[int]]) -> dict:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    fields = {
        "left": nodes["left"],
        "right": nodes["right"],
        "is_leaf": is_leaf,
        "feature": nodes["feature_idx"],
        "threshold": nodes["num_threshold"],
        "default_left": nodes["missing_go_to_left"] != 0,
    }
    tree = state_tree(fields, columns, nodes["value"], nodes["count"], "HistGradientBoosting")
    is_set = nodes["is_categorical"][~is_leaf] != 0
    if is_set.any():
        add_sets(tree, nodes[~is_leaf], is_set, predictor.raw_left_cat_bitsets, codes)
    return tree


def add_sets(
    tree: dict, nodes: np.ndarray, is_set: np.ndarray, bitsets: np.ndarray, codes: dict
) -> None:
    """Splits by category, told by the side that missing values do not take.

    scikit-learn sends unknown and negative values where missing ones go.  An `in` split sends
    what is not in its set to the right, so the set holds the categories of the other side and
    the children are swapped where missing values go left.
    """
    ops = tree.setdefault("op", ["le"] * len(nodes))
    default_left = tree.pop("default_left", [0] * len(nodes))
    sets: list[list[int]] = []
    for at in np.flatnonzero(is_set):
        node = nodes[at]
        words = bitsets[node["bitset_idx"]]
        own = codes[int(node["feature_idx"])]
        # Encoded categories are numbered by place; earlier versions by value, which is the code.
        bits = range(len(own)) if codes["is_encoded"] else own
        stay = [
            code
            for code, bit in zip(own, bits)
            if bool(words[bit // 32] >> np.uint32(bit % 32) & np.uint32(1)) != default_left[at]
        ]
        if not stay:
            raise Refused("HistGradientBoosting: a split by category sends all to one side")
        if default_left[at]:
            tree["left"][at], tree["right"][at] = tree["right"][at], tree["left"][at]
            default_left[at] = 0
        ops[at] = "in"
        tree["threshold"][at] = len(sets)
        sets.append(sorted(stay))
    if any(default_left):
        tree["default_left"] = default_left
    tree["sets"] = sets


def histogram(estimator: Any, features: list[Feature]) -> Export:
    features, lists = remap(estimator, features)
    is_encoded = getattr(estimator, "_preprocessor", None) is not None
    codes, tables, bare = code_lists(lists, features, is_encoded)
    codes["is_encoded"] = is_encoded
    columns = places(features)
    trees = [
        {"output": output} | histogram_tree(predictor, columns, codes)
        for iteration in attribute(estimator, "_predictors")
        for output, predictor in enumerate(iteration)
    ]
    body = forest_body(trees, "count")
    base = np.reshape(attribute(estimator, "_baseline_prediction"), -1)
    if hasattr(estimator, "classes_"):
        names = class_names(estimator)
        many = len(base) > 1
        link = "softmax" if many else "sigmoid"
        outputs = make_outputs(len(base), names if many else names[1:], base, link)
        raw, response = estimator.decision_function, estimator.predict_proba
    else:
        response = raw = estimator.predict
        link = "exp" if estimator.loss in ("poisson", "gamma") else "identity"
        if link == "exp":
            raw = lambda x: np.log(response(x))  # noqa: E731
        outputs = make_outputs(1, base=base, link=link)
    return Export("forest", body, outputs, raw, response, "float64", tables, bare)


FAMILIES = {
    "DecisionTreeRegressor": average,
    "DecisionTreeClassifier": average,
    "ExtraTreeRegressor": average,
    "ExtraTreeClassifier": average,
    "RandomForestRegressor": average,
    "RandomForestClassifier": average,
    "ExtraTreesRegressor": average,
    "ExtraTreesClassifier": average,
    "GradientBoostingRegressor": boosting,
    "GradientBoostingClassifier": boosting,
    "HistGradientBoostingRegressor": histogram,
    "HistGradientBoostingClassifier": histogram,
    "IsolationForest": isolation,
}
