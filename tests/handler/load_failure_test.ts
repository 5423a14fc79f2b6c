/** Why a module could not be loaded, from what Deno throws in the compiled binary, which a test run does not throw itself. */
import { assertEquals } from "@std/assert";
import { type Files, loadFailure } from "../../lib/handler/load_failure.ts";

const FILES: Record<string, string> = {
  "/srv/app.ts": 'import { a } from "./lib/a.ts";\nimport data from "./data.json";\nexport default a;\n',
  "/srv/lib/a.ts": [
    'import { Hono } from "hono";',
    'import z from "npm:zod@4";',
    'import p from "jsr:@std/path";',
    'import u from "https://example.org/mod.ts";',
    'import { n } from "node:nope";',
    'import { m } from "./missing.ts";',
    'import { d } from "../dir";',
    "",
  ].join("\n"),
  "/srv/lib/missing.js": "",
  "/srv/data.json": "{}",
  "/srv/typed.ts": [
    'import a from "./data.json" with { type: "json" };',
    'import b from "./data.json"',
    '  with { type: "bytes" };',
    'const c = await import("./data.json", { with: { type: "json" } });',
  ].join("\n"),
};
const files: Files = {
  read: (path) => FILES[path] ?? null,
  kind: (path) => path === "/srv/dir" ? "directory" : path in FILES ? "file" : null,
};

function unresolved(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: "ERR_MODULE_NOT_FOUND" });
}

Deno.test("loadFailure() does not ask for a type that is there", async () => {
  const { message } = await loadFailure("/srv/typed.ts", unresolved("Source code must be bytes"), files);
  assertEquals(message, 'Cannot load "/srv/typed.ts": source code must be bytes');
});

Deno.test("loadFailure() names specifier, importing file and line when an import cannot be loaded", async (t) => {
  const bundle = "and those must be bundled: deno bundle app.ts -o app.js";
  const cases: [name: string, message: string, says: string, line: string][] = [
    [
      "a package",
      'Import "hono" not a dependency',
      `"hono", imported at /srv/lib/a.ts:1:22, is a package, ${bundle}`,
      '1 | import { Hono } from "hono";',
    ],
    [
      "npm:",
      "Could not find constraint 'zod@4' in the list of packages.",
      `"npm:zod@4", imported at /srv/lib/a.ts:2:15, is a package, ${bundle}`,
      '2 | import z from "npm:zod@4";',
    ],
    [
      "jsr:",
      "Module not found: jsr:@std/path",
      `"jsr:@std/path", imported at /srv/lib/a.ts:3:15, is a package, ${bundle}`,
      '3 | import p from "jsr:@std/path";',
    ],
    [
      "https:",
      "Module not found: https://example.org/mod.ts",
      `"https://example.org/mod.ts", imported at /srv/lib/a.ts:4:15, is a module on the net, ${bundle}`,
      '4 | import u from "https://example.org/mod.ts";',
    ],
    [
      "node:",
      "No such built-in module: node:nope",
      'there is no built-in module "node:nope", imported at /srv/lib/a.ts:5:19',
      '5 | import { n } from "node:nope";',
    ],
    [
      "a missing file",
      "Module not found: file:///srv/lib/missing.ts",
      'there is no file "./missing.ts", imported at /srv/lib/a.ts:6:19, did you mean "./missing.js"?',
      '6 | import { m } from "./missing.ts";',
    ],
    [
      "a directory",
      'JsErrorBox { inner: Os { code: 21, kind: IsADirectory, message: "Is a directory" } }',
      'there is no file "../dir", imported at /srv/lib/a.ts:7:19',
      '7 | import { d } from "../dir";',
    ],
    [
      "data without its type",
      'Cannot resolve module "./data.json" from "file:///srv/app.ts"',
      '"./data.json", imported at /srv/app.ts:2:18, needs with { type: "json" } behind it',
      '2 | import data from "./data.json";',
    ],
    [
      "in colours, with a hint and a place",
      'Import "hono" not a dependency\n  \x1b[0m\x1b[36mhint:\x1b[0m try\n    at \x1b[0m\x1b[36mfile:///srv/lib/a.ts\x1b[0m:1:22',
      `"hono", imported at /srv/lib/a.ts:1:22, is a package, ${bundle}`,
      '1 | import { Hono } from "hono";',
    ],
  ];
  for (const [name, message, says, line] of cases) {
    await t.step(name, async () => {
      const failure = await loadFailure("/srv/app.ts", unresolved(message), files);
      assertEquals(failure.message, `Cannot load "/srv/app.ts": ${says}`);
      assertEquals(failure.detail?.split("\n")[1], line);
      assertEquals([failure.code, failure.exitCode], ["STACKD_HANDLER_LOAD", 2]);
    });
  }
});

Deno.test("loadFailure() says what it knows when nobody seems to import what is missing", async () => {
  const says = async (message: string) =>
    (await loadFailure("/srv/lib/missing.js", unresolved(message), files)).message;
  assertEquals(
    await says("Module not found: file:///srv/computed.ts"),
    'Cannot load "/srv/lib/missing.js": there is no file "/srv/computed.ts"',
  );
  assertEquals(
    await says('JsErrorBox { inner: Os { code: 13, kind: PermissionDenied, message: "Permission denied" } }'),
    'Cannot load "/srv/lib/missing.js": permission denied',
  );
  assertEquals(await says("Something new\nwith more"), 'Cannot load "/srv/lib/missing.js": something new');
});

Deno.test("loadFailure() tells a module's own error by its message and its own frames", async () => {
  const thrown = new RangeError("boom");
  thrown.stack = "RangeError: boom\n    at f (file:///srv/with%20space/app.ts:2:9)\n    at file:///srv/app.ts:4:1\n" +
    `    at async loadHandler (${new URL("../../lib/handler/loader.ts", import.meta.url)}:48:14)\n` +
    "    at eventLoopTick (ext:core/01_core.js:179:7)";
  const failure = await loadFailure("/srv/app.ts", thrown, files);
  assertEquals(failure.message, 'Cannot load "/srv/app.ts": it threw RangeError: boom');
  assertEquals(failure.detail, "    at f (/srv/with space/app.ts:2:9)\n    at /srv/app.ts:4:1");
  const text = await loadFailure("/srv/app.ts", "text", files);
  assertEquals([text.message, text.detail], ['Cannot load "/srv/app.ts": it threw "text"', undefined]);
  const nothing = await loadFailure("/srv/app.ts", undefined, files);
  assertEquals(nothing.message, 'Cannot load "/srv/app.ts": it threw undefined');
});
