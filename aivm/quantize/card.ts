/**
 * The card of an artifact: what was measured of it beside its float model, on which bytes, and the command that
 * measures it again. It travels in the metadata, so the model id binds it. Whole numbers and text only, keys in one
 * order: the same measurement gives the same bytes.
 */
import { bytesToHex, concatBytes, u32be } from "../../common/bytes.ts";
import { sha256 } from "../../common/sha256.ts";
import { SPEC_VERSION } from "../program/program.ts";
import type { AccuracyReport, EvaluationSet } from "./accuracy.ts";
import type { CalibrationSample } from "./calibrate.ts";

/** Where the figures come from. */
export interface CardFacts {
  /** Bytes of the float model. */
  readonly onnx: Uint8Array;
  readonly evaluation: EvaluationSet;
  /** The calibration set as its card entry; undefined where it is not known. */
  readonly calibration?: CardSet | undefined;
  /** Name and version of the float runtime. */
  readonly reference: string;
  /** Name and version of the tool. */
  readonly tool: string;
  /** Command line that makes the card again. */
  readonly command: string;
}

/** A set of samples: how many, and the hash of their values (and labels). */
export interface CardSet {
  readonly samples: number;
  /** Hex. */
  readonly sha256: string;
}

/** The card. Shares are in parts per ten thousand (Bps) or per million (Ppm). */
export interface Card {
  readonly cardVersion: 1;
  /** "top-1" with labels; "agreement" (of the top answer with the float model's) without. */
  readonly metric: string;
  readonly floatBps: number;
  readonly fixedBps: number;
  readonly deltaBps: number;
  readonly agreementBps: number;
  /** True when the gate is missed or the audit found something; `reasons` says what. */
  readonly warning: boolean;
  readonly reasons: readonly string[];
  readonly audit: {
    /** Samples with another answer than the float model's. */
    readonly changed: number;
    /** The float model's answer that is changed most often. */
    readonly worstAnswer: { readonly answer: number; readonly samples: number; readonly changed: number };
    /** Largest difference of an output, four digits, and beside the output's largest value. */
    readonly worstDivergence: string;
    readonly worstDivergenceBps: number;
  };
  /** Tenths of a dB; null when all float outputs are equal. */
  readonly sqnrDeciDb: number | null;
  readonly saturation: {
    readonly inputPpm: number;
    readonly totalPpm: number;
    readonly worst: readonly { readonly tensor: string; readonly ppm: number }[];
  };
  readonly evaluation: CardSet;
  readonly calibration: CardSet | null;
  readonly onnxSha256: string;
  readonly reference: string;
  readonly tool: string;
  readonly specVersion: number;
  readonly command: string;
}

/** The gate: how much of the metric may be lost, and what the audit lets pass. */
const LOST_BPS = 100;
/** A class that the integers change this often is suspicious when it was seen at least `CLASS_SAMPLES` times. */
const CLASS_CHANGED = 0.1;
const CLASS_SAMPLES = 5;
/** A difference of this share of the largest output is more than rounding. */
const DIVERGENCE = 0.25;
const WORST_TENSORS = 10;

/** Card of a measurement. */
export function createCard(report: AccuracyReport, facts: CardFacts): Card {
  const labelled = report.fixedTop1 !== undefined;
  const fixed = bps(report.fixedTop1 ?? report.agreement);
  const float = labelled ? bps(report.floatTop1 ?? 0) : 10_000;
  const reasons = warningsOf(report);
  return {
    cardVersion: 1,
    metric: labelled ? "top-1" : "agreement",
    floatBps: float,
    fixedBps: fixed,
    deltaBps: fixed - float,
    agreementBps: bps(report.agreement),
    warning: reasons.length > 0,
    reasons,
    audit: {
      changed: Math.round((1 - report.agreement) * report.count),
      worstAnswer: report.worstAnswer,
      worstDivergence: report.worstDivergence.toPrecision(4),
      worstDivergenceBps: bps(report.relativeDivergence),
    },
    sqnrDeciDb: Number.isFinite(report.sqnrDb) ? Math.round(10 * report.sqnrDb) : null,
    saturation: {
      inputPpm: ppm(report.saturation),
      totalPpm: ppm(report.innerSaturation),
      worst: [...report.tensors]
        .sort((a, b) => b.share - a.share)
        .slice(0, WORST_TENSORS)
        .filter(({ share }) => share > 0)
        .map(({ tensor, share }) => ({ tensor, ppm: ppm(share) })),
    },
    evaluation: setHash(facts.evaluation.samples, facts.evaluation.labels),
    calibration: facts.calibration ?? null,
    onnxSha256: bytesToHex(sha256(facts.onnx)),
    reference: facts.reference,
    tool: facts.tool,
    specVersion: SPEC_VERSION,
    command: facts.command,
  };
}

/** What is wrong with a measurement, in sentences; nothing when the gate is met and the audit is clean. */
function warningsOf(report: AccuracyReport): string[] {
  const out: string[] = [];
  const lost = bps(-(report.delta ?? report.agreement - 1));
  const what = report.delta === undefined ? "agreement with the float model" : "top-1";
  if (lost > LOST_BPS) out.push(`${what} falls by ${lost} bps; the gate is ${LOST_BPS}`);
  const { answer, samples, changed } = report.worstAnswer;
  if (samples >= CLASS_SAMPLES && changed > CLASS_CHANGED * samples)
    out.push(
      `${changed} of ${samples} samples that the float model answers ${answer} are answered otherwise`,
    );
  if (report.relativeDivergence > DIVERGENCE)
    out.push(`an output differs by ${bps(report.relativeDivergence)} bps of its largest value`);
  return out;
}

/** JSON of a card. */
export function cardText(card: Card): string {
  return JSON.stringify(card);
}

/** Hash of a set: over the hashes of the samples (lengths and float32 values of each input, little-endian), then the labels. */
export function setHash(samples: readonly CalibrationSample[], labels?: ArrayLike<number>): CardSet {
  const hashes = samples.map((sample) =>
    sha256(...sample.flatMap((values) => [u32be(values.length), valueBytes(values)])),
  );
  const answers = Array.from(labels ?? [], (label) => u32be(label));
  return { samples: samples.length, sha256: bytesToHex(sha256(concatBytes(...hashes, ...answers))) };
}

function valueBytes(values: ArrayLike<number | bigint>): Uint8Array {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, Number(values[i]), true);
  return out;
}

function bps(share: number): number {
  return Math.round(10_000 * share);
}

function ppm(share: number): number {
  return Math.round(1_000_000 * share);
}
