"""Path-dependent values are those of the libraries, and of the definition beyond them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import shap
import xgboost as xgb
from catboost import CatBoost, Pool
from sklearn import ensemble
from support import ROOT, TOOL, Tool
from trees import Walked, assert_close, assert_layout, path, path_games

sys.path.insert(0, str(ROOT / "python"))
import apportion  # noqa: E402

N_COLUMNS = 7


def make_rows(n: int, seed: int, missing: float = 0.1) -> np.ndarray:
    """Column 5 holds 45 categories, column 6 holds 4; zeros and missing values elsewhere."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, N_COLUMNS)).astype(np.float32).astype(np.float64)
    numeric = rows[:, :5]
    numeric[rng.random(numeric.shape) < 0.1] = 0.0
    rows[rng.random(rows.shape) < missing] = np.nan
    rows[:, 5] = rng.integers(0, 45, n)
    rows[:, 6] = rng.integers(0, 4, n)
    return rows


def score_of(rows: np.ndarray) -> np.ndarray:
    x = np.nan_to_num(rows, nan=0.7)
    score = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] - (x[:, 4] == 0)
    return score + np.random.default_rng(5).normal(size=45)[x[:, 5].astype(int)] * (x[:, 6] != 2)


ROWS, EXPLAINED = make_rows(3000, 1), make_rows(150, 2)
SCORE = score_of(ROWS)
CLASSES = np.digitize(SCORE, [-0.8, 1.1])
BOTH = np.stack([SCORE, np.abs(SCORE), 2 - SCORE], axis=1)

# XGBoost's own values are sums of float32.
COARSE = 5.0


def spread_of(values: np.ndarray) -> np.ndarray:
    """Of the explained outputs, from values that sum to them."""
    return np.ptp(values.sum(axis=-1), axis=0)


# --- XGBoost --------------------------------------------------------------------------------------


def xgboost_matrix(rows: np.ndarray, target: Any = None, categories: bool = False) -> xgb.DMatrix:
    types = ["q"] * 5 + ["c" if categories else "q"] * 2
    return xgb.DMatrix(rows, target, feature_types=types, enable_categorical=True)


def train_xgboost(
    folder: Path, target: np.ndarray, categories: bool = False, **params: Any
) -> tuple[xgb.Booster, Path]:
    settings = {"max_depth": 6, "eta": 0.3, "seed": 1, "nthread": 2, **params}
    rounds = settings.pop("rounds", 25)
    booster = xgb.train(settings, xgboost_matrix(ROWS, target, categories), rounds)
    booster.save_model(folder / "model.ubj")
    return booster, folder / "model.ubj"


XGBOOST: dict[str, tuple[np.ndarray, dict]] = {
    "regression": (SCORE, {}),
    "binary": (SCORE > 0.3, {"objective": "binary:logistic", "scale_pos_weight": 3}),
    "three classes": (CLASSES, {"objective": "multi:softprob", "num_class": 3}),
    "dart": (SCORE, {"booster": "dart", "rate_drop": 0.3}),
    "random forest": (SCORE, {"num_parallel_tree": 10, "subsample": 0.6, "eta": 1, "rounds": 2}),
    "categories": (SCORE, {"categories": True, "max_cat_to_onehot": 3}),
    "three targets": (BOTH, {}),
}


@pytest.mark.parametrize("name", XGBOOST)
def test_xgboost_contributions_and_interactions(tool: Tool, tmp_path: Path, name: str) -> None:
    target, params = XGBOOST[name]
    booster, model = train_xgboost(tmp_path, target, **params)
    matrix = xgboost_matrix(EXPLAINED, None, params.get("categories", False))
    expected = booster.predict(matrix, pred_contribs=True)
    spread = spread_of(expected)
    values = path(tool, model, EXPLAINED)
    assert_close(values, expected, spread, COARSE)
    matrices = path(tool, model, EXPLAINED, "--interactions")
    assert_close(matrices, booster.predict(matrix, pred_interactions=True), spread, COARSE)
    assert_layout(matrices, values, spread)


def walked_xgboost(model: Path) -> tuple[list[Walked], np.ndarray]:
    """Trees (of floats, none of categories) and base of a model saved as JSON."""
    learner = json.loads(model.read_text())["learner"]
    stated = learner["learner_model_param"]
    base = np.atleast_1d(np.array(json.loads(stated["base_score"]), dtype=float))
    n_outputs = max(int(stated["num_class"]), int(stated.get("num_target", 1)), 1)
    booster = learner["gradient_booster"]["model"]
    trees = []
    for tree, output in zip(booster["trees"], booster["tree_info"]):
        width = int(tree["tree_param"]["size_leaf_vector"])

        def walk(node: int, tree: dict = tree, width: int = width, output: int = output) -> Walked:
            cover = tree["sum_hessian"][node]
            left, right = tree["left_children"][node], tree["right_children"][node]
            if left < 0:
                value = np.zeros(n_outputs)
                if width > 1 and "leaf_weights" in tree:
                    value[:] = tree["leaf_weights"][right * width : (right + 1) * width]
                elif width > 1:
                    value[:] = tree["base_weights"][node * width : (node + 1) * width]
                else:
                    value[output] = tree["split_conditions"][node]
                return Walked(cover, value)
            column, at = tree["split_indices"][node], np.float32(tree["split_conditions"][node])
            default = bool(tree["default_left"][node])

            def goes_left(row: np.ndarray) -> bool:
                return default if np.isnan(row[column]) else bool(np.float32(row[column]) < at)

            return Walked(cover, None, column, goes_left, walk(left), walk(right))

        trees.append(walk(0))
    return trees, np.broadcast_to(base, (n_outputs,)).astype(float)


@pytest.mark.parametrize("kind", ["three classes", "vector leaves"])
def test_banzhaf_values_and_groups_are_the_definition(
    tool: Tool, tmp_path: Path, kind: str
) -> None:
    params: dict = {"max_depth": 5, "rounds": 6}
    if kind == "three classes":
        params |= {"objective": "multi:softprob", "num_class": 3}
        booster, _ = train_xgboost(tmp_path, CLASSES, **params)
    else:
        params |= {"multi_strategy": "multi_output_tree"}
        booster, _ = train_xgboost(tmp_path, BOTH, **params)
    model = tmp_path / "model.json"
    booster.save_model(model)
    trees, base = walked_xgboost(model)
    rows = EXPLAINED[:5]
    games = path_games(trees, base, rows)
    spread = games.range()
    margin = booster.predict(xgboost_matrix(rows), output_margin=True)
    assert np.abs(np.array([v[-1] for v in games.games]) - margin).max() < 1e-5
    values = path(tool, model, rows)
    assert_close(values, games.values(), spread)
    assert_close(path(tool, model, rows, "--interactions"), games.matrices(), spread)
    assert_close(path(tool, model, rows, "--index", "banzhaf"), games.values("banzhaf"), spread)
    both = path(tool, model, rows, "--index", "banzhaf", "--interactions")
    assert_close(both, games.matrices("banzhaf"), spread)
    groups = {"a": ["f0", "f3"], "b": ["f1", "f2", "f6"]}
    grouped = path_games(trees, base, rows, [[0, 3], [1, 2, 6], [4], [5]])
    found = path(tool, model, rows, groups=groups)
    assert_close(found, grouped.values(), spread)
    matrices = path(tool, model, rows, "--interactions", groups=groups)
    assert_close(matrices, grouped.matrices(), spread)
    assert_layout(matrices, found, spread)


# --- LightGBM -------------------------------------------------------------------------------------

LIGHTGBM: dict[str, tuple[np.ndarray, dict]] = {
    "regression": (SCORE, {}),
    "binary": (SCORE > 0.3, {"objective": "binary"}),
    "three classes": (CLASSES, {"objective": "multiclass", "num_class": 3}),
    "zero as missing": (SCORE, {"zero_as_missing": True}),
    "no missing": (SCORE, {"use_missing": False}),
    "bagging": (SCORE, {"bagging_fraction": 0.5, "bagging_freq": 1}),
    "dart": (SCORE, {"boosting": "dart"}),
    "random forest": (SCORE, {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}),
}


@pytest.mark.parametrize("name", LIGHTGBM)
@pytest.mark.parametrize("categories", [False, True], ids=["numbers", "categories"])
def test_lightgbm_contributions(tool: Tool, tmp_path: Path, name: str, categories: bool) -> None:
    target, params = LIGHTGBM[name]
    settings = {
        "num_leaves": 31, "min_data_per_group": 2, "cat_smooth": 1, "num_threads": 2, "seed": 1,
        "verbosity": -1, **params,
    }  # fmt: skip
    data = lgb.Dataset(ROWS, target, categorical_feature=[5, 6] if categories else [])
    booster = lgb.train(settings, data, 25)
    model = tmp_path / "model.txt"
    booster.save_model(model)
    expected = np.asarray(booster.predict(EXPLAINED, pred_contrib=True))
    if params.get("num_class"):
        expected = expected.reshape(len(EXPLAINED), 3, N_COLUMNS + 1)
    if params.get("boosting") == "rf":
        expected /= 25  # the library gives the sum of what it predicts the mean of
    spread = spread_of(expected)
    values = path(tool, model, EXPLAINED)
    assert_close(values, expected, spread)
    assert_layout(path(tool, model, EXPLAINED, "--interactions"), values, spread)


def test_lightgbm_with_deep_trees(tool: Tool, tmp_path: Path) -> None:
    settings = {"num_leaves": 300, "min_data_in_leaf": 1, "num_threads": 2, "verbosity": -1}
    booster = lgb.train(settings, lgb.Dataset(ROWS, SCORE), 10)
    model = tmp_path / "model.txt"
    booster.save_model(model)
    expected = np.asarray(booster.predict(EXPLAINED, pred_contrib=True))
    assert_close(path(tool, model, EXPLAINED), expected, spread_of(expected))


def test_paths_of_forty_columns(tool: Tool, tmp_path: Path) -> None:
    """A step in each of forty columns, and splits one below the other."""
    rng = np.random.default_rng(21)
    rows = rng.random(size=(20000, 40))
    first = np.argmax(np.concatenate([rows < 0.12, np.ones((20000, 1), bool)], axis=1), axis=1)
    settings = {
        "num_leaves": 60, "min_data_in_leaf": 5, "num_threads": 2, "verbosity": -1,
        "min_sum_hessian_in_leaf": 0, "max_depth": -1,
    }  # fmt: skip
    target = rng.normal(size=41)[first] * 3 + first
    booster = lgb.train(settings, lgb.Dataset(rows, target), 4)
    model = tmp_path / "model.txt"
    booster.save_model(model)
    words = [str(TOOL), "validate", str(model), "--json"]
    validated = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    assert validated["players_per_path"] > 17, validated
    rows[:20] = 0.5 + rows[:20] / 2  # to the far end
    expected = np.asarray(booster.predict(rows[:100], pred_contrib=True))
    assert_close(path(tool, model, rows[:100]), expected, spread_of(expected))


# --- CatBoost -------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["RMSE", "Logloss", "MultiClass"])
@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise", "Lossguide"])
def test_catboost_shap_values(tool: Tool, tmp_path: Path, policy: str, loss: str) -> None:
    target = {"RMSE": SCORE, "Logloss": SCORE > 0.3, "MultiClass": CLASSES}[loss]
    model = CatBoost(
        {"iterations": 30, "depth": 5, "random_seed": 1, "verbose": 0, "thread_count": 2,
         "allow_writing_files": False, "grow_policy": policy, "loss_function": loss}
    )  # fmt: skip
    model.fit(Pool(ROWS, target))
    saved = tmp_path / "model.json"
    model.save_model(saved, format="json")
    # Read back: the model that was trained has other weights of leaves than the one that is saved.
    again = CatBoost().load_model(str(saved), format="json")
    # "Regular" walks the trees; the default may average over the training rows instead.
    expected = np.asarray(
        again.get_feature_importance(
            Pool(EXPLAINED), type="ShapValues", shap_mode="NoPreCalc", shap_calc_type="Regular"
        )
    )
    spread = spread_of(expected)
    values = path(tool, saved, EXPLAINED)
    assert_close(values, expected, spread)
    assert_layout(path(tool, saved, EXPLAINED, "--interactions"), values, spread)


# --- scikit-learn ---------------------------------------------------------------------------------

SKLEARN: dict[str, Any] = {
    "forest": ensemble.RandomForestRegressor(20, max_depth=7, random_state=0),
    "extra trees": ensemble.ExtraTreesRegressor(20, max_depth=7, random_state=0),
    "three classes": ensemble.RandomForestClassifier(20, max_depth=7, random_state=0),
    "boosting": ensemble.GradientBoostingRegressor(n_estimators=30, max_depth=5, random_state=0),
}


@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learn_as_shap_sees_it(tool: Tool, tmp_path: Path, name: str) -> None:
    rows, explained = make_rows(1500, 3, missing=0), make_rows(40, 4, missing=0)
    score = score_of(rows)
    target = np.digitize(score, [-0.8, 1.1]) if name == "three classes" else score
    fitted = SKLEARN[name].fit(rows, target)
    model = tmp_path / "model.json"
    apportion.save(fitted, model)
    explainer = shap.TreeExplainer(fitted, feature_perturbation="tree_path_dependent")
    phi = np.asarray(explainer.shap_values(explained))
    cube = np.asarray(explainer.shap_interaction_values(explained))
    if phi.ndim == 3:
        phi, cube = np.moveaxis(phi, 2, 1), np.moveaxis(cube, 3, 1)
    values = path(tool, model, explained)
    base = np.broadcast_to(np.asarray(explainer.expected_value).squeeze(), phi.shape[:-1])
    expected = np.concatenate([phi, base[..., None]], axis=-1)
    spread = spread_of(expected)
    assert_close(values, expected, spread)
    matrices = path(tool, model, explained, "--interactions")
    assert_close(matrices[..., :-1, :-1], cube, spread)
    assert_layout(matrices, values, spread)


# --- the same bits --------------------------------------------------------------------------------


def test_devices_budgets_and_numbers_of_rows_give_the_same_bits(
    reference: Tool, opencl: Tool, tmp_path: Path
) -> None:
    _, model = train_xgboost(tmp_path, CLASSES, objective="multi:softprob", num_class=3)
    for options in ([], ["--interactions"]):
        expected = path(reference, model, EXPLAINED, *options)
        for tool in (reference, opencl):
            again = path(tool, model, EXPLAINED, "--memory", "32M", *options)
            np.testing.assert_array_equal(again, expected)
            few = path(tool, model, EXPLAINED[:3], *options)
            np.testing.assert_array_equal(few, expected[:3])
