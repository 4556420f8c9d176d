/**
 * Makes proto/gen from the .proto files: the descriptor (JSON, as protobufjs reads it) and one TypeScript interface
 * a message. `make gen`; CI fails when the result differs from what is committed.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";

const ROOT = join(import.meta.dirname, "..", "proto");

const SCALARS: Readonly<Record<string, string>> = {
  double: "number",
  uint32: "number",
  int32: "number",
  sint32: "number",
  fixed32: "number",
  uint64: "bigint",
  int64: "bigint",
  sint64: "bigint",
  fixed64: "bigint",
  sfixed64: "bigint",
  bool: "boolean",
  string: "string",
  bytes: "Uint8Array",
};

function main(): void {
  const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".proto"))
    .sort();
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(ROOT, target);
  for (const file of files) {
    protobuf.parse(readFileSync(join(ROOT, file), "utf8"), root, {
      keepCase: false,
      alternateCommentMode: true,
    });
  }
  root.resolveAll();
  mkdirSync(join(ROOT, "gen"), { recursive: true });
  writeFileSync(
    join(ROOT, "gen", "descriptor.ts"),
    `/** Made by scripts/genProto.ts. Do not edit. */\nexport const descriptor: object = ${JSON.stringify(root.toJSON(), undefined, 1)};\n`,
  );
  writeFileSync(join(ROOT, "gen", "types.ts"), typesOf(root));
}

function typesOf(root: protobuf.Root): string {
  const messages: protobuf.Type[] = [];
  const enums: protobuf.Enum[] = [];
  collect(root, messages, enums);
  const parts = ["/** Made by scripts/genProto.ts. Do not edit. */"];
  for (const item of enums) parts.push(enumText(item));
  for (const item of messages) parts.push(messageText(item));
  const rows = messages.map((item) => `  "${fullName(item)}": ${typeName(item)};`);
  parts.push(
    `/** Every message by its full protobuf name. */\nexport interface Messages {\n${rows.join("\n")}\n}`,
  );
  return `${parts.join("\n\n")}\n`;
}

function collect(namespace: protobuf.NamespaceBase, messages: protobuf.Type[], enums: protobuf.Enum[]): void {
  for (const item of namespace.nestedArray) {
    if (item instanceof protobuf.Enum) enums.push(item);
    if (item instanceof protobuf.Type) messages.push(item);
    if (item instanceof protobuf.Namespace) collect(item, messages, enums);
  }
}

function fullName(item: protobuf.ReflectionObject): string {
  return item.fullName.replace(/^\./, "");
}

/** `aivm.model.v1.Params` becomes `ModelParams` where several packages have a message of that name. */
function typeName(item: protobuf.ReflectionObject): string {
  const [, module = "", , ...rest] = fullName(item).split(".");
  const name = rest.join("");
  return /^(Params|QueryParamsRequest|QueryParamsResponse)$/.test(name)
    ? module.charAt(0).toUpperCase() + module.slice(1) + name
    : name;
}

function enumText(item: protobuf.Enum): string {
  const rows = Object.entries(item.values).map(([name, value]) => `  ${name}: ${value},`);
  const name = typeName(item);
  return `export const ${name}: {\n${Object.entries(item.values)
    .map(([key, value]) => `  readonly ${key}: ${value};`)
    .join("\n")}\n} = {\n${rows.join("\n")}\n};`;
}

function messageText(item: protobuf.Type): string {
  const fields = item.fieldsArray.map((field) => {
    if (field.map) throw new Error(`${item.fullName}.${field.name}: map fields are not allowed`);
    const comment = field.comment ? `  /** ${field.comment.replaceAll("\n", " ")} */\n` : "";
    const base = fieldType(field);
    const type = field.repeated ? `readonly ${base}[]` : base;
    const optional = !field.repeated && field.resolvedType instanceof protobuf.Type ? "?" : "";
    return `${comment}  readonly ${field.name}${optional}: ${type}${optional ? " | undefined" : ""};`;
  });
  const comment = item.comment ? `/** ${item.comment.replaceAll("\n", " ")} */\n` : "";
  if (fields.length === 0) return `${comment}export type ${typeName(item)} = Record<string, never>;`;
  return `${comment}export interface ${typeName(item)} {\n${fields.join("\n")}\n}`;
}

function fieldType(field: protobuf.Field): string {
  if (field.resolvedType instanceof protobuf.Enum) return "number";
  if (field.resolvedType instanceof protobuf.Type) return typeName(field.resolvedType);
  const scalar = SCALARS[field.type];
  if (scalar === undefined) throw new Error(`${field.fullName}: type ${field.type} is not supported`);
  return scalar;
}

main();
