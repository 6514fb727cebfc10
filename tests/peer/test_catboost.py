"""CatBoost models predict and are explained as CatBoost itself predicts."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoost, Pool
from support import HALF_ULP, TOOL, Tool, brute_force

N_COLUMNS = 5
POLICIES = ["SymmetricTree", "Depthwise", "Lossguide"]
FLOAT_MAX = float(np.finfo(np.float32).max)
COLOURS = ["red", "green", "blue", "se\u00f1al", "NA", "", "7", "a,b", 'say "so"']


def train(pool: Pool, **params: Any) -> CatBoost:
    settings = {
        "iterations": 25, "depth": 4, "learning_rate": 0.3, "random_seed": 1, "thread_count": 2,
        "verbose": 0, "allow_writing_files": False, "one_hot_max_size": 20, **params,
    }  # fmt: skip
    model = CatBoost(settings)
    model.fit(pool)
    return model


def save(model: CatBoost, folder: Path, pool: Pool | None = None) -> Path:
    path = folder / "model.json"
    model.save_model(path, format="json", pool=pool)
    return path


def raw(model: CatBoost, data: Any, **of_trees: int) -> np.ndarray:
    values = np.asarray(model.predict(data, prediction_type="RawFormulaVal", **of_trees))
    return values.reshape(len(values), -1)


def margin_tolerance(model: CatBoost, data: Any) -> float:
    """What n additions in float32 may be off by: half an ulp each, of the sum of magnitudes."""
    n = model.tree_count_
    scale, bias = model.get_scale_and_bias()
    terms: Any = np.abs(bias)
    for tree in range(n):
        of_tree = raw(model, data, ntree_start=tree, ntree_end=tree + 1)
        terms = terms + np.abs(of_tree - (np.asarray(bias) if tree == 0 else 0))
    return float((n + 3) * HALF_ULP * np.max(terms))


def respond(model: CatBoost, data: Any, response: str | None) -> np.ndarray:
    if response is None:
        return raw(model, data)
    values = np.asarray(model.predict(data, prediction_type=response))
    values = values.reshape(len(values), -1)
    is_binary = response == "Probability" and raw(model, data).shape[1] == 1
    return values[:, 1:] if is_binary else values


def assert_responses(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    # exp is the steepest link: its relative error is the absolute one of the margin.
    np.testing.assert_allclose(
        found, expected, rtol=2 * tolerance + 8 * HALF_ULP, atol=tolerance + 8 * HALF_ULP
    )


# --- numeric columns ------------------------------------------------------------------------------


def make_rows(n: int, seed: int, missing: float = 0.1) -> np.ndarray:
    """Doubles that are no floats, zeros of both signs, NaN."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, N_COLUMNS))
    rows[rng.random(rows.shape) < missing] = 0.0
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows


def score_of(rows: np.ndarray) -> np.ndarray:
    x = np.nan_to_num(rows, nan=1.3)
    return x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] - (x[:, 4] == 0)


def edge_rows(path: Path) -> np.ndarray:
    """Rows at the places where a loader goes wrong: each border, its neighbours, both ends."""
    rows = make_rows(200, seed=7, missing=0.15)
    rng = np.random.default_rng(8)
    features = json.loads(path.read_text())["features_info"]["float_features"]
    for row in range(120):
        for feature in features:
            if not feature["borders"] or rng.random() < 0.5:
                continue
            at = np.float32(rng.choice(feature["borders"]))
            with np.errstate(over="ignore"):
                below, above = np.nextafter(at, [np.float32(-np.inf), np.float32(np.inf)])
            near = [at, below, above, float(at) * (1 + 1e-10), float(at) * (1 - 1e-10)]
            rows[row, feature["flat_feature_index"]] = near[row % 5]
    ends = (0.0, -0.0, 1e38, -1e38, 1e-40, 1e-46, FLOAT_MAX, -FLOAT_MAX, np.inf, -np.inf, 1e300,
            -1e300, np.nan)  # fmt: skip
    for row, value in enumerate(ends, 120):
        rows[row] = value
    return rows


def check(
    tool: Tool, folder: Path, target: np.ndarray, response: str | None = None, **params: Any
) -> None:
    missing = params.pop("missing", 0.1)
    model = train(Pool(make_rows(len(target), 1, missing), target), **params)
    path = save(model, folder)
    rows = edge_rows(path)
    tolerance = margin_tolerance(model, rows)
    np.testing.assert_allclose(tool.predict(path, rows), raw(model, rows), rtol=0, atol=tolerance)
    found = tool.predict(path, rows, "probability")
    assert_responses(found, respond(model, rows, response), tolerance)


SCORE = score_of(make_rows(1500, 1))


@pytest.mark.parametrize("nan_mode", ["Min", "Max"])
@pytest.mark.parametrize("policy", POLICIES)
def test_binary_with_missing_values(
    tool: Tool, tmp_path: Path, policy: str, nan_mode: str
) -> None:
    check(
        tool, tmp_path, SCORE > 0.2, "Probability", loss_function="Logloss", grow_policy=policy,
        nan_mode=nan_mode,
    )  # fmt: skip


def test_a_model_without_missing_values_in_training_meets_them(tool: Tool, tmp_path: Path) -> None:
    target = score_of(make_rows(1500, 1, missing=0.0))
    check(tool, tmp_path, target, missing=0.0)


@pytest.mark.parametrize("policy", POLICIES)
def test_several_outputs(tool: Tool, tmp_path: Path, policy: str) -> None:
    classes = np.digitize(SCORE, [-0.5, 0.7])
    for loss in ("MultiClass", "MultiClassOneVsAll"):
        check(
            tool, tmp_path, classes, "Probability", loss_function=loss, grow_policy=policy
        )  # fmt: skip
    both = np.stack([SCORE, SCORE**2], axis=1)
    check(tool, tmp_path, both, loss_function="MultiRMSE", grow_policy=policy)


@pytest.mark.parametrize("loss", ["Poisson", "Tweedie:variance_power=1.5"])
def test_losses_with_a_log_link(reference: Tool, tmp_path: Path, loss: str) -> None:
    check(reference, tmp_path, np.round(np.exp(0.4 * SCORE)), "Exponent", loss_function=loss)


@pytest.mark.parametrize("loss", ["MAE", "Quantile:alpha=0.3", "MultiQuantile:alpha=0.2,0.7"])
def test_losses_of_regression(reference: Tool, tmp_path: Path, loss: str) -> None:
    check(reference, tmp_path, SCORE, loss_function=loss)


def test_the_largest_symmetric_tree(reference: Tool, tmp_path: Path) -> None:
    check(reference, tmp_path, SCORE, depth=16, iterations=1)


def test_scale_and_bias(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(1500, 1)
    model = train(Pool(rows, SCORE))
    model.set_scale_and_bias(2, [5])
    expected = raw(model, rows)
    tolerance = 2 * margin_tolerance(model, rows)
    found = tool.predict(save(model, tmp_path), rows)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_an_unknown_response_is_refused_and_its_margin_predicted(
    reference: Tool, tmp_path: Path
) -> None:
    rows = make_rows(1500, 1)
    model = train(Pool(rows, SCORE), loss_function="RMSEWithUncertainty")
    path = save(model, tmp_path)
    tolerance = margin_tolerance(model, rows)
    np.testing.assert_allclose(
        reference.predict(path, rows), raw(model, rows), rtol=0, atol=tolerance
    )
    with pytest.raises(AssertionError, match="none"):
        reference.predict(path, rows, "probability")


# --- categories -----------------------------------------------------------------------------------


def category_frame(n: int, seed: int, more: tuple[str, ...] = ()) -> pd.DataFrame:
    """Two numeric columns, a column of texts, one of whole numbers, one that nothing depends on."""
    rng = np.random.default_rng(seed)
    colours = np.array([*COLOURS, *more])
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "colour": colours[rng.integers(0, len(colours), n)],
            "y": np.round(rng.normal(size=n), 1),
            "size": rng.integers(-4, 8 if more else 5, n),
            "noise": np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
        }
    )
    frame.loc[rng.random(n) < 0.15, "x"] = np.nan
    return frame


CATEGORICAL = ["colour", "size", "noise"]


def category_score(frame: pd.DataFrame) -> np.ndarray:
    rng = np.random.default_rng(4)
    effect = dict(zip(COLOURS, rng.normal(size=len(COLOURS)) * 2))
    score = frame["colour"].map(effect) * (1 + 0.5 * (frame["y"] > 0)) + (frame["size"] == 2) * 1.5
    score += -(frame["size"] == -1) * frame["y"] + frame["x"].fillna(2.0)
    return score.to_numpy(dtype=float)


def train_categories(folder: Path, **params: Any) -> tuple[CatBoost, Path]:
    frame = category_frame(2000, 3)
    score = category_score(frame)
    target = np.digitize(score, [-0.5, 1.5]) if "loss_function" in params else score
    pool = Pool(frame, target, cat_features=CATEGORICAL)
    model = train(pool, **params)
    return model, save(model, folder, pool)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Texts quoted, so that an empty one is a text; missing numbers as nan."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(frame.columns)
        for row in frame.itertuples(index=False):
            writer.writerow([v if isinstance(v, str) else float(v) for v in row])


def predict_csv(tool: Tool, model: Path, frame: pd.DataFrame, output: str) -> np.ndarray:
    data = tool.path("rows.csv")
    out = tool.path("predictions.npy")
    write_csv(data, frame)
    tool.run("predict", "--model", model, "--data", data, "--output", output, "--out", out)
    return np.load(out).astype(np.float64).reshape(len(frame), -1)


def ask(frame: pd.DataFrame) -> Pool:
    return Pool(frame, cat_features=CATEGORICAL)


UNSEEN = ("violet", "RED", "red ", " red", "nan", "null", "1", "0")


@pytest.mark.parametrize("policy", POLICIES)
def test_categories_in_tables(tool: Tool, tmp_path: Path, policy: str) -> None:
    model, path = train_categories(tmp_path, grow_policy=policy)
    frame = category_frame(500, 9, UNSEEN)
    tolerance = margin_tolerance(model, ask(frame))
    found = predict_csv(tool, path, frame, "raw")
    np.testing.assert_allclose(found, raw(model, ask(frame)), rtol=0, atol=tolerance)


def test_categories_with_several_outputs(tool: Tool, tmp_path: Path) -> None:
    model, path = train_categories(tmp_path, loss_function="MultiClass")
    frame = category_frame(500, 9, UNSEEN)
    tolerance = margin_tolerance(model, ask(frame))
    found = predict_csv(tool, path, frame, "probability")
    assert_responses(found, respond(model, ask(frame), "Probability"), tolerance)


def coded(path: Path, frame: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Rows as arrays hold them: a text by its place among the values, a number as it is."""
    info = json.loads(path.read_text())["features_info"]
    texts = {entry["hash"]: entry["value"] for entry in info["cat_features_hash"]}
    colour = next(f for f in info["categorical_features"] if f["feature_id"] == "colour")
    places = [texts[value % 2**32] for value in colour["values"]]
    rows = np.full(frame.shape, -1.0)
    for at, name in enumerate(frame.columns):
        if name == "colour":
            rows[:, at] = [places.index(text) if text in places else -1 for text in frame[name]]
        elif name != "noise":
            rows[:, at] = frame[name]
    return rows, places


def decode(rows: np.ndarray, places: list[str]) -> pd.DataFrame:
    names = ["violet" if code < 0 else places[int(code)] for code in rows[:, 1]]
    return pd.DataFrame(
        {"x": rows[:, 0], "colour": names, "y": rows[:, 2], "size": rows[:, 3].astype(int),
         "noise": "none of them"}
    )  # fmt: skip


@pytest.mark.parametrize("policy", ["SymmetricTree", "Lossguide"])
def test_full_enumeration_is_brute_force(tool: Tool, tmp_path: Path, policy: str) -> None:
    """NaN in x, texts as places, whole numbers as themselves, unseen ones of both."""
    model, path = train_categories(tmp_path, grow_policy=policy)
    rows, places = coded(path, category_frame(200, 5))
    background, explained = rows[:12], rows[12:18]
    assert np.isnan(rows[:18, 0]).any()
    explained[0, [1, 3]] = -1, 1000

    def predict(mixed: np.ndarray) -> np.ndarray:
        return raw(model, ask(decode(mixed, places)))

    expected, base, _ = brute_force(predict, explained, background)
    phi, found_base = tool.explain(path, explained, background, "--method", "kernel")
    allowed = 1e-5 * np.ptp(predict(rows[:18]))
    assert phi.shape == expected.shape
    assert np.abs(found_base - base[None, :]).max() <= allowed
    assert np.abs(phi - expected).max() <= allowed
    # noise is the same unseen text everywhere; every other column moves something.
    assert (np.abs(expected).max(axis=(0, 1))[:4] > allowed).all()


def validate(path: Path) -> str:
    words = [str(TOOL), "validate", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 3
    return done.stderr


def test_what_only_catboost_computes_is_refused_by_the_name_of_its_column(tmp_path: Path) -> None:
    frame = category_frame(2000, 3)
    pool = Pool(frame, category_score(frame), cat_features=CATEGORICAL)
    counted = validate(save(train(pool, one_hot_max_size=1), tmp_path, pool))
    assert "(CTR)" in counted and 'column 1 "colour"' in counted
    unnamed = validate(save(train(pool), tmp_path))
    assert "pool=" in unnamed and 'column 1 "colour"' in unnamed
