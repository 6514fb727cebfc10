"""The models and tables of the exact comparisons, each made once and kept in the build folder.

Flights by examples/flights/make_flights.py, and two synthetic shapes: *covtype*, 10 numbers and 44
columns of 0 and 1 as in the forest cover data, and *wide*, 500 numbers.  Every draw is seeded.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb
from common import MAKE_FLIGHTS, Forest, Settings, flights

# The wilderness areas and soil types of the cover data: each row has one of each.
AREAS, SOILS, NUMBERS = 4, 40, 10


def flights_lightgbm(settings: Settings, trees: int, leaves: int) -> Forest:
    """Carrier, origin and destination are categories."""
    folder = settings.data / f"lightgbm-{trees}x{leaves}"
    forest = Forest(f"flights LightGBM {trees} x {leaves} leaves", folder, "model.txt")
    if not (folder / "full.npy").exists():
        print(f"training {folder.name}", file=sys.stderr)
        subprocess.run(
            [
                sys.executable, MAKE_FLIGHTS, "--out", folder, "--library", "lightgbm", "--trees",
                str(trees), "--leaves", str(leaves), "--format", "npy", "--rows", "100000",
                "--full", "--threads", str(settings.threads),
            ],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return forest


def covtype_table(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = rng.normal(size=(n, NUMBERS))
    area = rng.choice(AREAS, size=n, p=[0.45, 0.05, 0.44, 0.06])
    # Few soils are common and most are rare, and the height is that of the soil.
    soil_share = 0.9 ** np.arange(SOILS)
    soil = rng.choice(SOILS, size=n, p=soil_share / soil_share.sum())
    numbers[:, 0] += 0.05 * soil
    margin = (
        np.sin(2 * numbers[:, 0]) + numbers[:, 1] * numbers[:, 2] - np.abs(numbers[:, 3])
        + 0.5 * numbers[:, 4] * (area == 2) + rng.normal(size=SOILS)[soil] * (numbers[:, 5] > 0)
    )  # fmt: skip
    rows = np.hstack([numbers.round(2), np.eye(AREAS)[area], np.eye(SOILS)[soil]])
    return rows.astype(np.float32), margin


def wide_table(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    rows = rng.normal(size=(n, 500)).astype(np.float32)
    weights = rng.normal(size=500) / np.sqrt(np.arange(1, 501))
    margin = rows @ weights + np.sum(rows[:, :50:2] * rows[:, 1:50:2], axis=1) / 5
    return rows, margin


def synthetic(
    settings: Settings, name: str, trees: int, depth: int, n: int, make_table
) -> Forest:  # fmt: skip
    folder = settings.data / "synthetic" / f"{name}-{trees}x{depth}"
    forest = Forest(f"{name} {trees}x{depth}", folder)
    if (folder / "full.npy").exists():
        return forest
    print(f"training {folder.name}", file=sys.stderr)
    rng = np.random.default_rng(7)
    rows, margin = make_table(rng, n)
    target = (margin + rng.logistic(size=n) > np.median(margin)).astype(np.float64)
    names = [f"x{col}" for col in range(rows.shape[1])]
    half = n // 2
    parameters = {
        "objective": "binary:logistic", "tree_method": "hist", "max_depth": depth, "eta": 0.1,
        "subsample": 0.8, "colsample_bytree": 0.8, "seed": 7, "nthread": settings.threads,
    }  # fmt: skip
    seen = xgb.DMatrix(rows[half:], target[half:], feature_names=names)
    model = xgb.train(parameters, seen, num_boost_round=trees)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_model(forest.model)
    np.save(forest.rows, rows[:half])
    np.save(forest.background, rows[half : half + 100])
    np.save(folder / "full.npy", rows)
    return forest


def covtype(settings: Settings) -> Forest:
    """The forest cover data's shape and about a third of its 581,012 rows."""
    return synthetic(settings, "covtype", 800, 8, 200_000, covtype_table)


def wide(settings: Settings) -> Forest:
    return synthetic(settings, "wide", 100, 6, 40_000, wide_table)


def xgboost_flights(settings: Settings) -> dict[str, Forest]:
    shapes = {"500x8": (500, 8), "100x6": (100, 6), "100x16": (100, 16)}
    return {name: flights(settings, trees, depth) for name, (trees, depth) in shapes.items()}


def sampled_rows(forest: Forest, n: int, seed: int) -> np.ndarray:
    """n rows of the whole table, with replacement; a larger n begins with the same rows."""
    every = np.load(forest.folder / "full.npy", mmap_mode="r")
    return every[np.random.default_rng(seed).integers(0, len(every), n)]


def written(path: Path, rows: np.ndarray) -> Path:
    np.save(path, np.ascontiguousarray(rows, dtype=np.float32))
    return path
