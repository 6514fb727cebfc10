#!/usr/bin/env python3
"""Write tests/fixtures/sklearn/: small exported models and what scikit-learn predicts with them.

Run in an environment that has scikit-learn 1.9.1, numpy and pandas:

    python3 tests/gen/sklearn_fixtures.py tests/fixtures/sklearn

Every run writes the same bytes.  <id>.json is the model as python/apportion exports it,
<id>.expected.json holds

    library    version of scikit-learn
    rows       [n][columns]; null is NaN; categories that have a table are codes, unknown ones null
    margin     [n][outputs], by the estimator's own functions
    response   [n][outputs], likewise

Rows lie at the thresholds and their neighbours in float32 and float64, and at the edges: NaN where
the estimator takes it, zeros of both signs, 1e38, -1e38, 1e-36, infinities where it takes them.
"""

import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
import sklearn
from sklearn import ensemble, feature_selection, linear_model, svm, tree
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))
from apportion import _neutral, save  # noqa: E402

FOLDER = sys.argv[1]
N_COLUMNS = 4
WORDS = ["blue", "green", "grün", "red"]


# --- tables ---------------------------------------------------------------------------------------


def make_table(missing=0.0, seed=1, n_rows=150):
    random = np.random.default_rng(seed)
    table = np.round(random.normal(size=(n_rows, N_COLUMNS)), 2)
    table[random.random(table.shape) < 0.05] = 0.0
    table[random.random(table.shape) < missing] = np.nan
    return table


def score_of(table):
    filled = np.where(np.isnan(table), 0.7, table)
    return filled[:, 0] + 0.5 * filled[:, 1] * filled[:, 2] - 0.8 * (filled[:, 3] > 0.2)


def two(table):
    return np.where(score_of(table) > 0, "yes", "no")


def three(table):
    return np.digitize(score_of(table), [-0.6, 0.5])


def positive(table):
    return np.round(np.exp(score_of(table) / 2)) + 1


def pair(table):
    return np.stack([score_of(table), -2 * np.nan_to_num(table[:, 3])], axis=1)


PLAIN = make_table()
HOLES = make_table(missing=0.2, seed=2)
WEIGHTS = np.random.default_rng(3).integers(1, 5, len(PLAIN)) / 2.0


# --- writing --------------------------------------------------------------------------------------


def edge_rows(document, missing, huge, infinite):
    drawn, has_gap = _neutral.draw_rows(document, 30, seed=7)
    rows = drawn if missing else drawn[~has_gap]
    single = [0.0, -0.0, huge, -huge, 1e-36, -1e-36] + [np.inf, -np.inf] * infinite
    more = []
    for column in range(N_COLUMNS):
        for value in single:
            more.append(rows[len(more) % len(rows)].copy())
            more[-1][column] = value
    if missing:
        more.append(np.full(N_COLUMNS, np.nan))
    return np.concatenate([rows, more]).astype(np.float64)


def plain(values, n_rows):
    return [
        [None if np.isnan(v) else float(v) for v in row]
        for row in np.asarray(values, dtype=np.float64).reshape(n_rows, -1)
    ]


def write_expected(name, rows, margin, response):
    expected = {
        "library": sklearn.__version__,
        "rows": plain(rows, len(rows)),
        "margin": plain(margin, len(rows)),
        "response": plain(response, len(rows)),
    }
    with open(os.path.join(FOLDER, name + ".expected.json"), "w", encoding="utf-8") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


def write(name, estimator, *, missing=False, huge=1e38, infinite=False, raw=None, response=None):
    path = os.path.join(FOLDER, name + ".json")
    save(estimator, path)
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    rows = edge_rows(document, missing, huge, infinite)
    if raw is None:
        raw, response = own_functions(estimator, document)
    margin = raw(rows)
    write_expected(name, rows, margin, margin if response is None else response(rows))


def own_functions(estimator, document):
    outputs = document["outputs"]
    if outputs.get("space") == "probability":
        return estimator.predict_proba, None
    if not hasattr(estimator, "classes_"):
        return estimator.predict, None
    if outputs["link"]["name"] == "identity":
        return estimator.decision_function, None
    if outputs["count"] > 1:
        return estimator.decision_function, estimator.predict_proba
    return estimator.decision_function, lambda rows: estimator.predict_proba(rows)[:, 1]


# --- s01: trees and their averages ----------------------------------------------------------------


def write_averages():
    few = {"max_depth": 3, "random_state": 0}
    forest = {"n_estimators": 4, **few}
    kinds = {
        "tree": (tree.DecisionTreeRegressor(**few), score_of, True),
        "tree_pair": (tree.DecisionTreeRegressor(**few), pair, False),
        "tree_two": (tree.DecisionTreeClassifier(**few), two, True),
        "extra_tree_three": (tree.ExtraTreeClassifier(**few), three, False),
        "forest": (ensemble.RandomForestRegressor(**forest), score_of, False),
        "forest_three": (ensemble.RandomForestClassifier(**forest), three, True),
        "extra_trees_three": (ensemble.ExtraTreesClassifier(**forest), three, True),
    }
    for name, (estimator, target, missing) in kinds.items():
        table = HOLES if missing else PLAIN
        write(name, estimator.fit(table, target(table), WEIGHTS), missing=missing)
    present = np.isnan(HOLES[:, 1]) * 3.0 + np.nan_to_num(HOLES[:, 0])
    write("present", tree.DecisionTreeRegressor(**few).fit(HOLES, present), missing=True)
    leaf = tree.DecisionTreeRegressor(max_depth=1).fit(PLAIN, np.full(len(PLAIN), 2.5))
    write("one_leaf", leaf)


# --- s02: gradient boosting -----------------------------------------------------------------------


def write_boosting():
    common = {"n_estimators": 4, "max_depth": 2, "learning_rate": 0.3, "random_state": 0}
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        estimator = ensemble.GradientBoostingRegressor(loss=loss, **common)
        write("boosting_" + loss, estimator.fit(PLAIN, score_of(PLAIN), WEIGHTS))
    for loss in ("log_loss", "exponential"):
        estimator = ensemble.GradientBoostingClassifier(loss=loss, **common)
        write("boosting_" + loss, estimator.fit(PLAIN, two(PLAIN), WEIGHTS))
    estimator = ensemble.GradientBoostingClassifier(**common).fit(PLAIN, three(PLAIN))
    write("boosting_three", estimator)
    estimator = ensemble.GradientBoostingClassifier(init="zero", **common)
    write("boosting_zero", estimator.fit(PLAIN, two(PLAIN)))


# --- s03: histogram gradient boosting -------------------------------------------------------------


def write_histograms():
    common = {
        "max_iter": 4,
        "max_depth": 3,
        "learning_rate": 0.3,
        "min_samples_leaf": 8,
        "random_state": 0,
    }
    regressor = ensemble.HistGradientBoostingRegressor
    classifier = ensemble.HistGradientBoostingClassifier
    edges = {"missing": True, "huge": 1e300, "infinite": True}
    write("histogram", regressor(**common).fit(HOLES, score_of(HOLES), WEIGHTS), **edges)
    write("histogram_two", classifier(**common).fit(HOLES, two(HOLES)), **edges)
    write("histogram_three", classifier(**common).fit(HOLES, three(HOLES)), **edges)
    poisson = regressor(loss="poisson", **common).fit(HOLES, positive(HOLES))
    log = {"raw": lambda rows: np.log(poisson.predict(rows)), "response": poisson.predict}
    write("histogram_poisson", poisson, **edges, **log)
    write_codes(regressor(categorical_features=[1, 3], **common))
    write_names(regressor(categorical_features=["b", "d"], **common))


def category_table(seed=4):
    table = make_table(seed=seed, n_rows=200)
    random = np.random.default_rng(seed)
    table[:, 1] = random.integers(0, 14, len(table)) * 3
    table[:, 3] = random.integers(0, len(WORDS), len(table))
    table[random.random(len(table)) < 0.1, 1] = np.nan
    table[random.random(len(table)) < 0.1, 3] = np.nan
    target = 2 * np.isin(table[:, 1], [3, 9, 27, 30]) + (table[:, 3] == 2) * table[:, 0]
    return table, target


def write_codes(estimator):
    """Whole numbers with gaps are their own codes."""
    table, target = category_table()
    save(estimator.fit(table, target), os.path.join(FOLDER, "histogram_codes.json"))
    rows = category_table(seed=5)[0][:45]
    random = np.random.default_rng(6)
    odd = [0, 1, 2, 3, 9, 27, 39, 40, 300, 2.0**24, 1e9, 1e20, -1, -0.5, np.nan]
    rows[:, 1] = np.resize(odd, len(rows))
    rows[:, 3] = random.choice([0, 1, 2, 3, 4, 31, 32, 255, 256, -1, np.nan], len(rows))
    margin = estimator.predict(rows)
    write_expected("histogram_codes", rows, margin, margin)


def write_names(estimator):
    """Texts have a table, and so have numbers that are no codes."""
    table, target = category_table()

    def frame_of(table):
        frame = pd.DataFrame(table, columns=list("abcd"))
        texts = [None if np.isnan(c) else (WORDS + ["never"])[int(c)] for c in table[:, 3]]
        frame["d"] = np.array(texts, dtype=object)
        frame["b"] = table[:, 1] - 6.5
        return frame

    save(estimator.fit(frame_of(table), target), os.path.join(FOLDER, "histogram_names.json"))
    rows = category_table(seed=5)[0][:45]
    rows[::5, 3] = len(WORDS)  # never seen
    rows[::7, 1] = 41.0
    margin = estimator.predict(frame_of(rows))
    codes = rows.copy()
    codes[:, 1] = np.where(rows[:, 1] % 3 == 0, rows[:, 1] / 3, np.nan)
    codes[:, 3] = np.where(rows[:, 3] < len(WORDS), rows[:, 3], np.nan)
    write_expected("histogram_names", codes, margin, margin)


# --- s04: isolation forests -----------------------------------------------------------------------


def write_isolation():
    for name, options in {"isolation": {}, "isolation_half": {"max_features": 0.5}}.items():
        estimator = ensemble.IsolationForest(
            n_estimators=3, max_samples=24, random_state=0, **options
        ).fit(PLAIN)
        n = estimator.max_samples_
        c = 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
        score = estimator.score_samples
        write(name, estimator, raw=lambda x: -c * np.log2(-score(x)), response=score)


# --- s05: linear models and pipelines -------------------------------------------------------------


def write_linear():
    regressors = {
        "linear": linear_model.LinearRegression(),
        "ridge": linear_model.Ridge(),
        "lasso": linear_model.Lasso(alpha=0.1),
        "elastic_net": linear_model.ElasticNet(alpha=0.1),
        "lars": linear_model.Lars(),
        "huber": linear_model.HuberRegressor(),
        "sgd_regressor": linear_model.SGDRegressor(random_state=0),
        "linear_svr": svm.LinearSVR(random_state=0),
    }
    for name, estimator in regressors.items():
        write(name, estimator.fit(PLAIN, score_of(PLAIN)))
    write("linear_pair", linear_model.LinearRegression().fit(PLAIN, pair(PLAIN)))
    classifiers = {
        "logistic": linear_model.LogisticRegression(),
        "sgd_log_loss": linear_model.SGDClassifier(loss="log_loss", alpha=0.01, random_state=0),
        "sgd_hinge": linear_model.SGDClassifier(alpha=0.01, random_state=0),
        "linear_svc": svm.LinearSVC(random_state=0),
        "ridge_classifier": linear_model.RidgeClassifier(),
        "perceptron": linear_model.Perceptron(random_state=0),
    }
    for name, estimator in classifiers.items():
        for ending, target in (("two", two), ("three", three)):
            # Of a huge row all sigmoids may be 0, and then nothing is left to normalise.
            huge = 20.0 if name == "sgd_log_loss" else 1e38
            write(f"{name}_{ending}", estimator.fit(PLAIN, target(PLAIN)), huge=huge)
    for name, estimator in {
        "poisson": linear_model.PoissonRegressor(),
        "gamma": linear_model.GammaRegressor(),
        "tweedie": linear_model.TweedieRegressor(power=1.5),
    }.items():
        estimator.fit(PLAIN, positive(PLAIN))
        raw = lambda x, e=estimator: x @ e.coef_ + e.intercept_  # noqa: E731
        write(name, estimator, huge=100.0, raw=raw, response=estimator.predict)


def write_pipelines():
    table = PLAIN * [1, 30, 0.01, 5] + [0, 100, 0, -3]
    table[:, 2] = 7.0  # a constant column
    steps = {
        "standard": StandardScaler(),
        "min_max": MinMaxScaler(feature_range=(-2, 3), clip=True),
        "max_abs": MaxAbsScaler(),
        "robust": RobustScaler(),
        "best": feature_selection.SelectKBest(feature_selection.f_regression, k=2),
        "variance": feature_selection.VarianceThreshold(),
        "columns": ColumnTransformer(
            [("s", StandardScaler(), [3, 0]), ("x", "drop", [2])], remainder="passthrough"
        ),
    }
    for name, step in steps.items():
        forest = ensemble.RandomForestRegressor(n_estimators=3, max_depth=3, random_state=0)
        for ending, last in (("forest", forest), ("ridge", linear_model.Ridge())):
            estimator = make_pipeline(step, last).fit(table, score_of(PLAIN))
            write(f"pipeline_{name}_{ending}", estimator, huge=1e35)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    os.makedirs(FOLDER, exist_ok=True)
    write_averages()
    write_boosting()
    write_histograms()
    write_isolation()
    write_linear()
    write_pipelines()
