"""The libraries that the exact engine is compared with, each as one function to time.

A peer is ready when it is made: model loaded, rows in its own form, explainer built.  What its
clock shows is the call that gives the values.  Its values are those of the tool's layout, [rows x
columns + 1] or [rows x columns + 1 x columns + 1], less the last cell or cells where it has none.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
from common import Forest, Settings, timed

PEERS = Path(__file__).parent


@dataclass
class Peer:
    name: str
    n_rows: int
    allowed: float  # largest difference to the tool, as a share of the range of the output
    call: Callable[[], float]  # seconds
    values: Callable[[], np.ndarray]
    close: Callable[[], None] = lambda: None


class Missing(Exception):
    """The peer is not installed; the message says what is."""


def in_process(name: str, n_rows: int, allowed: float, function: Callable[[], np.ndarray]) -> Peer:
    return Peer(name, n_rows, allowed, lambda: timed(function), function)


def booster_of(settings: Settings, forest: Forest):
    import xgboost as xgb

    return xgb.Booster({"nthread": settings.threads}, model_file=forest.model)


def margins(settings: Settings, forest: Forest, rows: np.ndarray) -> np.ndarray:
    """By the library that made the model."""
    if forest.model_name.endswith(".txt"):
        import lightgbm

        booster = lightgbm.Booster(model_file=forest.model)
        return booster.predict(rows, raw_score=True, num_threads=settings.threads)
    booster = booster_of(settings, forest)
    booster.feature_names = None
    return booster.inplace_predict(rows, predict_type="margin").astype(np.float64)


def shap_interventional(
    settings: Settings, forest: Forest, rows: np.ndarray, background: np.ndarray
) -> Peer:
    """One thread.  It keeps 100 rows of a larger background, so it gets no more."""
    import shap

    if len(background) > 100:
        raise ValueError(f"background of {len(background)} rows, at most 100 were needed")
    explainer = shap.TreeExplainer(
        booster_of(settings, forest), background, feature_perturbation="interventional"
    )

    def values() -> np.ndarray:
        phi = explainer.shap_values(rows, check_additivity=False)
        base = np.full((len(rows), 1), float(np.ravel(explainer.expected_value)[0]))
        return np.hstack([phi, base])

    return in_process("shap TreeExplainer", len(rows), 1e-6, values)


def woodelf(
    settings: Settings,
    forest: Forest,
    rows: np.ndarray,
    background: np.ndarray | None,
    is_pairs: bool = False,
) -> Peer:
    """Path-dependent without a background.  One thread; it gives no base value."""
    import pandas as pd
    from woodelf import WoodelfExplainer

    booster = booster_of(settings, forest)
    names = booster.feature_names
    frame = pd.DataFrame(rows, columns=names)
    absent = None if background is None else pd.DataFrame(background, columns=names)
    explainer = WoodelfExplainer(booster, absent)
    function = explainer.shap_interaction_values if is_pairs else explainer.shap_values

    def values() -> np.ndarray:
        with contextlib.redirect_stdout(None), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(function(frame, verbose=False))

    # It sums single precision.
    return in_process("woodelf", len(rows), 2e-6, values)


def lightgbm_contrib(settings: Settings, forest: Forest, rows: np.ndarray) -> Peer:
    import lightgbm

    booster = lightgbm.Booster(model_file=forest.model)
    return in_process(
        "LightGBM pred_contrib", len(rows), 1e-6,
        lambda: booster.predict(rows, pred_contrib=True, num_threads=settings.threads),
    )  # fmt: skip


def fasttreeshap(settings: Settings, forest: Forest, rows: np.ndarray) -> Peer:
    """Version 1 of the algorithm: version 2 has other values for rows with missing columns."""
    try:
        with contextlib.redirect_stdout(None):
            import fasttreeshap_fixed
    except ImportError as fault:
        raise Missing("pip install --no-deps fasttreeshap-fixed") from fault
    explainer = fasttreeshap_fixed.TreeExplainer(
        booster_of(settings, forest), algorithm="v1", n_jobs=settings.threads
    )

    def values() -> np.ndarray:
        phi = np.asarray(explainer.shap_values(rows, check_additivity=False))
        base = np.full((len(rows), 1), float(np.ravel(explainer.expected_value)[0]))
        return np.hstack([phi, base])

    return in_process("FastTreeSHAP", len(rows), 1e-6, values)


def xgboost_new(
    settings: Settings, folder: Path, forest: Forest, rows: np.ndarray, is_pairs: bool = False
) -> Peer:
    """XGBoost 3.4.1, which has the faster algorithm, in a process of its own."""
    if not (settings.xgboost_folder / "xgboost").is_dir():
        raise Missing(f"no xgboost in {settings.xgboost_folder}: see bench/README.md")
    kind = "pred_interactions" if is_pairs else "pred_contribs"
    table, out = folder / f"{kind}_rows.npy", folder / f"{kind}.npy"
    np.save(table, rows)
    words = [sys.executable, PEERS / "xgboost_worker.py", forest.model, table, kind]
    worker = subprocess.Popen(
        [*map(str, words), str(settings.threads)], text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=str(settings.xgboost_folder)),
    )  # fmt: skip

    def ask(line: str) -> float:
        worker.stdin.write(line + "\n")
        worker.stdin.flush()
        return float(worker.stdout.readline())

    def values() -> np.ndarray:
        ask(str(out))
        return np.load(out)

    def close() -> None:
        worker.stdin.close()
        worker.wait()

    version = worker.stdout.readline().strip()
    # It sums single precision; so does its quadrature.
    name = f"XGBoost {version} {kind}"
    return Peer(name, len(rows), 2e-6, lambda: ask("time"), values, close)
