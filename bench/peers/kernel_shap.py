"""Kernel SHAP of the probability under a logit link, against shap's KernelExplainer.

Same rows, same 100 background rows, same number of coalitions (2 * 25 + 2048, shap's default), no
l1 selection on either side.  shap gets the fastest predict there is: inplace_predict.
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
    every = np.load(forest.rows)
    rows = every[: settings.kernel_rows]
    background = np.load(forest.background)
    few, many = folder / "few.npy", folder / "many.npy"
    np.save(few, rows)
    np.save(many, every[: settings.steady_rows])
    booster = xgb.Booster({"nthread": settings.threads}, model_file=forest.model)
    booster.feature_names = None
    n_samples = 2 * rows.shape[1] + 2048
    options = ["--method", "kernel", "--output", "probability", "--link", "logit",
               "--nsamples", n_samples]  # fmt: skip
    explainer = shap.KernelExplainer(booster.inplace_predict, background, link="logit")

    def peer(seed: int) -> np.ndarray:
        np.random.seed(seed)
        return np.asarray(explainer.shap_values(rows, nsamples=n_samples, l1_reg=0, silent=True))

    def ours() -> dict[str, float]:
        outcome = explain(settings, folder, forest, few, *options)[2]
        return {"work": outcome.work_seconds(), "process": outcome.seconds}

    def steady() -> dict[str, float]:
        outcome = explain(settings, folder, forest, many, *options)[2]
        return {"steady process": outcome.seconds}

    # Both sample, so they differ as two runs of shap do, and both must sum to the prediction.
    first, second = peer(1), peer(2)
    phi, base, _ = explain(settings, folder, forest, few, *options)
    probability = booster.inplace_predict(rows).astype(np.float64)
    gap = float(np.abs(phi.sum(axis=1) + base - np.log(probability / (1 - probability))).max())
    own, between = rms(first - second), rms(phi - first)
    check = f"rms to shap {between:.4f}, shap to shap {own:.4f}, gap {gap:.1e}"
    is_right = between <= 1.5 * own and gap < 1e-4

    steady()
    times = in_turns(
        {"apportion": ours, "steady": steady, "shap": lambda: {"shap": timed(lambda: peer(1))}},
        {
            "apportion": settings.repeats,
            "steady": settings.repeats,
            "shap": settings.slow_repeats,
        },
    )
    name = f"{forest.name} kernel shap, probability, logit, background 100"
    lines = [
        result(name, "work", "apportion", len(rows), times["work"], check),
        result(name, "process", "apportion", len(rows), times["process"], check),
        result(name, "process", "apportion", settings.steady_rows, times["steady process"], check),
        result(name, "call", "shap KernelExplainer", len(rows), times["shap"], check),
    ]
    lines = with_ratios(lines, "shap KernelExplainer")
    return lines if is_right else refuse(lines, check)
