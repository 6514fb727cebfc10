"""Permutation SHAP: unbiased, with standard errors that are standard errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shap
from games import make_game
from support import Tool, brute_force, identity, logit, rms

ASKED = [("raw", "identity"), ("probability", "identity"), ("probability", "logit")]


@pytest.mark.parametrize("output,link", ASKED)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_exact_value_lies_within_the_standard_errors(
    opencl: Tool, tmp_path: Path, output: str, link: str, n_outputs: int
) -> None:
    game = make_game(tmp_path, 8, n_outputs=n_outputs, n_rows=6)
    expected, base, explained = brute_force(
        game.function(output), game.rows, game.background, None,
        logit if link == "logit" else identity,
    )  # fmt: skip
    n_pairs = 60
    phi, found_base, errors = opencl.explain(
        game.model, game.rows, game.background, "--method", "permutation", "--output", output,
        "--link", link, "--nsamples", n_pairs * (2 * 8 + 1), errors=True,
    )  # fmt: skip
    span = np.ptp(explained, axis=0).max()
    np.testing.assert_allclose(
        found_base, np.broadcast_to(base, found_base.shape), atol=1e-5 * span
    )
    np.testing.assert_allclose(phi.sum(axis=2) + found_base, explained, atol=1e-5 * span)
    away = np.abs(phi - expected) / (errors + 1e-6 * span)
    # Of a normal deviate 4.6 % lie beyond 2 and 1 in 16,000 beyond 4; shared permutations tie the
    # rows together, hence some room on the first.
    assert np.mean(away > 2) < 0.2
    assert away.max() < 5
    # And the errors are not merely large: 60 pairs leave a tenth of the values' own size at most.
    assert np.median(errors) < 0.1 * np.abs(expected).max()


def test_the_error_falls_with_the_budget(opencl: Tool, tmp_path: Path) -> None:
    game = make_game(tmp_path, 8, n_rows=6, seed=1)
    expected, _, _ = brute_force(game.probability, game.rows, game.background, None, logit)
    found = []
    for n_pairs in (5, 320):
        phi, _ = opencl.explain(
            game.model, game.rows, game.background, "--method", "permutation", "--output",
            "probability", "--link", "logit", "--nsamples", n_pairs * 17,
        )  # fmt: skip
        found.append(rms(phi - expected))
    # 64 times the budget is an eighth of the error.
    assert found[1] < found[0] / 3


def test_no_worse_than_shap_at_the_same_budget(opencl: Tool, tmp_path: Path) -> None:
    game = make_game(tmp_path, 10, n_rows=6, n_background=10, seed=2)
    expected, _, _ = brute_force(game.raw, game.rows, game.background)
    evaluations = 10 * (2 * 10 + 1)
    ours, theirs = [], []
    for seed in range(4):
        phi, _ = opencl.explain(
            game.model, game.rows, game.background, "--method", "permutation", "--nsamples",
            evaluations, "--seed", seed,
        )  # fmt: skip
        ours.append(phi[:, 0] - expected[:, 0])
        explainer = shap.PermutationExplainer(
            lambda rows: game.raw(rows)[:, 0], game.background, seed=seed
        )
        values = explainer(game.rows, max_evals=evaluations, silent=True).values
        theirs.append(values - expected[:, 0])
    # The same estimator: equal but for luck, of which 4 x 60 values leave little.
    assert rms(np.array(ours)) <= 1.2 * rms(np.array(theirs))


def test_a_budget_below_one_pair_is_refused(reference: Tool, tmp_path: Path) -> None:
    game = make_game(tmp_path, 8, seed=3)
    with pytest.raises(AssertionError, match="17"):
        reference.explain(
            game.model, game.rows, game.background, "--method", "permutation", "--nsamples", 16
        )
