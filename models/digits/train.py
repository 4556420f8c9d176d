"""Train the digit classifier and write everything that models/digits holds besides this script.

    python -m venv venv && venv/bin/pip install -r models/digits/requirements.txt
    venv/bin/python models/digits/train.py

Seeded and single-threaded, in float64, so that a second run on the same machine writes the same bytes. The network
is small enough for plain numpy: three convolutions, two max-pools, one dense layer, Adam, random shifts.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is imported: the order of a threaded sum is not fixed

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import sklearn
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 20
TEST_SHARE = 0.25
CALIBRATION_COUNT = 320
EPOCHS = 80
BATCH = 32
PEAK_RATE = 3e-3
WEIGHT_DECAY = 1e-4
MAX_PIXEL = 16
OPSET = 17


# ---- layers: each forward returns (output, what the backward pass needs) ------------------------------------------


def conv3x3(x, w, b):
    """Same-padded 3x3 convolution. x [N,C,H,W], w [O,C,3,3], b [O] -> [N,O,H,W]."""
    n, c, h, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))  # [N,C,H,W,3,3]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * width, c * 9)
    y = columns @ w.reshape(len(w), -1).T + b
    return y.reshape(n, h, width, -1).transpose(0, 3, 1, 2), (columns, x.shape)


def conv3x3_backward(grad, w, saved):
    """Gradients of conv3x3: (dx, dw, db)."""
    columns, (n, c, h, width) = saved
    flat = grad.transpose(0, 2, 3, 1).reshape(-1, len(w))
    dw = (flat.T @ columns).reshape(w.shape)
    patches = (flat @ w.reshape(len(w), -1)).reshape(n, h, width, c, 3, 3).transpose(0, 3, 4, 5, 1, 2)
    dx = np.zeros((n, c, h + 2, width + 2))
    for i in range(3):
        for j in range(3):
            dx[:, :, i : i + h, j : j + width] += patches[:, :, i, j]
    return dx[:, :, 1:-1, 1:-1], dw, flat.sum(0)


def maxpool2(x):
    """2x2 max-pool, stride 2. The first maximum of a window takes the gradient."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    winner = blocks.argmax(-1)
    return np.take_along_axis(blocks, winner[..., None], -1)[..., 0], (winner, x.shape)


def maxpool2_backward(grad, saved):
    """Gradient of maxpool2 with respect to its input."""
    winner, (n, c, h, w) = saved
    blocks = np.zeros((*grad.shape, 4))
    np.put_along_axis(blocks, winner[..., None], grad[..., None], -1)
    return blocks.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)


# ---- the network --------------------------------------------------------------------------------------------------


def initial_parameters(rng):
    """He-normal weights, zero biases."""

    def he(*shape):
        return rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)

    return {
        "conv1.weight": he(16, 1, 3, 3),
        "conv1.bias": np.zeros(16),
        "conv2.weight": he(32, 16, 3, 3),
        "conv2.bias": np.zeros(32),
        "conv3.weight": he(32, 32, 3, 3),
        "conv3.bias": np.zeros(32),
        "fc.weight": he(10, 128),
        "fc.bias": np.zeros(10),
    }


def forward(p, x):
    """Logits [N,10] of images x [N,1,8,8] in 0..1, and what backward needs."""
    c1, s1 = conv3x3(x, p["conv1.weight"], p["conv1.bias"])
    c2, s2 = conv3x3(np.maximum(c1, 0), p["conv2.weight"], p["conv2.bias"])
    m1, t1 = maxpool2(np.maximum(c2, 0))
    c3, s3 = conv3x3(m1, p["conv3.weight"], p["conv3.bias"])
    m2, t2 = maxpool2(np.maximum(c3, 0))
    features = m2.reshape(len(x), -1)
    logits = features @ p["fc.weight"].T + p["fc.bias"]
    return logits, (c1, s1, c2, s2, t1, c3, s3, t2, m2.shape, features)


def loss_gradients(p, x, labels):
    """Gradients of the mean cross-entropy of a batch, one array per parameter."""
    logits, (c1, s1, c2, s2, t1, c3, s3, t2, m2_shape, features) = forward(p, x)
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    d = shifted / shifted.sum(1, keepdims=True)
    d[np.arange(len(x)), labels] -= 1
    d /= len(x)
    g = {"fc.weight": d.T @ features, "fc.bias": d.sum(0)}
    d = maxpool2_backward((d @ p["fc.weight"]).reshape(m2_shape), t2) * (c3 > 0)
    d, g["conv3.weight"], g["conv3.bias"] = conv3x3_backward(d, p["conv3.weight"], s3)
    d = maxpool2_backward(d, t1) * (c2 > 0)
    d, g["conv2.weight"], g["conv2.bias"] = conv3x3_backward(d, p["conv2.weight"], s2)
    _, g["conv1.weight"], g["conv1.bias"] = conv3x3_backward(d * (c1 > 0), p["conv1.weight"], s1)
    return g


def augment(images, rng):
    """Each image moved by -1, 0 or 1 pixels in both directions, and made a little fainter or stronger."""
    moved = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.empty_like(images)
    for i, (dy, dx) in enumerate(rng.integers(0, 3, (len(images), 2))):
        out[i] = moved[i, :, dy : dy + 8, dx : dx + 8]
    return np.clip(out * rng.uniform(0.85, 1.15, (len(images), 1, 1, 1)), 0, 1)


def train(images, labels):
    """Parameters after EPOCHS of Adam with a cosine rate."""
    rng = np.random.default_rng(SEED)
    p = initial_parameters(rng)
    mean = {k: np.zeros_like(v) for k, v in p.items()}
    square = {k: np.zeros_like(v) for k, v in p.items()}
    steps = EPOCHS * (len(images) // BATCH)
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            pick = order[start : start + BATCH]
            rate = PEAK_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            step += 1
            for k, g in loss_gradients(p, augment(images[pick], rng), labels[pick]).items():
                mean[k] = 0.9 * mean[k] + 0.1 * g
                square[k] = 0.999 * square[k] + 0.001 * g * g
                update = (mean[k] / (1 - 0.9**step)) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
                p[k] = p[k] - rate * (update + WEIGHT_DECAY * p[k])
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: train accuracy {accuracy(p, images, labels):.4f}")
    return p


def accuracy(p, images, labels):
    """Share of images whose largest logit is the label."""
    return float((forward(p, images)[0].argmax(1) == labels).mean())


# ---- files --------------------------------------------------------------------------------------------------------


def onnx_model(p):
    """The ONNX graph: image [1,1,8,8] -> class [1] (int64), logits [1,10] (float32)."""

    def conv(source, name, target):
        return [
            helper.make_node("Conv", [source, f"{name}.weight", f"{name}.bias"], [f"{name}.out"], name, pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"{name}.out"], [target], f"{name}.relu"),
        ]

    def pool(source, name):
        return [helper.make_node("MaxPool", [source], [name], name, kernel_shape=[2, 2], strides=[2, 2])]

    nodes = [
        *conv("image", "conv1", "h1"),
        *conv("h1", "conv2", "h2"),
        *pool("h2", "pool1"),
        *conv("pool1", "conv3", "h3"),
        *pool("h3", "pool2"),
        helper.make_node("Flatten", ["pool2"], ["features"], "flatten", axis=1),
        helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], ["logits"], "fc", transB=1),
        helper.make_node("ArgMax", ["logits"], ["class"], "class", axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [
            helper.make_tensor_value_info("class", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10]),
        ],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in p.items()],
    )
    model = helper.make_model(graph, producer_name="aivm-digits", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def write(name, data):
    """Write bytes beside this script; returns the row of the card's file table."""
    (HERE / name).write_bytes(data)
    return f"| `{name}` | {len(data):,} | `{hashlib.sha256(data).hexdigest()}` |"


def split_header(test_labels):
    """What a loader needs to read the three data files."""
    return {
        "format": "one byte per pixel, row-major, images back to back; one byte per label",
        "height": 8,
        "width": 8,
        "maxPixel": MAX_PIXEL,
        "input": "pixel / maxPixel as float32, shape [1,1,8,8]",
        "classes": 10,
        "test": {"images": "test-images.u8", "labels": "test-labels.u8", "count": len(test_labels)},
        "calibration": {"images": "calibration-images.u8", "count": CALIBRATION_COUNT},
    }


CARD = """# Digit classifier: card

Written by `train.py`; every figure below was measured by that run.

| | |
|---|---|
| task | which digit (0 to 9) is on an 8x8 image |
| input | `image`, float32 [1,1,8,8] (NCHW), pixel / {max_pixel}, so 0 to 1 |
| outputs | `class`, int64 [1], the index of the largest logit; `logits`, float32 [1,10] |
| network | conv 3x3 1->16, ReLU, conv 3x3 16->32, ReLU, max-pool 2, conv 3x3 32->32, ReLU, max-pool 2, dense 128->10 |
| parameters | {parameters:,} (float32), opset {opset} |
| split | {train_count:,} training and {test_count} test images, stratified, seed {seed} |
| training | {epochs} epochs of Adam, batch {batch}, peak rate {rate}, shifts of one pixel, float64 |
| float accuracy, training images | {train_accuracy:.4f} |
| **float accuracy, test images** | **{test_accuracy:.4f}** ({test_right} of {test_count}) |

The accuracy of the integer artifact is measured where it is compiled: `aivm model evaluate`.

## Files

| file | bytes | SHA-256 |
|---|---|---|
{files}

`test-images.u8` and `calibration-images.u8` hold 64 bytes an image (raw pixels 0 to {max_pixel}, row by row, images back
to back), `test-labels.u8` one byte an image; `split.json` says the same to a program. The calibration images are
{calibration_count} of the training images; no test image is among them.

## Data: origin and licence

"Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, licence CC BY 4.0. scikit-learn bundles the set's test part, 1,797 images by 13 writers
who are not among those of the set's training part, as `sklearn.datasets.load_digits` (scikit-learn itself:
BSD-3-Clause). The images were made from 32x32 bitmaps by counting the set pixels of each 4x4 block, hence values 0 to 16.
Changes made here: the split, and the storage as raw bytes. Since one writer's digits are on both sides of our split,
the accuracy says little about other handwriting.

## Reproduce

    python -m venv venv && venv/bin/pip install -r models/digits/requirements.txt
    venv/bin/python models/digits/train.py

Made with {versions}. The same machine and versions give the same bytes; another processor may
round sums differently in the last bits.
"""


def main():
    digits = load_digits()
    pixels = digits.images.astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    train_x, test_x, train_y, test_y = train_test_split(
        pixels, labels, test_size=TEST_SHARE, stratify=labels, random_state=SEED
    )
    to_input = lambda images: images[:, None].astype(np.float64) / MAX_PIXEL  # noqa: E731
    p = train(to_input(train_x), train_y)
    p = {k: v.astype(np.float32).astype(np.float64) for k, v in p.items()}
    test_accuracy = accuracy(p, to_input(test_x), test_y)
    header = json.dumps(split_header(test_y), indent=2).encode() + b"\n"
    files = [
        write("digits.onnx", onnx_model(p).SerializeToString(deterministic=True)),
        write("test-images.u8", test_x.tobytes()),
        write("test-labels.u8", test_y.tobytes()),
        write("calibration-images.u8", train_x[:CALIBRATION_COUNT].tobytes()),
        write("split.json", header),
    ]
    card = CARD.format(
        max_pixel=MAX_PIXEL,
        parameters=sum(v.size for v in p.values()),
        opset=OPSET,
        train_count=len(train_y),
        test_count=len(test_y),
        seed=SEED,
        epochs=EPOCHS,
        batch=BATCH,
        rate=PEAK_RATE,
        train_accuracy=accuracy(p, to_input(train_x), train_y),
        test_accuracy=test_accuracy,
        test_right=round(test_accuracy * len(test_y)),
        files="\n".join(files),
        calibration_count=CALIBRATION_COUNT,
        versions=f"numpy {np.__version__}, scikit-learn {sklearn.__version__}, onnx {onnx.__version__}",
    )
    (HERE / "CARD.md").write_text(card)
    print(f"test accuracy {test_accuracy:.4f}")


if __name__ == "__main__":
    main()
