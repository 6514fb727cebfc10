"""Interventional values with 100 background rows, against shap's TreeExplainer and woodelf.

shap runs one thread, and so does woodelf; both cores are open to them.  woodelf spends a while
before its first row (half a minute at 500x8), so the more rows it gets the better it looks:
`--woodelf-rows 0` gives it all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Forest, Result, Settings
from exact_compare import Question, compare
from exact_peers import shap_interventional, woodelf
from workloads import covtype, wide, xgboost_flights

# Rows of shap: a call of a few seconds.
SHAP_ROWS = {"500x8": 100, "100x6": 1000, "covtype": 50, "wide": 500}


def one(settings: Settings, folder: Path, forest: Forest, n_shap: int, with_woodelf: bool):
    every, background = np.load(forest.rows), np.load(forest.background)
    few = every[: 10 if settings.is_quick else n_shap]
    many = every[: settings.woodelf_rows] if settings.woodelf_rows else every
    makers = [lambda: shap_interventional(settings, forest, few, background)]
    if with_woodelf:
        makers.append(lambda: woodelf(settings, forest, many, background))
    words = ["--method", "exact", "--background", forest.background]
    question = Question(f"{forest.name} exact, background 100", forest, words)
    return compare(settings, folder, question, makers)


def run(settings: Settings, folder: Path) -> list[Result]:
    forests = xgboost_flights(settings)
    forests["covtype"], forests["wide"] = covtype(settings), wide(settings)
    # Half a minute is too long to see that it runs.
    of_woodelf = {"100x6"} if settings.is_quick else {"100x6", "500x8"}
    lines: list[Result] = []
    for key, n_shap in SHAP_ROWS.items():
        lines += one(settings, folder, forests[key], n_shap, key in of_woodelf)
    return lines
