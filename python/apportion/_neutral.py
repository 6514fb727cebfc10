"""The neutral JSON in numpy: what a document predicts, rows at its edges, and writing it.

The engine's reader is the judge of the format.  This is a second, slow reading of the same rules,
so that an exporter can check itself on the spot.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

import numpy as np

TINY = 1.0000000180025095e-35


# --- rows -----------------------------------------------------------------------------------------


def n_rows(rows: Any) -> int:
    return rows.shape[0] if hasattr(rows, "shape") else len(rows)


def column_values(document: dict, rows: Any, column: int) -> Any:
    """A column of a DataFrame, by its name where the document has it, or of an array."""
    if hasattr(rows, "iloc"):
        names = document["columns"].get("names")
        if names is not None and names[column] in rows.columns:
            return rows[names[column]].to_numpy(dtype=object)
        return rows.iloc[:, column].to_numpy(dtype=object)
    return np.asarray(rows)[:, column]


def as_number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def encode(document: dict, rows: Any) -> np.ndarray:
    """Rows as numbers: categories of a table by their place, others as they stand."""
    columns = document["columns"]
    tables = {table["column"]: table for table in columns.get("categories", [])}
    used = used_columns(document)
    numbers = np.zeros((n_rows(rows), columns["count"]))
    for column in range(columns["count"]):
        values = column_values(document, rows, column)
        if column in tables:
            place = {value: at for at, value in enumerate(tables[column]["values"])}
            numbers[:, column] = [place.get(value, np.nan) for value in values.tolist()]
        elif values.dtype != object:
            numbers[:, column] = values if values.dtype.kind in "biuf" else np.nan
        elif column in used:
            numbers[:, column] = [as_number(value) for value in values]
    return numbers


def used_columns(document: dict) -> set[int]:
    if document["kind"] == "linear":
        return set(np.flatnonzero(np.any(document["linear"]["coefficients"], axis=0)).tolist())
    return {column for tree in document["forest"]["trees"] for column in tree["column"]}


def transform(document: dict, numbers: np.ndarray) -> np.ndarray:
    for step in document.get("input", {}).get("transform", []):
        if step["op"] == "clip":
            numbers = np.clip(numbers, step["low"], step["high"])
        else:
            apply = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}
            numbers = apply[step["op"]](numbers, np.asarray(step["values"], dtype=np.float64))
    return numbers


# --- margins --------------------------------------------------------------------------------------


def codes_of(values: np.ndarray, rule: str) -> np.ndarray:
    """Category codes, -1 for none."""
    whole = np.trunc(values)
    has = np.isfinite(values) & (whole >= 0) & (whole < 2**31)
    if rule == "nonneg_trunc":
        has &= values >= 0
    return np.where(has, whole, -1).astype(np.int64)


def split_arrays(document: dict, tree: dict) -> dict[str, np.ndarray]:
    """What decides at each inner node, with the forest's defaults filled in."""
    arrays = {
        key: np.asarray(tree[key]) if key in tree else np.full(len(tree["column"]), default)
        for key, default in document["forest"]["defaults"].items()
    }
    arrays["column"] = np.asarray(tree["column"])
    arrays["threshold"] = np.asarray(tree["threshold"], dtype=np.float64)
    arrays["child"] = np.array([tree["right"], tree["left"]], dtype=np.int64)
    return arrays


def goes_left(
    splits: dict[str, np.ndarray], sets: list, rule: str, nodes: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Whether value i goes left at node i, for nodes of one tree."""
    op, missing, threshold = (splits[key][nodes] for key in ("op", "missing", "threshold"))
    is_nan = np.isnan(values)
    is_missing = (missing != "none") & is_nan
    is_missing |= (missing == "zero") & (np.abs(values) <= TINY)
    values = np.where(is_nan & (missing == "none"), 0.0, values)
    left = np.select(
        [op == "lt", op == "le", op == "eq", op == "present"],
        [values < threshold, values <= threshold, values == threshold, True],
        default=False,
    )
    is_in = op == "in"
    for number in np.unique(threshold[is_in]):
        here = is_in & (threshold == number)
        left[here] = np.isin(codes_of(values[here], rule), sets[int(number)])
    return np.where(is_missing, splits["default_left"][nodes] == 1, left)


def leaves(document: dict, tree: dict, numbers: np.ndarray) -> np.ndarray:
    """The leaf that each row reaches."""
    at = np.zeros(len(numbers), dtype=np.int64)
    if not tree["column"]:
        return at
    splits = split_arrays(document, tree)
    sets, rule = tree.get("sets", []), document["input"].get("code", "")
    inside = np.arange(len(numbers))
    while len(inside):
        nodes = at[inside]
        values = numbers[inside, splits["column"][nodes]]
        left = goes_left(splits, sets, rule, nodes, values)
        at[inside] = splits["child"][left.astype(int), nodes]
        inside = inside[at[inside] >= 0]
    return ~at


def forest_margins(document: dict, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    forest, count = document["forest"], document["outputs"]["count"]
    if document["input"]["cast"] == "float32":
        numbers = numbers.astype(np.float32).astype(np.float64)
    total = np.zeros((len(numbers), count))
    magnitude = np.zeros((len(numbers), count))
    for tree in forest["trees"]:
        where = tree.get("output", slice(None))
        width = 1 if "output" in tree else count
        values = np.asarray(tree["leaf"], dtype=np.float64).reshape(-1, width)
        values = tree.get("weight", 1.0) * values[leaves(document, tree, numbers)]
        values = values[:, 0] if "output" in tree else values
        total[:, where] += values
        magnitude[:, where] += np.abs(values)
    factor, divide = forest.get("scale", 1.0), forest.get("divide", 1)
    return factor * total / divide, abs(factor) * magnitude / divide


def linear_margins(document: dict, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    coefficients = np.asarray(document["linear"]["coefficients"], dtype=np.float64)
    used = np.any(coefficients, axis=0)
    numbers, coefficients = numbers[:, used], coefficients[:, used]
    return numbers @ coefficients.T, np.abs(numbers) @ np.abs(coefficients.T)


def margins(document: dict, rows: Any) -> tuple[np.ndarray, np.ndarray]:
    """Margins [n, outputs], and the sums of magnitudes that they were added up from."""
    with np.errstate(all="ignore"):
        numbers = transform(document, encode(document, rows))
        parts = forest_margins if document["kind"] == "forest" else linear_margins
        total, magnitude = parts(document, numbers)
    base = np.asarray(document["outputs"].get("base", 0.0), dtype=np.float64)
    return total + base, magnitude + np.abs(base)


def respond(document: dict, margin: np.ndarray) -> np.ndarray:
    """The link's response to margins."""
    link = document["outputs"].get("link", {"name": "identity"})
    scale = link.get("scale", 1.0)
    with np.errstate(all="ignore"):
        if link["name"] == "softmax":
            power = np.exp(margin - margin.max(axis=1, keepdims=True))
            return power / power.sum(axis=1, keepdims=True)
        if link["name"] == "ovr":
            each = 1.0 / (1.0 + np.exp(-margin))
            return each / each.sum(axis=1, keepdims=True)
        return {
            "identity": lambda m: m,
            "sigmoid": lambda m: 1.0 / (1.0 + np.exp(-scale * m)),
            "exp": np.exp,
            "neg_exp2": lambda m: -(2.0 ** (-m / scale)),
        }[link["name"]](margin)


# --- rows at the edges ----------------------------------------------------------------------------


def undo(document: dict, column: int, values: np.ndarray) -> np.ndarray:
    """Numbers of the table that the transform takes close to `values`."""
    back = {"add": np.subtract, "sub": np.add, "mul": np.divide, "div": np.multiply}
    for step in reversed(document.get("input", {}).get("transform", [])):
        if step["op"] != "clip":
            values = back[step["op"]](values, step["values"][column])
    return values


def thresholds(document: dict) -> tuple[dict[int, list], dict[int, set]]:
    """Thresholds and category codes that the trees ask for, by column."""
    numbers: dict[int, list] = {}
    codes: dict[int, set] = {}
    for tree in document.get("forest", {}).get("trees", []):
        ops = tree.get("op") or ["le"] * len(tree["column"])
        for column, op, threshold in zip(tree["column"], ops, tree["threshold"]):
            if op == "in":
                codes.setdefault(column, set()).update(tree["sets"][threshold])
            elif op != "present":
                numbers.setdefault(column, []).append(threshold)
    return numbers, codes


def candidates(document: dict, random: np.random.Generator) -> list[list]:
    """Values worth trying, by column, as the table would hold them."""
    numbers, codes = thresholds(document)
    tables = {table["column"]: table for table in document["columns"].get("categories", [])}
    found: list[list] = []
    for column in range(document["columns"]["count"]):
        if column in tables:
            values = tables[column]["values"]
            is_text = isinstance(values[0], str)
            found.append(values + ["never seen" if is_text else max(values) + 1.0])
            continue
        if column in codes:
            seen = sorted(codes[column])
            found.append([float(code) for code in seen] + [-1.0, float(seen[-1] + 1)])
            continue
        at = np.unique(numbers.get(column, []))
        if len(at) > 500:
            at = random.choice(at, 500, replace=False)
        near = undo(document, column, at)
        single = at.astype(np.float32)
        sides = [np.nextafter(single, np.float32(side)) for side in (-np.inf, np.inf)]
        near = np.concatenate(
            [near, np.nextafter(near, -np.inf), np.nextafter(near, np.inf)]
            + [undo(document, column, side.astype(np.float64)) for side in [single, *sides]]
        )
        spread = random.normal(size=50) * random.choice([0.1, 1.0, 10.0], size=50)
        plain = [undo(document, column, spread), [0.0, -0.0, 1.0, -1.0]]
        found.append(np.concatenate([near, *plain]).tolist())
    return found


def draw_rows(document: dict, n: int = 1000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows near the thresholds, and which of them have missing values.

    Numbers are drawn as float64; a table of texts makes it an array of objects.
    """
    random = np.random.default_rng(seed)
    tables = document["columns"].get("categories", [])
    has_text = any(isinstance(table["values"][0], str) for table in tables)
    rows = np.empty((n, document["columns"]["count"]), dtype=object if has_text else np.float64)
    for column, values in enumerate(candidates(document, random)):
        # Through objects: an array of texts and numbers would turn all into texts.
        chosen = random.integers(0, len(values), size=n)
        rows[:, column] = [values[at] for at in chosen]
    gaps = random.random(rows.shape) < 0.2
    gaps[: n // 2] = False
    rows[gaps] = np.nan
    return rows, gaps.any(axis=1)


# --- writing --------------------------------------------------------------------------------------


def write(document: dict, path: str | os.PathLike) -> None:
    """Write a document as a whole or not at all."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(part, 0o666 & ~mask)  # mkstemp keeps files to their owner
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
    at = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(at)
    finally:
        os.close(at)
