"""Exact interventional values: shap's where shap is right, and by definition where it is not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

import lightgbm as lgb
import numpy as np
import pytest
import shap
import xgboost as xgb
from catboost import CatBoostRegressor, Pool
from games import make_game
from sklearn import ensemble
from support import ROOT, Tool
from trees import assert_close, assert_layout, exact, exact_games

sys.path.insert(0, str(ROOT / "python"))
import apportion  # noqa: E402

N_COLUMNS = 12


def make_rows(n: int, seed: int, missing: float = 0.1, n_columns: int = N_COLUMNS) -> np.ndarray:
    """Floats, in float64: shap itself does not round what XGBoost and CatBoost round."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, n_columns)).astype(np.float32).astype(np.float64)
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows


def score_of(rows: np.ndarray) -> np.ndarray:
    x = np.nan_to_num(rows, nan=0.7)
    score = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3]
    return score + (x[:, 4] > 0) * x[:, -1] * x[:, 0]


ROWS = make_rows(3000, 1)
SCORE = score_of(ROWS)
EXPLAINED, BACKGROUND = make_rows(30, 2), make_rows(100, 3)


def interventional(model: Any, rows: np.ndarray, background: np.ndarray) -> np.ndarray:
    """shap's values in the tool's layout; it uses at most 100 rows unless told otherwise."""
    explainer = shap.TreeExplainer(
        model,
        shap.maskers.Independent(background, max_samples=len(background)),
        feature_perturbation="interventional",
    )
    phi = np.asarray(explainer.shap_values(rows, check_additivity=False))
    if phi.ndim == 3:
        phi = np.moveaxis(phi, 2, 1)
    base = np.broadcast_to(np.asarray(explainer.expected_value), phi.shape[:-1])
    return np.concatenate([phi, base[..., None]], axis=-1)


def spread_of(values: np.ndarray) -> np.ndarray:
    """Of the explained outputs, from values that sum to them."""
    return np.ptp(values.sum(axis=-1), axis=0)


def check_shap(
    tool: Tool, model: Path, peer: Any, background: np.ndarray = BACKGROUND, factor: float = 1.0
) -> None:
    expected = interventional(peer, EXPLAINED, background)
    found = exact(tool, model, EXPLAINED, background)
    assert_close(found, expected, spread_of(expected), factor)


# --- where shap is right --------------------------------------------------------------------------


def train_xgboost(folder: Path, target: np.ndarray, **params: Any) -> tuple[Any, Path]:
    settings = {"max_depth": 6, "eta": 0.2, "seed": 1, "nthread": 2, **params}
    rounds = settings.pop("rounds", 60)
    booster = xgb.train(settings, xgb.DMatrix(ROWS, target), rounds)
    booster.save_model(folder / "model.ubj")
    return booster, folder / "model.ubj"


@pytest.mark.parametrize("objective", ["reg:squarederror", "binary:logistic", "count:poisson"])
def test_xgboost(tool: Tool, tmp_path: Path, objective: str) -> None:
    target = {
        "reg:squarederror": SCORE,
        "binary:logistic": SCORE > 0.3,
        "count:poisson": np.round(np.exp(0.4 * SCORE)),
    }[objective]
    booster, model = train_xgboost(tmp_path, target, objective=objective)
    check_shap(tool, model, booster)


def test_xgboost_with_deep_trees(tool: Tool, tmp_path: Path) -> None:
    booster, model = train_xgboost(tmp_path, SCORE, max_depth=14, min_child_weight=0, rounds=10)
    check_shap(tool, model, booster)


def test_xgboost_against_two_thousand_background_rows(tool: Tool, tmp_path: Path) -> None:
    booster, model = train_xgboost(tmp_path, SCORE, rounds=20)
    check_shap(tool, model, booster, make_rows(2000, 4))


def train_lightgbm(folder: Path, target: np.ndarray, **params: Any) -> tuple[Any, Path]:
    settings = {"num_leaves": 40, "num_threads": 2, "seed": 1, "verbosity": -1, **params}
    booster = lgb.train(settings, lgb.Dataset(ROWS, target), settings.pop("rounds", 40))
    booster.save_model(folder / "model.txt")
    return booster, folder / "model.txt"


@pytest.mark.parametrize("objective", ["regression", "binary"])
def test_lightgbm(tool: Tool, tmp_path: Path, objective: str) -> None:
    target = SCORE if objective == "regression" else (SCORE > 0.3).astype(float)
    booster, model = train_lightgbm(tmp_path, target, objective=objective)
    check_shap(tool, model, booster)


def test_catboost(tool: Tool, tmp_path: Path) -> None:
    model = CatBoostRegressor(
        iterations=50, depth=6, random_seed=1, verbose=0, thread_count=2, allow_writing_files=False
    )
    model.fit(Pool(ROWS, SCORE))
    model.save_model(tmp_path / "model.json", format="json")
    expected = interventional(model, EXPLAINED, BACKGROUND)
    expected[:, -1] += model.get_scale_and_bias()[1]  # shap leaves it out
    np.testing.assert_allclose(expected[0, -1], model.predict(BACKGROUND).mean(), atol=1e-6)
    found = exact(tool, tmp_path / "model.json", EXPLAINED, BACKGROUND)
    assert_close(found, expected, spread_of(expected))


FORESTS: dict[str, tuple[Any, Callable]] = {
    "regression": (ensemble.RandomForestRegressor, lambda score: score),
    "three classes": (ensemble.RandomForestClassifier, lambda score: np.digitize(score, [-0.5, 1])),
    "extra trees": (ensemble.ExtraTreesRegressor, lambda score: score),
}


@pytest.mark.parametrize("name", FORESTS)
def test_scikit_learn(tool: Tool, tmp_path: Path, name: str) -> None:
    kind, target = FORESTS[name]
    rows = make_rows(1500, 5, missing=0)
    forest = kind(25, max_depth=9, random_state=0).fit(rows, target(score_of(rows)))
    model = tmp_path / "model.json"
    apportion.save(forest, model)
    explained, background = make_rows(20, 6, missing=0), make_rows(60, 7, missing=0)
    expected = interventional(forest, explained, background)
    found = exact(tool, model, explained, background)
    assert_close(found, expected, spread_of(expected))


# --- where shap is wrong --------------------------------------------------------------------------

FEW = 7


def few_rows(n: int, seed: int) -> np.ndarray:
    """Column 5 holds 45 categories, column 6 holds 4; zeros and missing values elsewhere."""
    rows = make_rows(n, seed, n_columns=FEW)
    rng = np.random.default_rng(seed + 1000)
    rows[:, 5] = rng.integers(0, 45, n)
    rows[:, 6] = rng.integers(0, 4, n)
    numeric = rows[:, :5]
    numeric[rng.random(numeric.shape) < 0.1] = 0.0
    return rows


FEW_ROWS = few_rows(3000, 11)
FEW_SCORE = score_of(FEW_ROWS[:, :5]) + np.random.default_rng(5).normal(size=45)[
    FEW_ROWS[:, 5].astype(int)
] * (FEW_ROWS[:, 6] != 2)
FEW_EXPLAINED, FEW_BACKGROUND = few_rows(6, 12), few_rows(14, 13)
FEW_WEIGHTS = np.arange(14.0) % 5

# Predictions in float32, as XGBoost makes them, are off by more than we are.
COARSE = 3.0


def check_definition(
    tool: Tool,
    model: Path,
    predict: Callable[[np.ndarray], np.ndarray],
    factor: float = 1.0,
    weights: np.ndarray | None = FEW_WEIGHTS,
) -> None:
    """Values, pairs and Banzhaf values, and how they are laid out."""
    games = exact_games(predict, FEW_EXPLAINED, FEW_BACKGROUND, weights)
    spread = games.range()

    def found(*options: Any) -> np.ndarray:
        return exact(tool, model, FEW_EXPLAINED, FEW_BACKGROUND, *options, weights=weights)

    values = found()
    assert_close(values, games.values(), spread, factor)
    matrices = found("--interactions")
    assert_close(matrices, games.matrices(), spread, factor)
    assert_layout(matrices, values, spread)
    assert_close(found("--index", "banzhaf"), games.values("banzhaf"), spread, factor)
    both = found("--index", "banzhaf", "--interactions")
    assert_close(both, games.matrices("banzhaf"), spread, factor)


def few_xgboost(folder: Path, target: np.ndarray, **params: Any) -> tuple[Callable, Path]:
    settings = {"max_depth": 5, "eta": 0.3, "seed": 1, "nthread": 2, **params}
    booster = xgb.train(settings, xgb.DMatrix(FEW_ROWS, target), 25)
    booster.save_model(folder / "model.ubj")

    def predict(rows: np.ndarray) -> np.ndarray:
        return booster.predict(xgb.DMatrix(rows), output_margin=True)

    return predict, folder / "model.ubj"


def test_xgboost_dart(tool: Tool, tmp_path: Path) -> None:
    predict, model = few_xgboost(tmp_path, FEW_SCORE, booster="dart", rate_drop=0.3)
    check_definition(tool, model, predict, COARSE)


def test_xgboost_with_three_classes(tool: Tool, tmp_path: Path) -> None:
    target = np.digitize(FEW_SCORE, [-0.8, 1.1])
    predict, model = few_xgboost(tmp_path, target, objective="multi:softprob", num_class=3)
    check_definition(tool, model, predict, COARSE)


def test_xgboost_with_vector_leaves(tool: Tool, tmp_path: Path) -> None:
    target = np.stack([FEW_SCORE, np.abs(FEW_SCORE), -FEW_SCORE + 2], axis=1)
    predict, model = few_xgboost(tmp_path, target, multi_strategy="multi_output_tree")
    check_definition(tool, model, predict, COARSE)


def test_xgboost_with_categories(tool: Tool, tmp_path: Path) -> None:
    types = ["q"] * 5 + ["c"] * 2
    matrix = xgb.DMatrix(FEW_ROWS, FEW_SCORE, feature_types=types, enable_categorical=True)
    settings = {"max_depth": 5, "eta": 0.3, "nthread": 2, "max_cat_to_onehot": 3}
    booster = xgb.train(settings, matrix, 25)
    booster.save_model(tmp_path / "model.ubj")

    def predict(rows: np.ndarray) -> np.ndarray:
        mixed = xgb.DMatrix(rows, feature_types=types, enable_categorical=True)
        return booster.predict(mixed, output_margin=True)

    check_definition(tool, tmp_path / "model.ubj", predict, COARSE)


LIGHTGBM: dict[str, dict] = {
    "zero as missing": {"zero_as_missing": True},
    "no missing": {"use_missing": False},
    "random forest": {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1},
    "dart": {"boosting": "dart"},
    # shap adds the classes up.
    "three classes": {"objective": "multiclass", "num_class": 3},
}


@pytest.mark.parametrize("name", LIGHTGBM)
def test_lightgbm_with_categories(tool: Tool, tmp_path: Path, name: str) -> None:
    settings = {
        "num_leaves": 20, "min_data_per_group": 2, "cat_smooth": 1, "num_threads": 2, "seed": 1,
        "verbosity": -1, **LIGHTGBM[name],
    }  # fmt: skip
    target = np.digitize(FEW_SCORE, [-0.8, 1.1]) if name == "three classes" else FEW_SCORE
    data = lgb.Dataset(FEW_ROWS, target, categorical_feature=[5, 6])
    booster = lgb.train(settings, data, 25)
    booster.save_model(tmp_path / "model.txt")
    n_averaged = 25 if name == "random forest" else 1
    check_definition(
        tool, tmp_path / "model.txt", lambda x: booster.predict(x, raw_score=True) / n_averaged
    )


def test_one_background_row(tool: Tool, tmp_path: Path) -> None:
    predict, model = few_xgboost(tmp_path, FEW_SCORE)
    single = FEW_BACKGROUND[:1]
    rows = np.concatenate([FEW_EXPLAINED, single])
    games = exact_games(predict, rows, single)
    found = exact(tool, model, rows, single)
    assert_close(found, games.values(), games.range(), COARSE)
    # A row that is the background has nothing to explain.
    assert (found[-1, :-1] == 0).all()


def test_five_thousand_weighted_background_rows(tool: Tool, tmp_path: Path) -> None:
    predict, model = few_xgboost(tmp_path, FEW_SCORE)
    background, rows = few_rows(5000, 14), FEW_EXPLAINED[:2]
    weights = np.random.default_rng(3).random(5000)
    games = exact_games(predict, rows, background, weights)
    found = exact(tool, model, rows, background, "--interactions", weights=weights)
    assert_close(found, games.matrices(), games.range(), COARSE)


def test_groups_are_players(tool: Tool, tmp_path: Path) -> None:
    """Columns of no group are players behind the groups."""
    predict, model = few_xgboost(tmp_path, FEW_SCORE)
    groups = {"a": ["f0", "f3"], "b": ["f1", "f2", "f6"]}
    players = [[0, 3], [1, 2, 6], [4], [5]]
    games = exact_games(predict, FEW_EXPLAINED, FEW_BACKGROUND, FEW_WEIGHTS, players)
    spread = games.range()

    def found(*options: Any) -> np.ndarray:
        return exact(
            tool, model, FEW_EXPLAINED, FEW_BACKGROUND, *options, weights=FEW_WEIGHTS,
            groups=groups,
        )  # fmt: skip

    values = found()
    assert_close(values, games.values(), spread, COARSE)
    matrices = found("--interactions")
    assert_close(matrices, games.matrices(), spread, COARSE)
    assert_layout(matrices, values, spread)
    assert_close(found("--index", "banzhaf"), games.values("banzhaf"), spread, COARSE)
    # The sum of the members' values is another number.
    alone = exact(tool, model, FEW_EXPLAINED, FEW_BACKGROUND, weights=FEW_WEIGHTS)
    assert np.abs(alone[:, [0, 3]].sum(axis=1) - values[:, 0]).max() > 1e-3 * spread.max()


# --- the same bits --------------------------------------------------------------------------------


def test_devices_budgets_and_numbers_of_rows_give_the_same_bits(
    reference: Tool, opencl: Tool, tmp_path: Path
) -> None:
    game = make_game(tmp_path, 9, n_outputs=3, n_rows=400, n_background=300, trees=20)
    for options in ([], ["--interactions"]):
        expected = exact(reference, game.model, game.rows, game.background, *options)
        for tool in (reference, opencl):
            small = ["--memory", "32M", *options]
            again = exact(tool, game.model, game.rows, game.background, *small)
            np.testing.assert_array_equal(again, expected)
            few = exact(tool, game.model, game.rows[:3], game.background, *options)
            np.testing.assert_array_equal(few, expected[:3])
