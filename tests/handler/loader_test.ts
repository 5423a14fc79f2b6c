/** Loading a module, and finding in it what is to be served. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { classify, describeHandler, loadHandler } from "../../lib/handler/loader.ts";
import { TestDirectory } from "../support/stackd.ts";
import { brokenPath, handlerPath } from "./fixtures.ts";

// What loads handlers is installed once, and stays: it is no leak of the test that happens to be first.
await loadHandler(brokenPath("bare_import.ts"), null).catch(() => {});

const handler = () => new Response("");
class Thing {}

Deno.test("classify() serves the first of default, handler, fetch, application", async (t) => {
  const cases: [name: string, module: Record<string, unknown>, exportName: string | null, says: string][] = [
    ["all four", { application: handler, fetch: handler, handler, default: handler }, null, "default export, function"],
    ["no default", { application: handler, fetch: handler, handler }, null, "export handler, function"],
    ["fetch and application", { application: handler, fetch: handler }, null, "export fetch, function"],
    ["application", { application: handler }, null, "export application, WSGI application"],
    ["an object", { default: { fetch: handler } }, null, "default export, object with fetch"],
    ["a named one", { default: handler, other: { fetch: handler } }, "other", "export other, object with fetch"],
    [
      "a named WSGI application",
      { default: handler, application: handler },
      "application",
      "export application, WSGI application",
    ],
    [
      "a function with fetch is a function",
      { default: Object.assign(() => handler(), { fetch: handler }) },
      null,
      "default export, function",
    ],
  ];
  for (const [name, module, exportName, says] of cases) {
    await t.step(name, () => assertEquals(describeHandler(classify("/app.ts", module, exportName)), says));
  }
});

Deno.test("classify() finds what a CommonJS module exports by name", async (t) => {
  /** What importing one gives whose names cannot be seen in its text. */
  const commonJs = (exported: unknown) => ({ default: exported, "module.exports": exported });
  const cases: [exported: unknown, exportName: string | null, says: string][] = [
    [handler, null, "default export, function"],
    [{ fetch: handler, handler }, null, "default export, object with fetch"],
    [{ handler }, null, "export handler, function"],
    [{ application: handler }, null, "export application, WSGI application"],
    [{ default: handler, __esModule: true, handler: 1 }, null, "default export, function"],
    [{ api: handler }, "api", "export api, function"],
  ];
  for (const [exported, exportName, says] of cases) {
    await t.step(says, () => {
      assertEquals(describeHandler(classify("/app.cjs", commonJs(exported), exportName)), says);
    });
  }
  const onStart = () => {};
  assertEquals(classify("/app.cjs", commonJs({ handler, onStart }), null).onStart, onStart);
  const error = assertThrows(() => classify("/app.cjs", commonJs({ answer: 42 }), null), StackdError);
  assertMatch(error.message, /it exports no handler, found answer \(number\);/);
});

Deno.test("classify() says what it found and what is accepted when that is no handler", async (t) => {
  const accepted = "; accepted are default (a function, or an object with fetch), handler, fetch and application";
  const cases: [name: string, module: Record<string, unknown>, exportName: string | null, state: string][] = [
    ["nothing", {}, null, "it exports no handler, it exports nothing"],
    [
      "other things",
      { a: 1, B: Thing, c: null, d: [] },
      null,
      "it exports no handler, found a (number), B (class), c (null), d (list)",
    ],
    [
      "a default that is none",
      { default: {}, handler },
      null,
      "it exports no handler, found default (object without fetch), handler (function)",
    ],
    ["a class", { default: Thing }, null, "it exports no handler, found default (class)"],
    [
      "fetch that is none",
      { default: { fetch: 1 } },
      null,
      "it exports no handler, found default (object without fetch)",
    ],
    ["no such export", { default: handler }, "nope", 'it has no export "nope", found default (function)'],
    [
      "an export that is none",
      { default: handler, a: 1 },
      "a",
      'its export "a" is no handler, found default (function), a (number)',
    ],
  ];
  for (const [name, module, exportName, state] of cases) {
    await t.step(name, () => {
      const error = assertThrows(() => classify("/app.ts", module, exportName), StackdError);
      assertEquals(error.message, `Cannot serve "/app.ts": ${state}${accepted}`);
      assertEquals([error.code, error.exitCode], ["STACKD_HANDLER_INVALID", 2]);
    });
  }
});

Deno.test("classify() takes hooks that are functions, and no others", () => {
  const onStart = () => {};
  const loaded = classify("/app.ts", { default: handler, onStart }, null);
  assertEquals([loaded.onStart, loaded.onStop], [onStart, null]);
  assertThrows(
    () => classify("/app.ts", { default: handler, onStop: 1 }, null),
    StackdError,
    'Cannot serve "/app.ts": its export "onStop" must be a function, found number',
  );
});

Deno.test("loadHandler() loads modules from disk", async (t) => {
  const cases: [name: string, exportName: string | null, says: string][] = [
    ["function.ts", null, "default export, function"],
    ["object.ts", null, "default export, object with fetch"],
    ["named.ts", null, "export handler, function"],
    ["named.ts", "other", "export other, function"],
    ["application.ts", null, "export application, WSGI application"],
  ];
  for (const [name, exportName, says] of cases) {
    await t.step(`${name} ${exportName}`, async () => {
      assertEquals(describeHandler(await loadHandler(handlerPath(name), exportName)), says);
    });
  }
  await t.step("from a directory with spaces and other letters", async () => {
    const directory = await Deno.makeTempDir({ prefix: "stackd 한글 #%3f " });
    try {
      await Deno.copyFile(handlerPath("function.ts"), `${directory}/my app?.ts`);
      assertEquals((await loadHandler(`${directory}/my app?.ts`, null)).exportName, "default");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
});

/** What is wrong with modules in tests/fixtures/broken, in a source run; tests/e2e has all of them for the binary. */
Deno.test("loadHandler() says in one sentence what is wrong with a module", async (t) => {
  const cases: [name: string, says: RegExp, detail?: RegExp][] = [
    ["nowhere.ts", /^Cannot load ".*nowhere\.ts": there is no such file$/],
    [
      "syntax.ts",
      /: expected "," but found ";", at .*\/syntax\.ts:2:26$/,
      /\n2 \| {3}return new Response\("a";\n {2}\| {26}\^$/,
    ],
    ["syntax.js", /, at .*\/syntax\.js:2:2[36]$/], // by Deno's parser, or where hooks are by V8

    ["mark.ts", /, at .*\/mark\.ts:2:60$/, /\n2 \| const é = "😀"; .*\n {2}\| {60}\^$/],
    ["imports_syntax.ts", /imports_syntax\.ts": expected .*, at .*\/broken\/syntax\.ts:2:26$/],
    ["imports_syntax.js", /imports_syntax\.js": .*, at .*\/broken\/syntax\.js:2:2[36]$/],
    ["twice.ts", /: identifier 'shape' has already been declared, at .*\/twice\.ts:5:42$/, /\n5 \| .*\n {2}\| {42}\^$/],
    ["twice.js", /: identifier 'shape' has already been declared, at .*\/twice\.js:3:7$/],
    ["unlinked.ts", /: the requested module .* does not provide an export named 'name', at .*\/unlinked\.ts:1:10$/],
    [
      "missing_import.ts",
      /: there is no file "\.\/nothing\.ts", imported at .*\/missing_import\.ts:3:25$/,
      /\n3 \| import \{ nothing/,
    ],
    ["imports_missing.ts", /imports_missing\.ts": there is no file .*, imported at .*\/missing_import\.ts:3:25$/],
    ["no_extension.ts", /: there is no file "\.\/no_handler", .*, did you mean "\.\/no_handler\.ts"\?$/],
    [
      "bare_import.ts",
      /: "hono", imported at .*:1:22, is a package, and not installed; run "npm install hono" in ".*"$/,
    ],
    ["json_import.ts", /: "\.\/data\.json", imported at .*:1:18, needs with \{ type: "json" \} behind it$/],
    ["built_in.ts", /: "node:nope", imported at .*:1:22, is no built-in module$/],
    [
      "throws.ts",
      /: it threw RangeError: no database here$/,
      /^ {4}at connect \(.*throws\.ts:6:9\)\n {4}at .*throws\.ts:8:1$/,
    ],
    ["throws_string.ts", /: it threw "a string"$/],
    [
      "no_handler.ts",
      /^Cannot serve ".*": it exports no handler, found Thing \(class\), answer \(number\), default \(object without fetch\), list \(list\);/,
    ],
    ["bad_hook.ts", /: its export "onStart" must be a function, found number$/],
  ];
  for (const [name, says, detail] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => loadHandler(brokenPath(name), null), StackdError);
      assertMatch(error.message, says);
      if (detail !== undefined) assertMatch(error.detail ?? "", detail);
      assert(!error.message.includes("\x1b") && !error.message.includes("\n"), error.message);
      assertEquals(error.exitCode, 2);
    });
  }
});

Deno.test("loadHandler() refuses a module that makes globals unusable, and puts them back", async (t) => {
  using directory = new TestDirectory();
  const { Headers: before, URL: url, Response: response } = globalThis;
  const cases: [source: string, says: RegExp | null][] = [
    ["globalThis.Headers = null;", /^Cannot load ".*0\.ts": it makes the global "Headers" unusable/],
    ["delete globalThis.URL;", /^Cannot load ".*1\.ts": it makes the global "URL" unusable/],
    ["globalThis.JSON = undefined; throw new Error('no');", /^Cannot load ".*2\.ts": it threw Error: no/],
    ["globalThis.Headers = class extends Headers {};", null],
    ["globalThis.Response = null;", null],
  ];
  try {
    for (const [index, [source, says]] of cases.entries()) {
      await t.step(source, async () => {
        const path = directory.write(`${index}.ts`, `${source}\nexport default () => {};\n`);
        if (says === null) return void await loadHandler(path, null);
        const error = await assertRejects(() => loadHandler(path, null), StackdError);
        assertMatch(error.message, says);
        assertEquals([error.code, error.exitCode], ["STACKD_HANDLER_LOAD", 2]);
        assertEquals([globalThis.Headers, globalThis.URL, typeof JSON], [before, url, "object"]);
      });
    }
  } finally {
    Object.assign(globalThis, { Headers: before, Response: response });
  }
});
