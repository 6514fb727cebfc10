"""Probabilities and losses: shap's, which rescales the margin's values for each background row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import shap
import xgboost as xgb
from support import Tool, sigmoid
from trees import assert_close, exact

N_COLUMNS = 8


def make_rows(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, N_COLUMNS)).astype(np.float32).astype(np.float64)


ROWS = make_rows(2000, 1)
SCORE = ROWS[:, 0] * ROWS[:, 1] + np.sin(2 * ROWS[:, 2]) + (ROWS[:, 3] > 0) * ROWS[:, 4]
EXPLAINED, BACKGROUND = make_rows(40, 2), make_rows(100, 3)
WEIGHTS = np.random.default_rng(4).integers(0, 4, 100).astype(float)
LABELS = (np.random.default_rng(5).random(40) < 0.5).astype(float)
# Not the model's own, far from it, integers, zeros of both signs.
NUMBERS = np.random.default_rng(6).normal(size=40) * 20
NUMBERS[:4] = [0.0, -0.0, 7.0, -1e3]


def peer(model: Any, output: str, background: np.ndarray, target: np.ndarray | None) -> np.ndarray:
    """shap's values; a weighted row is as many rows."""
    explainer = shap.TreeExplainer(
        model,
        shap.maskers.Independent(background, max_samples=len(background)),
        feature_perturbation="interventional",
        model_output=output,
    )
    return np.asarray(explainer.shap_values(EXPLAINED, target, check_additivity=False))


def repeated(weights: np.ndarray | None) -> np.ndarray:
    return BACKGROUND if weights is None else np.repeat(BACKGROUND, weights.astype(int), axis=0)


def check(
    tool: Tool,
    model: Path,
    expected: np.ndarray,
    outputs: tuple[np.ndarray, np.ndarray],
    output: str,
    target: np.ndarray | None,
    weights: np.ndarray | None,
) -> None:
    """`outputs`: those of the rows, and the bases of the rows."""
    options: list[Any] = ["--output", output]
    if target is not None:
        options += ["--target", tool.array("target", target.reshape(-1, 1))]
    found = exact(tool, model, EXPLAINED, BACKGROUND, *options, weights=weights)
    spread = np.ptp(np.concatenate(outputs))
    prediction, base = outputs
    assert_close(found, np.concatenate([expected, base[:, None]], axis=1), spread)
    np.testing.assert_allclose(found.sum(axis=1), prediction, atol=2e-6 * spread)


def log_loss(margin: np.ndarray, label: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, margin) - label * margin


def squared_error(margin: np.ndarray, target: np.ndarray) -> np.ndarray:
    return (target - margin) ** 2


def losses(loss: Any, predict: Any, target: np.ndarray, rows: np.ndarray) -> tuple:
    margin, margins = predict(EXPLAINED), predict(rows)
    return loss(margin, target), np.array([loss(margins, y).mean() for y in target])


def xgboost(folder: Path, target: np.ndarray, **params: Any) -> tuple[Any, Path, Any]:
    settings = {"max_depth": 5, "eta": 0.3, "seed": 1, "nthread": 2, **params}
    booster = xgb.train(settings, xgb.DMatrix(ROWS, target), 40)
    booster.save_model(folder / "model.ubj")

    def predict(rows: np.ndarray) -> np.ndarray:
        return booster.predict(xgb.DMatrix(rows), output_margin=True).astype(np.float64)

    return booster, folder / "model.ubj", predict


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_probability_of_xgboost(tool: Tool, tmp_path: Path, weights: np.ndarray | None) -> None:
    booster, model, predict = xgboost(tmp_path, SCORE > 0.3, objective="binary:logistic")
    rows = repeated(weights)
    expected = peer(booster, "probability", rows, None)
    base = np.full(len(EXPLAINED), sigmoid(predict(rows)).mean())
    outputs = sigmoid(predict(EXPLAINED)), base
    check(tool, model, expected, outputs, "probability", None, weights)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_log_loss_of_xgboost(tool: Tool, tmp_path: Path, weights: np.ndarray | None) -> None:
    booster, model, predict = xgboost(tmp_path, SCORE > 0.3, objective="binary:logistic")
    rows = repeated(weights)
    expected = peer(booster, "log_loss", rows, LABELS)
    outputs = losses(log_loss, predict, LABELS, rows)
    check(tool, model, expected, outputs, "loss", LABELS, weights)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_squared_error_of_xgboost(tool: Tool, tmp_path: Path, weights: np.ndarray | None) -> None:
    booster, model, predict = xgboost(tmp_path, 3 * SCORE + 5, objective="reg:squarederror")
    rows = repeated(weights)
    expected = peer(booster, "log_loss", rows, NUMBERS)
    outputs = losses(squared_error, predict, NUMBERS, rows)
    check(tool, model, expected, outputs, "loss", NUMBERS, weights)


@pytest.mark.parametrize("objective", ["binary", "regression"])
def test_losses_of_lightgbm(tool: Tool, tmp_path: Path, objective: str) -> None:
    """shap knows no other library's objectives: the rest is left to axiom.loss."""
    is_binary = objective == "binary"
    settings = {"objective": objective, "num_leaves": 20, "num_threads": 2, "verbosity": -1}
    seen = (SCORE > 0.3).astype(float) if is_binary else SCORE
    booster = lgb.train(settings, lgb.Dataset(ROWS, seen), 40)
    booster.save_model(tmp_path / "model.txt")
    target, loss = (LABELS, log_loss) if is_binary else (NUMBERS, squared_error)
    expected = peer(booster, "log_loss", BACKGROUND, target)

    def predict(rows: np.ndarray) -> np.ndarray:
        return booster.predict(rows, raw_score=True)

    outputs = losses(loss, predict, target, BACKGROUND)
    check(tool, tmp_path / "model.txt", expected, outputs, "loss", target, None)
