/** Scripts for Node without imports: for threads that must start quickly, and for a Node of another processor. */
import { build } from "esbuild";

/** Text of a CommonJS script that does what `entry` does. */
export async function bundleForNode(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
