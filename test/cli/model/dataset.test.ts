import { join } from "node:path";
import { expect } from "chai";
import { readDataset, samplesFor } from "../../../cli/model/dataset.ts";
import { writeNpy } from "../../../cli/model/npy.ts";
import { digitLabels, digitSamples } from "../../aivm/support/digits.ts";
import { throwsCode } from "../../aivm/support/errors.ts";
import { createScratch, type Scratch } from "../support.ts";

const MODELS = join(import.meta.dirname, "../../../models");

/** First and second input of the first test sample, as numpy.load shows columns 0 to 5. */
const RADIUS = [16.299999237060547, 0.20669999718666077, 17.31999969482422];
const TEXTURE = [15.699999809265137, 0.4706000089645386, 17.760000228881836];

describe("data sets", () => {
  let scratch: Scratch;
  before(() => {
    scratch = createScratch();
  });
  after(() => scratch.remove());

  /** Path of a data set with this description. */
  function described(description: unknown): string {
    return scratch.write("split.json", JSON.stringify(description));
  }

  it("reads one image input as models/digits describes it", () => {
    const dataset = readDataset(join(MODELS, "digits/split.json"));
    expect(dataset.test.samples).to.deep.equal(digitSamples("test"));
    expect(dataset.calibration.samples).to.deep.equal(digitSamples("calibration"));
    expect(Array.from(dataset.test.labels)).to.deep.equal(Array.from(digitLabels()));
    expect([dataset.names, dataset.metric]).to.deep.equal([[undefined], "top1"]);
  });

  it("reads the same images under a name, from another folder", () => {
    const rows = readDataset(join(MODELS, "digit-rows/split.json"));
    expect(rows.names).to.deep.equal(["rows"]);
    expect(rows.test.samples).to.deep.equal(digitSamples("test"));
  });

  it("cuts several inputs out of one table by columns", () => {
    const dataset = readDataset(join(MODELS, "breast-cancer/split.json"));
    expect(dataset.names).to.have.length(10);
    expect(dataset.test.samples).to.have.length(143);
    expect(dataset.calibration.samples).to.have.length(426);
    for (const values of dataset.test.samples[0] ?? []) expect(values).to.have.length(3);
    const [radius, texture] = dataset.test.samples[0] ?? [];
    expect([radius, texture].map((values) => Array.from(values ?? [], Number))).to.deep.equal([
      RADIUS,
      TEXTURE,
    ]);
  });

  it("turns channels-last pixels into channels-first values with mean and scale of each channel", () => {
    // Two pixels of three channels: (10, 20, 30) and (40, 50, 60).
    scratch.write("x.u8", Uint8Array.of(10, 20, 30, 40, 50, 60));
    const input = {
      name: "x",
      calibration: "x.u8",
      width: 2,
      height: 1,
      channels: 3,
      maxPixel: 10,
      layout: "NHWC",
      mean: [1, 2, 3],
      scale: [1, 10, 100],
    };
    const { calibration } = readDataset(described({ inputs: [input] }));
    expect(calibration.samples.map((sample) => sample.map((v) => Array.from(v, Number)))).to.deep.equal([
      [[0, 3, 0, 30, 0, 300]],
    ]);
  });

  it("gives the samples in the order of the model's inputs", () => {
    scratch.write("a.npy", writeNpy([2, 1], [1, 2]));
    scratch.write("b.npy", writeNpy([2, 2], [3, 4, 5, 6]));
    const path = described({
      inputs: [
        { name: "a", test: "a.npy" },
        { name: "b", test: "b.npy" },
      ],
      labels: "a.npy",
      metric: "mse",
    });
    const dataset = readDataset(path);
    expect(dataset.metric).to.equal("mse");
    const swapped = samplesFor(dataset, { part: "test", names: ["b", "a"] });
    expect(swapped[1]?.map((values) => Array.from(values, Number))).to.deep.equal([[5, 6], [2]]);
    for (const names of [["a"], ["a", "b", "c"], ["a", "x"]]) {
      throwsCode("CLI_DATASET", () => samplesFor(dataset, { part: "test", names }));
    }
  });

  const IMAGE = { width: 1, height: 1, maxPixel: 1 };
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ["a list", [], "a JSON object"],
    ["neither form", { labels: "x" }, "width, height, maxPixel"],
    ["an empty list of inputs", { inputs: [] }, "one per input"],
    ["an input that is no object", { inputs: ["x.npy"] }, "one per input"],
    ["an unknown metric", { inputs: [{ test: "n.npy" }], metric: "f1" }, "top1 or mse"],
    ["an unknown layout", { inputs: [{ test: "n.npy", layout: "HWC" }] }, "NCHW or NHWC"],
    ["a size of zero", { inputs: [{ test: "n.u8", width: 0, height: 1 }] }, "width"],
    ["a size that is no number", { inputs: [{ test: "n.u8", width: "8", height: 1 }] }, "width"],
    ["raw bytes without a size", { inputs: [{ test: "n.u8" }] }, "width and height"],
    ["raw bytes of another size", { inputs: [{ test: "n.u8", width: 2, height: 1 }] }, "multiple of 2"],
    ["columns backward", { inputs: [{ test: "n.npy", columns: [1, 0] }] }, "[from, to]"],
    ["columns outside", { inputs: [{ test: "n.npy", columns: [0, 9] }] }, "columns inside"],
    ["a mean that is no number", { inputs: [{ test: "n.npy", mean: "0" }] }, "mean"],
    ["means that do not divide", { inputs: [{ test: "n.npy", mean: [1, 2, 3, 4] }] }, "divides 3"],
    [
      "channels-last of a flat sample",
      { inputs: [{ test: "n.npy", layout: "NHWC" }] },
      "[height, width, channels]",
    ],
    ["a file name that is no text", { inputs: [{ test: 5 }] }, "test"],
    [
      "inputs of different counts",
      { inputs: [{ test: "n.npy" }, { test: "m.npy" }] },
      "as many test samples",
    ],
    ["labels of another count", { inputs: [{ test: "n.npy" }], labels: "m.npy" }, "labels for 2"],
    ["labels without a test split", { inputs: [{ calibration: "n.npy" }], labels: "m.npy" }, "labels for 0"],
    ["labels that are no file", { inputs: [{ test: "n.npy" }], labels: 3 }, "labels"],
    [
      "another number of images than it says",
      {
        ...IMAGE,
        test: { images: "n.u8", labels: "n.u8", count: 4 },
        calibration: { images: "n.u8", count: 3 },
      },
      "4 test images",
    ],
  ];
  for (const [what, description, want] of wrong) {
    it(`refuses ${what}`, () => {
      scratch.write("n.npy", writeNpy([2, 3], [1, 2, 3, 4, 5, 6]));
      scratch.write("m.npy", writeNpy([3], [1, 2, 3]));
      scratch.write("n.u8", Uint8Array.of(1, 2, 3));
      const path = described(description);
      const error = throwsCode("CLI_DATASET", () => readDataset(path), path);
      expect(error.facts.want).to.contain(want);
    });
  }

  it("names a file that is not there, and JSON that is none", () => {
    throwsCode("CLI_FILE", () => readDataset(scratch.path("absent.json")), "absent.json");
    throwsCode("CLI_FILE", () => readDataset(described({ inputs: [{ test: "absent.npy" }] })), "absent.npy");
    const path = scratch.write("broken.json", "{");
    throwsCode("CLI_FILE", () => readDataset(path), "broken.json");
  });
});
