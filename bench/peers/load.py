"""Reading a large model: time and peak memory of `validate` against each library's own loader.

The models are trained small and then grown to the size asked for by repeating their trees in the
file, in the library's own spelling, so that nothing has to be trained for hours.  Each contender
loads the file in a fresh process, with the file in the page cache.  The tool's clock and peak are
those of its whole process (its mapped file counts); the library's are those of the call alone: peak
memory over what the process held before it.

What must hold: at most 3 times the file in memory, and no longer than the library.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Callable

import lightgbm
import numpy as np
import xgboost
from common import LAUNCHER, Result, Settings, in_turns, result

MOST_MEMORY = 3.0
SEED_TREES = 20
DEPTH = 8

# Prints the seconds of the call, the bytes by which it raised the peak, and the number of trees.
LOADERS = {
    "xgboost": """
import xgboost
load = lambda path: xgboost.Booster(model_file=path)
count = lambda model: model.num_boosted_rounds()
""",
    "lightgbm": """
import lightgbm
load = lambda path: lightgbm.Booster(model_file=path)
count = lambda model: model.num_trees()
""",
}
LOADER_TAIL = """
import json, re, sys, time
from pathlib import Path
kib = lambda name: int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = kib("VmRSS")
start = time.perf_counter()
model = load(sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps([seconds, (kib("VmHWM") - before) * 1024, count(model)]))
"""


def training_rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20000, 30)).astype(np.float32)
    return rows, rows[:, 0] * rows[:, 1] + np.sin(3 * rows[:, 2]) + 0.3 * rng.normal(size=20000)


def between(data: bytes, first: bytes, last: bytes) -> tuple[int, int]:
    """The range behind `first` and before the next `last`."""
    begin = data.index(first) + len(first)
    return begin, data.index(last, begin)


def write_spliced(path: Path, seed: bytes, pieces: list[tuple[tuple[int, int], object]]) -> None:
    """The seed with ranges replaced; a piece is bytes, or an iterator of bytes."""
    at = 0
    with path.open("wb") as file:
        for (begin, end), new in pieces:
            file.write(seed[at:begin])
            file.writelines([new] if isinstance(new, bytes) else new)
            at = end
        file.write(seed[at:])


def grow_json(seed: bytes, size: int, path: Path) -> int:
    trees = between(seed, b'"trees":[', b']},"name":"gbtree"')
    parts = re.split(rb'"id":\d+', seed[slice(*trees)])
    n_copies = max(1, size // (trees[1] - trees[0]))
    n_trees = n_copies * SEED_TREES

    def body():
        for copy in range(n_copies):
            yield b"," if copy > 0 else b""
            yield parts[0]
            for tree in range(SEED_TREES):
                yield b'"id":%d' % (copy * SEED_TREES + tree)
                yield parts[tree + 1]

    write_spliced(
        path, seed,
        [
            (between(seed, b'"num_trees":"', b'"'), b"%d" % n_trees),
            (between(seed, b'"iteration_indptr":[', b"]"),
             ",".join(map(str, range(n_trees + 1))).encode()),
            (between(seed, b'"tree_info":[', b"]"), b",".join([b"0"] * n_trees)),
            (trees, body()),
        ],
    )  # fmt: skip
    return n_trees


def ubjson_key(name: bytes) -> bytes:
    return b"L" + struct.pack(">q", len(name)) + name


def ubjson_integers(values: np.ndarray) -> bytes:
    items = np.zeros(len(values), np.dtype([("marker", "S1"), ("value", ">i4")]))
    items["marker"], items["value"] = b"l", values
    return b"[#L" + struct.pack(">q", len(values)) + items.tobytes()


def grow_ubjson(seed: bytes, size: int, path: Path) -> int:
    trees = between(seed, ubjson_key(b"trees"), b"}" + ubjson_key(b"name"))
    head = len(b"[#L") + 8
    key = ubjson_key(b"id")
    # The value is one of five integers; only its marker tells how long it is.
    bytes_of = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}
    body_of_seed = seed[trees[0] + head : trees[1]]
    first, *others = body_of_seed.split(key)
    parts = [part[1 + bytes_of[part[:1]] :] for part in others]
    n_copies = max(1, size // len(body_of_seed))
    n_trees = n_copies * SEED_TREES

    def body():
        yield b"[#L" + struct.pack(">q", n_trees)
        for copy in range(n_copies):
            yield first
            for tree in range(SEED_TREES):
                yield key + b"l" + struct.pack(">i", copy * SEED_TREES + tree)
                yield parts[tree]

    count = b"%d" % n_trees
    write_spliced(
        path, seed,
        [
            (between(seed, ubjson_key(b"num_trees"), b"}"),
             b"SL" + struct.pack(">q", len(count)) + count),
            (between(seed, ubjson_key(b"iteration_indptr"), ubjson_key(b"tree_info")),
             ubjson_integers(np.arange(n_trees + 1))),
            (between(seed, ubjson_key(b"tree_info"), ubjson_key(b"trees")),
             ubjson_integers(np.zeros(n_trees, int))),
            (trees, body()),
        ],
    )  # fmt: skip
    return n_trees


def grow_lightgbm(seed: bytes, size: int, path: Path) -> int:
    trees = between(seed, b"\n\n", b"end of trees")
    blocks = re.split(rb"(?=Tree=\d+\n)", seed[slice(*trees)])[1:]
    blocks = [block.split(b"\n", 1)[1] for block in blocks]
    n_copies = max(1, size // (trees[1] - trees[0]))
    n_trees = n_copies * len(blocks)
    name = "Tree={}\n".format

    def body():
        for tree in range(n_trees):
            yield name(tree).encode()
            yield blocks[tree % len(blocks)]

    sizes = [len(name(tree)) + len(blocks[tree % len(blocks)]) for tree in range(n_trees)]
    write_spliced(
        path, seed,
        [
            (between(seed, b"tree_sizes=", b"\n"), " ".join(map(str, sizes)).encode()),
            (trees, body()),
        ],
    )  # fmt: skip
    return n_trees


def make_xgboost(folder: Path, ending: str, size: int) -> tuple[Path, int]:
    rows, target = training_rows()
    booster = xgboost.train(
        {"max_depth": DEPTH, "tree_method": "hist"}, xgboost.DMatrix(rows, target), SEED_TREES
    )
    grow = grow_json if ending == "json" else grow_ubjson
    path = folder / f"large.{ending}"
    return path, grow(bytes(booster.save_raw(ending)), size, path)


def make_lightgbm(folder: Path, size: int) -> tuple[Path, int]:
    rows, target = training_rows()
    booster = lightgbm.train(
        {"num_leaves": 255, "verbose": -1}, lightgbm.Dataset(rows, target), SEED_TREES
    )
    path = folder / "large.txt"
    return path, grow_lightgbm(booster.model_to_string().encode(), size, path)


def load_by_tool(settings: Settings, path: Path) -> tuple[float, int, int]:
    words = [settings.tool, "validate", path, "--json"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, words)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *report, launched = done.stdout.strip().splitlines()
    code, seconds, peak_bytes = json.loads(launched)
    if code != 0:
        raise RuntimeError(f"exit {code}: {done.stderr.strip()}")
    return seconds, peak_bytes, json.loads(report[-1])["trees"]


def load_by_library(library: str, path: Path) -> tuple[float, int, int]:
    done = subprocess.run(
        [sys.executable, "-c", LOADERS[library] + LOADER_TAIL, path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(json.loads(done.stdout.strip().splitlines()[-1]))


def compare(
    settings: Settings, library: str, kind: str, make: Callable[[], tuple[Path, int]]
) -> list[Result]:
    path, n_trees = make()
    file_bytes = path.stat().st_size
    peaks: dict[str, list[int]] = {"apportion": [], library: []}

    def turn(who: str, load: Callable[[], tuple[float, int, int]]) -> dict[str, float]:
        seconds, peak_bytes, n_found = load()
        if n_found != n_trees:
            raise RuntimeError(f"{who}: {n_found} trees of {n_trees}")
        peaks[who].append(peak_bytes)
        return {who: seconds}

    workload = f"{library} {kind}, {file_bytes / 1e6:.0f} MB, {n_trees} trees"
    path.read_bytes()  # into the page cache
    try:
        times = in_turns(
            {
                "apportion": lambda: turn("apportion", lambda: load_by_tool(settings, path)),
                library: lambda: turn(library, lambda: load_by_library(library, path)),
            },
            {"apportion": settings.repeats, library: settings.slow_repeats},
        )
    except RuntimeError as fault:
        nothing = float("nan")
        return [
            Result(
                workload, "process", "apportion", n_trees, 0, nothing, nothing, nothing,
                status="wrong", check=str(fault),
            )
        ]  # fmt: skip
    finally:
        path.unlink()
    memory = {who: max(found) / file_bytes for who, found in peaks.items()}
    check = ", ".join(f"{who} {share:.2f}" for who, share in memory.items())
    check = f"peak memory over the size of the file: {check}"
    lines = [
        result(workload, "process", "apportion", n_trees, times["apportion"], check),
        result(workload, "call", library, n_trees, times[library], check),
    ]
    mine, theirs = lines
    mine.ratio, theirs.ratio = theirs.median_s / mine.median_s, 1.0
    if memory["apportion"] > MOST_MEMORY or mine.median_s > theirs.median_s:
        mine.status = "wrong"
    return lines


def run(settings: Settings, folder: Path) -> list[Result]:
    size = settings.load_megabytes * 1_000_000
    return [
        *compare(settings, "xgboost", "json", lambda: make_xgboost(folder, "json", size)),
        *compare(settings, "xgboost", "ubj", lambda: make_xgboost(folder, "ubj", size)),
        *compare(settings, "lightgbm", "text", lambda: make_lightgbm(folder, size)),
    ]
