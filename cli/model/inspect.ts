/** aivm model inspect */
import { nodeOf, opGas, opOf, type Program, type Ref, shapeText, typeOfRef } from "../../aivm/index.ts";
import { readArtifact } from "../../aivm/io/files.ts";
import { bytesToHex } from "../../common/index.ts";
import { type Command, onlyWord } from "../command.ts";
import { textTable } from "../table.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "model inspect",
  about: "list an artifact's program: ops, shapes, ranges, gas",
  usage: "<artifact>",
  examples: ["aivm model inspect digits.aivm", "aivm model inspect digits.aivm --json"],
  run: async (invocation) => {
    const model = await readArtifact(onlyWord(invocation, "artifact"));
    const { program } = model;
    const ops = program.ops.map((descriptor, i) => ({
      op: i,
      name: opOf(descriptor.opcode).name,
      operands: descriptor.operands.map(refText),
      output: `${descriptor.output.dtype}${shapeText(descriptor.output.shape)}`,
      range: `${descriptor.output.lo}..${descriptor.output.hi}`,
      gas: opGas(nodeOf(program, descriptor)),
    }));
    const rows = ops.map(({ op, name, operands, output, range, gas }) => [
      `${op}`,
      name,
      operands.join(" "),
      output,
      range,
      `${gas}`,
    ]);
    const head = [
      `model id  ${bytesToHex(model.modelId)}`,
      `name      ${program.name} (${program.precision})`,
      ...program.inputs.map(
        (port) =>
          `input     ${port.name} ${port.type.dtype}${shapeText(port.type.shape)}, real = ${port.scale} x (q - ${port.zero})`,
      ),
      ...program.outputs.map(
        (port) =>
          `output    ${port.name} ${outputText(program, port.source)}, real = ${port.scale} x (q - ${port.zero})`,
      ),
      `vmGas     ${model.vmGas}`,
      `file      ${model.artifactBytes} bytes`,
    ];
    invocation.result(
      {
        modelId: bytesToHex(model.modelId),
        name: program.name,
        precision: program.precision,
        vmGas: model.vmGas,
        artifactBytes: model.artifactBytes,
        inputs: program.inputs,
        outputs: program.outputs,
        ops,
      },
      `${head.join("\n")}\n\n${textTable(["op", "name", "operands", "output", "range", "vmGas"], rows)}`,
    );
  },
};

function refText(ref: Ref): string {
  return `${ref.kind}${ref.index}`;
}

function outputText(program: Program, ref: Ref): string {
  const type = typeOfRef(program, ref);
  return type === undefined ? "?" : `${type.dtype}${shapeText(type.shape)}`;
}
