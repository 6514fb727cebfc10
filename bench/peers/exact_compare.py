"""One exact comparison: the tool on few and on all rows against one or more peers.

Verify: on the rows of each peer the tool's values differ from the peer's by no more than the peer's
own precision, as a share of the range of the output over the table; they sum to the margin that the
model's library predicts; and the run reports gaps as small as are promised.  Then all are timed in
turns.  A peer that takes milliseconds a row gets few rows and the tool both these and all, so what
is compared is rows a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import numpy as np
from common import (
    Forest,
    Outcome,
    Result,
    Settings,
    in_turns,
    refuse,
    result,
    run_tool,
    with_ratios,
)
from exact_peers import Missing, Peer, margins

# Shares of the range: the gaps that a run reports, and the sums of its rows beside the margins of
# the library, which sums single precision.
MOST_GAP, MOST_GAP_P99 = 1e-5, 1e-6
MOST_AWAY = 1e-5


@dataclass
class Question:
    """What all sides are asked."""

    workload: str
    forest: Forest
    words: list[Any]  # options of the tool's explain


def run_explain(settings: Settings, question: Question, rows: Path, out: Path) -> Outcome:
    return run_tool(
        settings, "explain", "--model", question.forest.model, "--data", rows, "--out", out,
        "--force", *question.words,
    )  # fmt: skip


def span_of(settings: Settings, forest: Forest) -> float:
    """The range of the output over the table."""
    found = margins(settings, forest, np.load(forest.rows)[:100_000])
    return float(found.max() - found.min())


def is_within(value: float, allowed: float) -> bool:
    """False for NaN too."""
    return bool(value <= allowed)


def gaps_of(outcome: Outcome, span: float) -> tuple[str, bool]:
    largest, p99 = (outcome.summary["additivity"][which] / span for which in ("max", "p99"))
    is_right = is_within(largest, MOST_GAP) and is_within(p99, MOST_GAP_P99)
    return f"gap max {largest:.1e} p99 {p99:.1e}", is_right


def agreement(values: np.ndarray, expected: np.ndarray, span: float) -> float:
    """Largest difference over span, in the cells that both have; NaN where either is."""
    cells = tuple(slice(n) for n in expected.shape)
    if any(n > m for n, m in zip(expected.shape, values.shape, strict=True)):
        raise ValueError(f"values of shape {values.shape}, {expected.shape} were needed")
    return float(np.abs(values[cells].astype(np.float64) - expected).max() / span)


def sums_of(values: np.ndarray) -> np.ndarray:
    """Of each row, with the base: its prediction."""
    return values.astype(np.float64).sum(axis=tuple(range(1, values.ndim)))


def failed(workload: str, who: str, status: str, reason: Exception) -> Result:
    """A line for what did not run."""
    nothing = float("nan")
    text = " ".join(str(reason).split())
    return Result(workload, "", who, 0, 0, nothing, nothing, nothing, status=status, check=text)


def make_peers(makers: list[Callable[[], Peer]], workload: str) -> tuple[list[Peer], list[Result]]:
    peers: list[Peer] = []
    skipped: list[Result] = []
    for maker in makers:
        try:
            peers.append(maker())
        except Missing as fault:
            skipped.append(failed(f"{workload}, a peer", "peer", "skipped", fault))
    return peers, skipped


def compare_peers(
    settings: Settings, question: Question, peers: list[Peer], every: np.ndarray
) -> list[Result]:
    """Without the tool: each peer against the first, on the rows that both have."""
    span = span_of(settings, question.forest)
    first = peers[0].values()
    checks: list[str] = []
    for peer in peers:
        values = peer.values()
        n = min(len(first), len(values))
        shape = tuple(map(min, first.shape, values.shape))
        cells = (slice(n), *(slice(k) for k in shape[1:]))
        text = f"to {peers[0].name} {agreement(values[cells], first[cells], span):.1e} of the range"
        if values.shape[1] > every.shape[1]:
            expected = margins(settings, question.forest, every[: len(values)])
            away = np.abs(sums_of(values) - expected).max() / span
            text += f", sums to the margin {away:.1e}"
        checks.append(text)
    times = in_turns(
        {peer.name: lambda peer=peer: {peer.name: peer.call()} for peer in peers},
        {peer.name: settings.slow_repeats for peer in peers},
    )
    return [
        result(
            f"{question.workload}, {peer.name}",
            "call",
            peer.name,
            peer.n_rows,
            times[peer.name],
            check,
        )  # fmt: skip
        for peer, check in zip(peers, checks, strict=True)
    ]


def check_peer(
    settings: Settings, question: Question, folder: Path, peer: Peer, rows: Path, span: float
) -> tuple[str, bool]:
    out = folder / "few_phi.npy"
    outcome = run_explain(settings, question, rows, out)
    values = np.load(out)
    away = agreement(values, peer.values(), span)
    expected = margins(settings, question.forest, np.load(rows))
    missed = float(np.abs(sums_of(values) - expected).max() / span)
    text, is_gap_right = gaps_of(outcome, span)
    is_right = is_within(away, peer.allowed) and is_within(missed, MOST_AWAY) and is_gap_right
    return (
        f"max |difference| {away:.1e} of the range ({peer.allowed:.0e} allowed), "
        f"sums to the margin {missed:.1e}, {text}"
    ), is_right


def compare(
    settings: Settings,
    folder: Path,
    question: Question,
    makers: list[Callable[[], Peer]],
    most_rows: int = 0,
) -> list[Result]:
    """Lines by peer; the tool gets at most most_rows of the table, all if that is 0."""
    peers, lines = make_peers(makers, question.workload)
    every = np.load(question.forest.rows)
    try:
        if settings.peers_alone:
            return lines + (compare_peers(settings, question, peers, every) if peers else [])
        return lines + against(settings, folder, question, peers, every, most_rows)
    except RuntimeError as fault:  # of the tool; other comparisons go on
        return lines + [failed(question.workload, "apportion", "wrong", fault)]
    finally:
        for peer in peers:
            peer.close()


def whole_table(settings: Settings, folder: Path, forest: Forest, most_rows: int) -> Path:
    limit = min((n for n in (settings.exact_rows, most_rows) if n > 0), default=0)
    full = forest.folder / "full.npy"
    if limit == 0:
        return full
    out = folder / "all.npy"
    np.save(out, np.load(full, mmap_mode="r")[:limit])
    return out


def against(
    settings: Settings,
    folder: Path,
    question: Question,
    peers: list[Peer],
    every: np.ndarray,
    most_rows: int,
) -> list[Result]:
    span = span_of(settings, question.forest)
    table, out = whole_table(settings, folder, question.forest, most_rows), folder / "phi.npy"
    whole = run_explain(settings, question, table, out)
    n_all = whole.summary["rows"]
    whole_text, is_whole_right = gaps_of(whole, span)

    def all_rows() -> dict[str, float]:
        outcome = run_explain(settings, question, table, out)
        return {"all": outcome.seconds, "work": outcome.work_seconds()}

    contenders: dict[str, Callable[[], dict[str, float]]] = {"all": all_rows}
    repeats = {"all": settings.repeats}
    checks: dict[str, tuple[str, bool]] = {}
    for number, peer in enumerate(peers):
        rows, few = folder / f"few_{number}.npy", f"few {peer.name}"
        np.save(rows, every[: peer.n_rows])
        checks[peer.name] = check_peer(settings, question, folder, peer, rows, span)
        contenders[few] = lambda rows=rows, few=few: {
            few: run_explain(settings, question, rows, folder / "few_phi.npy").seconds
        }
        contenders[peer.name] = lambda peer=peer: {peer.name: peer.call()}
        repeats[few], repeats[peer.name] = settings.repeats, settings.slow_repeats
    times = in_turns(contenders, repeats)

    lines: list[Result] = []
    for peer in peers:
        check, is_right = checks[peer.name]
        check += f"; all rows {whole_text}"
        name = f"{question.workload}, against {peer.name}"
        block = [
            result(name, "work", "apportion", n_all, times["work"], check),
            result(name, "process", "apportion", n_all, times["all"], check),
            result(name, "process", "apportion", peer.n_rows, times[f"few {peer.name}"], check),
            result(name, "call", peer.name, peer.n_rows, times[peer.name], check),
        ]
        block = with_ratios(block, peer.name)
        lines += block if is_right and is_whole_right else refuse(block, check)
    return lines
