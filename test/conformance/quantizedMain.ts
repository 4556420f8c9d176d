/** `quantized [inputs]`: the quantised models of AIVM_TEST_DATA, operator by operator, on their first inputs (default all). */
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { measureQuantizedModel, QUANTIZED_MODELS } from "../aivm/support/quantizedModels.ts";
import { testData } from "../support/testData.ts";

const models = testData("models");
if (models === undefined) {
  process.stderr.write("AIVM_TEST_DATA does not lead to models\n");
  process.exit(2);
}
const limit = Number(process.argv[2] ?? Number.POSITIVE_INFINITY);
const reference = await openOrtReference();
process.stdout.write("model         operators                  elements  off by 1  off by more\n");
for (const model of QUANTIZED_MODELS) {
  const report = await measureQuantizedModel(model, { models, reference, limit });
  for (const { op, elements, offByOne, offByMore } of report.rows) {
    const figures = `${`${elements}`.padStart(10)}${`${offByOne}`.padStart(10)}${`${offByMore}`.padStart(13)}`;
    process.stdout.write(`${model.name.padEnd(14)}${op.padEnd(25)}${figures}\n`);
  }
  const steps = [...report.outputSteps].sort(([a], [b]) => a - b).map(([step, count]) => `${step}: ${count}`);
  process.stdout.write(
    `${model.name.padEnd(14)}same largest output as ${reference.name} on ${report.sameTop} of ${report.inputs}; ` +
      `outputs by steps of difference ${steps.join(", ")}\n`,
  );
}
