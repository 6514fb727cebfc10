"""Peak memory of the tool at 100,000 and at 1,000,000 rows: it must not grow with rows.

predict and explain to an array (permutation SHAP of two pairs, on one background row, so that a
million rows take minutes and not days).  The line's seconds are those of the one run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Result, Settings, flights, run_tool

SIZES = (100_000, 1_000_000)
ALLOWED_GROWTH = 1.10
BUDGET = "1Gi"


def run(settings: Settings, folder: Path) -> list[Result]:
    forest = flights(settings, 100, 6)
    every = np.load(forest.folder / "full.npy")
    rng = np.random.default_rng(0)
    one = folder / "one.npy"
    np.save(one, np.load(forest.background)[:1])
    asked = {
        "predict": ["predict"],
        "explain": [
            "explain", "--background", one, "--method", "permutation", "--nsamples",
            2 * (2 * every.shape[1] + 1),
        ],
    }  # fmt: skip
    lines: list[Result] = []
    peaks: dict[str, list[int]] = {}
    for size in SIZES:
        table = folder / f"rows_{size}.npy"
        np.save(table, every[rng.integers(0, len(every), size)])
        for name, words in asked.items():
            out = folder / f"{name}_{size}.npy"
            outcome = run_tool(
                settings, *words, "--model", forest.model, "--data", table, "--out", out,
                "--memory", BUDGET,
            )  # fmt: skip
            peaks.setdefault(name, []).append(outcome.peak_bytes)
            growth = peaks[name][-1] / peaks[name][0]
            found = np.load(out, mmap_mode="r")
            is_right = len(found) == size and bool(np.isfinite(found[-1000:]).all())
            status = "ok" if growth <= ALLOWED_GROWTH and is_right else "wrong"
            check = f"peak {outcome.peak_bytes / 2**20:.0f} MiB, {growth:.3f} of {SIZES[0]} rows'"
            lines.append(
                Result(
                    f"{forest.name} {name}, memory, budget {BUDGET}",
                    "process",
                    "apportion",
                    size,
                    1,
                    outcome.seconds,
                    0.0,
                    size / outcome.seconds,
                    status=status,
                    check=check,
                )  # fmt: skip
            )
            out.unlink()
        table.unlink()
    return lines
