"""scikit-learn models, exported by python/apportion, predict what scikit-learn predicts."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble, feature_selection, linear_model, neighbors, svm, tree
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from support import ROOT, Tool, brute_force

sys.path.insert(0, str(ROOT / "python"))
import apportion  # noqa: E402
from apportion import _neutral  # noqa: E402

CONVERT = ROOT / "python" / "apportion" / "convert.py"
TOLERANCE = 1e-6
# Linear models are summed as pairs of floats: no partial sum may leave the range of a float.
HUGE_TERM = 1e35
N_COLUMNS = 5


# --- tables ---------------------------------------------------------------------------------------


def make_rows(n: int, seed: int, missing: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, N_COLUMNS))
    rows[random.random(rows.shape) < missing] = np.nan
    return rows


def score_of(rows: np.ndarray) -> np.ndarray:
    x = np.nan_to_num(rows, nan=0.5)
    return x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3]


ROWS = make_rows(400, 1)
HOLES = make_rows(400, 2, missing=0.2)
WEIGHTS = np.random.default_rng(3).integers(1, 5, 400) / 2.0


def numbers(rows: np.ndarray) -> np.ndarray:
    return score_of(rows)


def counts(rows: np.ndarray) -> np.ndarray:
    return np.round(np.exp(0.5 * score_of(rows))) + 1


def two(rows: np.ndarray) -> np.ndarray:
    return np.where(score_of(rows) > 0.2, "yes", "no")


def three(rows: np.ndarray) -> np.ndarray:
    return np.digitize(score_of(rows), [-0.4, 0.6]) * 10


def pair(rows: np.ndarray) -> np.ndarray:
    return np.stack([score_of(rows), -3 * rows[:, 4]], axis=1)


def fit(estimator: Any, target: Callable, rows: np.ndarray = ROWS, **more: Any) -> Any:
    return clone(estimator).fit(rows, target(rows), **more)


def category_table(seed: int = 4, n: int = 500) -> np.ndarray:
    """Codes with gaps in column 1, 0 to 4 in column 3, and missing values in both."""
    rows = make_rows(n, seed)
    random = np.random.default_rng(seed)
    rows[:, 1] = random.integers(0, 14, n) * 3
    rows[:, 3] = random.integers(0, 5, n)
    rows[random.random(n) < 0.1, 1] = np.nan
    rows[random.random(n) < 0.1, 3] = np.nan
    return rows


def category_score(rows: np.ndarray) -> np.ndarray:
    liked = np.isin(rows[:, 1], [3, 9, 27, 30]).astype(float)
    return 2 * liked + (rows[:, 3] == 2) * rows[:, 0] + np.nan_to_num(rows[:, 2]) * 0.3


def edge_rows(document: dict, missing: bool, huge: float) -> np.ndarray:
    """Drawn at the thresholds with their neighbours in both precisions, and at the ends."""
    rows, has_gap = _neutral.draw_rows(document, 400, seed=5)
    rows = rows.astype(np.float64)
    rows = rows if missing else rows[~has_gap]
    for row, value in enumerate([0.0, -0.0, huge, -huge, 1e-40, 1e-36]):
        rows[row] = value
    for column in range(rows.shape[1]):
        rows[6 + column, column] = huge
    return np.concatenate([rows, [[np.nan] * rows.shape[1]]]) if missing else rows


# --- predictions ----------------------------------------------------------------------------------


def check(
    tool: Tool,
    estimator: Any,
    folder: Path,
    raw: Callable,
    response: Callable | None,
    *,
    missing: bool = False,
    huge: float = 1e38,
    extra: np.ndarray | None = None,
) -> dict:
    """Raw and transformed predictions of the tool are the estimator's, to 1e-6 relative."""
    path = folder / "model.json"
    apportion.save(estimator, path)
    document = json.loads(path.read_text())
    rows = edge_rows(document, missing, huge)
    rows = rows if extra is None else np.concatenate([rows, extra])
    _, magnitude = _neutral.margins(document, rows)

    expected = np.asarray(raw(rows), dtype=np.float64).reshape(len(rows), -1)
    found = tool.predict(path, rows)
    assert found.shape == expected.shape
    allowed = TOLERANCE * magnitude + 1e-43  # a few of the smallest float
    is_same = (found == expected) | (np.abs(found - expected) <= allowed)
    assert is_same.all(), f"{found[~is_same][:3]} where {expected[~is_same][:3]} is expected"

    expected = np.asarray((response or raw)(rows), dtype=np.float64).reshape(len(rows), -1)
    found = tool.predict(path, rows, "probability")
    expected = np.where(np.isinf(expected), np.finfo(np.float64).max, expected)
    found = np.where(np.isinf(found), np.finfo(np.float64).max, found)
    # A response carries the margin's rounding; below 1e-30 a probability is as good as none.
    allowed = TOLERANCE * np.maximum(np.abs(expected), 1e-30)
    is_same = (found == expected) | (np.abs(found - expected) <= allowed)
    is_same |= (
        magnitude > 1e9
    )  # of huge rows one rounding of the margin moves the response anywhere
    assert is_same.all(), f"{found[~is_same][:3]} where {expected[~is_same][:3]} is expected"
    return document


def second(function: Callable) -> Callable:
    return lambda rows: function(rows)[:, 1]


AVERAGES = {
    "tree": (tree.DecisionTreeRegressor(max_depth=6, random_state=0), numbers),
    "tree_pair": (tree.DecisionTreeRegressor(max_depth=5, random_state=0), pair),
    "tree_absolute": (
        tree.DecisionTreeRegressor(max_depth=4, criterion="absolute_error", random_state=0),
        numbers,
    ),
    "tree_two": (tree.DecisionTreeClassifier(max_leaf_nodes=12, random_state=0), two),
    "tree_three": (tree.DecisionTreeClassifier(max_depth=5, random_state=0), three),
    "extra_tree": (tree.ExtraTreeRegressor(max_depth=5, random_state=0), numbers),
    "extra_tree_three": (tree.ExtraTreeClassifier(max_depth=5, random_state=0), three),
    "forest": (ensemble.RandomForestRegressor(15, max_depth=7, random_state=0), numbers),
    "forest_pair": (ensemble.RandomForestRegressor(10, max_depth=4, random_state=0), pair),
    "forest_two": (ensemble.RandomForestClassifier(15, random_state=0), two),
    "forest_three": (ensemble.RandomForestClassifier(15, max_depth=6, random_state=0), three),
    "extra": (ensemble.ExtraTreesRegressor(15, max_depth=6, random_state=0), numbers),
    "extra_three": (ensemble.ExtraTreesClassifier(15, max_depth=6, random_state=0), three),
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", AVERAGES)
def test_trees_and_averages_of_trees(
    reference: Tool, tmp_path: Path, name: str, missing: bool
) -> None:
    kind, target = AVERAGES[name]
    if missing and (name == "tree_absolute" or target is pair):
        # Without holes in training, missing values go where most rows went, if they are taken.
        missing = name != "tree_absolute"
        estimator = fit(kind, target)
    else:
        estimator = fit(kind, target, HOLES if missing else ROWS, sample_weight=WEIGHTS)
    is_class = hasattr(estimator, "classes_")
    raw = estimator.predict_proba if is_class else estimator.predict
    document = check(reference, estimator, tmp_path, raw, None, missing=missing)
    if is_class:
        assert document["outputs"]["names"] == [str(c) for c in estimator.classes_]
        assert document["outputs"]["space"] == "probability"


def test_a_split_of_missing_against_all_others(tool: Tool, tmp_path: Path) -> None:
    rows = make_rows(300, 6, missing=0.3)
    estimator = ensemble.RandomForestRegressor(5, max_depth=3, random_state=0)
    estimator.fit(rows, np.isnan(rows[:, 2]) * 3.0 + np.nan_to_num(rows[:, 0]))
    document = check(tool, estimator, tmp_path, estimator.predict, None, missing=True)
    ops = [op for grown in document["forest"]["trees"] for op in grown.get("op", [])]
    assert "present" in ops


BOOSTED = {
    "squared": (ensemble.GradientBoostingRegressor, {}, numbers),
    "absolute": (ensemble.GradientBoostingRegressor, {"loss": "absolute_error"}, numbers),
    "huber": (ensemble.GradientBoostingRegressor, {"loss": "huber"}, numbers),
    "quantile": (ensemble.GradientBoostingRegressor, {"loss": "quantile", "alpha": 0.8}, numbers),
    "zero": (ensemble.GradientBoostingRegressor, {"init": "zero"}, numbers),
    "mean": (ensemble.GradientBoostingRegressor, {"init": DummyRegressor()}, counts),
    "log_loss": (ensemble.GradientBoostingClassifier, {}, two),
    "exponential": (ensemble.GradientBoostingClassifier, {"loss": "exponential"}, two),
    "zero_two": (ensemble.GradientBoostingClassifier, {"init": "zero"}, two),
    "three": (ensemble.GradientBoostingClassifier, {"subsample": 0.7}, three),
    "zero_three": (ensemble.GradientBoostingClassifier, {"init": "zero"}, three),
}


@pytest.mark.parametrize("name", BOOSTED)
def test_gradient_boosting(reference: Tool, tmp_path: Path, name: str) -> None:
    kind, options, target = BOOSTED[name]
    estimator = kind(n_estimators=20, max_depth=3, learning_rate=0.2, random_state=0, **options)
    estimator.fit(ROWS, target(ROWS), sample_weight=WEIGHTS)
    if target not in (two, three):
        check(reference, estimator, tmp_path, estimator.predict, None)
        return
    response = second(estimator.predict_proba) if target is two else estimator.predict_proba
    document = check(reference, estimator, tmp_path, estimator.decision_function, response)
    expected = ["yes"] if target is two else ["0", "10", "20"]
    assert document["outputs"]["names"] == expected


HISTOGRAMS = {
    "squared": (ensemble.HistGradientBoostingRegressor, {}, numbers),
    "quantile": (
        ensemble.HistGradientBoostingRegressor,
        {"loss": "quantile", "quantile": 0.3},
        numbers,
    ),
    "poisson": (ensemble.HistGradientBoostingRegressor, {"loss": "poisson"}, counts),
    "gamma": (ensemble.HistGradientBoostingRegressor, {"loss": "gamma"}, counts),
    "two": (ensemble.HistGradientBoostingClassifier, {}, two),
    "three": (ensemble.HistGradientBoostingClassifier, {"early_stopping": True}, three),
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", HISTOGRAMS)
def test_histogram_gradient_boosting(
    reference: Tool, tmp_path: Path, name: str, missing: bool
) -> None:
    kind, options, target = HISTOGRAMS[name]
    rows = HOLES if missing else ROWS
    estimator = kind(max_iter=20, learning_rate=0.2, random_state=0, **options)
    estimator.fit(rows, target(rows), sample_weight=WEIGHTS)
    infinite = make_rows(4, 7)
    infinite[0, 0] = infinite[1, 1] = np.inf
    infinite[2, 2] = infinite[3, 3] = -np.inf
    raw, response = estimator.predict, None
    if name in ("poisson", "gamma"):
        raw, response = (lambda x: np.log(estimator.predict(x))), estimator.predict
    elif target in (two, three):
        raw, response = estimator.decision_function, estimator.predict_proba
        response = second(response) if target is two else response
    check(
        reference,
        estimator,
        tmp_path,
        raw,
        response,
        missing=True,  # taken even when training had none
        huge=1e300,
        extra=infinite,
    )


@pytest.mark.parametrize("output", ["number", "class"])
def test_categories_with_gaps(tool: Tool, tmp_path: Path, output: str) -> None:
    rows = category_table()
    options = {"categorical_features": [1, 3], "max_iter": 25, "random_state": 0}
    score = category_score(rows)
    if output == "number":
        estimator = ensemble.HistGradientBoostingRegressor(**options).fit(rows, score)
        raw = response = estimator.predict
    else:
        estimator = ensemble.HistGradientBoostingClassifier(**options)
        estimator.fit(rows, np.digitize(score, [0.3, 1.5]))
        raw, response = estimator.decision_function, estimator.predict_proba
    probe = category_table(seed=8, n=300)
    random = np.random.default_rng(8)
    probe[:, 1] = random.choice([0, 1, 2, 3, 9, 27, 30, 39, 40, 300, 1e9, -1, -0.5, np.nan], 300)
    probe[:, 3] = random.choice([0, 1, 2, 3, 4, 5, 7, -1, -3, np.nan], 300)
    path = tmp_path / "model.json"
    apportion.save(estimator, path)
    document = json.loads(path.read_text())
    assert any("in" in grown.get("op", []) for grown in document["forest"]["trees"])
    for asked, function in (("raw", raw), ("probability", response)):
        expected = function(probe).reshape(300, -1)
        np.testing.assert_allclose(
            tool.predict(path, probe, asked), expected, rtol=TOLERANCE, atol=1e-12
        )


def category_frame() -> pd.DataFrame:
    rows = category_table()
    frame = pd.DataFrame(rows, columns=["size", "shift", "age", "colour", "weight"])
    words = np.array(["red", "grün", "a,b", 'q"t', "NA"], dtype=object)
    texts = [None if np.isnan(code) else words[int(code)] for code in rows[:, 3]]
    frame["colour"] = pd.Series(texts, dtype="category")
    frame["shift"] -= 6.5  # numbers that are no codes
    return frame


@pytest.mark.parametrize("how", ["listed", "from_dtype"])
def test_named_categories_in_a_csv(reference: Tool, tmp_path: Path, how: str) -> None:
    frame = category_frame()
    kinds = ["shift", "colour"] if how == "listed" else "from_dtype"
    estimator = ensemble.HistGradientBoostingRegressor(
        categorical_features=kinds, max_iter=25, random_state=0
    ).fit(frame, category_score(category_table()))
    model = tmp_path / "model.json"
    apportion.save(estimator, model, rows=frame)
    probe = frame.iloc[:200].copy()
    probe["colour"] = probe["colour"].astype(object)
    probe.loc[probe.index[:20], "colour"] = "mauve"
    probe.loc[probe.index[10:30], "shift"] = 77.25
    apportion.check(json.loads(model.read_text()), estimator, probe)
    expected = estimator.predict(probe)
    table, out = tmp_path / "rows.csv", tmp_path / "out.npy"
    probe.to_csv(table, index=False)
    words = ["--model", model, "--data", table, "--output", "raw", "--out", out]
    reference.run("predict", *words, "--missing", "nan,")
    np.testing.assert_allclose(np.load(out).reshape(-1), expected, rtol=TOLERANCE, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"max_features": 0.5}, {"max_samples": 30}])
def test_isolation_forest(reference: Tool, tmp_path: Path, options: dict) -> None:
    settings = {"n_estimators": 20, "max_samples": 64, "random_state": 0} | options
    estimator = ensemble.IsolationForest(**settings).fit(ROWS)
    document = check(
        reference,
        estimator,
        tmp_path,
        lambda rows: -np.log2(-estimator.score_samples(rows)) * scale_of(estimator),
        estimator.score_samples,
    )
    assert document["outputs"]["link"]["name"] == "neg_exp2"


def scale_of(estimator: ensemble.IsolationForest) -> float:
    n = estimator.max_samples_
    return 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n


REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.LinearRegression(fit_intercept=False),
    linear_model.Ridge(),
    linear_model.RidgeCV(),
    linear_model.Lasso(alpha=0.01),
    linear_model.LassoCV(),
    linear_model.ElasticNet(alpha=0.01),
    linear_model.ElasticNetCV(),
    linear_model.Lars(),
    linear_model.LarsCV(),
    linear_model.LassoLars(alpha=0.001),
    linear_model.LassoLarsCV(),
    linear_model.LassoLarsIC(),
    linear_model.OrthogonalMatchingPursuit(),
    linear_model.BayesianRidge(),
    linear_model.ARDRegression(),
    linear_model.HuberRegressor(),
    linear_model.QuantileRegressor(alpha=0.01),
    linear_model.TheilSenRegressor(random_state=0),
    linear_model.SGDRegressor(random_state=0),
    svm.LinearSVR(random_state=0),
]


@pytest.mark.parametrize("kind", REGRESSORS, ids=lambda kind: type(kind).__name__)
def test_linear_regressors(reference: Tool, tmp_path: Path, kind: Any) -> None:
    estimator = fit(kind, numbers)
    check(reference, estimator, tmp_path, estimator.predict, None, huge=HUGE_TERM)


@pytest.mark.parametrize(
    "kind", [linear_model.LinearRegression(), linear_model.MultiTaskLasso(0.01)]
)
def test_linear_regressors_of_two_targets(tool: Tool, tmp_path: Path, kind: Any) -> None:
    estimator = fit(kind, pair)
    check(tool, estimator, tmp_path, estimator.predict, None, huge=HUGE_TERM)


@pytest.mark.parametrize(
    "kind",
    [
        linear_model.PoissonRegressor(),
        linear_model.GammaRegressor(),
        linear_model.TweedieRegressor(power=1.5),
        linear_model.TweedieRegressor(power=0),
        linear_model.TweedieRegressor(power=0, link="log"),
    ],
    ids=repr,
)
def test_generalised_linear_regressors(reference: Tool, tmp_path: Path, kind: Any) -> None:
    estimator = fit(kind, counts)
    is_log = not (kind.__class__.__name__ == "TweedieRegressor" and kind.link == "auto")
    is_log |= getattr(kind, "power", 0) > 0
    raw = (lambda x: x @ estimator.coef_ + estimator.intercept_) if is_log else estimator.predict
    check(reference, estimator, tmp_path, raw, estimator.predict, huge=HUGE_TERM)


CLASSIFIERS = [
    linear_model.LogisticRegression(),
    linear_model.LogisticRegressionCV(cv=3, Cs=3),
    linear_model.SGDClassifier(loss="log_loss", random_state=0),
    linear_model.SGDClassifier(random_state=0),
    linear_model.SGDClassifier(loss="modified_huber", random_state=0),
    linear_model.RidgeClassifier(),
    linear_model.RidgeClassifierCV(),
    linear_model.Perceptron(random_state=0),
    svm.LinearSVC(random_state=0),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", [two, three], ids=["two", "three"])
@pytest.mark.parametrize("kind", CLASSIFIERS, ids=repr)
def test_linear_classifiers(reference: Tool, tmp_path: Path, kind: Any, target: Callable) -> None:
    estimator = fit(kind, target)
    response = estimator.decision_function
    if getattr(kind, "loss", "") == "log_loss" or "Logistic" in type(kind).__name__:
        response = second(estimator.predict_proba) if target is two else estimator.predict_proba
    check(reference, estimator, tmp_path, estimator.decision_function, response, huge=HUGE_TERM)


def test_liblinear_and_sparse_coefficients(reference: Tool, tmp_path: Path) -> None:
    estimator = fit(linear_model.LogisticRegression(solver="liblinear", C=0.05), two).sparsify()
    response = second(estimator.predict_proba)
    check(reference, estimator, tmp_path, estimator.decision_function, response, huge=HUGE_TERM)


# --- pipelines ------------------------------------------------------------------------------------


STEPS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    MinMaxScaler(feature_range=(-2, 3), clip=True),
    MinMaxScaler(),
    MaxAbsScaler(),
    RobustScaler(),
    RobustScaler(with_scaling=False),
    feature_selection.SelectKBest(k=2),
    feature_selection.VarianceThreshold(0.9),
    feature_selection.SelectFromModel(linear_model.LassoCV()),
    feature_selection.RFE(linear_model.Ridge(), n_features_to_select=3),
    FunctionTransformer(),
    "passthrough",
]


@pytest.mark.parametrize("last", ["forest", "linear"])
@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_a_pipeline_with_one_step(reference: Tool, tmp_path: Path, step: Any, last: str) -> None:
    rows = ROWS * [1, 30, 0.01, 5, 1] + [0, 100, 0, -3, 0]
    kinds = {
        "forest": ensemble.RandomForestClassifier(10, max_depth=5, random_state=0),
        "linear": linear_model.LogisticRegression(),
    }
    step = step if isinstance(step, str) else clone(step)
    estimator = make_pipeline(step, kinds[last]).fit(rows, score_of(ROWS) > 0)
    if last == "forest":
        document = check(
            reference, estimator, tmp_path, estimator.predict_proba, None, huge=HUGE_TERM
        )
    else:
        response = second(estimator.predict_proba)
        raw = estimator.decision_function
        document = check(reference, estimator, tmp_path, raw, response, huge=HUGE_TERM)
    assert document["columns"]["count"] == N_COLUMNS


def test_a_constant_column_is_scaled_by_one(reference: Tool, tmp_path: Path) -> None:
    rows = ROWS.copy()
    rows[:, 2] = 7.0
    estimator = make_pipeline(StandardScaler(), linear_model.Ridge()).fit(rows, score_of(ROWS))
    check(reference, estimator, tmp_path, estimator.predict, None)


def test_columns_in_another_order_through_nested_pipelines(tool: Tool, tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=list("abcde"))
    columns = ColumnTransformer(
        [
            ("s", StandardScaler(), ["d", "a"]),
            ("m", make_pipeline(MinMaxScaler(), StandardScaler()), [1]),
            ("x", "drop", ["c"]),
        ],
        remainder="passthrough",
        transformer_weights={"m": 3},
    )
    last = make_pipeline(RobustScaler(), ensemble.GradientBoostingRegressor(random_state=0))
    select = feature_selection.SelectKBest(feature_selection.f_regression, k=3)
    estimator = make_pipeline(columns, select, last).fit(frame, score_of(ROWS))

    def predict(rows: np.ndarray) -> np.ndarray:
        return estimator.predict(pd.DataFrame(rows, columns=list("abcde")))

    document = check(tool, estimator, tmp_path, predict, None, huge=HUGE_TERM)
    assert document["columns"] == {"count": 5, "names": list("abcde")}


def test_a_column_behind_a_mask_a_slice_and_a_weight(reference: Tool, tmp_path: Path) -> None:
    columns = ColumnTransformer(
        [
            ("mask", MaxAbsScaler(), [False, True, False, False, True]),
            ("slice", "passthrough", slice(2, 4)),
            ("last", "passthrough", [-5]),
            ("none", StandardScaler(), []),
        ],
        transformer_weights={"slice": 0.5},
    )
    estimator = make_pipeline(columns, linear_model.Ridge()).fit(ROWS, score_of(ROWS))
    check(reference, estimator, tmp_path, estimator.predict, None)


def test_a_column_that_is_used_twice_alike_has_both_coefficients(
    reference: Tool, tmp_path: Path
) -> None:
    columns = ColumnTransformer([("a", "passthrough", [0, 1]), ("b", "passthrough", [1, 2])])
    estimator = make_pipeline(columns, linear_model.Ridge()).fit(ROWS, score_of(ROWS))
    check(reference, estimator, tmp_path, estimator.predict, None)


# --- brute force ----------------------------------------------------------------------------------


def check_shapley(
    tool: Tool,
    estimator: Any,
    predict: Callable,
    rows: np.ndarray,
    background: np.ndarray,
    output: str,
    folder: Path,
) -> None:
    model = folder / "model.json"
    apportion.save(estimator, model)
    expected, base, _ = brute_force(predict, rows, background)
    phi, found_base = tool.explain(
        model, rows, background, "--method", "kernel", "--output", output
    )
    both = predict(np.concatenate([rows, background])).reshape(len(rows) + len(background), -1)
    allowed = 1e-5 * np.ptp(both, axis=0)[None, :]
    assert phi.shape == expected.shape
    assert (np.abs(found_base - base) <= allowed).all()
    assert (np.abs(phi - expected) <= allowed[:, :, None]).all()


def test_shapley_values_of_a_random_forest(tool: Tool, tmp_path: Path) -> None:
    estimator = fit(ensemble.RandomForestClassifier(15, random_state=0), three, HOLES)
    rows, background = HOLES[:4], HOLES[100:112]
    predict = estimator.predict_proba
    check_shapley(tool, estimator, predict, rows, background, "probability", tmp_path)


@pytest.mark.parametrize("output", ["raw", "probability"])
def test_shapley_values_with_categories(tool: Tool, tmp_path: Path, output: str) -> None:
    rows = category_table()
    estimator = ensemble.HistGradientBoostingClassifier(
        categorical_features=[1, 3], max_iter=25, random_state=0
    ).fit(rows, category_score(rows) > 0.8)
    raw, response = estimator.decision_function, second(estimator.predict_proba)
    predict = raw if output == "raw" else response
    check_shapley(tool, estimator, predict, rows[:4], rows[100:112], output, tmp_path)


@pytest.mark.parametrize("output", ["raw", "probability"])
def test_shapley_values_through_a_scaler(tool: Tool, tmp_path: Path, output: str) -> None:
    rows = ROWS * [1, 30, 0.01, 5, 1] + [0, 100, 0, -3, 0]
    estimator = make_pipeline(StandardScaler(), linear_model.LogisticRegression())
    estimator.fit(rows, score_of(ROWS) > 0)
    raw, response = estimator.decision_function, second(estimator.predict_proba)
    predict = raw if output == "raw" else response
    check_shapley(tool, estimator, predict, rows[:4], rows[100:112], output, tmp_path)


# --- the check of itself --------------------------------------------------------------------------


def spoil_threshold(document: dict) -> None:
    stated = document["forest"]["trees"][0]
    moved = np.nextafter(np.float32(stated["threshold"][0]), np.float32(np.inf))
    stated["threshold"][0] = float(moved)


def spoil_leaf(document: dict) -> None:
    document["forest"]["trees"][-1]["leaf"][0] += 1e-2


def spoil_base(document: dict) -> None:
    document["outputs"]["base"][0] += 1e-4


def spoil_link(document: dict) -> None:
    document["outputs"]["link"]["scale"] = 2.0


def spoil_column(document: dict) -> None:
    columns = document["forest"]["trees"][0]["column"]
    columns[0] = (columns[0] + 1) % N_COLUMNS


def spoil_children(document: dict) -> None:
    stated = document["forest"]["trees"][0]
    stated["left"][0], stated["right"][0] = stated["right"][0], stated["left"][0]


def spoil_cast(document: dict) -> None:
    document["input"]["cast"] = "float64"


SPOILERS = [
    spoil_threshold,
    spoil_leaf,
    spoil_base,
    spoil_link,
    spoil_column,
    spoil_children,
    spoil_cast,
]


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda spoil: spoil.__name__)
def test_the_check_catches_a_spoilt_document(spoil: Callable) -> None:
    estimator = fit(ensemble.GradientBoostingClassifier(n_estimators=3, random_state=0), two)
    document = apportion.to_neutral(estimator)
    apportion.check(document, estimator)
    spoilt = copy.deepcopy(document)
    spoil(spoilt)
    with pytest.raises(apportion.CheckFailed, match="of row .* the estimator"):
        apportion.check(spoilt, estimator)


def test_the_check_uses_the_rows_it_is_given() -> None:
    estimator = fit(linear_model.Ridge(), numbers)
    document = apportion.to_neutral(estimator, ROWS)
    document["linear"]["coefficients"][0][3] += 1e-3
    still = np.where(np.arange(N_COLUMNS) == 3, 0.0, ROWS)
    apportion.check(document, estimator, still)
    with pytest.raises(apportion.CheckFailed):
        apportion.check(document, estimator, ROWS)


# --- refusals -------------------------------------------------------------------------------------


def steps(*before: Any) -> Pipeline:
    return make_pipeline(*before, linear_model.Ridge())


class Subclass(linear_model.Ridge):
    """Might predict anything."""


REFUSED = {
    "AdaBoostRegressor": ensemble.AdaBoostRegressor(),
    "BaggingRegressor": ensemble.BaggingRegressor(),
    "VotingRegressor": ensemble.VotingRegressor([("a", linear_model.Ridge())]),
    "StackingRegressor": ensemble.StackingRegressor([("a", linear_model.Ridge())]),
    "SVR": svm.SVR(),
    "KNeighborsRegressor": neighbors.KNeighborsRegressor(),
    "MLPRegressor": MLPRegressor(max_iter=5),
    "RFE": feature_selection.RFE(linear_model.Ridge()),
    "TransformedTargetRegressor": TransformedTargetRegressor(linear_model.Ridge()),
    "GridSearchCV": GridSearchCV(linear_model.Ridge(), {"alpha": [1, 2]}),
    "OneHotEncoder": steps(OneHotEncoder(handle_unknown="ignore")),
    "OrdinalEncoder": steps(OrdinalEncoder()),
    "PCA": steps(PCA()),
    "PolynomialFeatures": steps(PolynomialFeatures()),
    "SimpleImputer": steps(SimpleImputer()),
    "FeatureUnion": steps(FeatureUnion([("a", StandardScaler())])),
    "FunctionTransformer": steps(FunctionTransformer(np.abs)),
    "Subclass": Subclass(),
    "GradientBoostingRegressor": ensemble.GradientBoostingRegressor(
        init=linear_model.LinearRegression()
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_stated_is_refused_by_name(tmp_path: Path, name: str) -> None:
    estimator = fit(REFUSED[name], numbers)
    with pytest.raises(apportion.Refused, match=rf"\b{name}: ") as caught:
        apportion.save(estimator, tmp_path / "model.json")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_calibrated_classifier_is_refused_by_name() -> None:
    estimator = fit(CalibratedClassifierCV(svm.LinearSVC()), two)
    with pytest.raises(apportion.Refused, match="^CalibratedClassifierCV: .* callback$"):
        apportion.to_neutral(estimator)


@pytest.mark.parametrize(
    "kind",
    [
        linear_model.Ridge(),
        ensemble.RandomForestRegressor(),
        ensemble.HistGradientBoostingRegressor(),
        make_pipeline(StandardScaler(), linear_model.Ridge()),
    ],
)
def test_what_is_not_fitted_is_refused(kind: Any) -> None:
    with pytest.raises(apportion.Refused, match="not fitted"):
        apportion.to_neutral(clone(kind))


def test_several_targets_of_a_classifier_are_refused() -> None:
    target = np.stack([two(ROWS), two(-ROWS)], axis=1)
    estimator = ensemble.RandomForestClassifier(3).fit(ROWS, target)
    with pytest.raises(apportion.Refused, match="^RandomForestClassifier: several target"):
        apportion.to_neutral(estimator)
    labels = (target == "yes").astype(int)
    with pytest.raises(apportion.Refused, match="^RidgeClassifier: several labels"):
        apportion.to_neutral(linear_model.RidgeClassifier().fit(ROWS, labels))


def test_a_column_that_is_scaled_in_two_ways_is_refused() -> None:
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", "passthrough", [1])])
    with pytest.raises(apportion.Refused, match="^column 1: the pipeline uses it twice"):
        apportion.to_neutral(fit(steps(columns), numbers))


def test_scaled_categories_are_refused() -> None:
    last = ensemble.HistGradientBoostingRegressor(categorical_features=[1])
    rows = np.nan_to_num(category_table())
    estimator = make_pipeline(StandardScaler(), last).fit(rows, category_score(rows))
    with pytest.raises(apportion.Refused, match="^column 1: categorical, and scaled"):
        apportion.to_neutral(estimator)


# --- command line ---------------------------------------------------------------------------------


SCRIPT = """
from sklearn.ensemble import AdaBoostRegressor
from sklearn.linear_model import Ridge
rows = [[0.0, 1.0], [2.0, 0.5], [1.0, 3.0]]
model = Ridge().fit(rows, [1, 2, 3])
refused = AdaBoostRegressor().fit(rows, [1, 2, 3])
def make():
    return model
"""


def run_convert(folder: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(CONVERT), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["train.py:model", "train.py:make()", "train:model"])
def test_the_program_converts_what_a_file_holds(
    reference: Tool, tmp_path: Path, target: str
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    done = run_convert(tmp_path, target, "-o", "out.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert reference.predict(tmp_path / "out.json", np.zeros((1, 2))).shape == (1, 1)
    again = run_convert(tmp_path, target, "-o", "out.json")
    assert again.returncode == 2 and "exists" in again.stderr
    assert run_convert(tmp_path, target, "-o", "out.json", "--force").returncode == 0
    leftover = {path.name for path in tmp_path.iterdir()} - {"train.py", "out.json", "__pycache__"}
    assert leftover == set()


def test_the_program_says_what_went_wrong(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    refused = run_convert(tmp_path, "train.py:refused", "-o", "out.json")
    assert refused.returncode == 3
    assert refused.stderr.startswith("convert.py: train.py:refused: AdaBoostRegressor: ")
    for target in ("train.py:nothing", "nothing.py:model", "train.py", "train.py:a b"):
        assert run_convert(tmp_path, target, "-o", "out.json").returncode == 2, target
    assert not (tmp_path / "out.json").exists()
    nowhere = run_convert(tmp_path, "train.py:model", "-o", "no/folder/out.json")
    assert nowhere.returncode == 2 and len(nowhere.stderr.splitlines()) == 1


def test_the_program_reads_no_pickles(tmp_path: Path) -> None:
    assert "Pickle and joblib files are not read" in " ".join(
        run_convert(tmp_path, "--help").stdout.split()
    )
    (tmp_path / "train.py").write_text(SCRIPT)
    np.save(tmp_path / "rows.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    done = run_convert(tmp_path, "train.py:model", "-o", "out.json", "--rows", "rows.npy")
    assert done.returncode == 2 and "allow_pickle" in done.stderr
