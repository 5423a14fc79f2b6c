import { assertEquals, assertThrows } from "@std/assert";
import { findModule } from "../../lib/config/module.ts";
import { StackdError } from "../../lib/errors.ts";
import { fakeSystem } from "./fake_system.ts";

const system = fakeSystem({
  "app.ts": "file",
  "C:/x.ts": "file",
  "a:b": "file",
  "a": "file",
  "dir": "directory",
  "fifo": "other",
  "secret.ts": "denied",
  "/srv/app.mjs": "file",
});

Deno.test("findModule() finds the file and the export", async (t) => {
  const cases: [string, string, string | null][] = [
    ["app.ts", "/home/app/app.ts", null],
    ["./app.ts", "/home/app/app.ts", null],
    ["/srv/app.mjs", "/srv/app.mjs", null],
    ["app.ts:api", "/home/app/app.ts", "api"],
    ["app.ts:$_ä1", "/home/app/app.ts", "$_ä1"],
    ["C:/x.ts", "/home/app/C:/x.ts", null],
    ["C:/x.ts:api", "/home/app/C:/x.ts", "api"],
    ["a:b", "/home/app/a:b", null], // the whole text is a file
    ["a:c", "/home/app/a", "c"],
    ["-", "-", null], // standard input
    ["-:api", "-", "api"],
  ];
  for (const [text, path, exportName] of cases) {
    await t.step(text, () => assertEquals(findModule(text, system), { path, exportName }));
  }
});

const NO_ENTRY = "it is a directory, and has no deno.json or package.json that names a module, nor an index.ts";

Deno.test("findModule() says why there is none", async (t) => {
  const cases: [string, string][] = [
    ["./nope.ts", 'Cannot load handler "./nope.ts": no such file'],
    ["./nope.ts:api", 'Cannot load handler "./nope.ts": no such file'],
    ["app.ts:not-a-name", 'Cannot load handler "app.ts:not-a-name": no such file'],
    ["app.ts:", 'Cannot load handler "app.ts:": no such file'],
    ["app", 'Cannot load handler "app": no such file, did you mean "app.ts"?'],
    ["app:api", 'Cannot load handler "app": no such file, did you mean "app.ts:api"?'],
    ["dir", `Cannot load handler "dir": ${NO_ENTRY}`],
    ["dir:api", `Cannot load handler "dir": ${NO_ENTRY}`],
    ["fifo", 'Cannot load handler "fifo": it is no regular file'],
    ["secret.ts", 'Cannot load handler "secret.ts": permission denied'],
    ["npm:hono", 'Cannot load handler "npm:hono": a handler is named by its path on disk'],
    [
      "https://example.org/a.ts",
      'Cannot load handler "https://example.org/a.ts": a handler is named by its path on disk',
    ],
  ];
  for (const [text, message] of cases) {
    await t.step(text, () => {
      const error = assertThrows(() => findModule(text, system), StackdError);
      assertEquals([error.code, error.message, error.exitCode], ["STACKD_HANDLER_NOT_FOUND", message, 2]);
    });
  }
});
