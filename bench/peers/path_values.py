"""Path-dependent values, against XGBoost 3.4.1, LightGBM, woodelf and FastTreeSHAP."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Forest, Result, Settings
from exact_compare import Question, compare
from exact_peers import fasttreeshap, lightgbm_contrib, woodelf, xgboost_new
from workloads import covtype, flights_lightgbm, wide, xgboost_flights

# Rows of XGBoost and of FastTreeSHAP: a call of a few seconds.
ROWS = {
    "500x8": (2000, 1000),
    "100x6": (20000, 20000),
    "100x16": (600, 200),
    "covtype": (1000, 0),
    "wide": (10000, 0),
}
LIGHTGBM_ROWS = 2000
# Of the tool, where all would take minutes.
MOST_ROWS = {"100x16": 20000}


def path_question(forest: Forest) -> Question:
    return Question(f"{forest.name} path-dependent", forest, ["--method", "path"])


def one(
    settings: Settings, folder: Path, forest: Forest, key: str, with_woodelf: bool
) -> list[Result]:
    every = np.load(forest.rows)
    n_xgboost, n_fast = (min(n, 20) if settings.is_quick else n for n in ROWS[key])
    makers = [lambda: xgboost_new(settings, folder, forest, every[:n_xgboost])]
    if n_fast > 0:
        makers.append(lambda: fasttreeshap(settings, forest, every[:n_fast]))
    if with_woodelf:
        many = every[: settings.woodelf_rows] if settings.woodelf_rows else every
        makers.append(lambda: woodelf(settings, forest, many, None))
    return compare(settings, folder, path_question(forest), makers, MOST_ROWS.get(key, 0))


def run(settings: Settings, folder: Path) -> list[Result]:
    forests = xgboost_flights(settings)
    forests["covtype"], forests["wide"] = covtype(settings), wide(settings)
    of_woodelf = {"100x6"} if settings.is_quick else {"100x6", "500x8"}
    lines: list[Result] = []
    for key in ROWS:
        lines += one(settings, folder, forests[key], key, key in of_woodelf)

    forest = flights_lightgbm(settings, 300, 127)
    rows = np.load(forest.rows)[: 20 if settings.is_quick else LIGHTGBM_ROWS]
    makers = [lambda: lightgbm_contrib(settings, forest, rows)]
    return lines + compare(settings, folder, path_question(forest), makers)
