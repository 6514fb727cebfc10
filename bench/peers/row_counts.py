"""From 1 to 1,000,000 rows of flights, drawn with replacement, at 500 trees of depth 8.

A table of more rows begins with the rows of a shorter one, so the first rows of each result must
have the same bits, whatever the tiles.  The largest must stay within the memory that is promised.
Small ones are explained by a peer too, which must agree: a call of it has the model in memory, the
tool's process begins with reading it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
from common import Forest, Outcome, Result, Settings, in_turns, refuse, result
from exact_compare import (
    Question,
    agreement,
    failed,
    gaps_of,
    is_within,
    make_peers,
    run_explain,
    span_of,
    sums_of,
)
from exact_peers import Peer, margins, shap_interventional, xgboost_new
from workloads import sampled_rows, written, xgboost_flights

COUNTS = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
MOST_BYTES = 1.5 * 2**30
SEED = 6
# Up to here the turns are as many as run.py was asked for, and sums and bits are looked at.
FEW = 100_000


def check_count(
    settings: Settings, question: Question, outcome: Outcome, values: np.ndarray,
    earlier: np.ndarray | None, rows: np.ndarray, span: float,
) -> tuple[str, bool]:  # fmt: skip
    text, is_right = gaps_of(outcome, span)
    begin = min(len(values), FEW)
    expected = margins(settings, question.forest, rows[:begin])
    missed = float(np.abs(sums_of(values[:begin]) - expected).max() / span)
    text += f", sums to the margin {missed:.1e}, peak {outcome.peak_bytes / 2**20:.0f} MiB"
    is_right = is_right and is_within(missed, 1e-5) and outcome.peak_bytes <= MOST_BYTES
    if earlier is not None:
        is_same = values[: len(earlier)].tobytes() == earlier.tobytes()
        text += ", same bits as fewer rows" if is_same else ", other bits than fewer rows"
        is_right = is_right and is_same
    return text, is_right


def sweep(
    settings: Settings, folder: Path, question: Question, maker: Callable, most_of_peer: int
) -> list[Result]:
    forest, out = question.forest, folder / "phi.npy"
    span = span_of(settings, forest)
    counts = [n for n in COUNTS if not (settings.is_quick and n > 10_000)]
    rows = sampled_rows(forest, max(counts), SEED)
    earlier = None
    lines: list[Result] = []
    for n in counts:
        table = written(folder / "rows.npy", rows[:n])
        outcome = run_explain(settings, question, table, out)
        values = np.load(out, mmap_mode="r")
        check, is_right = check_count(
            settings, question, outcome, values, earlier, rows[:n], span
        )  # fmt: skip
        earlier = np.array(values[:FEW])

        def turn(table: Path = table) -> dict[str, float]:
            outcome = run_explain(settings, question, table, out)
            return {"process": outcome.seconds, "work": outcome.work_seconds()}

        limit = settings.exact_rows if settings.is_quick else most_of_peer
        makers = [lambda n=n: maker(rows[:n])] if n <= min(limit, most_of_peer) else []
        peers, skipped = make_peers(makers, question.workload)
        for peer in peers:
            away = agreement(values, peer.values(), span)
            check += f", to {peer.name} {away:.1e}"
            is_right = is_right and is_within(away, peer.allowed)
        block = timed_lines(settings, question, n, turn, peers, check)
        lines += skipped + (block if is_right else refuse(block, check))
        table.unlink()
    return lines


def timed_lines(
    settings: Settings, question: Question, n: int, turn: Callable, peers: list[Peer], check: str
) -> list[Result]:
    contenders = {"apportion": turn}
    repeats = {"apportion": settings.repeats if n <= FEW else min(2, settings.repeats)}
    for peer in peers:
        contenders[peer.name] = lambda peer=peer: {peer.name: peer.call()}
        repeats[peer.name] = settings.slow_repeats
    try:
        times = in_turns(contenders, repeats)
    finally:
        for peer in peers:
            peer.close()
    name = f"{question.workload}, {n} rows"
    lines = [
        result(name, part, "apportion", n, times[part], check) for part in ("process", "work")
    ] + [result(name, "call", peer.name, n, times[peer.name], check) for peer in peers]
    for line in lines:
        base = lines[-1] if peers else lines[0]
        line.ratio = base.median_s / line.median_s
    return lines


def run(settings: Settings, folder: Path) -> list[Result]:
    if settings.peers_alone:
        return []
    forest: Forest = xgboost_flights(settings)["500x8"]
    background = np.load(forest.background)
    exact = Question(
        f"{forest.name} exact, background 100", forest,
        ["--method", "exact", "--background", forest.background],
    )  # fmt: skip
    path = Question(f"{forest.name} path-dependent", forest, ["--method", "path"])

    def by_shap(rows: np.ndarray) -> Peer:
        return shap_interventional(settings, forest, rows, background)

    def by_xgboost(rows: np.ndarray) -> Peer:
        return xgboost_new(settings, folder, forest, rows)

    lines: list[Result] = []
    for question, maker, most_of_peer in ((exact, by_shap, 100), (path, by_xgboost, 1000)):
        try:
            lines += sweep(settings, folder, question, maker, most_of_peer)
        except RuntimeError as fault:
            lines.append(failed(question.workload, "apportion", "wrong", fault))
    return lines
