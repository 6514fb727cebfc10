"""Linear models: intercept + sum of coefficient * value, and the link that their response has."""

from __future__ import annotations

from typing import Any

import numpy as np

from apportion._parts import (
    Export,
    Feature,
    Refused,
    attribute,
    class_names,
    finite,
    label,
    make_outputs,
)

REGRESSORS = (
    "LinearRegression Ridge RidgeCV Lasso LassoCV ElasticNet ElasticNetCV Lars LarsCV LassoLars "
    "LassoLarsCV LassoLarsIC MultiTaskLasso MultiTaskLassoCV MultiTaskElasticNet "
    "MultiTaskElasticNetCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV BayesianRidge "
    "ARDRegression TheilSenRegressor QuantileRegressor HuberRegressor LinearSVR SGDRegressor "
    "PassiveAggressiveRegressor"
).split()
DECISIONS = (
    "LinearSVC RidgeClassifier RidgeClassifierCV Perceptron PassiveAggressiveClassifier"
).split()


def coefficients(estimator: Any, features: list[Feature], n_columns: int) -> np.ndarray:
    """[outputs, original columns]; a column that comes in twice has the sum."""
    found = attribute(estimator, "coef_")
    if hasattr(found, "toarray"):  # after sparsify()
        found = found.toarray()
    found = np.atleast_2d(finite(found, f"{label(estimator)}: a coefficient"))
    if found.shape[1] != len(features):
        raise Refused(
            f"{label(estimator)}: {found.shape[1]} coefficients for {len(features)} features"
        )
    spread = np.zeros((len(found), n_columns))
    for place, feature in enumerate(features):
        spread[:, feature.column] += found[:, place]
    return spread


def intercepts(estimator: Any, n_outputs: int) -> np.ndarray:
    return np.broadcast_to(np.reshape(attribute(estimator, "intercept_"), -1), (n_outputs,))


def linear_body(spread: np.ndarray) -> dict:
    return {"coefficients": spread.tolist(), "missing": "error"}


def regressor(estimator: Any, features: list[Feature], n_columns: int) -> Export:
    spread = coefficients(estimator, features, n_columns)
    outputs = make_outputs(len(spread), base=intercepts(estimator, len(spread)))
    predict = estimator.predict
    return Export("linear", linear_body(spread), outputs, predict, predict)


def has_log_link(estimator: Any) -> bool:
    if label(estimator) != "TweedieRegressor":
        return True
    return estimator.link == "log" or (estimator.link == "auto" and estimator.power > 0)


def log_linear(estimator: Any, features: list[Feature], n_columns: int) -> Export:
    """Generalised linear regressors."""
    if not has_log_link(estimator):
        return regressor(estimator, features, n_columns)
    spread = coefficients(estimator, features, n_columns)
    outputs = make_outputs(1, base=intercepts(estimator, 1), link="exp")
    predict = estimator.predict
    return Export("linear", linear_body(spread), outputs, lambda x: np.log(predict(x)), predict)


def class_link(estimator: Any, n_outputs: int) -> tuple[str, float | None]:
    """The link of predict_proba, and its scale; "identity" where only decisions count."""
    name = label(estimator)
    if name == "SGDClassifier":
        if estimator.loss not in ("log_loss", "log"):
            return "identity", None
        return ("sigmoid" if n_outputs == 1 else "ovr"), None
    if not name.startswith("LogisticRegression"):
        return "identity", None
    # Versions up to 1.7 knew multi_class: "multinomial" is a softmax over [-m, m] even for two
    # classes, and "ovr" a sigmoid for each class.
    kind = getattr(estimator, "multi_class", "auto")
    if n_outputs == 1:
        return "sigmoid", 2.0 if kind == "multinomial" else None
    is_ovr = kind == "ovr" or (kind != "multinomial" and estimator.solver == "liblinear")
    return ("ovr" if is_ovr else "softmax"), None


def classifier(estimator: Any, features: list[Feature], n_columns: int) -> Export:
    binarizer = getattr(estimator, "_label_binarizer", None)
    if str(getattr(binarizer, "y_type_", "")).startswith("multilabel"):
        raise Refused(f"{label(estimator)}: several labels a row, a classifier may have one")
    spread = coefficients(estimator, features, n_columns)
    names = class_names(estimator)
    names = names[1:] if len(spread) == 1 else names
    link, scale = class_link(estimator, len(spread))
    outputs = make_outputs(len(spread), names, intercepts(estimator, len(spread)), link, scale)
    raw = estimator.decision_function
    response = raw if link == "identity" else estimator.predict_proba
    return Export("linear", linear_body(spread), outputs, raw, response)


FAMILIES = (
    {name: regressor for name in REGRESSORS}
    | {name: classifier for name in DECISIONS}
    | {name: classifier for name in ("LogisticRegression", "LogisticRegressionCV", "SGDClassifier")}
    | {name: log_linear for name in ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")}
)
