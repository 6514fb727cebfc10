"""Kernel SHAP: exact where every coalition is enumerated, and no worse than shap where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shap
from games import Game, make_game
from support import Tool, brute_force, identity, logit

# Of the range of the explained output over rows and background.
TOLERANCE = 1e-5


def output_range(game: Game, output: str, link: str) -> np.ndarray:
    values = game.function(output)(np.concatenate([game.rows, game.background]))
    values = logit(values) if link == "logit" else values
    return np.ptp(values, axis=0)


def check_exact(
    tool: Tool, game: Game, output: str, link: str, weights: np.ndarray | None = None
) -> None:
    expected, base, explained = brute_force(
        game.function(output),
        game.rows,
        game.background,
        weights,
        logit if link == "logit" else identity,
    )
    options = ["--method", "kernel", "--output", output, "--link", link]
    phi, found_base = tool.explain(
        game.model, game.rows, game.background, *options, weights=weights
    )
    allowed = TOLERANCE * output_range(game, output, link)[None, :]
    assert phi.shape == expected.shape
    assert (np.abs(found_base - base[None, :]) <= allowed).all()
    worst = np.abs(phi - expected).max(axis=2)
    assert (worst <= allowed).all(), f"{worst.max(axis=0)} where {allowed} is allowed"
    gap = np.abs(phi.sum(axis=2) + found_base - explained)
    assert (gap <= allowed).all(), f"{gap.max(axis=0)} where {allowed} is allowed"


ASKED = [("raw", "identity"), ("probability", "identity"), ("probability", "logit")]


@pytest.mark.parametrize("output,link", ASKED)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_full_enumeration_is_brute_force(
    tool: Tool, tmp_path: Path, output: str, link: str, n_outputs: int
) -> None:
    check_exact(tool, make_game(tmp_path, 8, n_outputs=n_outputs), output, link)


@pytest.mark.parametrize("output,link", ASKED)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_full_enumeration_with_a_weighted_background(
    tool: Tool, tmp_path: Path, output: str, link: str, n_outputs: int
) -> None:
    game = make_game(tmp_path, 7, n_outputs=n_outputs, n_background=9, seed=1)
    weights = np.array([5, 0, 1, 0.25, 3, 2, 1e-3, 1, 7.0])
    check_exact(tool, game, output, link, weights)


@pytest.mark.parametrize("output,link", ASKED)
def test_ten_features_are_still_enumerated(
    opencl: Tool, tmp_path: Path, output: str, link: str
) -> None:
    check_exact(opencl, make_game(tmp_path, 10, n_background=10, n_rows=3), output, link)


def test_columns_that_do_not_vary_leave_few_enough_to_enumerate(
    opencl: Tool, tmp_path: Path
) -> None:
    """13 columns, of which 9 differ between rows and background; the rest get exactly 0."""
    game = make_game(tmp_path, 13, n_background=8, n_rows=3, seed=2)
    still = [1, 4, 7, 12]
    game.rows[:, still] = game.background[0, still]
    game.background[:, still] = game.background[0, still]
    check_exact(opencl, game, "probability", "logit")
    phi, _ = opencl.explain(game.model, game.rows, game.background, "--method", "kernel")
    assert (phi[:, :, still] == 0).all()


def test_a_row_that_is_the_background_gets_zeros(tool: Tool, tmp_path: Path) -> None:
    game = make_game(tmp_path, 6, n_background=1, seed=3)
    game.rows[0] = game.background[0]
    phi, base = tool.explain(game.model, game.rows[:1], game.background, "--method", "kernel")
    assert (phi == 0).all()
    np.testing.assert_allclose(base, game.raw(game.rows[:1]), atol=1e-5)


def test_both_coalition_designs_agree_when_all_are_enumerated(
    reference: Tool, tmp_path: Path
) -> None:
    game = make_game(tmp_path, 7, seed=4)
    options = ["--method", "kernel", "--output", "probability", "--link", "logit", "--coalitions"]
    shared, _ = reference.explain(game.model, game.rows, game.background, *options, "shared")
    own, _ = reference.explain(game.model, game.rows, game.background, *options, "per-row")
    np.testing.assert_allclose(own, shared, atol=TOLERANCE)


def shap_kernel(game: Game, output: str, link: str, seed: int) -> np.ndarray:
    """shap's KernelExplainer at its own budget; [rows, columns]."""
    np.random.seed(seed)
    function = game.function(output)
    explainer = shap.KernelExplainer(lambda rows: function(rows)[:, 0], game.background, link=link)
    return np.asarray(explainer.shap_values(game.rows, l1_reg=0, silent=True))


N_SEEDS = 6


def check_no_worse_than_shap(
    tool: Tool, game: Game, exact: np.ndarray, output: str, link: str, coalitions: str
) -> None:
    """Mean square errors to the exact values, over rows and columns, one for each seed."""
    options = ["--method", "kernel", "--output", output, "--link", link, "--coalitions", coalitions]
    explained = game.function(output)(game.rows)[:, 0]
    explained = logit(explained) if link == "logit" else explained
    allowed = TOLERANCE * output_range(game, output, link)[0]
    ours, theirs = np.empty(N_SEEDS), np.empty(N_SEEDS)
    for seed in range(N_SEEDS):
        phi, base = tool.explain(game.model, game.rows, game.background, *options, "--seed", seed)
        assert np.abs(phi[:, 0].sum(axis=1) + base[:, 0] - explained).max() <= allowed
        ours[seed] = np.mean((phi[:, 0] - exact) ** 2)
        theirs[seed] = np.mean((shap_kernel(game, output, link, seed) - exact) ** 2)
    assert theirs.min() > 0, "shap enumerated everything: nothing is compared"
    # No larger, as far as so many seeds can tell: 25 columns leave both the same estimator, and
    # then the difference is noise of either sign.
    noise = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / N_SEEDS)
    assert ours.mean() <= theirs.mean() + 3 * noise
    assert np.sqrt(ours.mean()) <= 1.1 * np.sqrt(theirs.mean())


@pytest.mark.parametrize("coalitions", ["shared", "per-row"])
@pytest.mark.parametrize("n_columns", [14, 25])
def test_raw_error_is_no_larger_than_shaps(
    opencl: Tool, tmp_path: Path, n_columns: int, coalitions: str
) -> None:
    game = make_game(tmp_path, n_columns, n_rows=6, n_background=6, seed=5)
    trees = shap.TreeExplainer(
        game.booster, game.background, feature_perturbation="interventional", model_output="raw"
    )
    exact = np.asarray(trees.shap_values(game.rows, check_additivity=False))
    check_no_worse_than_shap(opencl, game, exact, "raw", "identity", coalitions)


@pytest.mark.parametrize("link", ["identity", "logit"])
def test_probability_error_is_no_larger_than_shaps(opencl: Tool, tmp_path: Path, link: str) -> None:
    game = make_game(tmp_path, 12, n_rows=5, n_background=8, seed=6)
    exact, _, _ = brute_force(
        game.probability, game.rows, game.background, None, logit if link == "logit" else identity
    )
    check_no_worse_than_shap(opencl, game, exact[:, 0], "probability", link, "shared")
