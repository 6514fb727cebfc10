#!/usr/bin/env python3
"""Write tests/fixtures/xgboost/: small models and what XGBoost itself predicts with them.

Run once for each version of XGBoost, in an environment that has it and numpy (pandas for the
fixtures with named categories; versions before 2 need numpy < 2):

    python3 tests/gen/xgboost_fixtures.py tests/fixtures/xgboost

The script looks at the version and writes the fixtures that belong to it, so the folder is complete
after runs with 1.2.1, 1.7.6, 2.1.4, 3.2.0 and 3.4.1.  Every run writes the same bytes.

A fixture is <id>.json and, from 2.1 on, <id>.ubj: one model in both syntaxes.  <id>.expected.json
holds

    library    version that wrote and predicted
    rows       [n][columns]; null is NaN; categories are codes
    margin     [n][outputs], of predict(output_margin=True)
    response   [n][outputs], of predict()

Rows are biased to the edges: NaN, zeros of both signs, every threshold of the first trees with the
floats next to it, 1e38, -1e38, 1e-36, and for categorical columns codes that were never seen,
negative ones, fractions and -0.
"""

import json
import os
import sys
import tempfile

import numpy as np
import xgboost as xgb

VERSION = tuple(int(part) for part in xgb.__version__.split("+")[0].split(".")[:3])
FOLDER = sys.argv[1]


def numeric_table(n_rows=120, n_columns=4, seed=1):
    """Numbers with ties, zeros and missing values in the first two columns."""
    random = np.random.default_rng(seed)
    table = np.round(random.normal(size=(n_rows, n_columns)), 2)
    table[random.random(size=table.shape) < 0.05] = 0.0
    table[:, 0][random.random(n_rows) < 0.2] = np.nan
    table[:, 1][random.random(n_rows) < 0.1] = np.nan
    return table


def score_of(table):
    filled = np.where(np.isnan(table), 0.7, table)
    return filled[:, 0] + 0.5 * filled[:, 1] * filled[:, 2] - 0.8 * (filled[:, 3] > 0.2)


def thresholds(model):
    """(column, threshold) of numeric splits, in the order of the file."""
    booster = model["learner"]["gradient_booster"]
    trees = booster.get("gbtree", booster).get("model", {}).get("trees", [])
    found = []
    for tree in trees:
        types = tree.get("split_type") or [0] * len(tree["left_children"])
        for node, left in enumerate(tree["left_children"]):
            if left != -1 and types[node] == 0:
                found.append((tree["split_indices"][node], tree["split_conditions"][node]))
    return found


def edge_rows(table, model, categorical=(), n_plain=6, n_thresholds=6):
    """Rows of the table, some of them moved to the edges, one column at a time."""
    rows = [table[i].copy() for i in range(n_plain)]
    n_columns = table.shape[1]

    def add(column, value):
        row = table[len(rows) % len(table)].copy()
        row[column] = value
        rows.append(row)

    for column in range(n_columns):
        if column in categorical:
            for value in (np.nan, -1, -0.5, -0.0, 0.5, 1.9, 33, 39, 40, 1000, 2.0**24, 1e9):
                add(column, value)
        else:
            for value in (np.nan, 0.0, -0.0, 1e38, -1e38, 1e-36):
                add(column, value)
    for column, threshold in thresholds(model)[:n_thresholds]:
        t = np.float32(threshold)
        for value in (
            t,
            np.nextafter(t, np.float32(-np.inf)),
            np.nextafter(t, np.float32(np.inf)),
            float(t) - abs(float(t)) * 1e-10,
        ):
            add(column, float(value))
    rows.append(np.full(n_columns, np.nan))
    rows.append(np.zeros(n_columns))
    return np.array(rows, dtype=np.float64)


def plain(values, n_rows):
    return [
        [None if np.isnan(v) else float(v) for v in row]
        for row in np.asarray(values, dtype=np.float64).reshape(n_rows, -1)
    ]


def dump(name, document):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))
        file.write("\n")


def load_json(booster):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        booster.save_model(path)
        with open(path, encoding="utf-8") as file:
            return json.load(file)


def save_models(name, booster):
    booster.save_model(os.path.join(FOLDER, name + ".json"))
    if VERSION >= (2, 1, 0):
        booster.save_model(os.path.join(FOLDER, name + ".ubj"))


def predict_all(booster, rows, feature_types=None):
    options = {} if feature_types is None else {"feature_types": feature_types}
    matrix = xgb.DMatrix(rows, missing=np.nan, **options)
    margin = booster.predict(matrix, output_margin=True)
    config = json.loads(booster.save_config())
    if config["learner"]["learner_train_param"]["objective"] == "multi:softmax":
        # predict() of softmax is the class; its probabilities are those of softprob.
        booster.set_param({"objective": "multi:softprob"})
    return margin, booster.predict(matrix)


def write(name, booster, rows, margin=None, response=None, feature_types=None):
    save_models(name, booster)
    if margin is None:
        margin, response = predict_all(booster, rows, feature_types)
    expected = {
        "library": xgb.__version__,
        "rows": plain(rows, len(rows)),
        "margin": plain(margin, len(rows)),
        "response": plain(response, len(rows)),
    }
    dump(name + ".expected.json", expected)


def train(params, table, target, n_rounds=3, **options):
    params = {"max_depth": 3, "eta": 0.5, "nthread": 1, "seed": 7, "verbosity": 0, **params}
    names = options.pop("names", None)
    matrix = xgb.DMatrix(table, label=target, missing=np.nan, feature_names=names)
    return xgb.train(params, matrix, n_rounds, **options)


def fixture(name, params, table, target, n_rounds=3, rows=None, **options):
    booster = train(params, table, target, n_rounds, **options)
    if rows is None:
        rows = edge_rows(table, load_json(booster))
    names = options.get("names")
    if names is None:
        write(name, booster, rows)
        return booster
    matrix = xgb.DMatrix(rows, missing=np.nan, feature_names=names)
    margin = booster.predict(matrix, output_margin=True)
    write(name, booster, rows, margin, booster.predict(matrix))
    return booster


def tag():
    return "%d_%d_%d" % VERSION


def generations():
    """x01 to x12: the same few models by every generation of the format."""
    table = numeric_table()
    score = score_of(table)
    binary = (score > 0).astype(float)
    classes = np.digitize(score, [-0.5, 0.7])
    names = ["age", "income", "height of \u00e9t\u00e9", "c"] if VERSION >= (1, 7, 0) else None
    logistic = {"objective": "binary:logistic", "base_score": 0.3}
    fixture("logistic_" + tag(), logistic, table, binary, names=names)
    dart = {"booster": "dart", "rate_drop": 0.5, "objective": "reg:squarederror"}
    fixture("dart_" + tag(), dart, table, score, n_rounds=5)
    linear = {"booster": "gblinear", "base_score": 0.3}
    plain_rows = edge_rows(table, {"learner": {"gradient_booster": {}}})
    three = {**linear, "objective": "multi:softprob", "num_class": 3}
    fixture("linear_three_" + tag(), three, table, classes, rows=plain_rows)
    one = {**linear, "objective": "reg:logistic"}
    fixture("linear_one_" + tag(), one, table, binary, rows=plain_rows)
    if VERSION >= (2, 1, 0):
        both = np.stack([score, -2 * score + table[:, 2]], axis=1)
        targets = {"multi_strategy": "multi_output_tree", "tree_method": "hist"}
        if VERSION >= (3, 1, 0):
            targets["base_score"] = [0.1, 0.7]
        fixture("vector_leaves_" + tag(), targets, table, both)


def categories():
    """Sets of more than 32 codes, one-hot splits, missing values to both sides."""
    random = np.random.default_rng(3)
    table = np.stack(
        [random.integers(0, 40, 400), random.integers(0, 4, 400), random.normal(size=400)], axis=1
    ).astype(float)
    table[:, 0][random.random(400) < 0.1] = np.nan
    effect = random.normal(size=40)
    codes = np.nan_to_num(table[:, 0], nan=0).astype(int)
    target = effect[codes] + (table[:, 1] == 2) + 0.3 * table[:, 2]
    types = ["c", "c", "q"]
    matrix = xgb.DMatrix(
        table, label=target, missing=np.nan, feature_types=types, enable_categorical=True
    )
    for name, onehot in (("sets", 1), ("onehot", 10)):
        params = {"max_depth": 3, "max_cat_to_onehot": onehot, "tree_method": "hist", "nthread": 1}
        booster = xgb.train(params, matrix, 3)
        model = load_json(booster)
        rows = edge_rows(table, model, categorical=(0, 1), n_thresholds=2)
        write("category_%s_%s" % (name, tag()), booster, rows, feature_types=types)
    # Training never sends missing values of a category split right by itself.
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        tree["default_left"] = [1 - flag for flag in tree["default_left"]]
    turned = xgb.Booster(model_file=bytearray(json.dumps(model), "utf-8"))
    write("category_turned_" + tag(), turned, rows, feature_types=types)


def named_categories():
    """Categories that the file names: texts and integers of several widths."""
    import pandas

    random = np.random.default_rng(4)
    n = 300
    texts = np.array(["red", "green", "blue", "se\u00f1al", "long name with spaces"])
    columns = {
        "colour": texts[random.integers(0, 5, n)],
        "u8": random.integers(100, 104, n).astype("uint8"),
        "i16": random.integers(-5, 5, n).astype("int16"),
        "u16": random.integers(65530, 65535, n).astype("uint16"),
        "i64": random.integers(-3, 3, n).astype("int64") * 10**12,
    }
    frame = pandas.DataFrame(columns)
    target = (frame["colour"] == "blue") + (frame["i16"] > 0) * 0.5 + (frame["u16"] == 65533) * 2.0
    target = target + (frame["i64"] < 0) * 0.7 + (frame["u8"] == 101) * 1.1
    codes = np.zeros((n, len(columns)))
    for at, column in enumerate(columns):
        frame[column] = frame[column].astype("category")
        codes[:, at] = frame[column].cat.codes
    frame["x"] = random.normal(size=n)
    codes = np.column_stack([codes, frame["x"]])
    matrix = xgb.DMatrix(frame, label=target, enable_categorical=True)
    params = {"max_depth": 4, "max_cat_to_onehot": 1, "tree_method": "hist", "nthread": 1}
    booster = xgb.train(params, matrix, 3)
    margin = booster.predict(matrix, output_margin=True)
    n_kept = 40
    write("named_categories_" + tag(), booster, codes[:n_kept], margin[:n_kept], margin[:n_kept])


def shapes():
    """Deleted nodes, several trees a round, early stopping, trees without splits, no trees."""
    table = numeric_table(seed=5)
    score = score_of(table)
    binary = (score > 0).astype(float)
    classes = np.digitize(score, [-0.5, 0.7])
    exact = {"tree_method": "exact", "gamma": 6, "max_depth": 5}
    booster = fixture("deleted_" + tag(), exact, table, 3 * score, n_rounds=2)
    trees = load_json(booster)["learner"]["gradient_booster"]["model"]["trees"]
    assert any(int(tree["tree_param"]["num_deleted"]) > 0 for tree in trees)
    parallel = {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 3}
    parallel.update({"subsample": 0.7, "max_depth": 2})
    fixture("parallel_" + tag(), parallel, table, classes, n_rounds=2)
    valid = xgb.DMatrix(table[:30], label=1 - binary[:30], missing=np.nan)
    stopped = fixture(
        "stopped_" + tag(),
        {"objective": "binary:logistic", "eval_metric": "logloss"},
        table,
        binary,
        n_rounds=20,
        evals=[(valid, "valid")],
        early_stopping_rounds=2,
        verbose_eval=False,
    )
    assert stopped.best_iteration >= 0
    fixture("leaves_only_" + tag(), {"min_child_weight": 1e6}, table, score, n_rounds=2)
    fixture("no_trees_" + tag(), {"base_score": 0.25}, table, score, n_rounds=0)
    # Infinities: DMatrix refuses them, inplace_predict orders them as numbers.
    booster = train({}, table, score)
    rows = table[:12].copy()
    for at in range(8):
        rows[at, at % 4] = np.inf if at < 4 else -np.inf
    margin = booster.inplace_predict(rows, predict_type="margin", missing=np.nan)
    write("infinities_" + tag(), booster, rows, margin, margin)


def objectives():
    """One small model for each objective."""
    table = numeric_table(n_rows=60, seed=6)
    score = score_of(table)
    positive = np.exp(0.4 * score)
    binary = (score > 0).astype(float)
    classes = np.digitize(score, [-0.5, 0.7])
    small = {"max_depth": 2}
    two = {"num_class": 3}
    for name, target, more in (
        ("reg:squarederror", score, {}),
        ("reg:squaredlogerror", positive, {}),
        ("reg:absoluteerror", score, {}),
        ("reg:pseudohubererror", score, {}),
        ("reg:quantileerror", score, {"quantile_alpha": [0.2, 0.8]}),
        ("reg:expectileerror", score, {"expectile_alpha": [0.2, 0.5, 0.9]}),
        ("reg:logistic", binary, {"base_score": 0.3}),
        ("reg:gamma", positive, {"base_score": 0.3}),
        ("reg:tweedie", positive, {"tweedie_variance_power": 1.3}),
        ("binary:logistic", binary, {}),
        ("binary:logitraw", binary, {"base_score": 0.3}),
        ("binary:hinge", binary, {"base_score": 0.3}),
        ("count:poisson", np.round(positive), {}),
        ("survival:cox", positive * np.where(binary > 0, 1, -1), {}),
        ("multi:softprob", classes, two),
        ("multi:softmax", classes, two),
    ):
        if name == "reg:expectileerror" and VERSION < (3, 4, 0):
            continue
        label = "objective_%s_%s" % (name.replace(":", "_"), tag())
        fixture(label, {**small, "objective": name, **more}, table, target, n_rounds=2)
    ranking(table, score)
    survival(table, positive)


def write_matrix(name, params, matrix, table):
    params = {"max_depth": 2, "nthread": 1, **params}
    booster = xgb.train(params, matrix, 2)
    write(name, booster, edge_rows(table, load_json(booster)))


def ranking(table, score):
    relevance = np.digitize(score, [-0.5, 0.7])
    for name in ("rank:ndcg", "rank:pairwise", "rank:map"):
        label = np.minimum(relevance, 1) if name == "rank:map" else relevance
        matrix = xgb.DMatrix(table, label=label, missing=np.nan)
        matrix.set_group([20, 20, 20])
        label = "objective_%s_%s" % (name.replace(":", "_"), tag())
        write_matrix(label, {"objective": name}, matrix, table)


def survival(table, positive):
    matrix = xgb.DMatrix(table, missing=np.nan)
    matrix.set_float_info("label_lower_bound", positive)
    matrix.set_float_info("label_upper_bound", np.where(positive > 1, np.inf, positive))
    write_matrix("objective_survival_aft_" + tag(), {"objective": "survival:aft"}, matrix, table)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    generations()
    if VERSION >= (3, 2, 0):
        categories()
    if VERSION >= (3, 4, 0):
        named_categories()
        shapes()
        objectives()


if __name__ == "__main__":
    main()
