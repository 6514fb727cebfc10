"""Interactions: path-dependent against XGBoost 3.4.1, interventional against woodelf.

The tool's rows are at most 100,000, of which the matrices in the file have 270 MB.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Forest, Result, Settings
from exact_compare import Question, compare
from exact_peers import woodelf, xgboost_new
from workloads import xgboost_flights

MOST_ROWS = 100_000
XGBOOST_ROWS = {"500x8": 300, "100x6": 5000}
WOODELF_ROWS = 5000  # at 100x6; at 500x8 it takes a minute before its first row


def by_path(settings: Settings, folder: Path, forest: Forest, n_rows: int) -> list[Result]:
    rows = np.load(forest.rows)[: 10 if settings.is_quick else n_rows]
    words = ["--method", "path", "--interactions"]
    question = Question(f"{forest.name} path-dependent interactions", forest, words)
    makers = [lambda: xgboost_new(settings, folder, forest, rows, is_pairs=True)]
    return compare(settings, folder, question, makers, MOST_ROWS)


def by_background(settings: Settings, folder: Path, forest: Forest) -> list[Result]:
    rows = np.load(forest.rows)[: 100 if settings.is_quick else WOODELF_ROWS]
    background = np.load(forest.background)
    words = ["--method", "exact", "--background", forest.background, "--interactions"]
    question = Question(f"{forest.name} exact interactions, background 100", forest, words)
    makers = [lambda: woodelf(settings, forest, rows, background, is_pairs=True)]
    return compare(settings, folder, question, makers, MOST_ROWS)


def run(settings: Settings, folder: Path) -> list[Result]:
    forests = xgboost_flights(settings)
    lines: list[Result] = []
    for key, n_rows in XGBOOST_ROWS.items():
        lines += by_path(settings, folder, forests[key], n_rows)
    return lines + by_background(settings, folder, forests["100x6"])
