import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Method and path of each operation in the generated types. */
function operations(): string[] {
  const paths = read("src/schema.d.ts").split("export interface paths {")[1]?.split("\n}")[0] ?? "";
  const found: string[] = [];
  let path = "";
  for (const line of paths.split("\n")) {
    path = /^ {4}"(.*)": \{$/.exec(line)?.[1] ?? path;
    const method = /^ {8}(get|put|post|patch|delete): operations/.exec(line)?.[1];
    if (method) found.push(`${method.toUpperCase()} ${path}`);
  }
  return found;
}

test("sample/every-operation.ts uses each operation once", () => {
  const calls = read("sample/every-operation.ts").matchAll(/api\.([A-Z]+)\("([^"]*)"/g);
  const used = [...calls].map(([, method, path]) => `${method} ${path}`);
  assert.ok(used.length > 80);
  assert.deepEqual(used.sort(), operations().sort());
});

test("the example of the README is sample/example.ts", () => {
  assert.ok(read("README.md").includes("```ts\n" + read("sample/example.ts") + "```\n"));
});
