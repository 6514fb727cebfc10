"""Kernel SHAP of the probability, against LightSHAP's (which has no link on the mean output).

LightSHAP's hybrid enumerates sizes 1 and 24 (50 coalitions) and samples 44 in each iteration; 45
iterations make 2030 coalitions, and the tool gets as many.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import lightshap
import numpy as np
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

ITERATIONS = 45


def run(settings: Settings, folder: Path) -> list[Result]:
    forest = flights(settings, 500, 8)
    rows = np.load(forest.rows)[: settings.kernel_rows]
    background = np.load(forest.background)
    few = folder / "few.npy"
    np.save(few, rows)
    booster = xgb.Booster({"nthread": settings.threads}, model_file=forest.model)
    booster.feature_names = None
    n_samples = 2 * rows.shape[1] + ITERATIONS * 2 * (rows.shape[1] - 3)
    options = ["--method", "kernel", "--output", "probability", "--nsamples", n_samples]

    def peer(seed: int) -> np.ndarray:
        with warnings.catch_warnings():
            # It says that it did not converge: the number of iterations is set on purpose.
            warnings.simplefilter("ignore")
            found = lightshap.explain_any(
                booster.inplace_predict, rows, bg_X=background, method="kernel", how="h1",
                max_iter=ITERATIONS, tol=0.0, random_state=seed, verbose=False,
            )  # fmt: skip
        return np.asarray(found.shap_values).reshape(rows.shape)

    def ours() -> dict[str, float]:
        outcome = explain(settings, folder, forest, few, *options)[2]
        return {"work": outcome.work_seconds(), "process": outcome.seconds}

    first, second = peer(1), peer(2)
    phi, base, _ = explain(settings, folder, forest, few, *options)
    gap = float(np.abs(phi.sum(axis=1) + base - booster.inplace_predict(rows)).max())
    own, between = rms(first - second), rms(phi - first)
    check = f"rms to lightshap {between:.5f}, lightshap to itself {own:.5f}, gap {gap:.1e}"

    times = in_turns(
        {"apportion": ours, "lightshap": lambda: {"lightshap": timed(lambda: peer(1))}},
        {"apportion": settings.repeats, "lightshap": settings.slow_repeats},
    )
    name = f"{forest.name} kernel shap, probability, background 100, {n_samples} coalitions"
    lines = [
        result(name, "work", "apportion", len(rows), times["work"], check),
        result(name, "process", "apportion", len(rows), times["process"], check),
        result(name, "call", "lightshap", len(rows), times["lightshap"], check),
    ]
    lines = with_ratios(lines, "lightshap")
    return lines if between <= 1.5 * own and gap < 1e-4 else refuse(lines, check)
