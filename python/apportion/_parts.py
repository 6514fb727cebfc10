"""What the parts of the exporter share: refusals, columns on their way to a model, the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np


class Refused(ValueError):
    """The estimator cannot be stated in the neutral format; the message is one sentence."""


class CheckFailed(Refused):
    """The document does not predict what the estimator predicts."""


INSTEAD = "explain the pipeline as a callback"


def label(estimator: Any) -> str:
    return estimator if isinstance(estimator, str) else type(estimator).__name__


def is_from_sklearn(estimator: Any) -> bool:
    """Subclasses of others may predict differently, so only scikit-learn's own classes count."""
    return type(estimator).__module__.split(".")[0] == "sklearn"


def attribute(estimator: Any, *names: str) -> Any:
    """The first of these attributes that is there; they change their names between versions."""
    for name in names:
        if hasattr(estimator, name):
            return getattr(estimator, name)
    import sklearn

    raise Refused(
        f"{label(estimator)}: has no {' or '.join(names)} "
        f"(not fitted, or unlike what scikit-learn {sklearn.__version__} makes)"
    )


def need_fitted(estimator: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise Refused(f"{label(estimator)}: not fitted") from None


@dataclass(frozen=True)
class Feature:
    """What a step of a pipeline hands on: a column of the original table and its arithmetic.

    chain  ("sub" | "add" | "mul" | "div", operand) or ("clip", low, high), in order, in fp64
    """

    column: int
    chain: tuple = ()


@dataclass
class Export:
    """A final estimator, stated over the columns of the original table.

    body          the member "forest" or "linear" of the document
    outputs       the member "outputs"
    raw           margins of rows as the final estimator sees them; [n] or [n, outputs]
    response      what the link makes of them, in the estimator's own words
    categories    the member "categories" of "columns"
    codes         columns whose numbers are category codes as they stand
    """

    kind: str
    body: dict
    outputs: dict
    raw: Callable[[Any], np.ndarray]
    response: Callable[[Any], np.ndarray]
    cast: str = "float64"
    categories: list[dict] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


def make_outputs(
    count: int,
    names: list[str] | None = None,
    base: np.ndarray | None = None,
    link: str = "identity",
    scale: float | None = None,
    space: str | None = None,
) -> dict:
    outputs: dict = {"count": count}
    if names is not None:
        outputs["names"] = names
    if base is not None:
        outputs["base"] = finite(base, "the intercept").reshape(-1).tolist()
    outputs["link"] = {"name": link} if scale is None else {"name": link, "scale": float(scale)}
    if space is not None:
        outputs["space"] = space
    return outputs


def class_names(estimator: Any) -> list[str]:
    """Labels as text.  Of two classes a margin speaks of the second, so its caller takes [1:]."""
    classes = attribute(estimator, "classes_")
    if isinstance(classes, list):
        raise Refused(f"{label(estimator)}: several target columns, a classifier may have one")
    names = [str(name) for name in np.asarray(classes).tolist()]
    if len(set(names)) < len(names):
        raise Refused(f"{label(estimator)}: two classes are both called {repeated(names)!r}")
    return names


def repeated(names: list[str]) -> str:
    return next(name for place, name in enumerate(names) if name in names[:place])


def finite(values: Any, what: str) -> np.ndarray:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise Refused(f"{what}: {numbers[~np.isfinite(numbers)].flat[0]} is not finite")
    return numbers
