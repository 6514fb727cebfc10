"""What the comparisons share: the workload, running the tool, and the rules of measurement.

A comparison verifies first, then times its contenders in turns, so that what else the machine does
falls on all of them.  All run on the same rows with the same number of threads.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Callable

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MAKE_FLIGHTS = ROOT / "examples" / "flights" / "make_flights.py"


@dataclass
class Settings:
    """What run.py was asked."""

    tool: Path
    device: str
    threads: int
    repeats: int
    slow_repeats: int
    kernel_rows: int
    steady_rows: int
    importance_rows: int
    load_megabytes: int
    exact_rows: int
    woodelf_rows: int
    data: Path
    xgboost_folder: Path
    is_quick: bool
    peers_alone: bool


@dataclass
class Result:
    """One line of the table; see bench/README.md for what the parts mean."""

    workload: str
    part: str
    who: str
    rows: int
    n: int
    median_s: float
    spread_s: float  # largest minus smallest
    rows_per_s: float
    ratio: float = float("nan")  # peer's median over this one's
    status: str = "ok"
    check: str = ""


@dataclass
class Forest:
    """A model of the flights table with what belongs to it."""

    name: str
    folder: Path
    model_name: str = "model.ubj"
    model: Path = field(init=False)
    rows: Path = field(init=False)
    background: Path = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.folder / self.model_name
        self.rows = self.folder / "rows.npy"
        self.background = self.folder / "background.npy"


def flights(settings: Settings, trees: int, depth: int) -> Forest:
    """Train once, then reuse: the files stay in the build folder."""
    name = f"{trees}x{depth}"
    forest = Forest(f"flights {name}", settings.data / name)
    if not (forest.folder / "full.npy").exists():
        print(f"training {name}", file=sys.stderr)
        subprocess.run(
            [
                sys.executable, MAKE_FLIGHTS, "--out", forest.folder, "--trees", str(trees),
                "--depth", str(depth), "--format", "npy", "--rows", "100000", "--full",
                "--threads", str(settings.threads),
            ],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return forest


@dataclass
class Outcome:
    """One run of the tool."""

    summary: dict
    seconds: float
    peak_bytes: int

    def work_seconds(self) -> float:
        """From the first row to the last, by the tool's own clock: no model, no device opened."""
        return self.summary["rows"] / self.summary["rows_per_second"]


# A process starts with the peak of the one that it was forked from, so the tool is a child of a
# small Python, which reports what it used on a line of its own.
LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
# Linux counts in KiB.
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss * 1024]))
"""


def run_tool(settings: Settings, command: str, *options: Any) -> Outcome:
    words = [settings.tool, command, *options, "--device", settings.device, "--json"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, words)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *report, launched = done.stdout.strip().splitlines()
    code, seconds, peak_bytes = json.loads(launched)
    if code != 0:
        raise RuntimeError(f"{command}: exit {code}: {done.stderr}")
    return Outcome(json.loads(report[-1]), seconds, peak_bytes)


def explain(settings: Settings, folder: Path, forest: Forest, rows: Path, *options: Any):
    """phi [rows, columns], base [rows] and the outcome, of a model with one output."""
    out = folder / "phi.npy"
    outcome = run_tool(
        settings, "explain", "--model", forest.model, "--data", rows, "--background",
        forest.background, "--out", out, "--force", *options,
    )  # fmt: skip
    values = np.load(out)
    return values[:, :-1].astype(np.float64), values[:, -1], outcome


def in_turns(
    contenders: dict[str, Callable[[], dict[str, float]]], repeats: dict[str, int]
) -> dict[str, list[float]]:
    """Time contenders in turns; each returns seconds by part name, after one warm-up of its own."""
    times: dict[str, list[float]] = {}
    for turn in range(max(repeats.values())):
        for name, contender in contenders.items():
            if turn < repeats[name]:
                for part, seconds in contender().items():
                    times.setdefault(part, []).append(seconds)
    return times


def timed(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def result(
    workload: str,
    part: str,
    who: str,
    rows: int,
    times: list[float],
    check: str,
    status: str = "ok",
) -> Result:
    median = statistics.median(times)
    return Result(
        workload, part, who, rows, len(times), median, max(times) - min(times), rows / median,
        status=status, check=check,
    )  # fmt: skip


def with_ratios(results: list[Result], peer: str) -> list[Result]:
    """Fill in how many times faster each line is than the peer's line of the same workload."""
    base = next(line for line in results if line.who == peer)
    for line in results:
        line.ratio = (base.median_s / base.rows) / (line.median_s / line.rows)
    return results


def refuse(results: list[Result], reason: str) -> list[Result]:
    """A run whose result is wrong has no time."""
    for line in results:
        line.status = "wrong"
        line.median_s = line.spread_s = line.rows_per_s = line.ratio = float("nan")
        line.check = reason
    return results


def header() -> list[str]:
    return [f.name for f in fields(Result)]


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def limit_threads(n: int) -> None:
    """The same cores for all: this process, the peers in it, and the tool as its child."""
    cores = sorted(os.sched_getaffinity(0))[:n]
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POCL_MAX_PTHREAD_COUNT"):
        os.environ[name] = str(n)
