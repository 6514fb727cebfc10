"""Margins of every flight of the table, against XGBoost's predict.

Two clocks.  *work*: XGBoost without making the DMatrix; the tool from the first row to the last by
its own summary (its rows come from a mapped file and its margins go to one).  *process*: from
nothing to the margins in a file, for XGBoost in a Python of its own that loads the model and the
same .npy file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb
from common import Result, Settings, flights, in_turns, refuse, result, run_tool, timed, with_ratios

PROCESS = """
import sys, numpy, xgboost
model, rows, threads, out = sys.argv[1:]
booster = xgboost.Booster(model_file=model)
booster.set_param("nthread", int(threads))
margin = booster.inplace_predict(numpy.load(rows), predict_type="margin")
numpy.save(out, margin)
"""


def compare(settings: Settings, folder: Path, trees: int, depth: int) -> list[Result]:
    forest = flights(settings, trees, depth)
    table = forest.folder / "full.npy"
    rows = np.load(table)
    names = xgb.Booster(model_file=forest.model).feature_names
    booster = xgb.Booster({"nthread": settings.threads}, model_file=forest.model)
    matrix = xgb.DMatrix(rows, feature_names=names, nthread=settings.threads)
    out = folder / "margin.npy"

    def ours() -> dict[str, float]:
        outcome = run_tool(
            settings, "predict", "--model", forest.model, "--data", table, "--out", out, "--force"
        )
        return {"apportion work": outcome.work_seconds(), "apportion process": outcome.seconds}

    def theirs() -> dict[str, float]:
        def process() -> None:
            subprocess.run(
                [
                    sys.executable, "-c", PROCESS, forest.model, table, str(settings.threads),
                    folder / "xgboost.npy",
                ],
                check=True,
            )  # fmt: skip

        # A booster keeps the margins of a DMatrix that it has seen and would only look them up:
        # each turn has a new booster, made outside the clock.
        fresh = xgb.Booster({"nthread": settings.threads}, model_file=forest.model)
        work = timed(lambda: fresh.predict(matrix, output_margin=True))
        return {"xgboost work": work, "xgboost process": timed(process)}

    ours()
    theirs()
    expected = booster.predict(matrix, output_margin=True)
    away = float(np.abs(np.load(out).reshape(-1) - expected).max())
    # Half an ulp of the running sum for each tree, the sum being below 8 here.
    allowed = (trees + 2) * 2.0**-24 * 8
    check = f"max |difference| {away:.1e} of {allowed:.1e}"

    times = in_turns(
        {"apportion": ours, "xgboost": theirs},
        {"apportion": settings.repeats, "xgboost": settings.repeats},
    )
    lines: list[Result] = []
    for clock in ("work", "process"):
        pair = [
            result(f"{forest.name} predict", clock, who, len(rows), times[f"{who} {clock}"], check)
            for who in ("apportion", "xgboost")
        ]
        lines += with_ratios(pair, "xgboost")
    return lines if away <= allowed else refuse(lines, check)


def run(settings: Settings, folder: Path) -> list[Result]:
    return compare(settings, folder, 500, 8) + compare(settings, folder, 100, 6)
