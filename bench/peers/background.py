"""The tool alone with backgrounds of 10 to 100,000 rows: its time must not grow with them.

Explaining 100,000 rows with 100,000 background rows may take 1.5 times what it takes with 100.
Interventional values are linear in the background, so shap's with its 100 rows, averaged over the
hundreds of a larger background, are the peer of the smaller sizes.  In all sizes the base value
must be the mean margin of the background and the values must sum to the row's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Forest, Result, Settings, in_turns, refuse, result, with_ratios
from exact_compare import (
    Question,
    agreement,
    failed,
    gaps_of,
    is_within,
    run_explain,
    span_of,
    sums_of,
)
from exact_peers import margins, shap_interventional
from workloads import sampled_rows, written, xgboost_flights

SIZES = (10, 100, 1000, 10_000, 100_000)
EQUAL_SIZES = (100, 100_000)
MOST_GROWTH = 1.5
ROWS = 100_000
PEER_ROWS = 3
MOST_PEER_SIZE = 1000
SEED = 5


def by_hundreds(settings: Settings, forest: Forest, rows: np.ndarray, background: np.ndarray):
    parts = [background[at : at + 100] for at in range(0, len(background), 100)]
    found = [shap_interventional(settings, forest, rows, part).values() for part in parts]
    return np.average(found, axis=0, weights=[len(part) for part in parts])


def check_size(
    settings: Settings, folder: Path, question: Question, table: Path, background: np.ndarray
) -> tuple[str, bool]:
    forest, out = question.forest, folder / "phi.npy"
    span = span_of(settings, forest)
    outcome = run_explain(settings, question, table, out)
    values, rows = np.load(out), np.load(table)
    base = abs(float(values[0, -1]) - margins(settings, forest, background).mean()) / span
    missed = float(np.abs(sums_of(values) - margins(settings, forest, rows)).max() / span)
    text, is_right = gaps_of(outcome, span)
    text += f", base {base:.1e}, sums to the margin {missed:.1e}"
    is_right = is_right and is_within(base, 1e-6) and is_within(missed, 1e-5)
    if len(background) <= MOST_PEER_SIZE:
        peer = by_hundreds(settings, forest, rows[:PEER_ROWS], background)
        away = agreement(values[:PEER_ROWS], peer, span)
        text += f", to shap {away:.1e}"
        is_right = is_right and is_within(away, 1e-6)
    return text, is_right


def growth(settings: Settings, folder: Path, forest: Forest) -> list[Result]:
    table = written(folder / "rows.npy", np.load(forest.rows)[: settings.exact_rows or ROWS])
    sizes = [n for n in SIZES if not (settings.is_quick and n > 1000)]
    largest = sampled_rows(forest, max(sizes), SEED)
    contenders, checks = {}, {}
    for n in sizes:
        background = written(folder / f"background_{n}.npy", largest[:n])
        words = ["--method", "exact", "--background", background]
        question = Question(f"{forest.name} exact, background {n}", forest, words)
        checks[n] = check_size(settings, folder, question, table, largest[:n])

        def turn(n: int = n, question: Question = question) -> dict[str, float]:
            outcome = run_explain(settings, question, table, folder / "phi.npy")
            return {f"{n} process": outcome.seconds, f"{n} work": outcome.work_seconds()}

        contenders[n] = turn
    times = in_turns(contenders, {n: settings.repeats for n in sizes})

    n_rows = len(np.load(table, mmap_mode="r"))
    lines: list[Result] = []
    for part in ("process", "work"):
        block = [
            result(
                f"{forest.name} exact, backgrounds", part, f"apportion, background {n}", n_rows,
                times[f"{n} {part}"], checks[n][0],
            )
            for n in sizes
        ]  # fmt: skip
        block = with_ratios(block, f"apportion, background {EQUAL_SIZES[0]}")
        for n, line in zip(sizes, block, strict=True):
            # The ratio is that of the speeds.
            if part == "process" and n in EQUAL_SIZES and line.ratio < 1 / MOST_GROWTH:
                line.status = "wrong"
                line.check += f"; slower than {MOST_GROWTH} times background {EQUAL_SIZES[0]}"
            if not checks[n][1]:
                refuse([line], checks[n][0])
        lines += block
    return lines


def run(settings: Settings, folder: Path) -> list[Result]:
    if settings.peers_alone:
        return []
    forests = xgboost_flights(settings)
    lines: list[Result] = []
    for key in ("500x8", "100x6"):
        try:
            lines += growth(settings, folder, forests[key])
        except RuntimeError as fault:
            lines.append(failed(f"{forests[key].name} exact", "apportion", "wrong", fault))
    return lines
