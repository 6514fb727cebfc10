"""Running the built tool on arrays, and the definitions that its answers are held to."""

from __future__ import annotations

import functools
import itertools
import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any, Callable

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
# Not APPORTION_*: those are options of the tool.
TOOL = Path(os.environ.get("APO_TOOL", ROOT / "build" / "bin" / "apportion"))
DEVICE = os.environ.get("APO_PEER_DEVICE", "cpu")

# One rounding of a float32.
HALF_ULP = 2.0**-24


class Tool:
    """The command line tool on one device; every call leaves its files in one folder."""

    def __init__(self, device: str, folder: Path) -> None:
        self.device = device or DEVICE
        self.folder = folder
        self.calls = itertools.count()

    def path(self, stem: str) -> Path:
        return self.folder / f"{next(self.calls):04d}_{stem}"

    def array(self, stem: str, values: np.ndarray) -> Path:
        path = self.path(f"{stem}.npy")
        np.save(path, values)
        return path

    def run(self, command: str, *options: Any) -> dict:
        """Run a command and return its JSON: the last line of stdout."""
        words = [str(TOOL), command, *map(str, options), "--device", self.device, "--json"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stderr}"
        return json.loads(done.stdout.strip().splitlines()[-1])

    def predict(
        self, model: Path, rows: np.ndarray, output: str = "raw", *options: Any
    ) -> np.ndarray:
        out = self.path("predictions.npy")
        self.run(
            "predict", "--model", model, "--data", self.array("rows", rows),
            "--output", output, "--out", out, *options,
        )  # fmt: skip
        values = np.load(out).astype(np.float64)
        return values.reshape(len(rows), -1)

    def explain(
        self,
        model: Path,
        rows: np.ndarray,
        background: np.ndarray,
        *options: Any,
        weights: np.ndarray | None = None,
        errors: bool = False,
    ) -> Any:
        """phi [rows, outputs, features], base [rows, outputs]; if asked for, errors like phi."""
        out = self.path("phi.npy")
        words: list[Any] = [
            "--model", model, "--data", self.array("rows", rows),
            "--background", self.array("background", background), "--out", out, *options,
        ]  # fmt: skip
        if weights is not None:
            words += ["--background-weights", self.array("weights", weights.reshape(-1, 1))]
        spread = self.path("errors.npy")
        if errors:
            words += ["--errors", spread]
        self.run("explain", *words)
        values = np.load(out).astype(np.float64)
        values = values.reshape(len(rows), -1, rows.shape[1] + 1)
        if not errors:
            return values[:, :, :-1], values[:, :, -1]
        deviations = np.load(spread).astype(np.float64).reshape(len(rows), values.shape[1], -1)
        return values[:, :, :-1], values[:, :, -1], deviations[:, :, : rows.shape[1]]


@functools.cache
def cpu_device_reason() -> str:
    """Why the OpenCL tests cannot run, or nothing."""
    words = [str(TOOL), "devices", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    if "APO_PEER_DEVICE" in os.environ:
        return ""
    return (
        ""
        if "pocl" in done.stdout.lower() or '"cpu"' in done.stdout.lower()
        else (f"no OpenCL CPU device: {done.stdout.strip()[-200:]}{done.stderr.strip()[-200:]}")
    )


def sigmoid(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin))


def softmax(margin: np.ndarray) -> np.ndarray:
    power = np.exp(margin - margin.max(axis=-1, keepdims=True))
    return power / power.sum(axis=-1, keepdims=True)


def logit(probability: np.ndarray) -> np.ndarray:
    return np.log(probability / (1 - probability))


def identity(values: np.ndarray) -> np.ndarray:
    return values


def coalition_values(
    predict: Callable[[np.ndarray], np.ndarray],
    row: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray,
    link: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """v(S) [2^columns, outputs]: link of the weighted mean output of (row in S, background else).

    Bit i of S says that column i comes from the row.  This is the definition, with the model's
    own library as the model.
    """
    n = len(row)
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
    mixed = np.where(masks[:, None, :], row[None, None, :], background[None, :, :])
    outputs = predict(mixed.reshape(-1, n)).astype(np.float64)
    outputs = outputs.reshape(len(masks), len(background), -1)
    return link(np.einsum("sbk,b->sk", outputs, weights / weights.sum()))


def shapley(values: np.ndarray) -> np.ndarray:
    """Shapley values [columns, outputs] of a game given as v [2^columns, outputs]."""
    n = int(math.log2(len(values)))
    subsets = np.arange(2**n)
    sizes = np.zeros(2**n, dtype=int)
    for player in range(n):
        sizes += subsets >> player & 1
    weight = np.array(
        [math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n) for s in range(n)]
    )
    phi = np.empty((n, values.shape[1]))
    for player in range(n):
        without = subsets[(subsets >> player & 1) == 0]
        gain = values[without | 1 << player] - values[without]
        phi[player] = weight[sizes[without]] @ gain
    return phi


def brute_force(
    predict: Callable[[np.ndarray], np.ndarray],
    rows: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray | None = None,
    link: Callable[[np.ndarray], np.ndarray] = identity,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """phi [rows, outputs, columns], base [outputs] and explained output [rows, outputs]."""
    if weights is None:
        weights = np.ones(len(background))
    phi, base, explained = [], None, []
    for row in rows:
        values = coalition_values(predict, row, background, weights, link)
        phi.append(shapley(values).T)
        base = values[0]
        explained.append(values[-1])
    return np.array(phi), np.array(base), np.array(explained)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
