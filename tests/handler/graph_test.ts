import { assertEquals } from "@std/assert";
import { traceImports } from "../../lib/handler/graph.ts";
import { DISK } from "../../lib/handler/disk.ts";
import { TestDirectory } from "../support/stackd.ts";

/** The graph of main.ts in a directory with these files; paths are relative to it. */
async function graphOf(files: Readonly<Record<string, string>>) {
  using directory = new TestDirectory();
  for (const [name, text] of Object.entries(files)) directory.write(name, text);
  const { files: own, packages, dead } = await traceImports(directory.at("main.ts"), DISK);
  const relative = (path: string) =>
    path.replace(`${Deno.realPathSync(directory.path)}/`, "").replace(`${directory.path}/`, "");
  return { files: own.map(relative), packages, dead: dead.map((site) => ({ ...site, file: relative(site.file) })) };
}

Deno.test("traceImports() follows imports by path, each file once", async () => {
  const { files, packages, dead } = await graphOf({
    "main.ts": 'import "./a.ts";\nexport * from "./lib/b.ts";\nconst later = () => import("./c.ts");\n',
    "a.ts": 'import "./main.ts";\nimport "./deep.ts";\n',
    "lib/b.ts": 'import "../a.ts";\nimport text from "./words.txt" with { type: "text" };\n',
    "lib/words.txt": 'import "./nothing.ts";\n',
    "c.ts": "",
    "deep.ts": "",
  });
  assertEquals(files, ["main.ts", "a.ts", "lib/b.ts", "c.ts", "deep.ts", "lib/words.txt"]);
  assertEquals([packages, dead], [[], []]);
});

Deno.test("traceImports() counts the files of packages, by name and version", async () => {
  const { files, packages, dead } = await graphOf({
    "main.ts": 'import "tea";\nimport "node:fs";\nimport "npm:@scope/part@1";\nimport type { T } from "types-only";\n',
    "node_modules/tea/package.json": '{"version":"2.1.0","main":"main.js"}',
    "node_modules/tea/main.js": 'require("./pour.js"); require("@scope/part"); try { require("optional") } catch {}\n',
    "node_modules/tea/pour.js": "",
    "node_modules/@scope/part/package.json": '{"version":"1.5.0"}',
    "node_modules/@scope/part/index.js": "",
    "node_modules/tea/node_modules/@scope/part/package.json": "{}",
    "node_modules/tea/node_modules/@scope/part/index.js": "",
  });
  assertEquals(packages, [
    { name: "@scope/part", version: "1.5.0", files: 1 },
    { name: "@scope/part", version: null, files: 1 },
    { name: "tea", version: "2.1.0", files: 2 },
  ]);
  assertEquals([files, dead], [["main.ts"], []]); // what a package does without is its own business
});

Deno.test("traceImports() tells where each import stands that leads nowhere", async () => {
  const { dead } = await graphOf({
    "main.ts": '\nimport "./no.ts";\nexport { x } from "./lib";\nimport "./a.ts";\n',
    "lib/b.ts": "",
    "a.ts": 'import "node:nope";\n',
  });
  assertEquals(dead, [
    { file: "main.ts", specifier: "./no.ts", line: 2, column: 8, state: "leads to no file" },
    { file: "main.ts", specifier: "./lib", line: 3, column: 19, state: "leads to no file" },
    { file: "a.ts", specifier: "node:nope", line: 1, column: 8, state: "is no built-in module" },
  ]);
});
