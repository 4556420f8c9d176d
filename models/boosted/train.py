"""Train the boosted models and write everything that models/boosted holds besides this script.

    python -m venv venv && venv/bin/pip install -r models/boosted/requirements.txt
    venv/bin/python models/boosted/train.py

Two libraries (XGBoost, LightGBM), two tasks: breast cancer (two classes, thirty inputs of one feature each, because an
artifact keeps one scale per input) and handwritten digits (ten classes, one input of 64 pixels). Splits and features are
those of models/breast-cancer and models/digits. Beside each model lies what its library predicts for the test samples.
Seeded and single-threaded.
"""

import hashlib
import io
import json
from pathlib import Path

import lightgbm
import numpy as np
import sklearn
import xgboost
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 20
TEST_SHARE = 0.25
MAX_PIXEL = 16
# Rounds, and the size of a tree: two classes, ten classes.
ROUNDS = {"breast-cancer": 60, "digits": 20}
XGBOOST = {"max_depth": 3, "eta": 0.3, "nthread": 1, "seed": SEED}
LIGHTGBM = {"num_leaves": 8, "learning_rate": 0.3, "num_threads": 1, "seed": SEED, "deterministic": True, "verbose": -1}


def train_xgboost(task, x, y, classes):
    """The model as JSON text, and its prediction as scores [samples, classes]."""
    objective = {"objective": "binary:logistic"} if classes == 2 else {"objective": "multi:softprob", "num_class": classes}
    booster = xgboost.train({**XGBOOST, **objective}, xgboost.DMatrix(x, y), ROUNDS[task])
    predict = lambda rows: booster.predict(xgboost.DMatrix(rows))  # noqa: E731
    return booster.save_raw("json").decode(), predict


def train_lightgbm(task, x, y, classes):
    """The same of LightGBM; without what describes the training, which takes most of the file."""
    objective = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    booster = lightgbm.train({**LIGHTGBM, **objective}, lightgbm.Dataset(x, y), ROUNDS[task])
    model = booster.dump_model(object_hook=lambda node: {k: v for k, v in node.items() if k not in DESCRIPTIVE})
    return json.dumps(model, separators=(",", ":")), booster.predict


DESCRIPTIVE = {
    "split_index", "split_gain", "internal_value", "internal_weight", "internal_count", "leaf_index", "leaf_weight",
    "leaf_count", "feature_infos",
}


def cancer():
    """Features [samples, 30] in the columns of models/breast-cancer: mean, standard error, worst of each measurement."""
    bunch = load_breast_cancer()
    order = [statistic * 10 + i for i in range(10) for statistic in range(3)]
    names = [bunch.feature_names[i].replace(" ", "_") for i in order]
    return bunch.data[:, order].astype(np.float32), bunch.target, names


def digits():
    """Pixels [samples, 64] from 0 to 1, in multiples of 1/16."""
    bunch = load_digits()
    return (bunch.data / MAX_PIXEL).astype(np.float32), bunch.target


def write(name, data):
    """Write bytes beside this script; returns the row of the card's file table."""
    (HERE / name).write_bytes(data)
    return f"| `{name}` | {len(data):,} | `{hashlib.sha256(data).hexdigest()}` |"


def npy(array):
    """The array as a .npy file."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), version=(1, 0))
    return out.getvalue()


def split_header(names):
    """The data set of models/breast-cancer with one input per feature."""
    return {
        "inputs": [
            {
                "name": name,
                "columns": [i, i + 1],
                "test": "../breast-cancer/test-features.npy",
                "calibration": "../breast-cancer/calibration-features.npy",
            }
            for i, name in enumerate(names)
        ],
        "labels": "../breast-cancer/test-labels.npy",
        "metric": "top1",
    }


CARD = """# Boosted trees: card

Written by `train.py`; every figure below was measured by that run.

| model | library | task | trees | accuracy, test samples |
|---|---|---|---|---|
{rows}

Outputs of each once compiled: `label`, int64 [1], and `scores`, the probabilities of the classes.
Settings: XGBoost depth {depth}, LightGBM {leaves} leaves, rate {rate}; {rounds} rounds.
The accuracy of the integer artifacts, and that they decide as the libraries do, is held by `test/aivm/import/trees`.
A demonstration of verifiable inference, not a medical device.

    npx aivm model compile --xgboost models/boosted/breast-cancer-xgboost.json --data models/boosted/split.json --out a.aivm
    npx aivm model compile --lightgbm models/boosted/digits-lightgbm.json --data models/digits/split.json --out b.aivm

## Files

| file | bytes | SHA-256 |
|---|---|---|
{files}

`*-predictions.npy`: what the library's `Booster.predict` gives for the test samples, in the order of the data set:
[samples] the probability of class 1, or [samples, 10]. The LightGBM files are `dump_model()` without the statistics of
training (gains, counts, weights).

## Data: origin and licence

Breast cancer: as models/breast-cancer/CARD.md says (UCI, CC BY 4.0). Digits: as models/digits/CARD.md says (UCI, CC BY 4.0).
The same splits: seed {seed}, a quarter for the test. XGBoost is under Apache-2.0, LightGBM under MIT; nothing of either is here
but the models that they trained.

## Reproduce

    python -m venv venv && venv/bin/pip install -r models/boosted/requirements.txt
    venv/bin/python models/boosted/train.py

Made with {versions}. The same machine and versions give the same bytes.
"""


def main():
    cancer_x, cancer_y, names = cancer()
    rows, files = [], [write("split.json", json.dumps(split_header(names), indent=1).encode() + b"\n")]
    for task, (x, y) in {"breast-cancer": (cancer_x, cancer_y), "digits": digits()}.items():
        train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=TEST_SHARE, stratify=y, random_state=SEED)
        if task == "breast-cancer":
            assert (np.load(HERE.parent / task / "test-features.npy") == test_x).all()
        else:
            pixels = np.fromfile(HERE.parent / task / "test-images.u8", np.uint8).reshape(-1, 64)
            assert (pixels / MAX_PIXEL == test_x).all()
        classes = int(y.max()) + 1
        for library, train in {"xgboost": train_xgboost, "lightgbm": train_lightgbm}.items():
            model, predict = train(task, train_x, train_y, classes)
            scores = predict(test_x)
            answers = scores.argmax(1) if scores.ndim == 2 else (scores > 0.5).astype(int)
            right = int((answers == test_y).sum())
            trees = ROUNDS[task] * (1 if classes == 2 else classes)
            rows.append(f"| `{task}-{library}.json` | {library} | {task} | {trees} | {right / len(test_y):.4f} ({right} of {len(test_y)}) |")
            files.append(write(f"{task}-{library}.json", model.encode()))
            files.append(write(f"{task}-{library}-predictions.npy", npy(scores)))
            print(rows[-1])
    (HERE / "CARD.md").write_text(
        CARD.format(
            rows="\n".join(rows),
            files="\n".join(files),
            depth=XGBOOST["max_depth"],
            leaves=LIGHTGBM["num_leaves"],
            rate=LIGHTGBM["learning_rate"],
            rounds=", ".join(f"{count} ({task})" for task, count in ROUNDS.items()),
            seed=SEED,
            versions=f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, xgboost {xgboost.__version__}, lightgbm {lightgbm.__version__}",
        )
    )


if __name__ == "__main__":
    main()
