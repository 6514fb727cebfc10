"""Exact and path-dependent values: the tool's answers as arrays, and what they are held to."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Callable

import numpy as np
from support import Tool, coalition_values, identity

# Of the range of the explained output.
TOLERANCE = 1e-6

Function = Callable[[np.ndarray], np.ndarray]


# --- the tool -------------------------------------------------------------------------------------


def ask(
    tool: Tool,
    model: Path,
    rows: np.ndarray,
    *options: Any,
    background: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    groups: dict[str, list[str]] | None = None,
) -> np.ndarray:
    """What `explain` writes: [rows(, outputs), players + 1(, players + 1)], in float64."""
    out = tool.path("values.npy")
    words: list[Any] = ["--model", model, "--data", tool.array("rows", rows), "--out", out]
    if background is not None:
        words += ["--background", tool.array("background", background)]
    if weights is not None:
        words += ["--background-weights", tool.array("weights", weights.reshape(-1, 1))]
    if groups is not None:
        path = tool.path("groups.json")
        path.write_text(json.dumps(groups))
        words += ["--groups", path]
    report = tool.run("explain", *words, *options)
    assert report["rows"] == len(rows)
    values = np.load(out)
    assert values.dtype == np.float32 and values.shape[0] == len(rows)
    return values.astype(np.float64)


def exact(
    tool: Tool, model: Path, rows: np.ndarray, background: np.ndarray, *options: Any, **more: Any
) -> np.ndarray:
    return ask(tool, model, rows, "--method", "exact", *options, background=background, **more)


def path(tool: Tool, model: Path, rows: np.ndarray, *options: Any, **more: Any) -> np.ndarray:
    return ask(tool, model, rows, "--method", "path", *options, **more)


# --- the definitions ------------------------------------------------------------------------------


def weight_of(index: str, size: int, rest: int) -> float:
    """Of a coalition of `size` players and `rest` others, beside those that are looked at."""
    if index == "banzhaf":
        return 0.5 ** (size + rest)
    return math.factorial(size) * math.factorial(rest) / math.factorial(size + rest + 1)


def sizes_of(n: int) -> np.ndarray:
    subsets = np.arange(2**n)
    return sum((subsets >> player & 1 for player in range(n)), np.zeros(2**n, dtype=int))


def values_of(v: np.ndarray, index: str = "shapley") -> np.ndarray:
    """[players + 1, outputs], the base last, of a game v [2^players, outputs]."""
    n = int(math.log2(len(v)))
    subsets, sizes = np.arange(2**n), sizes_of(n)
    weights = np.array([weight_of(index, s, n - 1 - s) for s in range(n)])
    out = np.empty((n + 1, v.shape[1]))
    for i in range(n):
        without = subsets[(subsets >> i & 1) == 0]
        out[i] = weights[sizes[without]] @ (v[without | 1 << i] - v[without])
    out[n] = v[0]
    return out


def matrix_of(v: np.ndarray, index: str = "shapley") -> np.ndarray:
    """[players + 1, players + 1, outputs]: half of what two players do together in either cell, on
    the diagonal what is left of a player's value; the base in the corner, nothing beside it."""
    n = int(math.log2(len(v)))
    subsets, sizes = np.arange(2**n), sizes_of(n)
    values = values_of(v, index)
    out = np.zeros((n + 1, n + 1, v.shape[1]))
    for i in range(n):
        for j in range(i + 1, n):
            weights = np.array([weight_of(index, s, n - 2 - s) for s in range(n - 1)])
            both = 1 << i | 1 << j
            without = subsets[(subsets & both) == 0]
            together = v[without | both] - v[without | 1 << i] - v[without | 1 << j] + v[without]
            out[i, j] = out[j, i] = 0.5 * (weights[sizes[without]] @ together)
    for i in range(n):
        out[i, i] = values[i] - out[i].sum(axis=0)
    out[n, n] = v[0]
    return out


def shaped(of_rows: list[np.ndarray]) -> np.ndarray:
    """Results of rows, outputs last, in the layout of the tool: outputs second unless single."""
    values = np.moveaxis(np.array(of_rows), -1, 1)
    return values[:, 0] if values.shape[1] == 1 else values


class Expected:
    """The games of rows, by enumeration of coalitions."""

    def __init__(self, games: list[np.ndarray]) -> None:
        self.games = games

    def values(self, index: str = "shapley") -> np.ndarray:
        return shaped([values_of(v, index) for v in self.games])

    def matrices(self, index: str = "shapley") -> np.ndarray:
        return shaped([matrix_of(v, index) for v in self.games])

    def range(self) -> np.ndarray:
        """[outputs], over rows and coalitions."""
        return np.ptp(np.concatenate(self.games), axis=0)


def exact_games(
    predict: Function,
    rows: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray | None = None,
    groups: list[list[int]] | None = None,
) -> Expected:
    """v(S) = weighted mean of the model's own predictions on rows mixed with the background."""
    if weights is None:
        weights = np.ones(len(background))
    if groups is None:
        games = [coalition_values(predict, row, background, weights, identity) for row in rows]
        return Expected(games)
    games = []
    for row in rows:
        v = []
        for coalition in range(2 ** len(groups)):
            mixed = background.copy()
            for player, columns in enumerate(groups):
                if coalition >> player & 1:
                    mixed[:, columns] = row[columns]
            outputs = predict(mixed).astype(np.float64).reshape(len(mixed), -1)
            v.append((weights / weights.sum()) @ outputs)
        games.append(np.array(v))
    return Expected(games)


class Walked:
    """A tree for walks by cover; a leaf has no split.  goes_left [rows] of its row values."""

    def __init__(
        self,
        cover: float,
        value: np.ndarray | None = None,
        column: int = -1,
        goes_left: Callable[[np.ndarray], bool] = lambda row: True,
        left: "Walked | None" = None,
        right: "Walked | None" = None,
    ) -> None:
        self.cover, self.value, self.column = cover, value, column
        self.goes_left, self.left, self.right = goes_left, left, right

    def mean(self, row: np.ndarray, players: list[int], coalition: int) -> np.ndarray:
        if self.left is None or self.right is None:
            assert self.value is not None
            return self.value
        left = self.left.mean(row, players, coalition)
        right = self.right.mean(row, players, coalition)
        if coalition >> players[self.column] & 1:
            return left if self.goes_left(row) else right
        total = self.left.cover + self.right.cover
        share = self.left.cover / total if total > 0 else 0.5
        return share * left + (1 - share) * right


def path_games(
    trees: list[Walked], base: np.ndarray, rows: np.ndarray, groups: list[list[int]] | None = None
) -> Expected:
    """v(S) = base + trees walked: a split on a player in S follows the row, others the covers."""
    n_columns = rows.shape[1]
    groups = groups or [[column] for column in range(n_columns)]
    players = [next(p for p, g in enumerate(groups) if c in g) for c in range(n_columns)]
    games = []
    for row in rows:
        v = [
            base + sum(tree.mean(row, players, coalition) for tree in trees)
            for coalition in range(2 ** len(groups))
        ]
        games.append(np.array(v))
    return Expected(games)


# --- comparing ------------------------------------------------------------------------------------


def assert_close(
    found: np.ndarray, expected: np.ndarray, spread: np.ndarray | float, factor: float = 1.0
) -> None:
    """Within factor * TOLERANCE of the output's range; spread is one number, or one an output."""
    assert found.shape == expected.shape, f"{found.shape}, expected {expected.shape}"
    allowed = np.asarray(factor * TOLERANCE * spread, dtype=float)
    if allowed.size > 1:
        allowed = allowed.reshape((1, -1) + (1,) * (found.ndim - 2))
    excess = np.abs(found - expected) / allowed
    worst = np.unravel_index(np.argmax(excess), excess.shape)
    assert (excess <= 1).all(), (
        f"at {worst}: {found[worst]:.9g}, expected {expected[worst]:.9g}; "
        f"off by {factor * TOLERANCE * excess[worst]:.2g} of the range"
    )


def assert_layout(matrices: np.ndarray, values: np.ndarray, spread: np.ndarray | float) -> None:
    """Symmetric to the bit, the base alone in its corner, rows that sum to the values."""
    assert (matrices == np.swapaxes(matrices, -1, -2)).all()
    assert (matrices[..., -1, :-1] == 0).all()
    assert (matrices[..., -1, -1] == values[..., -1]).all()
    assert_close(matrices.sum(axis=-1), values, spread)
