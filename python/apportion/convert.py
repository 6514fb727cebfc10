#!/usr/bin/env python3
"""scikit-learn estimators to Apportion's neutral JSON, which the engine reads exactly.

    from apportion import save
    save(estimator, "model.json")

or as a program, which runs your own Python file and takes a fitted estimator out of it:

    python3 python/apportion/convert.py train.py:model -o model.json

What is written predicts what the estimator predicts: thresholds, comparisons and casts are those
of scikit-learn, scalers of a pipeline stay arithmetic on its columns.  Before anything is written,
the document is evaluated on up to 1,000 rows and compared with the estimator.

Columns are those that the estimator or pipeline was fitted on, all of them and in that order.
What cannot be stated is refused with the name of the class.  docs/SKLEARN.md lists both.

Tried with scikit-learn 1.1.3, 1.3.2, 1.5.2, 1.7.2 and 1.9.1.  Nothing here reads or writes pickle
or joblib files: a pickle can run any code, and means something else in another version.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):  # run as a program: the package is the folder around this file
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from apportion import _linear, _neutral, _steps, _trees
from apportion._parts import (
    INSTEAD,
    CheckFailed,
    Export,
    Feature,
    Refused,
    is_from_sklearn,
    label,
    need_fitted,
)

__all__ = ["CheckFailed", "Refused", "check", "save", "to_neutral"]

MAX_CHECK_ROWS = 1000
TOLERANCE = 1e-6
HINTS = {
    "GridSearchCV": "export its best_estimator_",
    "RandomizedSearchCV": "export its best_estimator_",
    "HalvingGridSearchCV": "export its best_estimator_",
    "HalvingRandomSearchCV": "export its best_estimator_",
}


# --- from an estimator to a document --------------------------------------------------------------


def find_family(estimator: Any) -> Any:
    """What states this kind of estimator, as a function of it, its features and the columns."""
    name = label(estimator)
    if is_from_sklearn(estimator):
        if name in _trees.FAMILIES:
            return lambda last, features, n_columns: _trees.FAMILIES[name](last, features)
        if name in _linear.FAMILIES:
            return _linear.FAMILIES[name]
    raise Refused(f"{name}: cannot be exported; {HINTS.get(name, INSTEAD)}")


def read(estimator: Any) -> tuple[dict, Export, list[Any]]:
    """The document, its final estimator's functions, and the steps before that."""
    before, last = _steps.take_apart(estimator)
    family = find_family(last)
    need_fitted(last)
    n_columns, names = _steps.describe_input([*before, last])
    features = [Feature(column) for column in range(n_columns)]
    for step in before:
        features = _steps.apply_step(step, features)
    expected = getattr(last, "n_features_in_", len(features))
    if expected != len(features):
        raise Refused(
            f"{label(last)}: was fitted on {expected} features, the steps before it give "
            f"{len(features)}"
        )
    export = family(last, features, n_columns)
    return assemble(export, last, features, n_columns, names), export, before


def assemble(
    export: Export, last: Any, features: list[Feature], n_columns: int, names: list[str] | None
) -> dict:
    import sklearn

    columns: dict = {"count": n_columns}
    if names is not None:
        columns["names"] = names
    if export.categories:
        columns["categories"] = export.categories
    inputs: dict = {"cast": export.cast}
    if any("sets" in tree for tree in export.body.get("trees", [])):
        inputs["code"] = "nonneg_trunc"
    steps = _steps.lay_out(_steps.chains_of(features, n_columns))
    if steps:
        inputs["transform"] = steps
    return {
        "format": "apportion-model",
        "version": 1,
        "kind": export.kind,
        "origin": {
            "library": "scikit-learn",
            "library_version": sklearn.__version__,
            "objective": label(last),
        },
        "columns": columns,
        "input": inputs,
        "outputs": export.outputs,
        export.kind: export.body,
    }


# --- checking -------------------------------------------------------------------------------------


def for_estimator(document: dict, rows: np.ndarray) -> Any:
    """Drawn rows as the estimator met its own: with names if it knows names."""
    names = document["columns"].get("names")
    if names is None:
        return rows
    try:
        import pandas
    except ImportError:
        return rows
    tables = {
        table["column"]: table["values"] for table in document["columns"].get("categories", [])
    }
    columns = {}
    for column, name in enumerate(names):
        is_text = isinstance(tables.get(column, [0.0])[0], str)
        columns[name] = rows[:, column].astype(object if is_text else np.float64)
    return pandas.DataFrame(columns)


def ask(export: Export, before: list[Any], rows: Any, n_outputs: int) -> tuple[Any, Any]:
    """Margins and responses by scikit-learn itself, [n, outputs]."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for step in before:
            if step is not None and not isinstance(step, str):
                rows = step.transform(rows)
        answers = []
        for function in (export.raw, export.response):
            answer = np.asarray(function(rows), dtype=np.float64)
            answer = answer.reshape(len(answer), -1)
            # Of two classes the margin speaks of the second.
            answers.append(answer[:, 1:] if answer.shape[1] == 2 and n_outputs == 1 else answer)
    return answers[0], answers[1]


def ask_about_drawn(document: dict, export: Export, before: list[Any]) -> tuple[Any, Any, Any]:
    rows, has_gap = _neutral.draw_rows(document, MAX_CHECK_ROWS)
    n_outputs = document["outputs"]["count"]
    try:
        rows = for_estimator(document, rows)
        return rows, *ask(export, before, rows, n_outputs)
    except ValueError:  # many estimators take no missing values
        rows = rows[~has_gap]
    try:
        return rows, *ask(export, before, rows, n_outputs)
    except ValueError as error:
        raise CheckFailed(f"rows to check with are needed: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def compare(what: str, found: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> None:
    if found.shape != expected.shape:
        raise CheckFailed(f"{what}: shape {found.shape}, the estimator says {expected.shape}")
    with np.errstate(all="ignore"):
        is_far = ~((found == expected) | (np.abs(found - expected) <= allowed))
    if is_far.any():
        row, output = np.argwhere(is_far)[0]
        raise CheckFailed(
            f"{what} of row {row}, output {output}: the document says {found[row, output]:.17g}, "
            f"the estimator {expected[row, output]:.17g} ({int(is_far.sum())} of {is_far.size} differ)"
        )


def verify(document: dict, export: Export, before: list[Any], rows: Any) -> None:
    if rows is None:
        rows, raw, response = ask_about_drawn(document, export, before)
    else:
        rows = rows if hasattr(rows, "shape") else np.asarray(rows, dtype=object)
        rows = rows[:MAX_CHECK_ROWS]
        try:
            raw, response = ask(export, before, rows, document["outputs"]["count"])
        except (TypeError, ValueError) as error:
            raise CheckFailed(
                f"the estimator does not take the rows: {first_line(error)}"
            ) from error
    margin, magnitude = _neutral.margins(document, rows)
    if document["outputs"]["link"]["name"] in ("exp", "neg_exp2"):
        # Computed back from the response, which tells nothing where it ran out of numbers.
        raw = np.where(np.isfinite(raw) & (np.abs(raw) < 700.0), raw, margin)
    compare("margin", margin, raw, TOLERANCE * magnitude)
    found = _neutral.respond(document, margin)
    compare("response", found, response, TOLERANCE * np.abs(response) * np.maximum(magnitude, 1.0))


# --- public ---------------------------------------------------------------------------------------


def check(document: dict, estimator: Any, rows: Any = None) -> None:
    """Compare a document with the estimator that it was made from.

    Margins and responses of up to 1,000 rows may differ by 1e-6, relative to the sum of magnitudes
    that they are added up from.  Without `rows`, rows are drawn at and around the thresholds.

    Raises CheckFailed with the first row that differs.
    """
    _, export, before = read(estimator)
    verify(document, export, before, rows)


def to_neutral(estimator: Any, rows: Any = None) -> dict:
    """A fitted estimator or pipeline as a document of the neutral format, checked against it.

    Raises Refused with the name of what cannot be stated, CheckFailed if the check fails.
    """
    document, export, before = read(estimator)
    verify(document, export, before, rows)
    return document


def save(estimator: Any, path: str | os.PathLike, rows: Any = None) -> None:
    """Write `to_neutral(estimator, rows)` to a file, as a whole or not at all."""
    _neutral.write(to_neutral(estimator, rows), path)


# --- command line ---------------------------------------------------------------------------------


def load_module(source: str) -> Any:
    if not source.endswith(".py"):
        sys.path.insert(0, os.getcwd())
        return importlib.import_module(source)
    path = Path(source).resolve()
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(f"user_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def take(target: str) -> Any:
    """The object that SCRIPT.py:NAME or MODULE:NAME or ...:NAME() means."""
    source, _, name = target.rpartition(":")
    found = load_module(source)
    for part in name.removesuffix("()").split("."):
        found = getattr(found, part)
    return found() if name.endswith("()") else found


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="convert.py",
        description="Write a fitted scikit-learn estimator or pipeline as Apportion's neutral JSON.",
        epilog="The file or module is imported, that is, run.  Pickle and joblib files are not "
        "read: load them in a Python file of your own, with the version that wrote them, and name "
        "that file here.  Exit codes: 0 done, 2 wrong usage, 3 refused.",
    )
    parser.add_argument(
        "target",
        help="SCRIPT.py:NAME or MODULE:NAME; NAME is the estimator, or NAME() a function that "
        "returns it",
    )
    parser.add_argument("-o", "--out", metavar="FILE", required=True, help="JSON file to write")
    parser.add_argument(
        "--rows", metavar="FILE.npy", help="rows to check with, instead of drawn ones"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r".+:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(\))?", options.target):
        parser.error(f"{options.target}: needs SCRIPT.py:NAME or MODULE:NAME")
    if os.path.exists(options.out) and not options.force:
        parser.error(f"{options.out}: exists; --force replaces it")
    return options


def fail(code: int, message: str) -> int:
    print(f"convert.py: {message}", file=sys.stderr)
    return code


def main(arguments: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        rows = None if options.rows is None else np.load(options.rows, allow_pickle=False)
    except (OSError, ValueError) as error:
        return fail(2, f"{options.rows}: {first_line(error)}")
    try:
        estimator = take(options.target)
    except Exception as error:  # whatever the user's code raises
        return fail(2, f"{options.target}: {first_line(error)}")
    try:
        save(estimator, options.out, rows)
    except Refused as error:
        return fail(3, f"{options.target}: {error}")
    except OSError as error:
        return fail(2, f"{options.out}: {error.strerror}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
