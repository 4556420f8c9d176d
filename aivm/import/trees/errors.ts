/** Errors of the tree importers. */
import { AivmError } from "../../../common/errors.ts";

/** A file that contradicts itself or is no model of that library. */
export function invalidTrees(item: string, want: string, got: string): AivmError {
  return new AivmError("AIVM_TREES_INVALID", {
    what: "file of boosted trees",
    item,
    want,
    got,
    remedy: "Write the file again with Booster.save_model('m.json') or json.dump(booster.dump_model()).",
  });
}

/** A sound model that asks for something that is not lowered. */
export function unsupportedTrees(
  item: string,
  facts: { readonly want: string; readonly got: string; readonly remedy: string },
): AivmError {
  return new AivmError("AIVM_TREES_UNSUPPORTED", { what: "model of boosted trees", item, ...facts });
}
