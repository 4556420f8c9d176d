import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { readNpy, writeNpy } from "../../../cli/model/npy.ts";
import { concatBytes, utf8 } from "../../../common/index.ts";
import { throwsCode } from "../../aivm/support/errors.ts";

const CANCER = join(import.meta.dirname, "../../../models/breast-cancer");

/** The first three features and the first eight labels of the test split, as numpy.load shows them. */
const RADIUS = [16.299999237060547, 0.20669999718666077, 17.31999969482422];
const LABELS = [1, 1, 0, 0, 0, 0, 0, 0];

/** A .npy file put together by hand. */
function npy(options: {
  readonly descr?: string;
  readonly order?: string;
  readonly shape?: string;
  readonly header?: string;
  readonly version?: readonly [number, number];
  readonly data?: Uint8Array;
}): Uint8Array {
  const {
    descr = "<f4",
    order = "False",
    shape = "(2,)",
    version = [1, 0],
    data = new Uint8Array(8),
  } = options;
  const header = utf8(
    options.header ?? `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`,
  );
  const length = version[0] === 1 ? [header.length, 0] : [header.length, 0, 0, 0];
  return concatBytes(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, ...version, ...length), header, data);
}

function bytesOf(array: { readonly buffer: ArrayBufferLike }): Uint8Array {
  return new Uint8Array(array.buffer);
}

describe(".npy files", () => {
  it("reads what NumPy wrote: float32 [143,30] and int64 [143]", () => {
    const features = readNpy(readFileSync(join(CANCER, "test-features.npy")), "features");
    expect(features.dtype).to.equal("float32");
    expect(features.shape).to.deep.equal([143, 30]);
    const labels = readNpy(readFileSync(join(CANCER, "test-labels.npy")), "labels");
    expect([labels.dtype, labels.shape]).to.deep.equal(["int64", [143]]);
    expect(Array.from(labels.data.subarray(0, 8), Number)).to.deep.equal(LABELS);
    expect(Array.from(features.data.subarray(0, 3), Number)).to.deep.equal(RADIUS);
  });

  it("reads every element type, in versions 1 to 3", () => {
    const cases = [
      ["<f4", "float32", bytesOf(Float32Array.of(1.5, -2)), [1.5, -2]],
      ["<f8", "float64", bytesOf(Float64Array.of(1.25, -3)), [1.25, -3]],
      ["<i8", "int64", bytesOf(BigInt64Array.of(-5n, 2n ** 40n)), [-5, 2 ** 40]],
      ["<i4", "int32", bytesOf(Int32Array.of(-70_000, 7)), [-70_000, 7]],
      ["<i2", "int16", bytesOf(Int16Array.of(-300, 7)), [-300, 7]],
      ["<u2", "uint16", bytesOf(Uint16Array.of(65_535, 7)), [65_535, 7]],
      ["|i1", "int8", Uint8Array.of(255, 7), [-1, 7]],
      ["|u1", "uint8", Uint8Array.of(255, 7), [255, 7]],
      ["|b1", "bool", Uint8Array.of(1, 0), [1, 0]],
    ] as const;
    for (const [descr, dtype, data, want] of cases) {
      for (const version of [
        [1, 0],
        [2, 0],
        [3, 0],
      ] as const) {
        const array = readNpy(npy({ descr, data, version }), "x");
        expect([array.dtype, Array.from(array.data, Number)]).to.deep.equal([dtype, want]);
      }
    }
  });

  it("reads a scalar and arrays of any rank", () => {
    expect(readNpy(npy({ shape: "()", data: new Uint8Array(4) }), "x").shape).to.deep.equal([]);
    expect(readNpy(npy({ shape: "(1, 2, 1)" }), "x").shape).to.deep.equal([1, 2, 1]);
    expect(readNpy(npy({ shape: "(0, 3)", data: new Uint8Array(0) }), "x").data.length).to.equal(0);
  });

  const refused = [
    ["other bytes", Uint8Array.of(1, 2, 3), "other bytes"],
    ["nothing", new Uint8Array(0), "other bytes"],
    ["a version of the future", npy({ version: [4, 0] }), "4.0"],
    ["a file that ends in the header", npy({}).subarray(0, 40), "30"],
    ["a file that ends in its length", npy({ version: [2, 0] }).subarray(0, 11), "11 bytes in all"],
    ["elements cut short", npy({ data: new Uint8Array(7) }), "7"],
    ["elements too many", npy({ data: new Uint8Array(9) }), "9"],
    ["Fortran order", npy({ order: "True", shape: "(2, 1)" }), "Fortran order"],
    ["objects", npy({ descr: "|O" }), "|O"],
    ["big-endian numbers", npy({ descr: ">f4" }), ">f4"],
    ["complex numbers", npy({ descr: "<c8" }), "<c8"],
    ["a name every object has", npy({ descr: "constructor" }), "constructor"],
    [
      "records",
      npy({ header: "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }" }),
      "descr",
    ],
    [
      "a key too many",
      npy({ header: "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}" }),
      "'x': 1",
    ],
    ["no shape", npy({ header: "{'descr': '<f4', 'fortran_order': False, }" }), "fortran_order"],
    ["a negative size", npy({ shape: "(-2,)" }), "-2"],
    ["more than fits", npy({ shape: "(99999999999999999999999, 2)" }), "1e+23"],
    ["too many dimensions", npy({ shape: `(${"1, ".repeat(33)})`, data: new Uint8Array(4) }), "1,1,1"],
  ] as const;
  for (const [what, bytes, got] of refused) {
    it(`refuses ${what}`, () => {
      const error = throwsCode("CLI_NPY", () => readNpy(bytes, "the file"), "the file");
      expect(error.facts.got).to.contain(got);
    });
  }

  it("refuses a header longer than any array's", () => {
    const bytes = npy({ version: [2, 0] });
    new DataView(bytes.buffer).setUint32(8, 2 ** 31, true);
    expect(throwsCode("CLI_NPY", () => readNpy(bytes, "x")).facts.want).to.contain("65536");
  });

  it("never does anything but read or refuse, whatever is changed in a file", () => {
    const good = npy({ shape: "(2, 3)", data: new Uint8Array(24) });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const bytes = good.slice();
        bytes[at] = byte;
        try {
          const { shape, data } = readNpy(bytes, "x");
          expect(data.length).to.equal(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).to.have.property("code", "CLI_NPY");
        }
      }),
    );
  });

  it("reads back what it writes, float32", () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(shapes, (shape) => {
        const count = shape.reduce((a, b) => a * b, 1);
        const values = Float32Array.from({ length: count }, (_, i) => i / 3 - 1);
        const bytes = writeNpy(shape, values);
        const array = readNpy(bytes, "x");
        expect(array.shape).to.deep.equal(shape);
        expect(array.data).to.deep.equal(values);
        // NumPy aligns the elements to 64 bytes.
        expect((bytes.length - 4 * count) % 64).to.equal(0);
      }),
    );
  });
});
