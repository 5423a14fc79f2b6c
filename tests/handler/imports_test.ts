/** Imports as a module's text shows them. */
import { assertEquals } from "@std/assert";
import { findImport, importedPath, likelySpecifiers, scanImports } from "../../lib/handler/imports.ts";

Deno.test("scanImports() finds every kind of import at its place", () => {
  const source = [
    'import a from "./a.ts";',
    "import { b,",
    "  c } from './b.ts'",
    'import "./side.ts"; export * from "./d.ts";',
    'export { e } from"./e.ts";',
    'const f = await import( "f" );',
  ].join("\n");
  assertEquals(scanImports("/app.ts", source), [
    { file: "/app.ts", specifier: "./a.ts", line: 1, column: 15 },
    { file: "/app.ts", specifier: "./b.ts", line: 3, column: 12 },
    { file: "/app.ts", specifier: "./side.ts", line: 4, column: 8 },
    { file: "/app.ts", specifier: "./d.ts", line: 4, column: 35 },
    { file: "/app.ts", specifier: "./e.ts", line: 5, column: 18 },
    { file: "/app.ts", specifier: "f", line: 6, column: 25 },
  ]);
});

Deno.test("scanImports() passes over comments, template strings, types, and what is computed", () => {
  const source = [
    'await import("./part/" + name); await import("./part/" +name + ".ts");',
    '// import "./comment.ts";',
    '/* import "./block.ts";',
    '   from "./block2.ts" */ import "./real.ts";',
    'const text = `import "./template.ts"`;',
    'import type { T } from "./types.ts";',
    'export type { U } from "./types2.ts";',
    'import type * as V from "./types3.ts";',
    'import type from "./called_type.ts";',
    'const url = "http://example.org/"; import "./after.ts";',
  ].join("\n");
  const found = scanImports("/app.ts", source).map(({ specifier, line }) => `${line} ${specifier}`);
  assertEquals(found, ["4 ./real.ts", "9 ./called_type.ts", "10 ./after.ts"]);
});

Deno.test("importedPath() is the file that an import names by path", async (t) => {
  const cases: [specifier: string, path: string | null][] = [
    ["./b.ts", "/srv/b.ts"],
    ["../b.ts", "/b.ts"],
    ["/x/b.ts", "/x/b.ts"],
    ["./with%20space.ts", "/srv/with space.ts"],
    ["./b.ts?v=1#x", "/srv/b.ts"],
    ["file:///x/b.ts", "/x/b.ts"],
    ["hono", null],
    ["npm:hono", null],
    ["https://example.org/b.ts", null],
    ["node:fs", null],
    ["./%", null],
  ];
  for (const [specifier, path] of cases) {
    await t.step(
      specifier,
      () => assertEquals(importedPath({ file: "/srv/app.ts", specifier, line: 1, column: 1 }), path),
    );
  }
});

Deno.test("findImport() looks through the files that are imported, nearest first, each once", () => {
  const files: Record<string, string> = {
    "/a.ts": 'import "./b.ts"; import "./c.ts";',
    "/b.ts": 'import "./a.ts"; import "./d.ts";',
    "/c.ts": '\nimport "hono";',
    "/d.ts": 'import "hono";',
  };
  const read: string[] = [];
  const site = findImport("/a.ts", ({ specifier }) => specifier === "hono", (path) => {
    read.push(path);
    return files[path] ?? null;
  });
  assertEquals(site, { file: "/c.ts", specifier: "hono", line: 2, column: 8 });
  assertEquals(read, ["/a.ts", "/b.ts", "/c.ts"]);
  assertEquals(findImport("/a.ts", () => false, (path) => files[path] ?? null), null);
});

Deno.test("likelySpecifiers() begins with the other language's extension", () => {
  assertEquals(likelySpecifiers("./b.js")[0], "./b.ts");
  assertEquals(likelySpecifiers("./b")[0], "./b.ts");
  assertEquals(likelySpecifiers("./lib/").includes("./lib/index.ts"), true);
});
