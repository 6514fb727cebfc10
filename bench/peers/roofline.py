"""How far from the machine's limit: look-ups a second in the kernels beside what the cores can do.

A look-up is 32 bytes of a table at an index that depends on the row, added to eight sums; `plan`
says how many a row needs.  bench/roofline.c measures how many the cores can do when nothing else is
to be done, one process for each.  Rows, in the lines of this comparison, are look-ups; the ratio is
to the limit with tables of 256 KiB, which is what the engine keeps in a core's cache at a time.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
from common import ROOT, Forest, Result, Settings, in_turns, refuse, result, run_tool
from exact_compare import Question, failed, gaps_of, run_explain, span_of
from workloads import xgboost_flights

SOURCE = ROOT / "bench" / "roofline.c"
# What compilers make of it differs threefold; the limit is the best that any reaches.
VARIANTS = (
    ["-march=native"],
    ["-march=native", "-mtune=skylake-avx512", "-mprefer-vector-width=256"],
    [],
)
CACHED_BYTES = 256 * 1024
SHOWN_BYTES = (16 * 1024, CACHED_BYTES, 16 * 1024 * 1024)


def compiled(folder: Path) -> list[Path]:
    compiler = os.environ.get("CC", "cc")
    programs: list[Path] = []
    for number, flags in enumerate(VARIANTS):
        program = folder / f"roofline_{number}"
        words = [compiler, "-std=c17", "-O3", *flags, str(SOURCE), "-o", str(program)]
        if subprocess.run(words, capture_output=True).returncode == 0:
            programs.append(program)
    if not programs:
        raise RuntimeError(f"{compiler}: {SOURCE.name} does not compile")
    return programs


def limits_of(program: Path, threads: int, seconds: float) -> dict[int, float]:
    """Look-ups a second of all cores together, by bytes of the table."""
    running = [
        subprocess.Popen([program, str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(threads)
    ]
    sums: dict[int, float] = {}
    for process in running:
        text = process.communicate()[0].decode()
        for size, rate in (line.split() for line in text.splitlines()):
            sums[int(size)] = sums.get(int(size), 0.0) + float(rate)
    return sums


def lookups_per_row(settings: Settings, question: Question, table: Path) -> int | None:
    """As the plan says; None from a tool that does not."""
    plan = run_tool(
        settings, "plan", "--model", question.forest.model, "--data", table, *question.words
    ).summary  # fmt: skip
    if "lookups_per_row" in plan:
        return int(plan["lookups_per_row"])
    found = re.search(r"(\d+) look-ups", plan["text"])
    return int(found[1]) if found else None


def limit_lines(settings: Settings, folder: Path, name: str) -> list[Result]:
    programs = compiled(folder)
    seconds = 0.05 if settings.is_quick else 0.2
    turns: list[dict[int, float]] = []
    for _ in range(settings.repeats):
        found = [limits_of(program, settings.threads, seconds) for program in programs]
        turns.append({size: max(rates[size] for rates in found) for size in found[0]})
    lines: list[Result] = []
    for size in SHOWN_BYTES:
        rates = [rates[size] for rates in turns]
        # The seconds are those of a thousand million.
        times = [1e9 / rate for rate in rates]
        who = f"machine, tables of {size // 1024} KiB"
        check = f"{len(programs)} variants, best each turn"
        lines.append(result(name, "limit", who, 10**9, times, check))
    return lines


def of_forest(settings: Settings, folder: Path, forest: Forest, limits: list[Result]):
    table, out = forest.rows, folder / "phi.npy"
    if settings.exact_rows:
        table = folder / "rows.npy"
        np.save(table, np.load(forest.rows, mmap_mode="r")[: settings.exact_rows])
    words = ["--method", "exact", "--background", forest.background]
    question = Question(f"{forest.name} exact, look-ups", forest, words)
    n_lookups = lookups_per_row(settings, question, table)
    if n_lookups is None:
        reason = ValueError("the plan names no look-ups")
        return [failed(question.workload, "apportion", "skipped", reason)]
    outcome = run_explain(settings, question, table, out)
    text, is_right = gaps_of(outcome, span_of(settings, forest))
    check = f"{n_lookups} look-ups a row of 32 bytes, {text}"

    def turn() -> dict[str, float]:
        found = run_explain(settings, question, table, out)
        return {"kernel": found.summary["seconds"]["kernel"], "work": found.work_seconds()}

    times = in_turns({"apportion": turn}, {"apportion": settings.repeats})
    total = n_lookups * outcome.summary["rows"]
    lines = [
        result(question.workload, part, "apportion", total, times[part], check)
        for part in ("kernel", "work")
    ]
    limit = next(line for line in limits if f"of {CACHED_BYTES // 1024} KiB" in line.who)
    for line in lines:
        line.ratio = line.rows_per_s / limit.rows_per_s
    return lines if is_right else refuse(lines, check)


def run(settings: Settings, folder: Path) -> list[Result]:
    limits = limit_lines(settings, folder, "machine, look-ups of 32 bytes")
    if settings.peers_alone:
        return limits
    forests = xgboost_flights(settings)
    lines = limits
    for key in ("500x8", "100x6"):
        try:
            lines = lines + of_forest(settings, folder, forests[key], limits)
        except RuntimeError as fault:
            lines = [*lines, failed(forests[key].name, "apportion", "wrong", fault)]
    return lines
