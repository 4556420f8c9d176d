"""Train both breast-cancer classifiers and write everything that models/breast-cancer holds besides this script.

    python -m venv venv && venv/bin/pip install -r models/breast-cancer/requirements.txt
    venv/bin/python models/breast-cancer/train.py

Two models of the same ten inputs: a small dense network (plain numpy, Adam) and gradient-boosted trees (scikit-learn).
Each input is one measurement of the cell nuclei with its mean, standard error and worst value: ten inputs and not one,
because an artifact keeps one scale per input, and areas of 2,000 and smoothnesses of 0.1 must not share one. The
standardisation is part of both graphs. Seeded and single-threaded.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is imported: the order of a threaded sum is not fixed

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import onnx
import sklearn
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 20
# Order of the calibration samples. The compiler judges a set by the ranges of a quarter of it beside the others'; with
# measurements this heavy-tailed it depends on the order whether one quarter holds every extreme, and here none does.
CALIBRATION_SEED = 12
TEST_SHARE = 0.25
HIDDEN = (32, 16)
CLASSES = 2
EPOCHS = 120
BATCH = 32
PEAK_RATE = 3e-3
WEIGHT_DECAY = 1e-2
TREES = 60
DEPTH = 3
TREE_RATE = 0.1
OPSET = 17
ML_OPSET = 3
MEASUREMENTS = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
STATISTICS = 3  # mean, standard error, worst


# ---- the dense network --------------------------------------------------------------------------------------------


def initial_parameters(rng):
    """He-normal weights [in, out], zero biases."""
    sizes = (len(MEASUREMENTS) * STATISTICS, *HIDDEN, CLASSES)
    p = {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        p[f"dense{i}.weight"] = rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))
        p[f"dense{i}.bias"] = np.zeros(fan_out)
    return p


def forward(p, x):
    """Logits [N, 2] of standardised features [N, 30], and the input of every layer."""
    inputs = []
    layers = len(HIDDEN) + 1
    for i in range(layers):
        inputs.append(x)
        x = x @ p[f"dense{i}.weight"] + p[f"dense{i}.bias"]
        if i < layers - 1:
            x = np.maximum(x, 0)
    return x, inputs


def loss_gradients(p, x, labels):
    """Gradients of the mean cross-entropy of a batch."""
    logits, inputs = forward(p, x)
    raised = np.exp(logits - logits.max(1, keepdims=True))
    d = raised / raised.sum(1, keepdims=True)
    d[np.arange(len(x)), labels] -= 1
    d /= len(x)
    g = {}
    for i in reversed(range(len(inputs))):
        g[f"dense{i}.weight"] = inputs[i].T @ d
        g[f"dense{i}.bias"] = d.sum(0)
        d = (d @ p[f"dense{i}.weight"].T) * (inputs[i] > 0)
    return g


def train_dense(x, labels):
    """Parameters after EPOCHS of AdamW with a cosine rate."""
    rng = np.random.default_rng(SEED)
    p = initial_parameters(rng)
    mean = {k: np.zeros_like(v) for k, v in p.items()}
    square = {k: np.zeros_like(v) for k, v in p.items()}
    steps = EPOCHS * (len(x) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            pick = order[start : start + BATCH]
            rate = PEAK_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            step += 1
            noisy = x[pick] + rng.normal(0, 0.1, (BATCH, x.shape[1]))
            for k, g in loss_gradients(p, noisy, labels[pick]).items():
                mean[k] = 0.9 * mean[k] + 0.1 * g
                square[k] = 0.999 * square[k] + 0.001 * g * g
                update = (mean[k] / (1 - 0.9**step)) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
                decay = WEIGHT_DECAY if k.endswith(".weight") else 0
                p[k] = p[k] - rate * (update + decay * p[k])
    return p


# ---- the trees ----------------------------------------------------------------------------------------------------


def tree_attributes(model):
    """Attributes of a TreeEnsembleClassifier that says what `model` says: class 1 gets the sum, class 0 its negative.

    The prior goes into the leaves of the first tree: runtimes do not agree on what base_values mean for two classes.
    """
    keys = "treeids nodeids featureids modes values hitrates truenodeids falsenodeids missing_value_tracks_true"
    nodes = {key: [] for key in keys.split()}
    leaves = {key: [] for key in "treeids nodeids ids weights".split()}
    for number, (stage,) in enumerate(model.estimators_):
        tree = stage.tree_
        for at in range(tree.node_count):
            leaf = tree.children_left[at] < 0
            row = {
                "treeids": number,
                "nodeids": at,
                "featureids": 0 if leaf else int(tree.feature[at]),
                "modes": "LEAF" if leaf else "BRANCH_LEQ",
                "values": 0.0 if leaf else threshold32(tree.threshold[at]),
                "hitrates": 1.0,
                "truenodeids": 0 if leaf else int(tree.children_left[at]),
                "falsenodeids": 0 if leaf else int(tree.children_right[at]),
                "missing_value_tracks_true": 0,
            }
            for key, value in row.items():
                nodes[key].append(value)
            if leaf:
                score = float(model.learning_rate * tree.value[at, 0, 0] + (prior(model) if number == 0 else 0))
                for label, weight in ((0, -score), (1, score)):
                    for key, value in (("treeids", number), ("nodeids", at), ("ids", label), ("weights", weight)):
                        leaves[key].append(value)
    return {
        **{f"nodes_{key}": value for key, value in nodes.items()},
        **{f"class_{key}": value for key, value in leaves.items()},
        "classlabels_int64s": list(range(CLASSES)),
        "post_transform": "NONE",
    }


def threshold32(threshold):
    """The largest float32 that is not above a float64 threshold: the same branch for every float32 feature."""
    rounded = np.float32(threshold)
    return float(rounded if rounded <= threshold else np.nextafter(rounded, np.float32(-np.inf)))


def prior(model):
    """Log-odds that boosting starts from."""
    share = model.init_.class_prior_[1]
    return float(np.log(share / (1 - share)))


# ---- files --------------------------------------------------------------------------------------------------------


def front(mean, deviation):
    """Nodes and constants that turn the ten inputs into standardised features [1,30]."""
    nodes, constants = [], {}
    for i, name in enumerate(MEASUREMENTS):
        part = slice(STATISTICS * i, STATISTICS * (i + 1))
        constants[f"{name}.mean"] = mean[part].reshape(1, -1)
        constants[f"{name}.deviation"] = deviation[part].reshape(1, -1)
        nodes.append(helper.make_node("Sub", [name, f"{name}.mean"], [f"{name}.centred"], f"{name}.centre"))
        nodes.append(
            helper.make_node("Div", [f"{name}.centred", f"{name}.deviation"], [f"{name}.standard"], f"{name}.scale")
        )
    parts = [f"{name}.standard" for name in MEASUREMENTS]
    nodes.append(helper.make_node("Concat", parts, ["features"], "features", axis=1))
    return nodes, constants


def finish(name, nodes, constants, outputs, domains):
    """ModelProto of a graph over the ten inputs."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, [1, STATISTICS]) for key in MEASUREMENTS],
        outputs,
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, producer_name=f"aivm-{name}", opset_imports=domains)
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def dense_model(p, mean, deviation):
    """Ten inputs -> class [1] (int64), logits [1,2] (float32)."""
    nodes, constants = front(mean, deviation)
    x = "features"
    for i in range(len(HIDDEN) + 1):
        last = i == len(HIDDEN)
        y = "logits" if last else f"dense{i}.sum"
        nodes.append(helper.make_node("Gemm", [x, f"dense{i}.weight", f"dense{i}.bias"], [y], f"dense{i}"))
        if not last:
            nodes.append(helper.make_node("Relu", [y], [f"dense{i}.active"], f"dense{i}.relu"))
            x = f"dense{i}.active"
    nodes.append(helper.make_node("ArgMax", ["logits"], ["class"], "class", axis=1, keepdims=0))
    outputs = [
        helper.make_tensor_value_info("class", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES]),
    ]
    return finish("breast-cancer-dense", nodes, {**constants, **p}, outputs, [helper.make_opsetid("", OPSET)])


def tree_model(model, mean, deviation):
    """Ten inputs -> class [1] (int64), scores [1,2] (float32): log-odds of class 1 and their negative."""
    nodes, constants = front(mean, deviation)
    nodes.append(
        helper.make_node(
            "TreeEnsembleClassifier",
            ["features"],
            ["class", "scores"],
            "trees",
            domain="ai.onnx.ml",
            **tree_attributes(model),
        )
    )
    outputs = [
        helper.make_tensor_value_info("class", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES]),
    ]
    domains = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return finish("breast-cancer-trees", nodes, constants, outputs, domains)


def write(name, data):
    """Write bytes beside this script; returns the row of the card's file table."""
    (HERE / name).write_bytes(data)
    return f"| `{name}` | {len(data):,} | `{hashlib.sha256(data).hexdigest()}` |"


def npy(array):
    """The array as a .npy file."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), version=(1, 0))
    return out.getvalue()


def split_header():
    """What a loader needs: for each input, its three columns of the feature tables."""
    return {
        "format": "features: [samples, 30], three columns per measurement (mean, standard error, worst); labels: 0 malignant, 1 benign",
        "inputs": [
            {
                "name": name,
                "columns": [STATISTICS * i, STATISTICS * (i + 1)],
                "test": "test-features.npy",
                "calibration": "calibration-features.npy",
            }
            for i, name in enumerate(MEASUREMENTS)
        ],
        "labels": "test-labels.npy",
        "metric": "top1",
    }


CARD = """# Breast-cancer classifiers: card

Written by `train.py`; every figure below was measured by that run.

| | |
|---|---|
| task | malignant (0) or benign (1), from ten measurements of the cell nuclei in an image of a needle aspirate |
| inputs | {inputs}: float32 [1,3] each, the mean, standard error and worst value over the nuclei |
| outputs | `class`, int64 [1]; `logits` (dense) or `scores` (trees), float32 [1,2] |
| both graphs | subtract the training mean, divide by the training deviation, concatenate to [1,30] |
| `dense.onnx` | dense 30->{hidden0}->{hidden1}->2 with ReLU; {parameters:,} parameters; {epochs} epochs of AdamW, batch {batch}, peak rate {rate}, noise of 0.1 deviations |
| `trees.onnx` | TreeEnsembleClassifier: {trees} boosted trees of depth {depth} at rate {tree_rate}, {nodes:,} nodes |
| opset | ai.onnx {opset}, ai.onnx.ml {ml_opset} (trees) |
| split | {train_count} training and {test_count} test samples, stratified, seed {seed} |
| dense: float accuracy, training samples | {dense_train:.4f} |
| **dense: float accuracy, test samples** | **{dense_test:.4f}** ({dense_right} of {test_count}) |
| trees: accuracy, training samples | {tree_train:.4f} |
| **trees: accuracy, test samples** | **{tree_test:.4f}** ({tree_right} of {test_count}) |

The accuracy of the integer artifacts is measured where they are compiled: `aivm model evaluate`. A demonstration of
verifiable inference, not a medical device: no decision about a person should rest on it.

## Files

| file | bytes | SHA-256 |
|---|---|---|
{files}

The calibration samples are all the training samples, shuffled; no test sample is among them. Labels are int64, features float32.

## Data: origin and licence

"Breast Cancer Wisconsin (Diagnostic)", W. Wolberg, O. Mangasarian, N. Street, W. Street, 1993, UCI Machine Learning
Repository, https://doi.org/10.24432/C5DW2B, licence CC BY 4.0, bundled with scikit-learn as
`sklearn.datasets.load_breast_cancer` (scikit-learn itself: BSD-3-Clause). Changes made here: the split, the order of the
columns, float32.

## Reproduce

    python -m venv venv && venv/bin/pip install -r models/breast-cancer/requirements.txt
    venv/bin/python models/breast-cancer/train.py

Made with {versions}. The same machine and versions give the same bytes; another processor may
round sums differently in the last bits.
"""


def main():
    bunch = load_breast_cancer()
    count = len(MEASUREMENTS)
    order = [statistic * count + i for i in range(count) for statistic in range(STATISTICS)]
    features = bunch.data[:, order].astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        features, bunch.target, test_size=TEST_SHARE, stratify=bunch.target, random_state=SEED
    )
    mean = train_x.mean(0, dtype=np.float64).astype(np.float32)
    deviation = train_x.std(0, dtype=np.float64).astype(np.float32)
    standard = lambda x: (x - mean) / deviation  # noqa: E731
    p = train_dense(standard(train_x).astype(np.float64), train_y)
    p = {k: v.astype(np.float32) for k, v in p.items()}
    share = lambda x, y: float((forward(p, standard(x))[0].argmax(1) == y).mean())  # noqa: E731
    trees = GradientBoostingClassifier(
        n_estimators=TREES, max_depth=DEPTH, learning_rate=TREE_RATE, random_state=SEED
    ).fit(standard(train_x), train_y)
    tree_test = float(trees.score(standard(test_x), test_y))
    files = [
        write("dense.onnx", dense_model(p, mean, deviation).SerializeToString(deterministic=True)),
        write("trees.onnx", tree_model(trees, mean, deviation).SerializeToString(deterministic=True)),
        write("test-features.npy", npy(test_x)),
        write("test-labels.npy", npy(test_y.astype(np.int64))),
        write("calibration-features.npy", npy(np.random.default_rng(CALIBRATION_SEED).permutation(train_x))),
        write("split.json", json.dumps(split_header(), indent=2).encode() + b"\n"),
    ]
    card = CARD.format(
        inputs=", ".join(f"`{name}`" for name in MEASUREMENTS),
        hidden0=HIDDEN[0],
        hidden1=HIDDEN[1],
        parameters=sum(v.size for v in p.values()),
        epochs=EPOCHS,
        batch=BATCH,
        rate=PEAK_RATE,
        trees=TREES,
        depth=DEPTH,
        tree_rate=TREE_RATE,
        nodes=sum(stage.tree_.node_count for (stage,) in trees.estimators_),
        opset=OPSET,
        ml_opset=ML_OPSET,
        train_count=len(train_y),
        test_count=len(test_y),
        seed=SEED,
        dense_train=share(train_x, train_y),
        dense_test=share(test_x, test_y),
        dense_right=round(share(test_x, test_y) * len(test_y)),
        tree_train=float(trees.score(standard(train_x), train_y)),
        tree_test=tree_test,
        tree_right=round(tree_test * len(test_y)),
        files="\n".join(files),
        versions=f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, onnx {onnx.__version__}",
    )
    (HERE / "CARD.md").write_text(card)
    print(f"test accuracy: dense {share(test_x, test_y):.4f}, trees {tree_test:.4f}")


if __name__ == "__main__":
    main()
