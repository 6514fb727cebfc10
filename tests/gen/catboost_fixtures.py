#!/usr/bin/env python3
"""Write tests/fixtures/catboost/: small models and what CatBoost itself predicts with them.

    python3 tests/gen/catboost_fixtures.py tests/fixtures/catboost

needs catboost 1.2.10, numpy and pandas.  Every run writes the same bytes: what CatBoost says about
the run (time, guid, metrics, where it wrote) is left out of the models, and their layout is compact.
own_layout.json alone keeps CatBoost's own text, with the time and the guid overwritten.

<id>.json is the model, <id>.expected.json holds

    library    version that wrote and predicted
    rows       [n][columns]; null is NaN; Infinity is a bare word
    margin     [n][outputs], of predict(prediction_type="RawFormulaVal")
    response   [n][outputs], of Probability or Exponent, or the margin again

Predictions are asked of a model that CatBoost loaded from the very file, and compared with those of
the model that was trained.

Categories.  A row of a fixture holds the number that stands for a category.  Where all categories
that the splits of a column test are whole numbers, that is the category itself.  Elsewhere it is the
place of the category in features_info.categorical_features[c].values, found through
cat_features_hash; a text that is not there gets one of several numbers that are no place.

refused/ holds models that must not be read: CTR splits, and one-hot splits saved without pool=.
"""

import json
import os
import re
import sys
import tempfile

import catboost
import numpy as np
import pandas
from catboost import CatBoost, Pool

FOLDER = sys.argv[1]
FLOAT_MAX = float(np.finfo(np.float32).max)
NO_PLACE = (-1.0, -0.5, 0.5, 1000.0, 2.0**24, 1e9)


def train(pool, **params):
    params = {"iterations": 3, "depth": 3, "random_seed": 7, "thread_count": 1, **params}
    model = CatBoost({"verbose": 0, "allow_writing_files": False, **params})
    model.fit(pool)
    return model


def saved(model, pool=None):
    """The text that CatBoost writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        model.save_model(path, format="json", pool=pool)
        with open(path, encoding="utf-8") as file:
            return file.read()


def trimmed(text):
    """The document without what differs from run to run, and what nobody asks a model."""
    document = json.loads(text)
    info = document["model_info"]
    for key in list(info):
        name = key.split(":")[-1]
        if name in ("model_guid", "output_options", "train_finish_time", "training"):
            del info[key]
        elif name == "params":
            info[key] = {"loss_function": info[key]["loss_function"]}
    return document


def dump(name, document):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))


def load(name):
    model = CatBoost()
    model.load_model(os.path.join(FOLDER, name + ".json"), format="json")
    return model


def plain(values, n_rows):
    return [
        [None if np.isnan(v) else float(v) for v in row]
        for row in np.asarray(values, dtype=np.float64).reshape(n_rows, -1)
    ]


def respond(model, data, response, n_rows):
    raw = np.asarray(model.predict(data, prediction_type="RawFormulaVal")).reshape(n_rows, -1)
    if response is None:
        return raw, raw
    found = np.asarray(model.predict(data, prediction_type=response)).reshape(n_rows, -1)
    return raw, found[:, 1:] if response == "Probability" and raw.shape[1] == 1 else found


def write(name, model, data, rows, response=None, pool=None, edit=None, text=None):
    """`data` is what CatBoost is asked, `rows` the same as numbers."""
    if text is None:
        document = trimmed(saved(model, pool))
        if edit is not None:
            edit(document)
        dump(name + ".json", document)
    else:
        with open(os.path.join(FOLDER, name + ".json"), "w", encoding="utf-8") as file:
            file.write(text)
    margin, responses = respond(load(name), data, response, len(rows))
    if edit is None:
        original, _ = respond(model, data, response, len(rows))
        assert np.allclose(margin, original, rtol=1e-12, atol=1e-12), name
    expected = {
        "library": catboost.__version__,
        "rows": plain(rows, len(rows)),
        "margin": plain(margin, len(rows)),
        "response": plain(responses, len(rows)),
    }
    dump(name + ".expected.json", expected)


# --- numeric columns ------------------------------------------------------------------------------


def numeric_table(n_rows=120, n_columns=4, seed=1, missing=True):
    random = np.random.default_rng(seed)
    table = np.round(random.normal(size=(n_rows, n_columns)), 2)
    table[random.random(size=table.shape) < 0.05] = 0.0
    if missing:
        table[:, 0][random.random(n_rows) < 0.25] = np.nan
        table[:, 1][random.random(n_rows) < 0.1] = np.nan
    return table


def score_of(table, missing_as=1.7):
    filled = np.where(np.isnan(table), missing_as, table)
    return filled[:, 0] + 0.5 * filled[:, 1] * filled[:, 2] - 0.8 * (filled[:, 3] > 0.2)


def borders(document):
    """(column, border) of all numeric columns."""
    return [
        (feature["flat_feature_index"], border)
        for feature in document["features_info"]["float_features"]
        for border in feature.get("borders") or []
    ]


def edge_values(border):
    b = np.float32(border)
    below, above = (np.nextafter(b, np.float32(end)) for end in (-np.inf, np.inf))
    # Doubles that round to the border.
    return [float(b), float(below), float(above), float(b) * (1 + 1e-10), float(b) * (1 - 1e-10)]


def edge_rows(table, document, n_plain=6, n_borders=6):
    """Rows of the table, some of them moved to the edges, one column at a time."""
    rows = [table[i].copy() for i in range(n_plain)]

    def add(column, value):
        row = table[len(rows) % len(table)].copy()
        row[column] = value
        rows.append(row)

    used = borders(document)
    for column in sorted({column for column, _ in used}):
        for value in (np.nan, 0.0, -0.0, 1e38, -1e38, 1e-36, 1e-46, np.inf, -np.inf, 1e300, -1e300):
            add(column, value)
    with np.errstate(over="ignore"):
        for column, border in used[:: max(1, len(used) // n_borders)]:
            for value in edge_values(border):
                if np.isfinite(value):
                    add(column, value)
    rows.append(np.full(table.shape[1], np.nan))
    rows.append(np.zeros(table.shape[1]))
    return np.array(rows, dtype=np.float64)


def numeric(name, table, target, response=None, edit=None, names=None, weight=None, **params):
    pool = Pool(table, target, feature_names=names, weight=weight)
    model = train(pool, **params)
    rows = edge_rows(table, json.loads(saved(model)))
    write(name, model, Pool(rows, feature_names=names), rows, response, edit=edit)
    return model


def missing():
    """c01 to c03: where NaN goes, and the borders that set it apart."""
    table = numeric_table()
    score = score_of(table)
    apart = {FLOAT_MAX, -FLOAT_MAX}
    for mode, sign in (("Min", -1), ("Max", 1)):
        # The far end from where the mode puts NaN, so that a split has to set it apart.
        target = score_of(table, missing_as=-2.5 * sign)
        model = numeric("nan_" + mode.lower(), table, target, nan_mode=mode)
        assert any(border == sign * FLOAT_MAX for _, border in borders(json.loads(saved(model))))
    whole = numeric_table(missing=False)
    numeric("nan_none", whole, score_of(whole))
    numeric("nan_forbidden", whole, score_of(whole), nan_mode="Forbidden")

    def place_borders(document):
        # Both ends for each treatment: CatBoost trains only one end of two of them.
        features = document["features_info"]["float_features"]
        splits = []
        for at, treatment in enumerate(("AsIs", "AsFalse", "AsTrue")):
            features[at]["nan_value_treatment"] = treatment
            features[at]["has_nans"] = treatment != "AsIs"
            features[at]["borders"] = sorted(apart)
        features[3]["borders"] = []
        for index in range(6):
            border = features[index // 2]["borders"][index % 2]
            split = {"border": border, "float_feature_index": index // 2, "split_index": index}
            splits.append({**split, "split_type": "FloatFeature"})
        document["oblivious_trees"] = [
            {"leaf_values": [1.5, -2.25], "leaf_weights": [40, 80], "splits": [split]}
            for split in splits
        ]

    model = train(Pool(table, score))
    rows = np.array([np.roll([v, 0, 1, 2], at) for v in EDGES for at in range(3)])
    write("borders_at_the_ends", model, rows, rows, edit=place_borders)


EDGES = (np.nan, np.inf, -np.inf, FLOAT_MAX, -FLOAT_MAX, 1e300, -1e300, 3.4e38, -3.4e38)


def depth_of(tree):
    return 0 if "value" in tree else 1 + max(depth_of(tree["left"]), depth_of(tree["right"]))


def shapes():
    """c06 to c08: trees that are not symmetric, several outputs, empty leaves, scale, weights."""
    table = numeric_table(seed=5)
    score = score_of(table)
    classes = np.digitize(score, [-0.5, 0.7])
    both = np.stack([score, -2 * score + table[:, 2]], axis=1)
    for policy in ("Depthwise", "Lossguide"):
        kind = policy.lower()
        params = {"grow_policy": policy, "min_data_in_leaf": 3}
        numeric(kind, table, score, **params)
        three = {**params, "loss_function": "MultiClass"}
        numeric(kind + "_multiclass", table, classes, "Probability", **three)
        numeric(kind + "_multirmse", table, both, **params, loss_function="MultiRMSE")
    numeric("multiclass", table, classes, "Probability", loss_function="MultiClass")
    numeric("multirmse", table, both, loss_function="MultiRMSE")
    weight = np.linspace(0.1, 2.5, 25)
    model = numeric("empty_leaves", table[:25], score[:25], depth=4, weight=weight)
    trees = json.loads(saved(model))["oblivious_trees"]
    assert any(0 in tree["leaf_weights"] for tree in trees)
    deep = {"depth": 16, "grow_policy": "Depthwise", "iterations": 1}
    steps = np.arange(17.0)
    deep = {**deep, "feature_border_type": "Median", "random_strength": 0, "bootstrap_type": "No"}
    model = numeric("chain", steps[:, None], 3.0**steps, max_bin=64, l2_leaf_reg=1e-6, **deep)
    assert depth_of(json.loads(saved(model))["trees"][0]) == 16
    scaled = train(Pool(table, score))
    scaled.set_scale_and_bias(2, [5])
    rows = edge_rows(table, json.loads(saved(scaled)))
    write("scaled", scaled, rows, rows)
    names = ["age", "income", "height of \u00e9t\u00e9", "c"]
    numeric("names", table, score, names=names)


def without():
    """Trees without splits, columns that were dropped, sums of models, CatBoost's own layout."""
    table = numeric_table(seed=6)
    score = score_of(table)

    def add_leaf(document):
        document["oblivious_trees"].append(
            {"leaf_values": [0.75], "leaf_weights": [120], "splits": None}
        )

    numeric("a_lone_leaf", table, score, edit=add_leaf)
    model = train(Pool(table, score))
    wide = np.zeros((120, 9))
    wide[:, [1, 3, 4, 6]] = table
    dropped = train(Pool(wide, score))
    dropped.drop_unused_features()
    document = json.loads(saved(dropped))
    columns = [f["flat_feature_index"] for f in document["features_info"]["float_features"]]
    assert columns != list(range(len(columns)))
    rows = edge_rows(wide, document)[:, : columns[-1] + 1]
    write("dropped", dropped, rows, rows)
    summed = catboost.sum_models([model, train(Pool(table, -2 * score))], weights=[1, 0.5])
    rows = edge_rows(table, json.loads(saved(summed)))
    write("summed", summed, rows, rows)
    text = saved(model)
    rows = edge_rows(table, json.loads(text))
    text = re.sub(r'"(train_finish_time|model_guid)":"[^"]*"', r'"\1":""', text)
    text = re.sub(r'"training":"(\\.|[^"\\])*"', '"training":"{}"', text)
    write("own_layout", model, rows, rows, text=text)


def losses():
    """One small model for each kind of response, and losses whose response is the margin."""
    table = numeric_table(n_rows=60, seed=8)
    score = score_of(table)
    positive = np.exp(0.4 * score)
    binary = (score > 0).astype(int)
    classes = np.digitize(score, [-0.5, 0.7])
    labels = np.stack([binary, (table[:, 2] > 0).astype(int)], axis=1)
    words = np.array(["no", "yes, or so"])[binary]
    small = {"depth": 2, "iterations": 2}
    for loss, target, response in (
        ("RMSE", score, None),
        ("MAE", score, None),
        ("Quantile:alpha=0.3", score, None),
        ("MultiQuantile:alpha=0.1,0.9", score, None),
        ("LogLinQuantile", positive, None),
        ("SurvivalAft:dist=Normal", np.stack([positive, positive + 1], axis=1), None),
        ("RMSEWithUncertainty", score, None),
        ("Poisson", np.round(positive), "Exponent"),
        ("Tweedie:variance_power=1.5", positive, "Exponent"),
        ("Logloss", words, "Probability"),
        ("CrossEntropy", np.clip(positive / 5, 0, 1), "Probability"),
        ("Focal:focal_alpha=0.3;focal_gamma=2", score > 0, "Probability"),
        ("MultiClass", np.array([0.5, 2.0, -3.25])[classes], "Probability"),
        ("MultiClassOneVsAll", classes, "Probability"),
        ("MultiLogloss", labels, "Probability"),
        ("MultiCrossEntropy", 0.1 + 0.7 * labels, "Probability"),
    ):
        name = "loss_" + loss.split(":")[0].lower()
        numeric(name, table, target, response, loss_function=loss, **small)
    queries = np.repeat(np.arange(6), 10)
    pool = Pool(table, classes, group_id=queries)
    model = train(pool, loss_function="QueryRMSE", **small)
    rows = edge_rows(table, json.loads(saved(model)))
    write("loss_queryrmse", model, rows, rows)


# --- categorical columns --------------------------------------------------------------------------


def places(document):
    """For each categorical column what its categories are in rows: text to number."""
    info = document["features_info"]
    texts = {entry["hash"]: entry["value"] for entry in info.get("cat_features_hash") or []}
    found = {}
    for feature in info["categorical_features"]:
        tested = [texts[value % 2**32] for value in feature.get("values") or []]
        are_whole = tested and all(re.fullmatch(r"0|-?[1-9]\d{0,6}", text) for text in tested)
        numbers = [int(text) for text in tested] if are_whole else range(len(tested))
        table = {text: float(number) for text, number in zip(tested, numbers)}
        found[feature["flat_feature_index"]] = (bool(are_whole), table)
    return found


def encoded(frame, document):
    """Rows as numbers."""
    known = places(document)
    rows = np.zeros(frame.shape)
    n_unknown = 0
    for column in range(frame.shape[1]):
        for row, value in enumerate(frame.iloc[:, column]):
            if column not in known:
                rows[row, column] = value
                continue
            are_whole, table = known[column]
            if str(value) in table:
                rows[row, column] = table[str(value)]
            elif are_whole and re.fullmatch(r"-?\d+", str(value)):
                rows[row, column] = int(value)
            else:
                rows[row, column] = NO_PLACE[n_unknown % len(NO_PLACE)]
                n_unknown += 1
    return rows


def category_frame(n=300, seed=3):
    random = np.random.default_rng(seed)
    colours = np.array(["red", "green", "blue", "se\u00f1al", "NA", "", "7"])
    frame = pandas.DataFrame(
        {
            "colour": colours[random.integers(0, len(colours), n)],
            "size": random.integers(-3, 5, n),
            "day": 20240101 + random.integers(0, 6, n),
            "unused": np.array(["a", "b"])[random.integers(0, 2, n)],
            "x": np.round(random.normal(size=n), 2),
        }
    )
    frame.loc[random.random(n) < 0.15, "x"] = np.nan
    target = (frame["colour"] == "red") * 1.0 + (frame["size"] == 2) * 2 - (frame["size"] == -1)
    target += (frame["day"] == 20240103) * 1.5 + (frame["colour"] == "NA") * 0.7
    target += (frame["colour"] == "") * 0.5 + frame["x"].fillna(1.3)
    target += (frame["colour"] == "7") * 0.9
    return frame, target


CATEGORIES = ["colour", "size", "day", "unused"]


def category_edges(frame):
    rows = frame.iloc[:40].copy()
    for at, (colour, size, day, x) in enumerate(
        (
            ("violet", 0, 20240101, 0.0),
            ("RED", 7, 20240103, np.nan),
            ("red ", -1, 1, np.inf),
            ("nan", 1000000, 20240105, -np.inf),
            ("", 2, -5, -0.0),
            ("NA", -3, 20240104, 1e38),
            ("7", 16777215, 20240102, -1e38),
            ("se\u00f1al", -16777215, 0, 1e-36),
        )
    ):
        rows.iloc[at] = [colour, size, day, "c", x]
    return rows


def categories():
    """c04, c05: texts and whole numbers, seen and not, all tree shapes; and what is refused."""
    frame, target = category_frame()
    pool = Pool(frame, target, cat_features=CATEGORIES)
    edges = category_edges(frame)
    asked = Pool(edges, cat_features=CATEGORIES)
    hot = {"one_hot_max_size": 10, "depth": 4, "iterations": 8}
    for name, policy in (("onehot", "SymmetricTree"), ("onehot_lossguide", "Lossguide")):
        model = train(pool, grow_policy=policy, **hot)
        document = json.loads(saved(model, pool))
        assert [are_whole for are_whole, _ in places(document).values()][:3] == [False, True, False]
        colour = document["features_info"]["categorical_features"][0]
        assert any(value < 0 for value in colour["values"])
        write(name, model, asked, encoded(edges, document), pool=pool)
    classes = np.digitize(target, [0.5, 2.0])
    both = Pool(frame, classes, cat_features=CATEGORIES)
    model = train(both, loss_function="MultiClass", **hot)
    rows = encoded(edges, json.loads(saved(model, both)))
    write("onehot_multiclass", model, asked, rows, "Probability", pool=both)

    dump("refused/no_pool.json", trimmed(saved(train(pool, **hot))))
    kept = frame["colour"] != "NA"
    few = Pool(frame[kept], target[kept], cat_features=CATEGORIES)
    dump("refused/other_pool.json", trimmed(saved(train(pool, **hot), few)))
    counted = train(pool, one_hot_max_size=1, depth=2, iterations=4)
    dump("refused/ctr.json", trimmed(saved(counted, pool)))


def main():
    os.makedirs(os.path.join(FOLDER, "refused"), exist_ok=True)
    missing()
    shapes()
    without()
    losses()
    categories()


if __name__ == "__main__":
    main()
