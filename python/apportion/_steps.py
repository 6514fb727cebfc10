"""Pipelines: scalers become arithmetic on original columns, selections a list of columns.

Scalers are not folded into thresholds: that would move rows that lie near one to the other side.
They stay steps of the input, done in float64 in scikit-learn's own order.
"""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from apportion._parts import (
    INSTEAD,
    Feature,
    Refused,
    attribute,
    finite,
    is_from_sklearn,
    label,
    need_fitted,
    repeated,
)

LARGEST = float(np.finfo(np.float64).max)
# What leaves a column alone, for columns that a step does not touch.
NEUTRAL = {"add": (0.0,), "sub": (0.0,), "mul": (1.0,), "div": (1.0,), "clip": (-LARGEST, LARGEST)}


# --- scalers --------------------------------------------------------------------------------------


def standard_scaler(step: Any) -> Iterable[tuple]:
    if step.with_mean:
        yield "sub", attribute(step, "mean_")
    if step.with_std:
        yield "div", attribute(step, "scale_")


def min_max_scaler(step: Any) -> Iterable[tuple]:
    yield "mul", attribute(step, "scale_")
    yield "add", attribute(step, "min_")
    if getattr(step, "clip", False):
        yield "clip", *step.feature_range


def max_abs_scaler(step: Any) -> Iterable[tuple]:
    yield "div", attribute(step, "scale_")
    if getattr(step, "clip", False):
        yield "clip", -1.0, 1.0


def robust_scaler(step: Any) -> Iterable[tuple]:
    if step.with_centering:
        yield "sub", attribute(step, "center_")
    if step.with_scaling:
        yield "div", attribute(step, "scale_")


SCALERS = {
    "StandardScaler": standard_scaler,
    "MinMaxScaler": min_max_scaler,
    "MaxAbsScaler": max_abs_scaler,
    "RobustScaler": robust_scaler,
}


def scale(step: Any, features: list[Feature]) -> list[Feature]:
    for name, *operands in SCALERS[label(step)](step):
        n = len(features)
        lists = [
            np.broadcast_to(finite(operand, f"{label(step)}: {name}"), (n,)).tolist()
            for operand in operands
        ]
        features = [
            Feature(feature.column, feature.chain + ((name, *numbers),))
            for feature, numbers in zip(features, zip(*lists))
        ]
    return features


# --- selections -----------------------------------------------------------------------------------


def resolve_columns(step: Any, columns: Any, n: int) -> list[int]:
    """Places of what a ColumnTransformer calls columns: numbers, names, slices, masks."""
    names = list(getattr(step, "feature_names_in_", []))
    if callable(columns):
        raise Refused(f"{label(step)}: not fitted")

    def place(column: Any) -> int:
        return names.index(column) if isinstance(column, str) else int(column)

    if isinstance(columns, slice):
        start = columns.start
        stop = columns.stop
        if isinstance(start, str) or isinstance(stop, str):
            # Slices of names include both ends.
            start = None if start is None else place(start)
            stop = None if stop is None else place(stop) + 1
        return list(range(n))[slice(start, stop, columns.step)]
    if isinstance(columns, str) or np.isscalar(columns):
        columns = [columns]
    columns = list(columns)
    if columns and all(isinstance(column, (bool, np.bool_)) for column in columns):
        return np.flatnonzero(columns).tolist()
    return [range(n)[place(column)] for column in columns]


def take_columns(step: Any, features: list[Feature]) -> list[Feature]:
    taken: list[Feature] = []
    weights = step.transformer_weights or {}
    for name, transformer, columns in attribute(step, "transformers_"):
        places = resolve_columns(step, columns, len(features))
        if not places or (isinstance(transformer, str) and transformer == "drop"):
            continue
        part = apply_step(transformer, [features[place] for place in places])
        if name in weights:
            weight = float(finite(weights[name], f"ColumnTransformer: weight of {name}"))
            part = [Feature(f.column, f.chain + (("mul", weight),)) for f in part]
        taken += part
    return taken


def is_selector(step: Any) -> bool:
    from sklearn.feature_selection import SelectorMixin

    return isinstance(step, SelectorMixin) and type(step).transform is SelectorMixin.transform


def select(step: Any, features: list[Feature]) -> list[Feature]:
    from sklearn.exceptions import NotFittedError

    try:
        support = step.get_support()
    except NotFittedError:
        raise Refused(f"{label(step)}: not fitted") from None
    return [feature for feature, is_in in zip(features, support) if is_in]


# --- steps ----------------------------------------------------------------------------------------


def apply_step(step: Any, features: list[Feature]) -> list[Feature]:
    """The features that come out of one step before the last."""
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return features
    name = label(step)
    if is_selector(step):
        return select(step, features)
    if is_from_sklearn(step):
        if name in SCALERS:
            need_fitted(step)
            return scale(step, features)
        if name == "ColumnTransformer":
            need_fitted(step)
            return take_columns(step, features)
        if name == "Pipeline":
            for _, inner in step.steps:
                features = apply_step(inner, features)
            return features
        if name == "FunctionTransformer" and step.func is None:
            return features
        if name == "FunctionTransformer":
            raise Refused(f"{name}: only without a function can it be exported; {INSTEAD}")
    raise Refused(f"{name}: a step of this kind cannot be exported; {INSTEAD}")


def take_apart(estimator: Any) -> tuple[list[Any], Any]:
    """The steps before the last, and the last; pipelines in pipelines are laid flat."""
    before: list[Any] = []
    while is_from_sklearn(estimator) and label(estimator) == "Pipeline":
        before += [step for _, step in estimator.steps[:-1]]
        estimator = estimator.steps[-1][1]
    if estimator is None or isinstance(estimator, str):
        raise Refused("Pipeline: its last step predicts nothing")
    return before, estimator


def describe_input(steps: list[Any]) -> tuple[int, list[str] | None]:
    """Number and names of the columns that come in, as the first step that counted them knows."""
    for step in steps:
        if step is None or isinstance(step, str):
            continue
        count = getattr(step, "n_features_in_", None)
        if count is None:
            if label(step) in ("FunctionTransformer", "Pipeline"):
                inner = [part for _, part in getattr(step, "steps", [])]
                try:
                    return describe_input(inner)
                except Refused:
                    continue
            attribute(step, "n_features_in_")
        names = getattr(step, "feature_names_in_", None)
        return int(count), None if names is None else check_names([str(name) for name in names])
    raise Refused("Pipeline: no step knows the number of columns")


def check_names(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise Refused(f"two columns are both called {repeated(names)!r}: rename one")
    return names


# --- the member "transform" -----------------------------------------------------------------------


def chains_of(features: list[Feature], n_columns: int) -> list[tuple]:
    """One chain for each original column, or a refusal where two would be needed."""
    chains: dict[int, tuple] = {}
    for feature in features:
        if chains.setdefault(feature.column, feature.chain) != feature.chain:
            raise Refused(
                f"column {feature.column}: the pipeline uses it twice, scaled differently; "
                f"{INSTEAD}"
            )
    return [chains.get(column, ()) for column in range(n_columns)]


def lay_out(chains: list[tuple]) -> list[dict]:
    """Steps over all columns that do to each column what its chain says, in its order."""
    steps: list[dict] = []
    done = [0] * len(chains)
    while True:
        waiting = [at for at, chain in enumerate(chains) if done[at] < len(chain)]
        if not waiting:
            return steps
        first = waiting[0]
        name = chains[first][done[first]][0]
        operands = [NEUTRAL[name]] * len(chains)
        for at in waiting:
            if chains[at][done[at]][0] == name:
                operands[at] = chains[at][done[at]][1:]
                done[at] += 1
        if name == "clip":
            low, high = (list(side) for side in zip(*operands))
            steps.append({"op": "clip", "low": low, "high": high})
        else:
            steps.append({"op": name, "values": [numbers[0] for numbers in operands]})
