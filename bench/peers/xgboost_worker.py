"""XGBoost of another version, in a process of its own: the peer of the exact comparisons.

Two versions cannot live in one Python.  xgboost_peer.py starts this file with the other version's
folder first in the path.  It loads the model and makes the DMatrix, says its version, and then
answers each line of its input: `time` with the seconds of one predict, a path with those of one
whose result it writes there.
"""

import sys
import time

import numpy as np
import xgboost as xgb


def main() -> None:
    model, rows, kind, threads = sys.argv[1:]
    booster = xgb.Booster({"nthread": int(threads)}, model_file=model)
    matrix = xgb.DMatrix(np.load(rows), feature_names=booster.feature_names, nthread=int(threads))
    asked = {kind: True} if kind != "margin" else {"output_margin": True}
    print(xgb.__version__, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        found = booster.predict(matrix, **asked)
        seconds = time.perf_counter() - start
        if line.strip() != "time":
            np.save(line.strip(), found)
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
