/** Which module a directory stands for, with real directories. */
import { assertEquals, assertThrows } from "@std/assert";
import { findEntry } from "../../lib/config/package_entry.ts";
import { realSystem } from "../../lib/config/system.ts";
import { ValueError } from "../../lib/config/values.ts";
import { TestDirectory } from "../support/stackd.ts";

const system = realSystem();
type Files = Readonly<Record<string, string>>;

/** What `act` gives for a directory with these files. */
function inDirectory<Result>(files: Files, act: (path: string) => Result): Result {
  using directory = new TestDirectory();
  for (const [name, content] of Object.entries(files)) directory.write(name, content);
  return act(directory.path);
}

Deno.test("findEntry() finds what deno.json or package.json names, or the usual file", async (t) => {
  const cases: [name: string, files: Files, entry: string][] = [
    ["index.ts", { "index.ts": "", "mod.ts": "" }, "index.ts"],
    ["main.ts", { "main.ts": "", "mod.ts": "" }, "main.ts"],
    ["mod.js", { "mod.js": "" }, "mod.js"],
    ["index.mjs before main.ts", { "index.mjs": "", "main.ts": "" }, "index.mjs"],
    ["deno.json", { "deno.json": `{ "exports": "./app.ts" }`, "app.ts": "", "index.ts": "" }, "app.ts"],
    [
      "deno.json with several",
      { "deno.json": `{ "exports": { ".": "./a.ts", "./b": "./b.ts" } }`, "a.ts": "" },
      "a.ts",
    ],
    ["deno.jsonc with a comment", { "deno.jsonc": `{ // hello\n"exports": "./a.ts", }`, "a.ts": "" }, "a.ts"],
    [
      "deno.json before package.json",
      { "deno.json": `{ "exports": "./a.ts" }`, "package.json": `{ "main": "b.js" }`, "a.ts": "", "b.js": "" },
      "a.ts",
    ],
    [
      "a deno.json that names nothing",
      { "deno.json": "{}", "package.json": `{ "main": "lib/b.js" }`, "lib/b.js": "", "index.ts": "" },
      "lib/b.js",
    ],
    ["main without an ending", { "package.json": `{ "main": "./lib/b" }`, "lib/b.js": "" }, "lib/b.js"],
    ["main that is a directory", { "package.json": `{ "main": "lib" }`, "lib/index.js": "" }, "lib/index.js"],
    [
      "exports before main",
      { "package.json": `{ "exports": "./a.js", "main": "b.js" }`, "a.js": "", "b.js": "" },
      "a.js",
    ],
    [
      "conditions in their order",
      { "package.json": `{ "exports": { "require": "./r.cjs", "import": "./i.js", "deno": "./d.ts" } }`, "i.js": "" },
      "i.js",
    ],
    [
      "conditions within",
      {
        "package.json":
          `{ "exports": { ".": { "browser": "./x.js", "node": { "require": "./r.cjs", "import": "./n.js" } } } }`,
        "n.js": "",
      },
      "n.js",
    ],
    [
      "the first of a list",
      { "package.json": `{ "exports": [{ "browser": "./x.js" }, "./l.js"] }`, "l.js": "" },
      "l.js",
    ],
    ["exports of others only", { "package.json": `{ "exports": { "./sub": "./s.js" } }`, "index.js": "" }, "index.js"],
    ["a package.json without either", { "package.json": `{ "name": "x" }`, "index.js": "" }, "index.js"],
  ];
  for (const [name, files, entry] of cases) {
    await t.step(name, () => {
      inDirectory(files, (path) => assertEquals(findEntry(path, system), `${path}/${entry}`));
    });
  }
});

Deno.test("findEntry() says why there is none", async (t) => {
  const cases: [files: Files, message: RegExp][] = [
    [
      { "app.ts": "" },
      /^it is a directory, and has no deno\.json or package\.json that names a module, nor an index\.ts$/,
    ],
    [{ "deno.json": `{ "exports": "./a.ts" }` }, /^its deno\.json names "\.\/a\.ts", and there is no such file$/],
    [
      { "package.json": `{ "main": "a.js" }`, "index.js": "" },
      /^its package\.json names "a\.js", and there is no such file$/,
    ],
    [{ "package.json": `{ "main": ` }, /^its package\.json cannot be read: .*/],
  ];
  for (const [files, message] of cases) {
    await t.step(JSON.stringify(files), () => {
      inDirectory(files, (path) => {
        const { message: state } = assertThrows(() => findEntry(path, system), ValueError);
        assertEquals([state, message.test(state)], [state, true]);
      });
    });
  }
});
