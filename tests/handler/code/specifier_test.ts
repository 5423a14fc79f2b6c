/** Specifiers, taken apart and found in texts. */
import { assertEquals } from "@std/assert";
import { askedBy, bareName, isPath, parsePackage } from "../../../lib/handler/code/specifier.ts";

Deno.test("parsePackage() takes name, range and subpath apart", async (t) => {
  const cases: [text: string, name: string, range: string | null, subpath: string][] = [
    ["hono", "hono", null, "."],
    ["hono@^4.6", "hono", "^4.6", "."],
    ["hono@4/cors", "hono", "4", "./cors"],
    ["/hono@4/cors", "hono", "4", "./cors"],
    ["@trpc/server@11/adapters/fetch", "@trpc/server", "11", "./adapters/fetch"],
    ["@std/path", "@std/path", null, "."],
    ["zod/", "zod", null, "."],
  ];
  for (const [text, name, range, subpath] of cases) {
    await t.step(text, () => assertEquals(parsePackage(text), { name, range, subpath }));
  }
  assertEquals(["", "./x", "@scope"].map(parsePackage), [null, null, null]);
  assertEquals(bareName({ name: "@a/b", range: "1", subpath: "./c/d" }), "@a/b/c/d");
});

Deno.test("isPath() tells paths from names", () => {
  assertEquals(["./a", "../a", "/a", ".", "..", "file:///a"].map(isPath), [true, true, true, true, true, true]);
  assertEquals(["a", ".a", "#a", "npm:a", "https://a/", "@a/b"].map(isPath), [
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("askedBy() finds whatever a text may ask for, each once", () => {
  const text = [
    'import a from "./a.ts";import{b}from"b";',
    "export * from './c.ts'",
    'import "d"; import "d";',
    "const e = await import(`e`);",
    'import(/* webpackChunkName: "x" */ "f")',
    'const g = require( "g" ), h = require.resolve("h");',
    'import type { T } from "types"; export type { U } from "more-types";',
    'import { type V, real } from "$real";',
    "import(`./${computed}.ts`);",
    'const h = 1; // behind code: import x from "remark"',
    '// import x from "comment"',
    "/**",
    ' * import { x } from "example";',
    ' */import "behind";',
    "/*!",
    ' * by somebody */import "as-well";',
    "class G { ",
    '  * generate() { yield import("i"); }',
    '  * [Symbol.iterator]() { yield import("j"); }',
    '  *#own() { yield import("k"); } }',
  ].join("\n");
  assertEquals(askedBy(text).map(({ mode, specifier }) => `${mode} ${specifier}`), [
    "import ./a.ts",
    "import b",
    "import ./c.ts",
    "import d",
    "import e",
    "import f",
    "require g",
    "require h",
    "import $real",
    "import remark",
    "import behind",
    "import as-well",
    "import i",
    "import j",
    "import k",
  ]);
});
