"""Models, rows and backgrounds on which explanations are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import xgboost as xgb
from support import sigmoid, softmax


@dataclass
class Game:
    """A trained model with rows to explain and background rows."""

    booster: xgb.Booster
    model: Path
    rows: np.ndarray
    background: np.ndarray
    n_outputs: int

    def raw(self, rows: np.ndarray) -> np.ndarray:
        margin = self.booster.predict(xgb.DMatrix(rows), output_margin=True)
        return margin.astype(np.float64).reshape(len(rows), -1)

    def probability(self, rows: np.ndarray) -> np.ndarray:
        # From the margin in float64: the library's own float32 response is 1e-7 coarse, and the
        # logit of a probability near 1 would make more of that.
        margin = self.raw(rows)
        return sigmoid(margin) if self.n_outputs == 1 else softmax(margin)

    def function(self, output: str) -> Callable[[np.ndarray], np.ndarray]:
        return self.raw if output == "raw" else self.probability


def make_game(
    folder: Path,
    n_columns: int,
    *,
    n_outputs: int = 1,
    n_rows: int = 4,
    n_background: int = 12,
    trees: int = 40,
    depth: int = 5,
    missing: float = 0.1,
    seed: int = 0,
) -> Game:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2000, n_columns)).astype(np.float32)
    clean = rows.copy()
    rows[rng.random(rows.shape) < missing] = np.nan
    pairs = rng.permutation(n_columns)
    score = clean @ rng.normal(size=n_columns) * 0.5
    for a, b in zip(pairs, pairs[1:]):
        score += clean[:, a] * clean[:, b] * 0.4
    params: dict = {"max_depth": depth, "eta": 0.2, "seed": 1, "nthread": 2}
    if n_outputs == 1:
        params["objective"] = "binary:logistic"
        target = score > 0
    else:
        params |= {"objective": "multi:softprob", "num_class": n_outputs}
        edges = np.quantile(score, np.linspace(0, 1, n_outputs + 1)[1:-1])
        target = np.digitize(score, edges)
    booster = xgb.train(params, xgb.DMatrix(rows, target), num_boost_round=trees)
    model = folder / f"model_{n_columns}_{n_outputs}_{seed}.ubj"
    booster.save_model(model)
    return Game(booster, model, rows[:n_rows], rows[1000 : 1000 + n_background], n_outputs)
