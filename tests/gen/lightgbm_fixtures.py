#!/usr/bin/env python3
"""Write tests/fixtures/lightgbm/: small models and what LightGBM itself predicts with them.

    python3 tests/gen/lightgbm_fixtures.py tests/fixtures/lightgbm

Needs lightgbm 4.7.0, numpy and pandas.  Every run writes the same bytes.

A fixture is <id>.txt, a model as save_model() writes it (or, where the id says edited, such a text
with some numbers replaced and read back by the library), and <id>.expected.json with

    library    version that wrote and predicted
    rows       [n][columns]; null is NaN; categories are codes
    margin     [n][outputs], of predict(raw_score=True); of random forests divided by the number of
               iterations, since that is what predict() takes its link of
    response   [n][outputs], of predict()

Rows are biased to the edges: NaN, zeros of both signs, infinities, every threshold of the first
trees with the doubles next to it, 1e38, -1e38, 1e-36, the values at which LightGBM stops to take a
number for zero, and for categorical columns codes that were never seen, negative ones, fractions.
"""

import json
import os
import re
import sys

import lightgbm as lgb
import numpy as np
import pandas

FOLDER = sys.argv[1]
ZERO_EDGE = 1.0000000180025095e-35
NUMERIC_EDGES = (np.nan, 0.0, -0.0, 1e38, -1e38, 1e-36, np.inf, -np.inf)
ZERO_EDGES = tuple(
    sign * value
    for sign in (-1, 1)
    for value in (np.nextafter(ZERO_EDGE, 0), ZERO_EDGE, np.nextafter(ZERO_EDGE, 1), 1e-30)
)
CODE_EDGES = (np.nan, -1, -0.5, -0.0, 0.5, 1.9, 31, 32, 39, 40, 999, 1000, 2.0**24, 2.0**31, 1e20)


def numeric_table(n_rows=120, n_columns=4, seed=1, missing=True):
    """Numbers with ties and zeros, and missing values in the first two columns."""
    random = np.random.default_rng(seed)
    table = np.round(random.normal(size=(n_rows, n_columns)), 2)
    table[random.random(size=table.shape) < 0.1] = 0.0
    if missing:
        table[:, 0][random.random(n_rows) < 0.2] = np.nan
        table[:, 1][random.random(n_rows) < 0.15] = np.nan
    return table


def score_of(table):
    """Something to learn; missing values are high in one column and low in the other."""
    first = np.where(np.isnan(table[:, 0]), 1.7, table[:, 0])
    second = np.where(np.isnan(table[:, 1]), -1.7, table[:, 1])
    return first + second + 0.5 * first * table[:, 2] - 0.8 * (table[:, 3] > 0.2)


def thresholds(text):
    """(column, threshold) of numeric splits, in the order of the file."""
    found = []
    for block in text.split("\nTree=")[1:]:
        lines = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        columns, splits, kinds = (
            lines[key].split() for key in ("split_feature", "threshold", "decision_type")
        )
        for column, threshold, kind in zip(columns, splits, kinds):
            if int(kind) & 1 == 0:
                found.append((int(column), float(threshold)))
    return found


def edge_rows(table, text, categorical=(), n_plain=6, n_thresholds=8, edges=NUMERIC_EDGES):
    """Rows of the table, some of them moved to the edges, one column at a time."""
    rows = [table[i].copy() for i in range(n_plain)]
    n_columns = table.shape[1]

    def add(column, value):
        row = table[len(rows) % len(table)].copy()
        row[column] = value
        rows.append(row)

    for column in range(n_columns):
        for value in CODE_EDGES if column in categorical else edges:
            add(column, value)
    for column, threshold in thresholds(text)[:n_thresholds]:
        for value in (
            threshold,
            np.nextafter(threshold, -np.inf),
            np.nextafter(threshold, np.inf),
        ):
            add(column, value)
    rows.append(np.full(n_columns, np.nan))
    rows.append(np.zeros(n_columns))
    return np.array(rows, dtype=np.float64)


def plain(values, n_rows):
    return [
        [None if np.isnan(v) else float(v) for v in row]
        for row in np.asarray(values, dtype=np.float64).reshape(n_rows, -1)
    ]


def write_text(name, text, rows):
    """What the library predicts from the text, not from the booster that was trained."""
    booster = lgb.Booster(model_str=text)
    margin = np.asarray(booster.predict(rows, raw_score=True, num_threads=1))
    if "\naverage_output\n" in text:
        margin = margin / (booster.num_trees() / booster.num_model_per_iteration())
    expected = {
        "library": lgb.__version__,
        "rows": plain(rows, len(rows)),
        "margin": plain(margin, len(rows)),
        "response": plain(booster.predict(rows, num_threads=1), len(rows)),
    }
    with open(os.path.join(FOLDER, name + ".txt"), "w", encoding="utf-8", newline="") as file:
        file.write(text)
    with open(os.path.join(FOLDER, name + ".expected.json"), "w", encoding="utf-8") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


def train(params, table, target, n_rounds=3, **options):
    settings = {
        "num_leaves": 6,
        "learning_rate": 0.5,
        "min_data_in_leaf": 3,
        "min_sum_hessian_in_leaf": 1e-6,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "seed": 7,
        "verbosity": -1,
        **params,
    }
    kept = {key: options.pop(key) for key in ("weight", "group", "feature_name") if key in options}
    if "categorical_feature" in options:
        kept["categorical_feature"] = options.pop("categorical_feature")
    data = lgb.Dataset(table, target, **kept)
    return lgb.train(settings, data, n_rounds, **options)


def fixture(name, params, table, target, n_rounds=3, rows=None, edges=NUMERIC_EDGES, **options):
    booster = train(params, table, target, n_rounds, **options)
    text = booster.model_to_string()
    if rows is None:
        categorical = options.get("categorical_feature", ())
        rows = edge_rows(table, text, categorical=categorical, edges=edges)
    write_text(name, text, rows)
    return text


def without_sizes(text):
    """The library goes by these sizes, and without the line by the text."""
    return re.sub(r"^tree_sizes=.*\n", "", text, flags=re.M)


def need(text, *decisions):
    """Training has to make the splits that a fixture is about."""
    found = set(" ".join(re.findall(r"^decision_type=(.*)$", text, re.M)).split())
    assert set(decisions) <= found, found


def missing_types():
    full = numeric_table(missing=False)
    gappy = numeric_table()
    names = ["age", "income", "h\u00f6he", "c"]
    edges = NUMERIC_EDGES + ZERO_EDGES
    need(fixture("numeric", {}, full, score_of(full), edges=edges, feature_name=names), "2")
    need(fixture("missing_nan", {}, gappy, score_of(gappy), edges=edges), "8", "10")
    zero = np.where(np.nan_to_num(gappy) == 0.0, np.nan, gappy)
    text = fixture("missing_zero", {"zero_as_missing": True}, gappy, score_of(zero), edges=edges)
    need(text, "4", "6")
    need(fixture("missing_unused", {"use_missing": False}, gappy, score_of(gappy)), "2")


def near_zero():
    """Thresholds among the numbers that the library takes for zero."""
    table = numeric_table(missing=False)
    text = train({"num_leaves": 9}, table, score_of(table), 2).model_to_string()
    moved = iter(
        [ZERO_EDGE, -ZERO_EDGE, 1e-36, -1e-36, 0.0, -0.0, 5e-324, -5e-324]
        + [np.nextafter(ZERO_EDGE, 1), -np.nextafter(ZERO_EDGE, 1)]
        + [np.nextafter(ZERO_EDGE, 0), -np.nextafter(ZERO_EDGE, 0)]
    )

    def move(match):
        old = match.group(1).split()
        return "threshold=" + " ".join("%.17g" % next(moved, float(value)) for value in old)

    text = re.sub(r"^threshold=(.*)$", move, text, flags=re.M)
    text = without_sizes(text)
    write_text("edited_near_zero", text, edge_rows(table, text, edges=NUMERIC_EDGES + ZERO_EDGES))


def categories():
    random = np.random.default_rng(3)
    finest = {"min_data_per_group": 1, "cat_smooth": 0, "cat_l2": 0, "max_cat_threshold": 600}
    table = np.stack(
        [random.integers(0, 40, 400), random.integers(0, 3, 400), random.normal(size=400)], axis=1
    ).round(2)
    table[:, 0][random.random(400) < 0.1] = np.nan
    table[:, 1][random.random(400) < 0.1] = -1
    effect = random.normal(size=40)
    codes = np.nan_to_num(table[:, 0], nan=0).astype(int)
    target = effect[codes] + (table[:, 1] == 2) + 0.3 * table[:, 2]
    target[np.isnan(table[:, 0])] += 1.5
    both = {"categorical_feature": [0, 1]}
    forty = fixture("categories_40", finest, table, target, **both)
    need(forty, "2", "9")
    zero = {**finest, "zero_as_missing": True}
    fixture("categories_zero_missing", zero, table, target, **both)
    wide = np.stack([np.arange(3000) % 1000, random.normal(size=3000)], axis=1).round(2)
    effect = random.normal(size=1000)
    target = effect[wide[:, 0].astype(int)] + 0.2 * wide[:, 1]
    finest["max_bin"] = 1200
    text = fixture(
        "categories_1000", {**finest, "num_leaves": 4}, wide, target, 2, categorical_feature=[0]
    )
    assert max(map(len, re.findall(r"^cat_threshold=(.*)$", text, re.M))) > 300
    # No training makes an empty set, with words or without.
    text = without_sizes(forty)
    first = re.search(r"^cat_boundaries=0 (\d+)", text, re.M)
    n_words = int(first.group(1))
    words = re.search(r"^cat_threshold=(.*)$", text, re.M)
    emptied = ["0"] * n_words + words.group(1).split()[n_words:]
    text = text[: words.start(1)] + " ".join(emptied) + text[words.end(1) :]
    write_text("edited_empty_set", text, edge_rows(table, text, categorical=(0, 1)))


def pandas_columns():
    """Categories that the file names: texts, whole numbers, fractions, booleans."""
    random = np.random.default_rng(4)
    n = 400
    texts = np.array(["red", "green", "blue", "se\u00f1al", "long name with spaces"])
    frame = pandas.DataFrame(
        {
            "x y": random.normal(size=n).round(2),
            "colour": texts[random.integers(0, 5, n)],
            "year": random.choice([1999, 2005, 2010, 2024], n),
            "z": random.normal(size=n).round(2),
            "half": random.choice([0.5, 1.5, 7.25], n),
            "flag": random.random(n) < 0.5,
        }
    )
    target = (frame["colour"] == "blue") + (frame["year"] == 2005) * 2.0 + frame["flag"] * 0.7
    target = target + (frame["half"] == 1.5) * 1.1 + 0.5 * frame["z"]
    kinds = ["colour", "year", "half", "flag"]
    for column in kinds:
        frame[column] = frame[column].astype("category")
    frame.loc[:20, "colour"] = np.nan
    finest = {"min_data_per_group": 1, "cat_smooth": 0, "num_leaves": 10}
    booster = train(finest, frame, target)
    codes = frame.copy()
    for column in kinds:
        codes[column] = codes[column].cat.codes
    codes = codes.to_numpy(dtype=np.float64)
    text = booster.model_to_string()
    need(text, "1", "9")
    assert "\npandas_categorical:[[" in text
    np.testing.assert_array_equal(booster.predict(frame), booster.predict(codes))
    places = [frame.columns.get_loc(column) for column in kinds]
    write_text("pandas_categories", text, edge_rows(codes, text, categorical=places))
    # A column with one category is not split on, and has no codes in feature_infos.
    frame["only"] = pandas.Categorical(["k"] * n)
    text = train(finest, frame, target).model_to_string()
    codes = np.column_stack([codes, np.zeros(n)])
    rows = edge_rows(codes, text, categorical=places, n_thresholds=2)
    write_text("pandas_constant", text, rows)


def boosting():
    table = numeric_table(seed=2)
    score = score_of(table)
    binary = (score > 0).astype(float)
    classes = np.digitize(score, [-0.5, 0.7])
    forest = {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1, "feature_fraction": 0.8}
    three = {"objective": "multiclass", "num_class": 3}
    fixture("rf_regression", forest, table, score + 10, n_rounds=5)
    fixture("rf_binary", {**forest, "objective": "binary"}, table, binary, n_rounds=4)
    fixture("rf_multiclass", {**forest, **three}, table, classes, n_rounds=3)
    fixture("rf_poisson", {**forest, "objective": "poisson"}, table, np.exp(0.4 * score))
    dart = {"boosting": "dart", "drop_rate": 0.5, "skip_drop": 0.0}
    fixture("dart", dart, table, score, n_rounds=6)
    goss = {"data_sample_strategy": "goss", "top_rate": 0.3, "other_rate": 0.3}
    fixture("goss", goss, table, score, n_rounds=4)
    weight = np.linspace(0.1, 3, len(table))
    fixture("weighted", {}, table, score, weight=weight)
    fixture("multiclass", three, table, classes, n_rounds=2)
    valid = numeric_table(n_rows=40, seed=9)
    noise = np.random.default_rng(1).normal(size=40)
    stop = {"callbacks": [lgb.early_stopping(2, verbose=False)]}
    booster = train(
        {}, table, score, 30, valid_sets=[lgb.Dataset(valid, 0.2 * score_of(valid) + noise)], **stop
    )
    text = booster.model_to_string()
    assert booster.best_iteration == text.count("\nTree=") < 30
    write_text("stopped", text, edge_rows(table, text))


def linear_trees():
    """Leaves with terms, leaves without, NaN in a column of a term.

    No infinities: 0 * inf, or inf - inf, would be NaN in the library as well.
    """
    edges = (np.nan, 0.0, -0.0, 1e6, -1e6, 1e-36)
    table = numeric_table(n_rows=300, seed=5)
    score = score_of(table)
    linear = {"linear_tree": True, "linear_lambda": 0.01, "min_data_in_leaf": 20}
    text = fixture("linear", linear, table, score, n_rounds=3, edges=edges)
    assert re.search(r"^num_features=.*[1-9]", text, re.M)
    three = {**linear, "objective": "multiclass", "num_class": 3, "num_leaves": 3}
    classes = np.digitize(score, [-0.5, 0.7])
    fixture("linear_multiclass", three, table, classes, n_rounds=2, edges=edges)
    # A leaf without terms gives its leaf_const, and not its leaf_value.
    text = without_sizes(text)
    blocks = text.split("\nTree=")
    blocks[1] = re.sub(r"^leaf_value=.*$", "leaf_value=" + "9 " * 5 + "9", blocks[1], flags=re.M)
    assert "num_features=0 0" in blocks[1]
    text = "\nTree=".join(blocks)
    write_text("edited_linear_plain", text, edge_rows(table, text, edges=edges))


def constants():
    table = numeric_table(n_rows=60, seed=6)
    same = np.full(len(table), 3.5)
    fixture("constant", {}, table, same, n_rounds=2)
    fixture("constant_linear", {"linear_tree": True}, table, same, edges=(np.nan, 0.0))
    unsplit = {"min_data_in_leaf": 500, "objective": "binary"}
    fixture("constant_unsplit", unsplit, table, (score_of(table) > 0).astype(float))
    three = {"objective": "multiclass", "num_class": 3}
    fixture("constant_multiclass", three, table, np.zeros(len(table)))
    rf = {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}
    fixture("constant_rf", rf, table, same)


def objectives():
    table = numeric_table(n_rows=80, seed=8)
    score = score_of(table)
    positive = np.exp(0.4 * score)
    binary = (score > 0).astype(float)
    classes = np.digitize(score, [-0.5, 0.7])
    share = 1 / (1 + np.exp(-score))
    three = {"num_class": 3}
    for name, target, more in (
        ("regression", score, {}),
        ("regression_l1", score, {}),
        ("huber", score, {}),
        ("fair", score, {}),
        ("quantile", score, {"alpha": 0.7}),
        ("mape", score + 5, {}),
        ("poisson", np.round(positive), {}),
        ("gamma", positive, {}),
        ("tweedie", positive, {"tweedie_variance_power": 1.3}),
        ("binary", binary, {"sigmoid": 2.0}),
        ("multiclass", classes, three),
        ("multiclassova", classes, {**three, "sigmoid": 0.7}),
        ("cross_entropy", share, {}),
        ("cross_entropy_lambda", share, {}),
    ):
        small = {"num_leaves": 3, "objective": name, **more}
        fixture("objective_" + name, small, table, target, n_rounds=2)
        if name in ("regression", "regression_l1", "huber", "fair", "quantile", "mape"):
            root = {**small, "reg_sqrt": True}
            text = fixture("objective_%s_sqrt" % name, root, table, target, n_rounds=2)
            assert (" sqrt" in text) == (name != "huber")
    relevance = np.digitize(score, [-0.5, 0.7])
    for name in ("lambdarank", "rank_xendcg"):
        small = {"num_leaves": 3, "objective": name}
        fixture("objective_" + name, small, table, relevance, n_rounds=2, group=[20, 20, 20, 20])

    def gradients(margin, data):
        return margin - data.get_label(), np.ones_like(margin)

    text = fixture("objective_custom", {"objective": gradients}, table, score, n_rounds=2)
    assert "\nobjective=" not in text


def main():
    os.makedirs(FOLDER, exist_ok=True)
    missing_types()
    near_zero()
    categories()
    pandas_columns()
    boosting()
    linear_trees()
    constants()
    objectives()


if __name__ == "__main__":
    main()
