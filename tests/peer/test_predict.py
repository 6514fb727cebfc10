"""Predictions are those of xgboost itself, for every kind of model that it makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb
from support import HALF_ULP, Tool, sigmoid, softmax

N_COLUMNS = 6


def make_rows(n: int, seed: int, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, N_COLUMNS)).astype(np.float32)
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows


def score_of(rows: np.ndarray) -> np.ndarray:
    """Something a forest can learn, interactions included."""
    x = np.nan_to_num(rows, nan=0.5)
    return x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3]


def edge_rows(booster: xgb.Booster, missing: bool) -> np.ndarray:
    """Rows at the places where a loader goes wrong."""
    rows = make_rows(200, seed=7, missing=0.2 if missing else 0.0)
    splits = splits_of(booster)
    rng = np.random.default_rng(8)
    for row in range(0, 100):
        for col in range(N_COLUMNS):
            if splits[col].size and rng.random() < 0.5:
                at = np.float32(rng.choice(splits[col]))
                near = [at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(9))]
                rows[row, col] = near[row % 3]
    rows[100] = 0.0
    rows[101] = -0.0
    rows[102] = 1e38
    rows[103] = -1e38
    rows[104] = 1e-40
    if missing:
        rows[105] = np.nan
    return rows


def splits_of(booster: xgb.Booster) -> list[np.ndarray]:
    """The thresholds of each column, exactly; text dumps shorten them, the JSON file does not."""
    import json

    found: list[list[float]] = [[] for _ in range(N_COLUMNS)]
    model = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
    trees = model.get("gbtree", model).get("model", {}).get("trees", [])
    for tree in trees:
        kinds = tree.get("split_type") or [0] * len(tree["left_children"])
        for node, left in enumerate(tree["left_children"]):
            if left >= 0 and not kinds[node]:
                found[tree["split_indices"][node]].append(tree["split_conditions"][node])
    return [np.array(values, dtype=np.float32) for values in found]


def margin_tolerance(booster: xgb.Booster, matrix: xgb.DMatrix, margin: np.ndarray) -> float:
    """How far a float32 sum of the trees may be from the exact one.

    Each of the n additions rounds a partial sum that is at most the sum of the absolute terms,
    by half an ulp; the terms of a tree are told by predicting with one more tree each time.
    """
    n_rounds = booster.num_boosted_rounds()
    kind = booster.save_config()
    if '"name":"gblinear"' in kind.replace(" ", ""):
        return float((N_COLUMNS + 3) * HALF_ULP * (np.abs(margin).max() + 100))
    steps = [
        booster.predict(matrix, output_margin=True, iteration_range=(0, k + 1))
        for k in range(n_rounds)
    ]
    terms = np.abs(steps[0]) + sum(np.abs(b - a) for a, b in zip(steps, steps[1:]))
    parallel = len(booster.get_dump()) / n_rounds
    return float((n_rounds * parallel + 2) * HALF_ULP * terms.max())


def check(
    tool: Tool,
    booster: xgb.Booster,
    rows: np.ndarray,
    folder: Path,
    link: str,
    feature_types: list[str] | None = None,
) -> None:
    """Margins within float32 rounding, responses within the same carried through the link."""
    matrix = xgb.DMatrix(rows, feature_types=feature_types, enable_categorical=True)
    margin = booster.predict(matrix, output_margin=True).astype(np.float64)
    margin = margin.reshape(len(rows), -1)
    tolerance = margin_tolerance(booster, matrix, margin)
    for ending in ("ubj", "json"):
        model = folder / f"model.{ending}"
        booster.save_model(model)
        found = tool.predict(model, rows)
        assert found.shape == margin.shape
        np.testing.assert_allclose(found, margin, rtol=0, atol=tolerance, err_msg=ending)

    response = booster.predict(matrix).astype(np.float64).reshape(len(rows), -1)
    found = tool.predict(folder / "model.ubj", rows, "probability")
    assert found.shape == (len(rows), margin.shape[1])
    if link == "identity":
        np.testing.assert_allclose(found, response, rtol=0, atol=tolerance)
    elif link == "exp":
        np.testing.assert_allclose(found, response, rtol=tolerance + 8 * HALF_ULP)
    else:
        # Both squash: no steeper than 1; the library's own expf is good to a few ulps.
        assert link in ("sigmoid", "softmax")
        np.testing.assert_allclose(found, response, rtol=0, atol=tolerance + 8 * HALF_ULP)
        expected = sigmoid(margin) if link == "sigmoid" else softmax(margin)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance + 8 * HALF_ULP)


def train(
    params: dict, rows: np.ndarray, target: np.ndarray, rounds: int = 30, **more
) -> xgb.Booster:
    depth = {} if params.get("booster") == "gblinear" else {"max_depth": 4}
    settings = {"eta": 0.3, "seed": 1, "nthread": 2, **depth, **params}
    return xgb.train(settings, xgb.DMatrix(rows, target, **more), num_boost_round=rounds)


def test_binary_with_missing_values(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(2000, 1, missing=0.2)
    booster = train({"objective": "binary:logistic"}, rows, score_of(rows) > 0.3)
    check(tool, booster, edge_rows(booster, True), tmp_path, "sigmoid")


def test_a_model_without_missing_values_in_training_meets_them(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(2000, 2)
    booster = train({"objective": "reg:squarederror"}, rows, score_of(rows))
    check(tool, booster, edge_rows(booster, True), tmp_path, "identity")


def test_multiclass(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(2000, 3, missing=0.1)
    target = np.digitize(score_of(rows), [-0.5, 0.7])
    params = {"objective": "multi:softprob", "num_class": 3}
    booster = train(params, rows, target, rounds=15)
    check(tool, booster, edge_rows(booster, True), tmp_path, "softmax")


@pytest.mark.parametrize("objective", ["count:poisson", "reg:gamma", "reg:tweedie"])
def test_objectives_with_a_log_link(reference: Tool, tmp_path: Path, objective: str) -> None:
    rows = make_rows(2000, 4)
    target = np.round(np.exp(0.5 * score_of(rows))) + 1
    booster = train({"objective": objective}, rows, target)
    check(reference, booster, edge_rows(booster, False), tmp_path, "exp")


@pytest.mark.parametrize("to_onehot", [1, 100])
def test_categorical_splits(tool: Tool, tmp_path: Path, to_onehot: int) -> None:
    rng = np.random.default_rng(5)
    rows = make_rows(3000, 5, missing=0.1)
    rows[:, 0] = rng.integers(0, 40, len(rows))
    rows[:, 1] = rng.integers(0, 5, len(rows))
    effect = rng.normal(size=40)
    target = effect[rows[:, 0].astype(int)] + score_of(rows) * (rows[:, 1] == 2)
    kinds = ["c", "c", "q", "q", "q", "q"]
    params = {
        "tree_method": "hist",
        "max_cat_to_onehot": to_onehot,
        "objective": "reg:squarederror",
    }
    booster = train(params, rows, target, feature_types=kinds, enable_categorical=True)
    probe = make_rows(300, 6, missing=0.2)
    probe[:, 0] = rng.integers(0, 60, len(probe))  # codes above 39 were never seen
    probe[:, 1] = rng.integers(0, 8, len(probe))
    probe[:20, :2] = np.nan
    check(tool, booster, probe, tmp_path, "identity", kinds)


def test_dart(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(2000, 7, missing=0.1)
    params = {"booster": "dart", "rate_drop": 0.5, "objective": "binary:logistic"}
    booster = train(params, rows, score_of(rows) > 0)
    check(tool, booster, edge_rows(booster, True), tmp_path, "sigmoid")


@pytest.mark.parametrize("n_classes", [1, 3])
def test_gblinear(tool: Tool, tmp_path: Path, n_classes: int) -> None:
    rows = make_rows(1000, 8, missing=0.1)
    params: dict = {
        "booster": "gblinear",
        "objective": "binary:logistic",
        "updater": "coord_descent",
    }
    target = (score_of(rows) > 0).astype(int)
    if n_classes > 1:
        params |= {"objective": "multi:softprob", "num_class": n_classes}
        target = np.digitize(score_of(rows), [-0.5, 0.7])
    booster = train(params, rows, target)
    probe = make_rows(200, 9, missing=0.2)
    check(tool, booster, probe, tmp_path, "sigmoid" if n_classes == 1 else "softmax")


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_multi_target(tool: Tool, tmp_path: Path, strategy: str) -> None:
    rows = make_rows(2000, 10, missing=0.1)
    target = np.stack([score_of(rows), rng_noise(rows), -2 * score_of(rows)], axis=1)
    params = {"multi_strategy": strategy, "tree_method": "hist", "objective": "reg:squarederror"}
    booster = train(params, rows, target, rounds=15)
    check(tool, booster, edge_rows(booster, True), tmp_path, "identity")


def rng_noise(rows: np.ndarray) -> np.ndarray:
    return np.random.default_rng(11).normal(size=len(rows)) + np.nan_to_num(rows[:, 4])


@pytest.mark.parametrize("n_classes", [1, 3])
def test_random_forest(tool: Tool, tmp_path: Path, n_classes: int) -> None:
    rows = make_rows(2000, 12, missing=0.1)
    params: dict = {
        "num_parallel_tree": 20,
        "subsample": 0.7,
        "colsample_bynode": 0.6,
        "eta": 1,
        "objective": "binary:logistic",
    }
    target = (score_of(rows) > 0).astype(int)
    if n_classes > 1:
        params |= {"objective": "multi:softprob", "num_class": n_classes}
        target = np.digitize(score_of(rows), [-0.5, 0.7])
    booster = train(params, rows, target, rounds=2)
    check(
        tool,
        booster,
        edge_rows(booster, True),
        tmp_path,
        "sigmoid" if n_classes == 1 else "softmax",
    )


def test_float64_and_fortran_order_read_as_the_same_table(reference: Tool, tmp_path: Path) -> None:
    rows = make_rows(500, 13, missing=0.1)
    booster = train({"objective": "binary:logistic"}, rows, score_of(rows) > 0, rounds=5)
    model = tmp_path / "model.ubj"
    booster.save_model(model)
    expected = reference.predict(model, rows)
    np.testing.assert_array_equal(reference.predict(model, rows.astype(np.float64)), expected)
    np.testing.assert_array_equal(reference.predict(model, np.asfortranarray(rows)), expected)


def test_iterations_are_those_of_iteration_range(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(1500, 21, missing=0.1)
    target = np.digitize(score_of(rows), [-0.5, 0.7])
    several = {"objective": "multi:softprob", "num_class": 3}
    boosters = [
        train({**several, "num_parallel_tree": 2, "subsample": 0.7}, rows, target, rounds=8),
        train({"objective": "reg:squarederror", "booster": "dart"}, rows, target, rounds=12),
        train({"multi_strategy": "multi_output_tree"}, rows, np.nan_to_num(rows[:, 2:4]), rounds=9),
    ]
    model = tmp_path / "model.ubj"
    for booster in boosters:
        booster.save_model(model)
        matrix = xgb.DMatrix(rows)
        for first, end in ((0, 1), (2, 5), (3, 8)):
            margin = booster.predict(matrix, output_margin=True, iteration_range=(first, end))
            margin = margin.reshape(len(rows), -1)
            found = tool.predict(model, rows, "raw", "--iterations", f"{first}:{end}")
            np.testing.assert_allclose(found, margin, rtol=1e-5, atol=1e-5)


def test_the_best_iteration_is_what_the_sklearn_wrapper_predicts_with(
    tool: Tool, tmp_path: Path
) -> None:
    rows = make_rows(1500, 22)
    noisy = (score_of(rows) + np.random.default_rng(3).normal(size=1500) > 0.3).astype(int)
    model = xgb.XGBClassifier(n_estimators=200, early_stopping_rounds=3, learning_rate=0.5)
    model.fit(rows[:700], noisy[:700], eval_set=[(rows[700:], noisy[700:])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    model.save_model(tmp_path / "model.json")
    found = tool.predict(tmp_path / "model.json", rows, "probability", "--iterations", "best")
    np.testing.assert_allclose(found[:, 0], model.predict_proba(rows)[:, 1], atol=1e-6)
