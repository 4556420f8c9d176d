/** Outside test data: the folder that AIVM_TEST_DATA names. Suites that need it say so when it is not there. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Path below the outside test data, or undefined when there is none. */
export function testData(...parts: readonly string[]): string | undefined {
  const root = process.env.AIVM_TEST_DATA;
  const path = root === undefined || root === "" ? undefined : join(root, ...parts);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** The same path inside a test; skips the test with the reason when it is not there. */
export function requireTestData(test: Mocha.Context, ...parts: readonly string[]): string {
  const path = testData(...parts);
  if (path !== undefined) return path;
  process.stdout.write(`\n    skipped: AIVM_TEST_DATA does not lead to ${parts.join("/")}\n`);
  test.skip();
}
