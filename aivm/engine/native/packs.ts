/** Packed weights: made once for an engine, shared by its plans, kept on disk between processes. */
import { bytesToHex, equalBytes, utf8 } from "../../../common/bytes.ts";
import { sha256 } from "../../../common/sha256.ts";
import { tensorToBytes } from "../../tensor/tensor.ts";
import type { StepProgram } from "../plan/format.ts";
import { type NativeBinding, type NativeLevel, type NativePlan, nativeCall } from "./binding.ts";
import { packedConstants, unpackedConstants } from "./refs.ts";

/**
 * Where packed weights are kept. `read` gives exactly the bytes that were written under the key, or undefined: an
 * implementation checks them and treats damaged ones as absent, since nothing here could tell wrong weights from right ones.
 */
export interface PackCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** Key of a model's packed weights for one level. */
export function packKey(
  modelId: Uint8Array,
  of: { readonly level: NativeLevel; readonly layout: number },
): string {
  return `${bytesToHex(modelId)}-native-${of.level}-${of.layout}`;
}

/** A step program with the add-on's copy of it. */
export interface PreparedPlan {
  readonly program: StepProgram;
  readonly plan: NativePlan;
}

/** Packed weights of an engine by what they depend on. */
export interface Packs {
  /** Packed weights of each conv step of a plan, in order; what is there already is not packed again. */
  of(prepared: PreparedPlan): readonly Uint8Array[];
  /** Takes the packed weights of a first plan from bytes that `bundle` gave; false when they are another's. */
  adopt(prepared: PreparedPlan, bytes: Uint8Array): boolean;
  /** The packed weights of the first plan as one piece, for a cache. */
  bundle(): Uint8Array;
  /** Bytes held. */
  bytes(): number;
  /** Gives the memory back. */
  close(): void;
}

/** Bytes in front of a bundle, its fingerprint among them: what follows stays aligned. */
const FRONT_BYTES = 64;

interface Wanted {
  readonly conv: number;
  readonly at: number;
  readonly key: string;
  readonly bytes: number;
}

/** Packed weights as `binding` lays them out. `own`: how many of a program's constants are the model's own. */
export function createPacks(binding: NativeBinding, own: number): Packs {
  const known = new Map<string, Uint8Array>();
  const bundles: Uint8Array[] = [];
  const keep = (wanted: readonly Wanted[], bundle: Uint8Array): void => {
    bundles.push(bundle);
    let at = FRONT_BYTES;
    for (const { key, bytes } of wanted) {
      known.set(key, bundle.subarray(at, at + bytes));
      at += bytes;
    }
  };
  const missing = (prepared: PreparedPlan): Wanted[] =>
    unique(wantedOf(binding, prepared)).filter(({ key }) => !known.has(key));
  return {
    of: (prepared) => {
      const wanted = missing(prepared);
      if (wanted.length > 0) {
        const bundle = new Uint8Array(nativeCall("packed weights", () => binding.allocate(lengthOf(wanted))));
        bundle.set(fingerprint(prepared, { wanted, own }));
        keep(wanted, bundle);
        packAll(binding, { prepared, wanted, known });
      }
      return wantedOf(binding, prepared).map(({ key }) => known.get(key) ?? new Uint8Array(0));
    },
    adopt: (prepared, bytes) => {
      const wanted = missing(prepared);
      const front = fingerprint(prepared, { wanted, own });
      if (bytes.length !== lengthOf(wanted) || !equalBytes(bytes.subarray(0, front.length), front))
        return false;
      keep(wanted, aligned(binding, bytes));
      return true;
    },
    bundle: () => bundles[0] ?? new Uint8Array(0),
    bytes: () => bundles.reduce((sum, bundle) => sum + bundle.length, 0),
    close: () => {
      known.clear();
      for (const { buffer } of bundles.splice(0)) if (buffer instanceof ArrayBuffer) binding.detach(buffer);
    },
  };
}

function wantedOf(binding: NativeBinding, { program, plan }: PreparedPlan): Wanted[] {
  return Array.from(binding.convSteps(plan), (at, conv) => ({
    conv,
    at,
    key: keyOf(program, at),
    bytes: binding.packedBytes(plan, conv),
  }));
}

function unique(wanted: readonly Wanted[]): Wanted[] {
  return [...new Map(wanted.map((each) => [each.key, each])).values()];
}

function lengthOf(wanted: readonly Wanted[]): number {
  return wanted.reduce((sum, { bytes }) => sum + bytes, FRONT_BYTES);
}

/** Words of a conv step that its packed weights may depend on: all but where x, y and another operand lie. */
function keyOf({ words }: StepProgram, at: number): string {
  const step = words.slice(at, at + (words[at + 1] ?? 0));
  step.fill(0, 2, 4);
  for (const ref of [4, 19, 44]) step.fill(0, ref + 1, ref + 3);
  return step.join();
}

/** Packs what is wanted. Raw weights that lie in a mapped file and that only packing reads are let go of on the way. */
function packAll(
  binding: NativeBinding,
  of: {
    readonly prepared: PreparedPlan;
    readonly wanted: readonly Wanted[];
    readonly known: ReadonlyMap<string, Uint8Array>;
  },
): void {
  const { program, plan } = of.prepared;
  const kept = unpackedConstants(program.words);
  releaseUnread(binding, program, kept);
  for (const { conv, at, key } of of.wanted) {
    nativeCall("packed weights", () => binding.pack(plan, conv, of.known.get(key) ?? new Uint8Array(0)));
    for (const index of packedConstants(program.words, at)) {
      const constant = program.constants[index];
      if (constant !== undefined && !kept.has(index)) binding.release(constant.data);
    }
  }
}

/** Lets go of the pages of constants that lie in a mapped file and are not in `kept`: they are read again when needed. */
export function releaseUnread(binding: NativeBinding, program: StepProgram, kept: ReadonlySet<number>): void {
  for (const [index, { data }] of program.constants.entries()) {
    if (!kept.has(index)) binding.release(data);
  }
}

/** The bytes themselves when they lie in a mapped file, at a multiple of 64; else a copy that lies at one. */
function aligned(binding: NativeBinding, bytes: Uint8Array): Uint8Array {
  // A mapped file starts at a page, and only its pages can be released (and are read again).
  if (bytes.byteOffset % FRONT_BYTES === 0 && binding.release(bytes.subarray(0, 1))) return bytes;
  const copy = new Uint8Array(nativeCall("packed weights", () => binding.allocate(bytes.length)));
  copy.set(bytes);
  return copy;
}

/** Differs whenever packed weights would: all they depend on beside the model's own constants, which its id binds. */
function fingerprint(
  { program }: PreparedPlan,
  of: { readonly wanted: readonly Wanted[]; readonly own: number },
): Uint8Array {
  const words = of.wanted.map(({ key, bytes }) => utf8(`${bytes} ${key}`));
  const computed = of.wanted
    .flatMap(({ at }) => packedConstants(program.words, at))
    .filter((index) => index >= of.own)
    .map((index) => program.constants[index])
    .filter((tensor) => tensor !== undefined)
    .map(tensorToBytes);
  return sha256(utf8("aivm native packing"), ...[...words, ...computed].map((part) => sha256(part)));
}
