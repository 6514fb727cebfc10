"""LightGBM models predict and are explained as LightGBM itself predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from support import HALF_ULP, Tool, brute_force

N_COLUMNS = 7
CATEGORIES = 45
ZERO_EDGE = 1.0000000180025095e-35


def make_rows(n: int, seed: int, missing: float = 0.1) -> np.ndarray:
    """Doubles that are no floats; column 5 holds codes; NaN and zeros of both signs."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, N_COLUMNS))
    rows[:, 5] = rng.integers(0, CATEGORIES, n)
    rows[:, 6] = rng.integers(0, 4, n)
    numeric = rows[:, :5]
    numeric[rng.random(numeric.shape) < missing] = 0.0
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows


def score_of(rows: np.ndarray) -> np.ndarray:
    x = np.nan_to_num(rows, nan=0.7)
    effect = np.random.default_rng(5).normal(size=CATEGORIES + 1)
    score = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] - (x[:, 4] == 0)
    return score + effect[x[:, 5].astype(int)] + (x[:, 6] == 2)


def train(params: dict, rows: np.ndarray, target: np.ndarray, rounds: int = 25) -> lgb.Booster:
    settings = {
        "num_leaves": 20, "min_data_in_leaf": 5, "min_data_per_group": 2, "cat_smooth": 1,
        "learning_rate": 0.3, "num_threads": 2, "seed": 1, "verbosity": -1, **params,
    }  # fmt: skip
    if not params.get("linear_tree"):
        return lgb.train(settings, lgb.Dataset(rows, target, categorical_feature=[5, 6]), rounds)
    return lgb.train(settings, lgb.Dataset(rows, target), rounds)


def edge_rows(booster: lgb.Booster, infinite: bool = True) -> np.ndarray:
    """Rows at the places where a loader goes wrong."""
    rows = make_rows(200, seed=7, missing=0.15)
    rng = np.random.default_rng(8)
    tree = booster.trees_to_dataframe()
    tree = tree[tree["decision_type"] == "<="]
    column = tree["split_feature"].map(booster.feature_name().index).to_numpy()
    threshold = tree["threshold"].astype(float).to_numpy()
    for row in range(120):
        for col in range(5):
            of_column = threshold[column == col]
            if of_column.size and rng.random() < 0.5:
                at = rng.choice(of_column)
                rows[row, col] = [at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)][row % 3]
    large = np.inf if infinite else 1e6
    for row, value in enumerate((0.0, -0.0, 1e38, -1e38, 1e-40, large, -large, np.nan), 120):
        rows[row, :5] = value if infinite or abs(value) < 1e30 else np.sign(value) * 1e5
    for row, value in enumerate((ZERO_EDGE, -ZERO_EDGE, 1e-36, -1e-36, 1.1e-35, -1.1e-35), 130):
        rows[row, :5] = value
    for row, value in enumerate((-1, -0.5, -0.0, 0.5, 1.9, 31, 32, 44, 45, 1000, 2.0**31), 140):
        rows[row, 5:] = value
    return rows


def n_iterations(booster: lgb.Booster) -> int:
    return booster.num_trees() // booster.num_model_per_iteration()


def is_averaged(booster: lgb.Booster) -> bool:
    return "\naverage_output\n" in booster.model_to_string()


def margin_of(booster: lgb.Booster, rows: np.ndarray) -> np.ndarray:
    """What predict() applies its link to; of a random forest, raw_score gives the sum instead."""
    margin = np.asarray(booster.predict(rows, raw_score=True)).reshape(len(rows), -1)
    return margin / n_iterations(booster) if is_averaged(booster) else margin


def margin_tolerance(booster: lgb.Booster, rows: np.ndarray) -> float:
    """What n additions in float32 may be off by: half an ulp each, of the sum of magnitudes."""
    n = n_iterations(booster)
    terms = np.zeros((len(rows), booster.num_model_per_iteration()))
    for k in range(n):
        term = booster.predict(rows, raw_score=True, start_iteration=k, num_iteration=1)
        terms += np.abs(np.asarray(term).reshape(terms.shape))
    if is_averaged(booster):
        terms /= n
    return float((n + 3) * HALF_ULP * terms.max())


def check(tool: Tool, booster: lgb.Booster, rows: np.ndarray, folder: Path) -> None:
    model = folder / "model.txt"
    booster.save_model(model)
    tolerance = margin_tolerance(booster, rows)
    np.testing.assert_allclose(
        tool.predict(model, rows), margin_of(booster, rows), rtol=0, atol=tolerance
    )
    response = np.asarray(booster.predict(rows)).reshape(len(rows), -1)
    # exp is the steepest link: its relative error is the absolute one of the margin.
    np.testing.assert_allclose(
        tool.predict(model, rows, "probability"),
        response,
        rtol=2 * tolerance + 8 * HALF_ULP,
        atol=2 * tolerance + 8 * HALF_ULP,
    )


MISSING: list[dict] = [{}, {"zero_as_missing": True}, {"use_missing": False}]


@pytest.mark.parametrize("missing", MISSING)
def test_missing_types_with_categories(tool: Tool, tmp_path: Path, missing: dict) -> None:
    rows = make_rows(3000, 1)
    booster = train({"objective": "binary", **missing}, rows, score_of(rows) > 0.3)
    check(tool, booster, edge_rows(booster), tmp_path)


def test_no_missing_values_in_training(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(3000, 2, missing=0)
    booster = train({"objective": "regression"}, rows, score_of(rows))
    check(tool, booster, edge_rows(booster), tmp_path)


def test_splits_on_what_is_missing(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(3000, 15, missing=0.3)
    booster = train({"objective": "regression"}, rows, 3.0 * np.isnan(rows[:, 0]))
    assert "inf" in booster.model_to_string()
    check(tool, booster, make_rows(300, 16, missing=0.3), tmp_path)


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
def test_multiclass(tool: Tool, tmp_path: Path, objective: str) -> None:
    rows = make_rows(3000, 3)
    target = np.digitize(score_of(rows), [-0.5, 0.7])
    booster = train({"objective": objective, "num_class": 3, "sigmoid": 1.5}, rows, target, 10)
    check(tool, booster, edge_rows(booster), tmp_path)


@pytest.mark.parametrize("boosting", ["rf", "dart", "goss"])
@pytest.mark.parametrize("n_classes", [1, 3])
def test_boosting(tool: Tool, tmp_path: Path, boosting: str, n_classes: int) -> None:
    rows = make_rows(3000, 4)
    params: dict = {"boosting": boosting, "objective": "binary"}
    if boosting == "rf":
        params |= {"bagging_fraction": 0.6, "bagging_freq": 1}
    target = (score_of(rows) > 0.3).astype(int)
    if n_classes > 1:
        params |= {"objective": "multiclass", "num_class": n_classes}
        target = np.digitize(score_of(rows), [-0.5, 0.7])
    booster = train(params, rows, target, 10)
    check(tool, booster, edge_rows(booster), tmp_path)


@pytest.mark.parametrize(
    "objective",
    ["poisson", "gamma", "tweedie", "cross_entropy", "cross_entropy_lambda", "mape", "quantile"],
)
def test_objectives(reference: Tool, tmp_path: Path, objective: str) -> None:
    rows = make_rows(2000, 5)
    score = score_of(rows)
    target = 1 / (1 + np.exp(-score)) if "entropy" in objective else np.exp(0.3 * score)
    booster = train({"objective": objective}, rows, target)
    check(reference, booster, edge_rows(booster), tmp_path)


def test_the_root_of_the_target(reference: Tool, tmp_path: Path) -> None:
    rows = make_rows(2000, 6)
    booster = train({"objective": "regression", "reg_sqrt": True}, rows, score_of(rows), 10)
    model = tmp_path / "model.txt"
    booster.save_model(model)
    probe = edge_rows(booster)
    tolerance = margin_tolerance(booster, probe)
    margin = margin_of(booster, probe)
    found = reference.predict(model, probe, "probability")
    allowed = 2 * tolerance * (np.abs(margin).max() + tolerance)
    np.testing.assert_allclose(found[:, 0], booster.predict(probe), rtol=1e-6, atol=allowed)


def test_linear_trees(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(3000, 8)
    booster = train({"linear_tree": True, "linear_lambda": 0.1}, rows, score_of(rows), 10)
    check(tool, booster, edge_rows(booster, infinite=False), tmp_path)


def make_frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n).round(3),
            "colour": rng.choice(["red", "green", "blue, or so"], n),
            "year": rng.choice([1999, 2005, 2024], n),
        }
    )


def test_categories_of_a_data_frame_are_found_by_their_values(
    reference: Tool, tmp_path: Path
) -> None:
    frame = make_frame(1000, 9)
    target = frame["x"] + (frame["colour"] == "green") * 2 + (frame["year"] == 2005)
    typed = frame.astype({"colour": "category", "year": "category"})
    settings = {"min_data_per_group": 1, "cat_smooth": 0, "verbosity": -1, "num_leaves": 8}
    booster = lgb.train(settings, lgb.Dataset(typed, target), 10)
    model = tmp_path / "model.txt"
    booster.save_model(model)
    probe = make_frame(50, 10)
    probe.loc[:4, "colour"] = "purple"  # never seen: as missing
    probe.loc[5:9, "year"] = 2000
    expected = booster.predict(probe.astype({"colour": "category", "year": "category"}))
    data, out = tmp_path / "rows.csv", tmp_path / "predictions.npy"
    probe.to_csv(data, index=False)
    reference.run("predict", "--model", model, "--data", data, "--out", out)
    found = np.load(out).astype(np.float64).reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=20 * HALF_ULP * 5)


# Of the range of the explained output over rows and background.
TOLERANCE = 1e-5


def check_shapley(
    tool: Tool, booster: lgb.Booster, function: Callable[[np.ndarray], np.ndarray], *options: Any
) -> None:
    model = tool.path("model.txt")
    booster.save_model(model)
    background, rows = make_rows(10, 20), make_rows(4, 21)
    rows[0, 0], rows[1, 5], rows[2, 4], rows[3, 6] = np.nan, CATEGORIES + 3, 0.0, np.nan
    expected, base, explained = brute_force(function, rows, background)
    phi, found_base = tool.explain(model, rows, background, "--method", "kernel", *options)
    spread = np.ptp(function(np.concatenate([rows, background])).reshape(14, -1), axis=0)
    allowed = TOLERANCE * spread[None, :]
    assert phi.shape == expected.shape
    assert (np.abs(found_base - base[None, :]) <= allowed).all()
    worst = np.abs(phi - expected).max(axis=2)
    assert (worst <= allowed).all(), f"{worst.max(axis=0)} where {allowed} is allowed"
    assert (np.abs(phi.sum(axis=2) + found_base - explained) <= allowed).all()


def test_shapley_values_with_missing_zeros_and_categories_are_brute_force(tool: Tool) -> None:
    rows = make_rows(3000, 11)
    booster = train({"objective": "binary", "zero_as_missing": True}, rows, score_of(rows) > 0.3)
    check_shapley(tool, booster, lambda x: margin_of(booster, x))
    check_shapley(tool, booster, lambda x: booster.predict(x), "--output", "probability")


def test_shapley_values_with_missing_nan_are_brute_force(tool: Tool) -> None:
    rows = make_rows(3000, 12)
    booster = train({"objective": "regression"}, rows, score_of(rows))
    check_shapley(tool, booster, lambda x: margin_of(booster, x))


def test_shapley_values_of_a_random_forest_are_of_its_mean(tool: Tool) -> None:
    rows = make_rows(3000, 13)
    params = {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}
    target = np.digitize(score_of(rows), [-0.5, 0.7])
    booster = train({**params, "objective": "multiclass", "num_class": 3}, rows, target, 10)
    check_shapley(tool, booster, lambda x: margin_of(booster, x))
    check_shapley(tool, booster, lambda x: booster.predict(x), "--output", "probability")


def test_shapley_values_of_linear_trees_are_brute_force(tool: Tool) -> None:
    rows = make_rows(3000, 14)
    booster = train({"linear_tree": True, "linear_lambda": 0.1}, rows, score_of(rows), 10)
    check_shapley(tool, booster, lambda x: margin_of(booster, x))
