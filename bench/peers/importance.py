"""Permutation importance by AUC, five repeats, 25 columns, against scikit-learn with XGBoost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xgboost as xgb
from common import Result, Settings, flights, in_turns, refuse, result, run_tool, timed, with_ratios
from sklearn.inspection import permutation_importance

REPEATS = 5


def run(settings: Settings, folder: Path) -> list[Result]:
    forest = flights(settings, 500, 8)
    rows = np.load(forest.rows)[: settings.importance_rows]
    target = np.load(forest.folder / "target.npy").reshape(-1)[: settings.importance_rows]
    rows_file, target_file = folder / "labelled.npy", folder / "target.npy"
    np.save(rows_file, rows)
    np.save(target_file, target.reshape(-1, 1))
    classifier = xgb.XGBClassifier(n_jobs=settings.threads)
    classifier.load_model(forest.model)
    classifier.get_booster().feature_names = None

    def peer() -> np.ndarray:
        found = permutation_importance(
            classifier, rows, target, scoring="roc_auc", n_repeats=REPEATS, random_state=0
        )
        return found.importances

    def tool():
        return run_tool(
            settings, "importance", "--model", forest.model, "--data", rows_file, "--target",
            target_file, "--metric", "auc", "--repeats", REPEATS,
        )  # fmt: skip

    theirs: list[np.ndarray] = []
    peer_seconds = [timed(lambda: theirs.append(peer()))]
    outcome = tool()
    ours = np.array([entry["scores"] for entry in outcome.summary["features"]])
    spread = np.sqrt((ours.var(axis=1, ddof=1) + theirs[0].var(axis=1, ddof=1)) / REPEATS)
    away = np.abs(ours.mean(axis=1) - theirs[0].mean(axis=1))
    # Five repeats tell a spread badly; the largest of 25 t-like ratios stays below 8.
    worst = float((away / (spread + 1e-6)).max())
    check = f"max difference {away.max():.1e}, {worst:.1f} standard errors"

    # The peer's checked run is its warm-up and counts: it takes half a minute.
    times = in_turns(
        {
            "apportion": lambda: {"process": tool().seconds},
            "sklearn": lambda: {"sklearn": timed(peer)},
        },
        {"apportion": settings.repeats, "sklearn": max(0, settings.slow_repeats - 1)},
    )
    name = f"{forest.name} permutation importance, auc, {REPEATS} repeats"
    peer_name = "scikit-learn permutation_importance"
    lines = [
        result(name, "process", "apportion", len(rows), times["process"], check),
        result(name, "call", peer_name, len(rows), times.get("sklearn", []) + peer_seconds, check),
    ]
    lines = with_ratios(lines, peer_name)
    return lines if worst < 8 else refuse(lines, check)
