/** loadHandler(): a handler in the process of its own tests. @module */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadHandler, StackdError } from "../../mod.ts";
import { TestDirectory } from "../support/stackd.ts";

// Once a handler was loaded, Deno's loader waits for the next module to ask about: an operation that never ends.
const test = (name: string, fn: (t: Deno.TestContext) => Promise<void>) => Deno.test({ name, fn, sanitizeOps: false });

const FIXTURES = new URL("../fixtures/handlers/", import.meta.url);

test("loadHandler() gives a handler that is asked by path, URL or request", async () => {
  await using app = await loadHandler(new URL("echo.ts", FIXTURES));
  const ask = async (...input: Parameters<typeof app.fetch>) => (await (await app.fetch(...input)).json());
  assertEquals((await ask("/a?b=c")).url, "http://localhost/a?b=c");
  assertEquals((await ask(new URL("https://example.org/x"))).url, "https://example.org/x");
  assertEquals(await ask("/", { method: "POST", body: "data" }).then(({ method, body }) => [method, body]), [
    "POST",
    "data",
  ]);
  const named = new Request("http://localhost/", {
    headers: { "X-Forwarded-For": "203.0.113.9", "X-Request-Id": "mine" },
  });
  const { info } = await ask(named);
  assertEquals([info.remoteAddr.hostname, info.requestId, info.workerId], ["203.0.113.9", "mine", 1]);
});

test("loadHandler() takes the export that is named, and says what it serves", async () => {
  using directory = new TestDirectory();
  const module = directory.write(
    "app.ts",
    `export const api = { fetch: () => new Response("api") };\nexport default () => new Response("default");\n`,
  );
  await using first = await loadHandler(module);
  await using second = await loadHandler(`${module}:api`);
  assertEquals([first.description, await (await first.fetch("/")).text()], ["default export, function", "default"]);
  assertEquals([second.description, await (await second.fetch("/")).text()], [
    "export api, object with fetch",
    "api",
  ]);
});

test("loadHandler() answers 500 for what is thrown, and 504 for what takes too long, with the signal aborted", async () => {
  using directory = new TestDirectory();
  const module = directory.write(
    "app.ts",
    `export const seen = [];
export default (request, info) => {
  if (request.url.endsWith("/throw")) throw new Error("no luck");
  info.signal.addEventListener("abort", () => seen.push(info.signal.reason.name));
  return request.url.endsWith("/seen") ? new Response(seen.join()) : new Promise(() => {});
};
`,
  );
  await using app = await loadHandler(module, { requestTimeout: 200 });
  assertEquals((await app.fetch("/throw")).status, 500);
  const begun = performance.now();
  assertEquals((await app.fetch("/hang")).status, 504);
  assert(performance.now() - begun >= 199);
  assertEquals(await (await app.fetch("/seen")).text(), "TimeoutError");
});

test("loadHandler() runs onStart and health at first, and waitUntil work and onStop at last, once", async () => {
  using directory = new TestDirectory();
  const log = directory.at("log");
  Deno.env.set("LIFECYCLE_LOG", log);
  const app = await loadHandler(new URL("lifecycle.ts", FIXTURES));
  assertEquals(await (await app.fetch("/")).text(), "");
  await Promise.all([app.close(), app.close()]);
  Deno.env.delete("LIFECYCLE_LOG");
  assertEquals(Deno.readTextFileSync(log).trim().split("\n"), [
    "start 1 true",
    "started",
    "request",
    "background",
    "stop",
    "stopped",
  ]);
});

test("loadHandler() rejects with the command line's sentences", async (t) => {
  using directory = new TestDirectory();
  const cases: readonly [what: string, source: string, code: string, message: RegExp][] = [
    ["no handler", "export const a = 1;", "STACKD_HANDLER_INVALID", /it exports no handler, found a \(number\)/],
    ["a throw", `throw new Error("no db");`, "STACKD_HANDLER_LOAD", /it threw Error: no db$/],
    [
      "a bad health",
      "export const health = () => false; export default () => new Response();",
      "STACKD_HANDLER_START",
      /says false$/,
    ],
    [
      "a slow onStart",
      "export const onStart = () => new Promise(() => {}); export default () => new Response();",
      "STACKD_BOOT_TIMEOUT",
      /Cannot start ".*": it took longer than 0\.2 s in onStart$/,
    ],
  ];
  for (const [index, [what, source, code, message]] of cases.entries()) {
    await t.step(what, async () => {
      const module = directory.write(`case${index}.ts`, source);
      const error = await assertRejects(() => loadHandler(module, { bootTimeout: 200 }), StackdError);
      assertEquals(error.code, code);
      assert(message.test(error.message), error.message);
    });
  }
  await t.step("no file", async () => {
    const error = await assertRejects(() => loadHandler(directory.at("nope.ts")), StackdError);
    assertEquals([error.code, error.exitCode], ["STACKD_HANDLER_NOT_FOUND", 2]);
  });
});
