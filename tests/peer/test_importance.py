"""Permutation importance is scikit-learn's, up to which permutations were drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xgboost as xgb
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from support import Tool

N_COLUMNS = 6
N_REPEATS = 10


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, a number to predict, and sample weights."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, N_COLUMNS)).astype(np.float32)
    score = rows[:, 0] * 1.5 + rows[:, 1] * rows[:, 2] + 0.3 * rows[:, 3]
    rows[rng.random(rows.shape) < 0.05] = np.nan
    return rows, score + rng.normal(size=len(rows)) * 0.5, rng.gamma(1.0, size=len(rows))


def fit(kind: str, rows: np.ndarray, target: np.ndarray) -> xgb.XGBModel:
    settings = {"n_estimators": 30, "max_depth": 4, "n_jobs": 2, "random_state": 1}
    maker = xgb.XGBRegressor if kind == "regressor" else xgb.XGBClassifier
    return maker(**settings).fit(rows[:1500], target[:1500])


def ask(tool: Tool, fitted: xgb.XGBModel, rows: np.ndarray, target: np.ndarray, *options) -> dict:
    model = tool.path("model.ubj")
    fitted.get_booster().save_model(model)
    return tool.run(
        "importance", "--model", model, "--data", tool.array("rows", rows), "--target",
        tool.array("target", target.astype(np.float64).reshape(-1, 1)), "--repeats", N_REPEATS,
        *options,
    )  # fmt: skip


def scores_of(found: dict, metric: str, n_players: int = N_COLUMNS) -> np.ndarray:
    """[players, repeats], with mean and std checked against them on the way."""
    features = [entry for entry in found["features"] if entry["metric"] == metric]
    assert len(features) == n_players
    scores = np.array([entry["scores"] for entry in features])
    assert scores.shape == (n_players, N_REPEATS)
    np.testing.assert_allclose(
        [entry["mean"] for entry in features], scores.mean(axis=1), rtol=1e-9
    )
    np.testing.assert_allclose(
        [entry["std"] for entry in features], scores.std(axis=1), rtol=1e-6, atol=1e-12
    )
    return scores


def assert_same_means(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Two samples of the same quantity: means within 4.5 standard errors of their difference."""
    spread = np.sqrt((ours.var(axis=1, ddof=1) + theirs.var(axis=1, ddof=1)) / ours.shape[1])
    away = np.abs(ours.mean(axis=1) - theirs.mean(axis=1))
    assert (away <= 4.5 * spread + 1e-7).all(), f"{away} where the spread is {spread}"
    # A spread that is all noise would let anything pass.
    assert spread.max() < 0.1 * np.abs(theirs.mean(axis=1)).max()


CLASSIFIER = [("auc", "roc_auc"), ("logloss", "neg_log_loss"), ("accuracy", "accuracy")]
REGRESSOR = [
    ("rmse", "neg_root_mean_squared_error"),
    ("mae", "neg_mean_absolute_error"),
    ("r2", "r2"),
]


def check(tool: Tool, table, kind: str, pairs: list, weighted: bool) -> None:
    rows, score, weights = table
    target = score if kind == "regressor" else (score > 0).astype(int)
    if kind == "multiclass":
        target = np.digitize(score, [-1.0, 0.8])
        pairs = pairs[1:]
    fitted = fit(kind, rows, target)
    held, held_target = rows[1500:], target[1500:]
    held_weights = weights[1500:] if weighted else None
    options = ["--metric", ",".join(ours for ours, _ in pairs)]
    if weighted:
        options += ["--sample-weight", tool.array("weights", held_weights.reshape(-1, 1))]
    found = ask(tool, fitted, held, held_target, *options)
    for ours, theirs in pairs:
        peer = permutation_importance(
            fitted, held, held_target, scoring=theirs, n_repeats=N_REPEATS, random_state=3,
            sample_weight=held_weights,
        )  # fmt: skip
        assert_same_means(scores_of(found, ours), peer.importances)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regressor"])
def test_importance_is_scikit_learns(opencl: Tool, table, kind: str, weighted: bool) -> None:
    check(opencl, table, kind, REGRESSOR if kind == "regressor" else CLASSIFIER, weighted)


def test_the_reference_gives_the_same_scores(reference: Tool, opencl: Tool, table) -> None:
    rows, score, _ = table
    fitted = fit("binary", rows, (score > 0).astype(int))
    found = [ask(tool, fitted, rows, score > 0, "--metric", "auc") for tool in (reference, opencl)]
    np.testing.assert_allclose(scores_of(found[0], "auc"), scores_of(found[1], "auc"), atol=1e-6)


def test_the_baseline_is_in_natural_sign(opencl: Tool, table) -> None:
    rows, score, weights = table
    target = (score > 0).astype(int)
    fitted = fit("binary", rows, target)
    found = ask(
        opencl, fitted, rows, target, "--metric", "auc,logloss", "--sample-weight",
        opencl.array("weights", weights.reshape(-1, 1)),
    )  # fmt: skip
    probability = fitted.predict_proba(rows)[:, 1]
    expected = roc_auc_score(target, probability, sample_weight=weights)
    assert found["baseline"]["auc"] == pytest.approx(expected, abs=1e-6)
    assert found["baseline"]["logloss"] > 0


def test_groups_move_together(opencl: Tool, table) -> None:
    """Against the definition: one permutation for all columns of the group."""
    rows, score, _ = table
    target = (score > 0).astype(int)
    fitted = fit("binary", rows, target)
    held, held_target = rows[1500:], target[1500:]
    # A model trained on an array has no names; its columns are f0, f1, ...
    groups = {"product": ["f1", "f2"], "lone": ["f0"], "rest": ["f3", "f4", "f5"]}
    file = opencl.path("groups.json")
    file.write_text(json.dumps(groups))
    found = ask(opencl, fitted, held, held_target, "--metric", "auc", "--groups", file)
    names = [entry["name"] for entry in found["features"]]
    assert sorted(names) == sorted(groups)
    ours = scores_of(found, "auc", 3)
    rng = np.random.default_rng(5)
    baseline = roc_auc_score(held_target, fitted.predict_proba(held)[:, 1])
    theirs = np.empty((3, N_REPEATS))
    for player, group in enumerate(names):
        columns = [int(name[1:]) for name in groups[group]]
        for repeat in range(N_REPEATS):
            mixed = held.copy()
            mixed[:, columns] = held[rng.permutation(len(held))][:, columns]
            permuted = roc_auc_score(held_target, fitted.predict_proba(mixed)[:, 1])
            theirs[player, repeat] = baseline - permuted
    assert_same_means(ours, theirs)


def test_a_sample_of_the_rows_gives_the_same_answer_with_more_spread(opencl: Tool, table) -> None:
    rows, score, _ = table
    target = (score > 0).astype(int)
    fitted = fit("binary", rows, target)
    every = scores_of(ask(opencl, fitted, rows, target, "--metric", "auc"), "auc")
    some = scores_of(
        ask(opencl, fitted, rows, target, "--metric", "auc", "--max-samples", "0.5"), "auc"
    )
    np.testing.assert_allclose(some.mean(axis=1), every.mean(axis=1), atol=0.03)
    assert not np.array_equal(some, every)
