/** Colours of ops, by what they do. */

/** A family of ops. */
export interface Family {
  readonly name: string;
  /** Fill and frame. */
  readonly fill: string;
  readonly line: string;
}

const PRODUCTS: Family = { name: "products", fill: "#dbe7fb", line: "#2f62b5" };
const ARITHMETIC: Family = { name: "arithmetic", fill: "#fdebd0", line: "#b8741a" };
const TABLES: Family = { name: "tables", fill: "#ecdff7", line: "#7b45ac" };
const REDUCTIONS: Family = { name: "reductions", fill: "#d8f0e0", line: "#26804d" };
const MOVEMENT: Family = { name: "data movement", fill: "#eceff2", line: "#7a8794" };
const OTHER: Family = { name: "other ops", fill: "#f7dfe3", line: "#b03a52" };

/** The ends of a program. */
export const PORTS: Family = { name: "inputs and outputs", fill: "#ffffff", line: "#1d2733" };

const BY_NAME: ReadonlyMap<string, Family> = new Map(
  (
    [
      [PRODUCTS, "conv2d linear matmul matmulDiv"],
      [ARITHMETIC, "add mul div mod isqrt shift bitwise rescale compare where"],
      [TABLES, "table"],
      [REDUCTIONS, "maxPool2d avgPool2d maxReduce sumReduce argmax rank"],
      [MOVEMENT, "reshape transpose concat slice pad expand gather scatter"],
    ] as const
  ).flatMap(([family, names]) => names.split(" ").map((name) => [name, family] as const)),
);

/** Family of an op; ops without one of the known kinds are "other". */
export function familyOf(opName: string): Family {
  return BY_NAME.get(opName) ?? OTHER;
}
