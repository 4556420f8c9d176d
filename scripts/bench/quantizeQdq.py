"""Quantises an ONNX model with onnxruntime's own quantiser: the integer peer of `npm run bench -- engines`.

    quantizeQdq.py MODEL.onnx SAMPLES.f32 OUTPUT.onnx

QDQ format, u8 activations, s8 weights per channel, min-max calibration. SAMPLES.f32 holds the calibration samples one
behind the other, each the graph's inputs in order as little-endian float32, row-major. The benchmark calls it with the
Python that AIVM_ORT_PYTHON names, else build/ort-venv/bin/python, else python3. To make that environment:

    python3 -m venv build/ort-venv
    build/ort-venv/bin/pip install onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"""

import os
import sys
import tempfile

import numpy
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

# Per-channel DequantizeLinear came with opset 13; older files are converted to what the generated models have.
OPSET = 17


class Samples(CalibrationDataReader):
    """The samples of a file, cut by the shapes of the graph's inputs."""

    def __init__(self, model, path):
        known = {tensor.name for tensor in model.graph.initializer}
        self.inputs = [
            (value.name, [max(1, d.dim_value) for d in value.type.tensor_type.shape.dim])
            for value in model.graph.input
            if value.name not in known
        ]
        self.values = numpy.fromfile(path, dtype="<f4")
        self.at = 0

    def get_next(self):
        if self.at >= len(self.values):
            return None
        feeds = {}
        for name, shape in self.inputs:
            end = self.at + int(numpy.prod(shape))
            feeds[name] = self.values[self.at : end].reshape(shape)
            self.at = end
        return feeds


def without_listed_initializers(model):
    """Files of IR version 3 list initializers among the inputs; the converter and the quantiser want them apart."""
    known = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in known]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, 8)
    return model


def main():
    source, samples, target = sys.argv[1:4]
    model = without_listed_initializers(onnx.load(source))
    opset = next(entry.version for entry in model.opset_import if entry.domain == "")
    if opset < OPSET:
        model = onnx.version_converter.convert_version(model, OPSET)
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = os.path.join(folder, "plain.onnx"), os.path.join(folder, "prepared.onnx")
        onnx.save(model, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            Samples(model, samples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # onnxruntime 1.32 fails to adjust some per-channel scales (MNIST CNN); it changes scales only, not speed.
            extra_options={"QDQDisableWeightAdjustForInt32Bias": True},
        )


main()
