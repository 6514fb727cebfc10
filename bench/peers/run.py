#!/usr/bin/env python3
"""Run the comparisons with other libraries, print their table and keep it as CSV.

    python -m venv .venv && .venv/bin/pip install -r bench/peers/requirements.txt
    .venv/bin/python bench/peers/run.py [--only predict,kernel,...] [--device cpu] [--quick]

bench/README.md says what is measured, and how.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import os
import platform
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path

from common import ROOT, Result, Settings, header, limit_threads

COMPARISONS = {
    "predict": "predict",
    "kernel": "kernel_shap",
    "permutation": "permutation_shap",
    "lightshap": "lightshap_kernel",
    "importance": "importance",
    "memory": "memory",
    "load": "load",
    "exact": "exact",
    "path": "path_values",
    "interactions": "exact_interactions",
    "background": "background",
    "rows": "row_counts",
    "roofline": "roofline",
}


def show(line: Result) -> str:
    ratio = "" if line.ratio != line.ratio else f"{line.ratio:.2f}x"
    return (
        f"{line.part:8} {line.who:36} {line.rows:>8} rows  {line.median_s:9.3f} s "
        f"+-{line.spread_s / 2:6.3f} (n={line.n})  {line.rows_per_s:12.1f} rows/s  {ratio:>9}  "
        f"{line.status}"
    )


def environment(threads: int, device: str) -> str:
    import numpy
    import shap
    import sklearn
    import xgboost

    model = ""
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            model = text.split(":")[1].strip()
            break
    return (
        f"{model}, {threads} threads, device {device}; Python {platform.python_version()}, "
        f"numpy {numpy.__version__}, xgboost {xgboost.__version__}, shap {shap.__version__}, "
        f"scikit-learn {sklearn.__version__}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(COMPARISONS), help="comma list of comparisons")
    parser.add_argument("--tool", type=Path, default=ROOT / "build" / "bin" / "apportion")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--slow-repeats", type=int, default=5, help="of peers that take minutes")
    parser.add_argument("--kernel-rows", type=int, default=20)
    parser.add_argument("--steady-rows", type=int, default=200, help="more rows, the tool alone")
    parser.add_argument("--importance-rows", type=int, default=50000)
    parser.add_argument("--load-megabytes", type=int, default=500, help="of the models of load")
    parser.add_argument(
        "--exact-rows", type=int, default=0, help="the tool's in exact, path, interactions; 0: all"
    )
    parser.add_argument(
        "--woodelf-rows", type=int, default=20000, help="woodelf's; 0: all, which takes long"
    )
    parser.add_argument(
        "--xgboost-folder", type=Path, default=ROOT / "build" / "xgboost-3.4.1",
        help="where XGBoost 3.4.1 was installed, by pip install --target",
    )  # fmt: skip
    parser.add_argument(
        "--peers-alone", action="store_true",
        help="exact comparisons: check the peers against each other and time them, no tool",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small, to see that it runs")
    parser.add_argument("--data", type=Path, default=ROOT / "build" / "flights")
    parser.add_argument("--out", type=Path, help="CSV file; build/bench/peers.csv without it")
    args = parser.parse_args()
    if args.quick:
        args.repeats, args.slow_repeats = 2, 1
        args.kernel_rows, args.steady_rows, args.importance_rows = 3, 20, 5000
        args.load_megabytes = 20
        args.exact_rows, args.woodelf_rows = 5000, 200
    chosen = args.only.split(",")
    unknown = [name for name in chosen if name not in COMPARISONS]
    if unknown:
        parser.error(f"--only {','.join(unknown)}: one of {', '.join(COMPARISONS)} was needed")
    limit_threads(args.threads)
    settings = Settings(
        args.tool.resolve(), args.device, args.threads, args.repeats, args.slow_repeats,
        args.kernel_rows, args.steady_rows, args.importance_rows, args.load_megabytes,
        args.exact_rows, args.woodelf_rows, args.data, args.xgboost_folder.resolve(), args.quick,
        args.peers_alone,
    )  # fmt: skip

    print(environment(args.threads, args.device))
    lines: list[Result] = []
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            found = importlib.import_module(COMPARISONS[name]).run(settings, Path(folder))
        lines += found
        workload = ""
        for line in found:
            if line.workload != workload:
                workload = line.workload
                print(f"\n{workload}\n  {line.check}")
            print("  " + show(line), flush=True)

    out = args.out or ROOT / "build" / "bench" / "peers.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header())
        writer.writerows(astuple(line) for line in lines)
    print(f"\n{out}")
    return 0 if all(line.status in ("ok", "skipped") for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
