/** Errors of the quantiser: what is wrong with a calibration set, and what to do about it. */
import { AivmError, type ErrorFacts } from "../../common/errors.ts";

/** Codes of the quantiser. */
export type CalibrationErrorCode =
  | "AIVM_CALIBRATION_EMPTY"
  | "AIVM_CALIBRATION_SHAPE"
  | "AIVM_CALIBRATION_NOT_FINITE"
  | "AIVM_CALIBRATION_UNSEEN_RANGE"
  | "AIVM_CALIBRATION_SATURATION"
  | "AIVM_CALIBRATION_CONSTANT";

function calibrationError(code: CalibrationErrorCode, facts: ErrorFacts): AivmError {
  return new AivmError(code, facts);
}

/** No sample at all, although the range of a tensor is to come from samples. */
export function emptyCalibration(tensor?: string): AivmError {
  return calibrationError("AIVM_CALIBRATION_EMPTY", {
    what: "calibration set",
    ...(tensor === undefined ? {} : { item: `range of tensor '${tensor}'` }),
    want: "at least one sample (a hundred or more for a real model)",
    got: "none",
    remedy: "pass inputs of the kind that the model will see",
  });
}

/** A sample that does not fit the model's inputs. */
export function calibrationShape(facts: {
  readonly item: string;
  readonly want: string;
  readonly got: string;
}): AivmError {
  return calibrationError("AIVM_CALIBRATION_SHAPE", {
    what: "calibration sample",
    ...facts,
    remedy: "give every sample one array per model input, row-major, of the input's shape",
  });
}

/** NaN or an infinity, in a sample or in what the float model makes of it. */
export function notFinite(facts: { readonly item: string; readonly got: string }): AivmError {
  return calibrationError("AIVM_CALIBRATION_NOT_FINITE", {
    what: "value met in calibration",
    want: "finite numbers: integers have no NaN and no infinity",
    ...facts,
    remedy:
      "clean the samples; when the model itself makes the value, replace that part (a finite mask instead of -inf)",
  });
}

/** Samples that disagree about a range: some would be clamped by the range that the others need. */
export function unseenRange(facts: {
  readonly item: string;
  readonly excess: number;
  readonly limit: number;
}): AivmError {
  return calibrationError("AIVM_CALIBRATION_UNSEEN_RANGE", {
    what: "calibration set",
    item: facts.item,
    want: `samples whose values stay within ${percent(facts.limit)} of the range that the other samples span`,
    got: `values ${percent(facts.excess)} of that range beyond it`,
    remedy: "shuffle the samples and add more, so that every kind of input is among them",
  });
}

/** Many held-out values outside the range of the other samples: so many would be clamped. */
export function saturated(facts: {
  readonly item: string;
  readonly share: number;
  readonly limit: number;
}): AivmError {
  return calibrationError("AIVM_CALIBRATION_SATURATION", {
    what: "calibration set",
    item: facts.item,
    want: `at most ${percent(facts.limit)} of the values of held-out samples outside the range of the others`,
    got: percent(facts.share),
    remedy: "shuffle the samples and add more, so that every kind of input is among them",
  });
}

/** Many samples in which an input never takes a second value. */
export function constantInput(item: string, value: number): AivmError {
  return calibrationError("AIVM_CALIBRATION_CONSTANT", {
    what: "calibration set",
    item,
    want: "samples that differ",
    got: `the value ${value} everywhere`,
    remedy: "pass real inputs: a range can not be measured on a constant",
  });
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
