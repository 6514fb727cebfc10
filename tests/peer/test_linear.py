"""Linear models in closed form: shap's LinearExplainer, and conditional expectations by numpy."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import shap
from support import HALF_ULP, Tool, shapley

# The covariance's diagonal is multiplied by 1 + this (docs/SEMANTICS.md).
RIDGE = 2.0**-27
SHAP_ORDERS = 1000


def write_model(tool: Tool, coefficients: np.ndarray, base: np.ndarray) -> Path:
    path = tool.path("linear.json")
    model = {
        "format": "apportion-model",
        "version": 1,
        "kind": "linear",
        "columns": {"count": coefficients.shape[1]},
        "outputs": {"count": len(coefficients), "base": base.tolist()},
        "linear": {"coefficients": coefficients.tolist()},
    }
    path.write_text(json.dumps(model))
    return path


def make_case(n_columns: int, n_outputs: int, seed: int):
    """Coefficients, base, rows, correlated background of columns of unlike scales, weights."""
    random = np.random.default_rng(seed)
    mix = random.normal(size=(n_columns, n_columns)) + np.eye(n_columns)
    scale = 10.0 ** random.uniform(-2, 2, n_columns)
    draw = lambda n: (random.normal(size=(n, n_columns)) @ mix + 1) * scale  # noqa: E731
    coefficients = random.normal(size=(n_outputs, n_columns)) / scale
    return coefficients, random.normal(size=n_outputs), draw(12), draw(150), random.random(150)


def conditional_values(
    coefficients: np.ndarray, mean: np.ndarray, covariance: np.ndarray, row: np.ndarray
) -> np.ndarray:
    """E[f(X) | X_S = x_S] - f(mean) as [2^columns, outputs]; X normal."""
    n = len(mean)
    values = np.zeros((2**n, len(coefficients)))
    for mask in range(1, 2**n):
        known = np.array([i for i in range(n) if mask >> i & 1])
        shift = covariance[:, known] @ np.linalg.solve(
            covariance[np.ix_(known, known)], row[known] - mean[known]
        )
        shift[known] = row[known] - mean[known]
        values[mask] = coefficients @ shift
    return values


def moments(background: np.ndarray, weights: np.ndarray, ridge: float):
    share = weights / weights.sum()
    mean = share @ background
    centred = background - mean
    covariance = (centred * share[:, None]).T @ centred
    return mean, covariance + ridge * np.diag(np.diag(covariance))


def values_of_orders(values: np.ndarray) -> np.ndarray:
    """What each order of the players gives: [orders, columns, outputs]."""
    n = int(math.log2(len(values)))
    given = []
    for order in itertools.permutations(range(n)):
        gains, mask = np.empty((n, values.shape[1])), 0
        for player in order:
            gains[player] = values[mask | 1 << player] - values[mask]
            mask |= 1 << player
        given.append(gains)
    return np.array(given)


@pytest.mark.parametrize("n_columns, n_outputs", [(1, 1), (2, 1), (4, 3), (8, 2)])
def test_dependent_columns_are_brute_force(
    reference: Tool, n_columns: int, n_outputs: int
) -> None:
    coefficients, base, rows, background, weights = make_case(n_columns, n_outputs, n_columns)
    model = write_model(reference, coefficients, base)
    phi, at_mean = reference.explain(
        model, rows, background, "--dependence", "gaussian", weights=weights
    )
    mean, covariance = moments(background, weights, RIDGE)
    assert at_mean[0] == pytest.approx(coefficients @ mean + base, rel=1e-6, abs=1e-6)
    for row, given in zip(rows, phi):
        expected = shapley(conditional_values(coefficients, mean, covariance, row)).T
        reach = np.abs(expected).max()
        assert np.abs(given - expected).max() <= (2 * HALF_ULP + 1e-9) * reach


@pytest.mark.parametrize("n_columns", [3, 4])
def test_dependent_columns_are_shaps_within_its_sampling(reference: Tool, n_columns: int) -> None:
    coefficients, base, rows, background, _ = make_case(n_columns, 1, 20 + n_columns)
    model = write_model(reference, coefficients, base)
    phi, _ = reference.explain(model, rows, background, "--dependence", "gaussian")
    mean, covariance = moments(background, np.ones(len(background)), 0.0)
    np.random.seed(5)
    masker = shap.maskers.Impute({"mean": mean, "cov": covariance})
    explainer = shap.LinearExplainer((coefficients[0], base[0]), masker, nsamples=SHAP_ORDERS)
    peers = explainer.shap_values(rows)
    for row, given, peer in zip(rows, phi[:, 0], peers):
        orders = values_of_orders(conditional_values(coefficients, mean, covariance, row))[:, :, 0]
        assert np.abs(given - orders.mean(axis=0)).max() <= 1e-5 * np.abs(given).max()
        # shap draws orders with replacement.
        allowed = 5 * orders.std(axis=0) / math.sqrt(SHAP_ORDERS) + 1e-5 * np.abs(given).max()
        assert (np.abs(given - peer) <= allowed).all()
    # The comparison can fail: independent values are far off.
    independent = coefficients[0] * (rows - mean)
    assert np.abs(independent - peers).max() > 0.1 * np.abs(peers).max()


def test_two_dependent_columns_are_shaps_exactly_when_orders_are_balanced(reference: Tool) -> None:
    """With two columns shap's values are a (first, second) + (1 - a) (second, first): ours, a = 1/2."""
    coefficients, base, rows, background, _ = make_case(2, 1, 50)
    model = write_model(reference, coefficients, base)
    phi, _ = reference.explain(model, rows, background, "--dependence", "gaussian")
    mean, covariance = moments(background, np.ones(len(background)), 0.0)
    np.random.seed(1)
    masker = shap.maskers.Impute({"mean": mean, "cov": covariance})
    explainer = shap.LinearExplainer((coefficients[0], base[0]), masker, nsamples=SHAP_ORDERS)
    peers = explainer.shap_values(rows)
    shares = []
    for row, given, peer in zip(rows, phi[:, 0], peers):
        first, second = values_of_orders(
            conditional_values(coefficients, mean, covariance, row)
        )[:, 0, 0]
        shares.append((peer[0] - second) / (first - second))
        assert given[0] == pytest.approx((first + second) / 2, rel=1e-5)
    assert np.ptp(shares) < 1e-6  # one share for all rows: the count of shap's orders
    assert abs(shares[0] - 0.5) < 0.1


def test_independent_columns_are_shaps(reference: Tool) -> None:
    coefficients, base, rows, background, _ = make_case(5, 1, 9)
    model = write_model(reference, coefficients, base)
    phi, _ = reference.explain(model, rows, background)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    peers = shap.LinearExplainer((coefficients[0], base[0]), masker).shap_values(rows)
    assert np.abs(phi[:, 0] - peers).max() <= (HALF_ULP + 1e-12) * np.abs(peers).max()


def test_many_columns_are_sampled_with_errors_that_hold(reference: Tool) -> None:
    """Blocks of columns that are independent of one another are games of their own."""
    random = np.random.default_rng(3)
    n_blocks, size = 6, 4
    n_columns = n_blocks * size
    blocks = []
    for _ in range(n_blocks):
        mix = random.normal(size=(size, size)) + np.eye(size)
        blocks.append(mix @ mix.T)
    covariance = np.zeros((n_columns, n_columns))
    for i, block in enumerate(blocks):
        at = slice(i * size, (i + 1) * size)
        covariance[at, at] = block
    # A background with exactly this covariance: the columns of its root, up and down.
    root = np.linalg.cholesky(covariance) * math.sqrt(n_columns)
    background = np.concatenate([root.T, -root.T])
    coefficients = random.normal(size=(1, n_columns))
    rows = random.normal(size=(10, n_columns)) @ np.linalg.cholesky(covariance).T
    model = write_model(reference, coefficients, np.zeros(1))
    phi, _, errors = reference.explain(
        model, rows, background, "--dependence", "gaussian", errors=True
    )
    scores = []
    for row, given, spread in zip(rows, phi[:, 0], errors[:, 0]):
        for i, block in enumerate(blocks):
            at = slice(i * size, (i + 1) * size)
            values = conditional_values(coefficients[:, at], np.zeros(size), block, row[at])
            scores.append((given[at] - shapley(values)[:, 0]) / spread[at])
    scores = np.abs(np.array(scores))
    assert np.median(scores) < 1.5  # of t with 7 degrees of freedom: 0.71
    assert scores.max() < 12  # 6e-6 of one
