"""Predictions of ONNX models are those of onnxruntime, for what skl2onnx makes of fresh models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from support import HALF_ULP, Tool

N_COLUMNS = 5


def training(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(800, N_COLUMNS))
    score = rows[:, 0] * rows[:, 1] + np.sin(2 * rows[:, 2]) + 0.5 * rows[:, 3]
    return rows, score


def ensembles(model: onnx.ModelProto) -> list[dict]:
    """The lists of the graph's tree ensembles."""
    found = []
    for node in model.graph.node:
        lists = {}
        for attribute in node.attribute:
            value = helper.get_attribute_value(attribute)
            if isinstance(value, TensorProto):
                value = numpy_helper.to_array(value)
            lists[attribute.name] = value
        if "nodes_featureids" in lists:
            found.append(lists)
    return found


def edge_rows(model: onnx.ModelProto, kind: type, unscale=None, missing: bool = True) -> np.ndarray:
    """Rows at thresholds and beside them, with missing and huge values among them."""
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(300, N_COLUMNS)).astype(kind)
    for lists in ensembles(model):
        values = np.asarray(lists.get("nodes_values", lists.get("nodes_values_as_tensor")))
        inner = [at for at, mode in enumerate(lists["nodes_modes"]) if mode != b"LEAF"]
        for row in range(200):
            at = rng.choice(inner)
            column = lists["nodes_featureids"][at]
            threshold = values[at] if unscale is None else unscale(column, values[at])
            near = [kind(threshold)]
            near += [np.nextafter(near[0], kind(-np.inf)), np.nextafter(near[0], kind(np.inf))]
            rows[row, column] = near[row % 3]
    if missing:
        rows[200:230][rng.random((30, N_COLUMNS)) < 0.4] = np.nan
        rows[230], rows[231], rows[232], rows[233] = np.nan, 1e38, -1e38, np.inf
    rows[234], rows[235], rows[236] = 0.0, -0.0, 1e-40
    return rows


def run(model: onnx.ModelProto, rows: np.ndarray) -> np.ndarray:
    """The last output of the graph: scores or probabilities."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    result = session.run(None, {session.get_inputs()[0].name: rows})[-1]
    if isinstance(result, list):
        result = np.array([list(row.values()) for row in result])
    return np.asarray(result, dtype=np.float64).reshape(len(rows), -1)


def tolerance(model: onnx.ModelProto, response: np.ndarray) -> float:
    """A float32 sum of n terms is off by at most n half ulps of the sum of magnitudes.

    The magnitude of a tree is at most that of its largest leaf; a linear model has one term for
    each column and one more.  Links are no steeper than 1, and good to a few ulps.
    """
    finite = np.abs(response[np.isfinite(response)])
    total, terms = float(finite.max()), N_COLUMNS + 1
    for lists in ensembles(model):
        name = "target" if "target_weights" in lists else "class"
        tensor = lists.get(f"{name}_weights_as_tensor")
        weights = np.abs(np.asarray(lists.get(f"{name}_weights", tensor)))
        trees = np.asarray(lists[f"{name}_treeids"])
        total += sum(weights[trees == tree].max() for tree in np.unique(trees))
        terms = len(np.unique(trees)) + 2
    return (terms + 8) * HALF_ULP * (total + 1)


def check(tool: Tool, model: onnx.ModelProto, rows: np.ndarray, folder: Path) -> None:
    """All responses; of two columns for one score the second is the model's."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    expected = run(model, rows)
    found = tool.predict(path, rows, "probability")
    expected = expected[:, -found.shape[1] :]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance(model, expected))


def convert(estimator, target: np.ndarray, rows: np.ndarray, kind: type, **options):
    model = to_onnx(estimator.fit(rows, target), rows[:1].astype(kind), **options)
    if model.graph.node[-1].op_type == "TreeEnsembleRegressor":
        # skl2onnx says double, which onnxruntime refuses: the operator gives floats.
        model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    return model


SMALL = {"n_estimators": 15, "max_depth": 5, "random_state": 0}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestRegressor(**SMALL),
        ExtraTreesRegressor(**SMALL),
        GradientBoostingRegressor(**SMALL),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_regression_trees(tool: Tool, tmp_path: Path, estimator, kind: type) -> None:
    rows, score = training(1)
    model = convert(estimator, score, rows, kind)
    check(tool, model, edge_rows(model, kind), tmp_path)


def test_several_targets(tool: Tool, tmp_path: Path) -> None:
    rows, score = training(2)
    targets = np.stack([score, -rows[:, 4], score**2], axis=1)
    model = convert(RandomForestRegressor(**SMALL), targets, rows, np.float32)
    check(tool, model, edge_rows(model, np.float32), tmp_path)


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(max_depth=5, random_state=0),
        RandomForestClassifier(**SMALL),
        GradientBoostingClassifier(**SMALL),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_classification_trees(
    reference: Tool, tmp_path: Path, estimator, n_classes: int, zipmap: bool
) -> None:
    rows, score = training(3)
    target = np.array(["a", "b", "c"])[np.digitize(score, [0, 1] if n_classes == 3 else [0.3])]
    model = convert(estimator, target, rows, np.float32, options={"zipmap": zipmap})
    check(reference, model, edge_rows(model, np.float32), tmp_path)


@pytest.mark.parametrize(
    "scaler", [StandardScaler(), MinMaxScaler(), MinMaxScaler(clip=True)], ids=str
)
def test_scaled_trees_at_their_thresholds(tool: Tool, tmp_path: Path, scaler) -> None:
    rows, score = training(4)
    model = convert(make_pipeline(scaler, RandomForestRegressor(**SMALL)), score, rows, np.float32)
    low, high = scaler.inverse_transform(np.array([[0.0] * N_COLUMNS, [1.0] * N_COLUMNS]))

    def unscale(column: int, value: float) -> float:
        return low[column] + value * (high[column] - low[column])

    check(tool, model, edge_rows(model, np.float32, unscale), tmp_path)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearRegression(),
        LogisticRegression(),
        RidgeClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_models(tool: Tool, tmp_path: Path, estimator, n_classes: int) -> None:
    rows, score = training(5)
    target = np.digitize(score, [0, 1] if n_classes == 3 else [0.3])
    if isinstance(estimator, LinearRegression):
        target = score if n_classes == 2 else np.stack([score, -rows[:, 0]], axis=1)
    model = convert(estimator, target, rows, np.float32)
    check(tool, model, edge_rows(model, np.float32, missing=False), tmp_path)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"])
def test_every_comparison_with_missing_values_on_both_sides(
    tool: Tool, tmp_path: Path, mode: str, kind: type
) -> None:
    rng = np.random.default_rng(6)
    n_trees, depth = 8, 4
    n_inner = 2**depth - 1
    n = 2 * n_inner + 1
    places = np.arange(n)
    inner = places < n_inner
    # Node ids in an order of their own: a tree's root stays first.
    names = np.concatenate([[0], 1 + rng.permutation(n - 1)])

    def children(side: int) -> np.ndarray:
        return names[np.where(inner, 2 * places + side, 0)]

    # A leaf alone votes for both targets: onnxruntime forgets the base of one without a vote.
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["X"],
        ["Y"],
        domain="ai.onnx.ml",
        nodes_treeids=[*np.repeat(np.arange(n_trees), n).tolist(), n_trees],
        nodes_nodeids=[*np.tile(names, n_trees).tolist(), 0],
        nodes_featureids=rng.integers(0, N_COLUMNS, n * n_trees + 1).tolist(),
        nodes_values=rng.choice([-0.5, 0.0, 0.1, 1.0], n * n_trees + 1).tolist(),
        nodes_modes=[*np.tile(np.where(inner, "BRANCH_" + mode, "LEAF"), n_trees), "LEAF"],
        nodes_truenodeids=[*np.tile(children(1), n_trees).tolist(), 0],
        nodes_falsenodeids=[*np.tile(children(2), n_trees).tolist(), 0],
        nodes_missing_value_tracks_true=rng.integers(0, 2, n * n_trees + 1).tolist(),
        target_treeids=[*np.repeat(np.arange(n_trees), n - n_inner).tolist(), n_trees, n_trees],
        target_nodeids=[*np.tile(names[~inner], n_trees).tolist(), 0, 0],
        target_ids=[*rng.integers(0, 2, (n - n_inner) * n_trees).tolist(), 0, 1],
        target_weights=rng.normal(size=(n - n_inner) * n_trees + 2).tolist(),
        base_values=[0.25, -3.0],
        n_targets=2,
        aggregate_function="AVERAGE",
    )
    element = TensorProto.FLOAT if kind is np.float32 else TensorProto.DOUBLE
    table = helper.make_tensor_value_info("X", element, [None, N_COLUMNS])
    result = helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 2])
    model = helper.make_model(
        helper.make_graph([node], "g", [table], [result]),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=10,
    )
    rows = edge_rows(model, kind)
    rows[240:] = rng.choice([-0.5, 0.0, -0.0, 0.1, 1.0, np.nan], size=rows[240:].shape)
    check(tool, model, rows, tmp_path)
