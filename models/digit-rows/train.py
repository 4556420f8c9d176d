"""Train the row transformer and write everything that models/digit-rows holds besides this script.

    python -m venv venv && venv/bin/pip install -r models/digit-rows/requirements.txt
    venv/bin/python models/digit-rows/train.py

A transformer encoder that reads an 8x8 digit as eight tokens, one per row of pixels. Seeded and single-threaded, in
float64, with the backward pass written out, so that a second run on the same machine writes the same bytes. The images
are those of models/digits, in the same split; this folder holds no second copy of them.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is imported: the order of a threaded sum is not fixed

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import scipy
import sklearn
from onnx import TensorProto, helper, numpy_helper
from scipy.special import erf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parent / "digits"
SPLIT_SEED = 20  # the split of models/digits
SEED = 41
TEST_SHARE = 0.25
MAX_PIXEL = 16
TOKENS = 8
WIDTH = 32
HEADS = 4
HEAD = WIDTH // HEADS
HIDDEN = 64
LAYERS = 2
CLASSES = 10
EPOCHS = 100
BATCH = 32
PEAK_RATE = 3e-3
WARMUP_STEPS = 200
WEIGHT_DECAY = 1e-2
EPSILON = 1e-5
OPSET = 20


# ---- layers: each forward returns (output, what the backward pass needs) ------------------------------------------


def dense(x, w, b):
    """x [..., I] times w [I, O] plus b [O]."""
    return x @ w + b, x


def dense_backward(grad, w, x):
    """Gradients of dense: (dx, dw, db)."""
    flat = grad.reshape(-1, grad.shape[-1])
    return grad @ w.T, x.reshape(-1, x.shape[-1]).T @ flat, flat.sum(0)


def layer_norm(x, gain, bias):
    """Normalisation over the last axis."""
    mean = x.mean(-1, keepdims=True)
    inverse = 1 / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + EPSILON)
    normal = (x - mean) * inverse
    return normal * gain + bias, (normal, inverse)


def layer_norm_backward(grad, gain, saved):
    """Gradients of layer_norm: (dx, dgain, dbias)."""
    normal, inverse = saved
    d = grad * gain
    dx = inverse * (d - d.mean(-1, keepdims=True) - normal * (d * normal).mean(-1, keepdims=True))
    axes = tuple(range(grad.ndim - 1))
    return dx, (grad * normal).sum(axes), grad.sum(axes)


def gelu(x):
    """x times the normal distribution function of x, the exact form."""
    return x * 0.5 * (1 + erf(x / np.sqrt(2)))


def gelu_backward(grad, x):
    """Gradient of gelu."""
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return grad * (0.5 * (1 + erf(x / np.sqrt(2))) + x * density)


def split_heads(x):
    """[N, T, D] -> [N, heads, T, head]."""
    return x.reshape(len(x), TOKENS, HEADS, HEAD).transpose(0, 2, 1, 3)


def join_heads(x):
    """[N, heads, T, head] -> [N, T, D]."""
    return x.transpose(0, 2, 1, 3).reshape(len(x), TOKENS, WIDTH)


def attention(p, name, x):
    """Self-attention of all heads."""
    q, k, v = (split_heads(dense(x, p[f"{name}.{part}.weight"], p[f"{name}.{part}.bias"])[0]) for part in "qkv")
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(HEAD)
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    share = raised / raised.sum(-1, keepdims=True)
    joined = join_heads(share @ v)
    out, _ = dense(joined, p[f"{name}.out.weight"], p[f"{name}.out.bias"])
    return out, (x, q, k, v, share, joined)


def attention_backward(p, name, grad, saved, g):
    """Gradient of attention with respect to x; those of its parameters go into g."""
    x, q, k, v, share, joined = saved
    d, g[f"{name}.out.weight"], g[f"{name}.out.bias"] = dense_backward(grad, p[f"{name}.out.weight"], joined)
    d = split_heads(d)
    dshare = d @ v.transpose(0, 1, 3, 2)
    dscores = share * (dshare - (dshare * share).sum(-1, keepdims=True)) / np.sqrt(HEAD)
    parts = {"q": dscores @ k, "k": dscores.transpose(0, 1, 3, 2) @ q, "v": share.transpose(0, 1, 3, 2) @ d}
    dx = np.zeros_like(x)
    for part, dpart in parts.items():
        key = f"{name}.{part}"
        dx_part, g[f"{key}.weight"], g[f"{key}.bias"] = dense_backward(join_heads(dpart), p[f"{key}.weight"], x)
        dx += dx_part
    return dx


# ---- the network --------------------------------------------------------------------------------------------------


def initial_parameters(rng):
    """Normal weights scaled by fan-in, zero biases, unit gains."""
    p = {}

    def add_dense(name, fan_in, fan_out):
        p[f"{name}.weight"] = rng.normal(0, 1 / np.sqrt(fan_in), (fan_in, fan_out))
        p[f"{name}.bias"] = np.zeros(fan_out)

    def add_norm(name):
        p[f"{name}.gain"] = np.ones(WIDTH)
        p[f"{name}.bias"] = np.zeros(WIDTH)

    add_dense("embed", TOKENS, WIDTH)
    p["position"] = rng.normal(0, 0.1, (TOKENS, WIDTH))
    for layer in range(LAYERS):
        add_norm(f"layer{layer}.norm1")
        for part in ("q", "k", "v", "out"):
            add_dense(f"layer{layer}.attention.{part}", WIDTH, WIDTH)
        add_norm(f"layer{layer}.norm2")
        add_dense(f"layer{layer}.up", WIDTH, HIDDEN)
        add_dense(f"layer{layer}.down", HIDDEN, WIDTH)
    add_norm("norm")
    add_dense("head", WIDTH, CLASSES)
    return p


def forward(p, rows):
    """Logits [N, 10] of images [N, 8, 8] in 0..1, and what backward needs."""
    x = dense(rows, p["embed.weight"], p["embed.bias"])[0] + p["position"]
    saved = []
    for layer in range(LAYERS):
        name = f"layer{layer}"
        n1, s1 = layer_norm(x, p[f"{name}.norm1.gain"], p[f"{name}.norm1.bias"])
        a, sa = attention(p, f"{name}.attention", n1)
        x = x + a
        n2, s2 = layer_norm(x, p[f"{name}.norm2.gain"], p[f"{name}.norm2.bias"])
        up, _ = dense(n2, p[f"{name}.up.weight"], p[f"{name}.up.bias"])
        active = gelu(up)
        x = x + dense(active, p[f"{name}.down.weight"], p[f"{name}.down.bias"])[0]
        saved.append((s1, sa, s2, n2, up, active))
    last, sl = layer_norm(x, p["norm.gain"], p["norm.bias"])
    pooled = last.mean(1)
    return dense(pooled, p["head.weight"], p["head.bias"])[0], (rows, saved, sl, pooled)


def loss_gradients(p, rows, labels):
    """Gradients of the mean cross-entropy of a batch, one array per parameter."""
    logits, (rows, saved, sl, pooled) = forward(p, rows)
    raised = np.exp(logits - logits.max(1, keepdims=True))
    d = raised / raised.sum(1, keepdims=True)
    d[np.arange(len(rows)), labels] -= 1
    d /= len(rows)
    g = {}
    d, g["head.weight"], g["head.bias"] = dense_backward(d, p["head.weight"], pooled)
    d = np.repeat(d[:, None] / TOKENS, TOKENS, 1)
    d, g["norm.gain"], g["norm.bias"] = layer_norm_backward(d, p["norm.gain"], sl)
    for layer in reversed(range(LAYERS)):
        name = f"layer{layer}"
        s1, sa, s2, n2, up, active = saved[layer]
        b, g[f"{name}.down.weight"], g[f"{name}.down.bias"] = dense_backward(d, p[f"{name}.down.weight"], active)
        b = gelu_backward(b, up)
        b, g[f"{name}.up.weight"], g[f"{name}.up.bias"] = dense_backward(b, p[f"{name}.up.weight"], n2)
        b, g[f"{name}.norm2.gain"], g[f"{name}.norm2.bias"] = layer_norm_backward(b, p[f"{name}.norm2.gain"], s2)
        d = d + b
        b = attention_backward(p, f"{name}.attention", d, sa, g)
        b, g[f"{name}.norm1.gain"], g[f"{name}.norm1.bias"] = layer_norm_backward(b, p[f"{name}.norm1.gain"], s1)
        d = d + b
    g["position"] = d.sum(0)
    _, g["embed.weight"], g["embed.bias"] = dense_backward(d, p["embed.weight"], rows)
    return g


def augment(images, rng):
    """Each image moved by -1, 0 or 1 pixels in both directions, and made a little fainter or stronger."""
    moved = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    out = np.empty_like(images)
    for i, (dy, dx) in enumerate(rng.integers(0, 3, (len(images), 2))):
        out[i] = moved[i, dy : dy + 8, dx : dx + 8]
    return np.clip(out * rng.uniform(0.85, 1.15, (len(images), 1, 1)), 0, 1)


def train(images, labels):
    """Parameters after EPOCHS of AdamW with warm-up and a cosine rate."""
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
            rate = PEAK_RATE * min(1, (step + 1) / WARMUP_STEPS) * 0.5 * (1 + np.cos(np.pi * step / steps))
            step += 1
            for k, g in loss_gradients(p, augment(images[pick], rng), labels[pick]).items():
                mean[k] = 0.9 * mean[k] + 0.1 * g
                square[k] = 0.99 * square[k] + 0.01 * g * g
                update = (mean[k] / (1 - 0.9**step)) / (np.sqrt(square[k] / (1 - 0.99**step)) + 1e-8)
                decay = WEIGHT_DECAY if k.endswith(".weight") else 0
                p[k] = p[k] - rate * (update + decay * p[k])
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: train accuracy {accuracy(p, images, labels):.4f}", flush=True)
    return p


def accuracy(p, images, labels):
    """Share of images whose largest logit is the label."""
    return float((forward(p, images)[0].argmax(1) == labels).mean())


def check_gradients(p, rows, labels):
    """Compares a few components of every gradient with central differences; raises where they differ."""

    def loss():
        logits = forward(p, rows)[0]
        top = logits.max(1)
        return float((np.log(np.exp(logits - top[:, None]).sum(1)) + top - logits[np.arange(len(rows)), labels]).mean())

    for name, g in loss_gradients(p, rows, labels).items():
        flat = p[name].reshape(-1)
        for at in range(0, flat.size, max(1, flat.size // 3)):
            before = flat[at]
            flat[at] = before + 1e-5
            above = loss()
            flat[at] = before - 1e-5
            below = loss()
            flat[at] = before
            want = (above - below) / 2e-5
            if abs(want - g.reshape(-1)[at]) > 1e-6 + 1e-4 * abs(want):
                raise SystemExit(f"gradient of {name}[{at}]: {g.reshape(-1)[at]} is not {want}")


# ---- files --------------------------------------------------------------------------------------------------------


def onnx_model(p):
    """The ONNX graph: rows [1,8,8] -> class [1] (int64), logits [1,10] (float32)."""
    nodes = []
    extra = {
        "heads": np.array([1, TOKENS, HEADS, HEAD], np.int64),
        "joined": np.array([1, TOKENS, WIDTH], np.int64),
        "score.factor": np.array(1 / np.sqrt(HEAD), np.float32),
        "token.axis": np.array([1], np.int64),
    }

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def dense_node(x, name):
        return node("Add", [node("MatMul", [x, f"{name}.weight"], f"{name}.product"), f"{name}.bias"], f"{name}.y")

    def norm_node(x, name):
        inputs = [x, f"{name}.gain", f"{name}.bias"]
        return node("LayerNormalization", inputs, f"{name}.y", axis=-1, epsilon=EPSILON)

    def heads_node(x, name, perm):
        return node("Transpose", [node("Reshape", [x, "heads"], f"{name}.split")], f"{name}.heads", perm=perm)

    def attention_nodes(x, name):
        q = heads_node(dense_node(x, f"{name}.q"), f"{name}.q", [0, 2, 1, 3])
        k = heads_node(dense_node(x, f"{name}.k"), f"{name}.k", [0, 2, 3, 1])
        v = heads_node(dense_node(x, f"{name}.v"), f"{name}.v", [0, 2, 1, 3])
        scores = node("Mul", [node("MatMul", [q, k], f"{name}.raw"), "score.factor"], f"{name}.scores")
        share = node("Softmax", [scores], f"{name}.share", axis=-1)
        mixed = node("Transpose", [node("MatMul", [share, v], f"{name}.mixed")], f"{name}.tokens", perm=[0, 2, 1, 3])
        return dense_node(node("Reshape", [mixed, "joined"], f"{name}.joined"), f"{name}.out")

    x = node("Add", [dense_node("rows", "embed"), "position"], "tokens")
    for layer in range(LAYERS):
        name = f"layer{layer}"
        attended = attention_nodes(norm_node(x, f"{name}.norm1"), f"{name}.attention")
        x = node("Add", [x, attended], f"{name}.middle")
        up = dense_node(norm_node(x, f"{name}.norm2"), f"{name}.up")
        x = node("Add", [x, dense_node(node("Gelu", [up], f"{name}.gelu"), f"{name}.down")], f"{name}.end")
    pooled = node("ReduceMean", [norm_node(x, "norm"), "token.axis"], "pooled", keepdims=0)
    node("Gemm", [pooled, "head.weight", "head.bias"], "logits")
    node("ArgMax", ["logits"], "class", axis=1, keepdims=0)
    weights = {**{k: v.astype(np.float32) for k, v in p.items()}, **extra}
    graph = helper.make_graph(
        nodes,
        "digit-rows",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, TOKENS, 8])],
        [
            helper.make_tensor_value_info("class", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES]),
        ],
        [numpy_helper.from_array(v, k) for k, v in weights.items()],
    )
    model = helper.make_model(graph, producer_name="aivm-digit-rows", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return model


def write(name, data):
    """Write bytes beside this script; returns the row of the card's file table."""
    (HERE / name).write_bytes(data)
    return f"| `{name}` | {len(data):,} | `{hashlib.sha256(data).hexdigest()}` |"


def split_header():
    """What a loader needs: the images of models/digits, under this model's input name."""
    digits = json.loads((DIGITS / "split.json").read_text())
    return {
        "format": digits["format"],
        "inputs": [
            {
                "name": "rows",
                "width": 8,
                "height": 8,
                "maxPixel": MAX_PIXEL,
                "test": "../digits/test-images.u8",
                "calibration": "../digits/calibration-images.u8",
            }
        ],
        "labels": "../digits/test-labels.u8",
        "metric": "top1",
    }


CARD = """# Row transformer: card

Written by `train.py`; every figure below was measured by that run.

| | |
|---|---|
| task | which digit (0 to 9) is on an 8x8 image, read as eight tokens, one per row |
| input | `rows`, float32 [1,8,8], pixel / {max_pixel}, so 0 to 1 |
| outputs | `class`, int64 [1], the index of the largest logit; `logits`, float32 [1,10] |
| network | embedding 8->{width} plus learned positions, {layers} encoder layers (pre-norm, {heads} heads, GELU {width}->{hidden}->{width}), layer norm, mean over tokens, dense {width}->10 |
| operators | LayerNormalization, MatMul, Softmax, Gelu, Add, Mul, Reshape, Transpose, ReduceMean, Gemm, ArgMax |
| parameters | {parameters:,} (float32), opset {opset} |
| split | {train_count:,} training and {test_count} test images: the split of `models/digits` |
| training | {epochs} epochs of AdamW, batch {batch}, peak rate {rate}, warm-up, shifts of one pixel, float64, seed {seed} |
| float accuracy, training images | {train_accuracy:.4f} |
| **float accuracy, test images** | **{test_accuracy:.4f}** ({test_right} of {test_count}) |

The accuracy of the integer artifact is measured where it is compiled: `aivm model evaluate`.

## Files

| file | bytes | SHA-256 |
|---|---|---|
{files}

The images are those of `models/digits`, in the same split: `split.json` points at them, and the training script stops
when they are not the images that it makes itself. Calibration images are training images.

## Data: origin and licence

"Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, licence CC BY 4.0; origin and changes as in `models/digits/CARD.md`. Since one writer's
digits are on both sides of the split, the accuracy says little about other handwriting.

## Reproduce

    python -m venv venv && venv/bin/pip install -r models/digit-rows/requirements.txt
    venv/bin/python models/digit-rows/train.py

Made with {versions}. The same machine and versions
give the same bytes; another processor may round sums differently in the last bits.
"""


def main():
    digits = load_digits()
    pixels = digits.images.astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    train_x, test_x, train_y, test_y = train_test_split(
        pixels, labels, test_size=TEST_SHARE, stratify=labels, random_state=SPLIT_SEED
    )
    if test_x.tobytes() != (DIGITS / "test-images.u8").read_bytes():
        raise SystemExit("models/digits holds another split: run its train.py first")
    to_input = lambda images: images.astype(np.float64) / MAX_PIXEL  # noqa: E731
    check_gradients(initial_parameters(np.random.default_rng(SEED)), to_input(train_x[:4]), train_y[:4])
    p = train(to_input(train_x), train_y)
    p = {k: v.astype(np.float32).astype(np.float64) for k, v in p.items()}
    test_accuracy = accuracy(p, to_input(test_x), test_y)
    files = [
        write("digit-rows.onnx", onnx_model(p).SerializeToString(deterministic=True)),
        write("split.json", json.dumps(split_header(), indent=2).encode() + b"\n"),
    ]
    card = CARD.format(
        max_pixel=MAX_PIXEL,
        width=WIDTH,
        layers=LAYERS,
        heads=HEADS,
        hidden=HIDDEN,
        parameters=sum(v.size for v in p.values()),
        opset=OPSET,
        train_count=len(train_y),
        test_count=len(test_y),
        epochs=EPOCHS,
        batch=BATCH,
        rate=PEAK_RATE,
        seed=SEED,
        train_accuracy=accuracy(p, to_input(train_x), train_y),
        test_accuracy=test_accuracy,
        test_right=round(test_accuracy * len(test_y)),
        files="\n".join(files),
        versions=f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, onnx {onnx.__version__}",
    )
    (HERE / "CARD.md").write_text(card)
    print(f"test accuracy {test_accuracy:.4f}")


if __name__ == "__main__":
    main()
