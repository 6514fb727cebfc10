"""Permutation SHAP of the probability, against shap's PermutationExplainer.

Same rows, background and number of model evaluations: ten antithetic pairs of 25 columns.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shap
import xgboost as xgb
from common import (
    Result,
    Settings,
    explain,
    flights,
    in_turns,
    refuse,
    result,
    rms,
    timed,
    with_ratios,
)


def run(settings: Settings, folder: Path) -> list[Result]:
    forest = flights(settings, 500, 8)
    rows = np.load(forest.rows)[: settings.kernel_rows]
    background = np.load(forest.background)
    few = folder / "few.npy"
    np.save(few, rows)
    booster = xgb.Booster({"nthread": settings.threads}, model_file=forest.model)
    booster.feature_names = None
    evaluations = 10 * (2 * rows.shape[1] + 1)
    options = ["--method", "permutation", "--output", "probability", "--nsamples", evaluations]

    def peer(seed: int) -> np.ndarray:
        explainer = shap.PermutationExplainer(booster.inplace_predict, background, seed=seed)
        return explainer(rows, max_evals=evaluations, silent=True).values

    def ours() -> dict[str, float]:
        outcome = explain(settings, folder, forest, few, *options)[2]
        return {"work": outcome.work_seconds(), "process": outcome.seconds}

    first, second = peer(1), peer(2)
    phi, base, _ = explain(settings, folder, forest, few, *options)
    gap = float(np.abs(phi.sum(axis=1) + base - booster.inplace_predict(rows)).max())
    own, between = rms(first - second), rms(phi - first)
    check = f"rms to shap {between:.5f}, shap to shap {own:.5f}, gap {gap:.1e}"

    times = in_turns(
        {"apportion": ours, "shap": lambda: {"shap": timed(lambda: peer(1))}},
        {"apportion": settings.repeats, "shap": settings.slow_repeats},
    )
    name = f"{forest.name} permutation shap, probability, background 100"
    lines = [
        result(name, "work", "apportion", len(rows), times["work"], check),
        result(name, "process", "apportion", len(rows), times["process"], check),
        result(name, "call", "shap PermutationExplainer", len(rows), times["shap"], check),
    ]
    lines = with_ratios(lines, "shap PermutationExplainer")
    return lines if between <= 1.5 * own and gap < 1e-4 else refuse(lines, check)
