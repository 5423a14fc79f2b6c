/** What a module serves, as one function that never throws. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { adapt, toResponse } from "../../lib/handler/adapt.ts";
import type { Handler, Info } from "../../lib/handler/contract.ts";
import { infoOf, stderrOf } from "./support.ts";

const request = (path = "/x?secret=1", init: RequestInit = {}) => new Request(`http://example.org${path}`, init);
const serve = (handler: Handler) => adapt({ kind: "function", handler });

/** The answer to `handler`'s mistake, and what the error log says. */
async function mistake(handler: (request: Request, info: Info) => unknown, accept = "*/*") {
  const asked = request("/x?secret=1", { headers: { accept } });
  let response = new Response();
  const log = await stderrOf(async () => response = await serve(handler as Handler)(asked, infoOf(asked)));
  return { response, log, body: await response.text() };
}

Deno.test("adapt() calls each form as it wants to be called", async () => {
  const asked = request();
  const info = infoOf(asked);
  const seen: unknown[] = [];
  const handler: Handler = (...args) => {
    seen.push(...args);
    return new Response("function");
  };
  assertEquals(await (await serve(handler)(asked, info)).text(), "function");
  assertEquals(seen, [asked, info]);
  const object = {
    name: "object",
    fetch(): Response {
      return new Response(this.name);
    },
  };
  assertEquals(await (await adapt({ kind: "object", handler: object })(asked, info)).text(), "object");
  const respond = adapt({
    kind: "wsgi",
    application: (environ, startResponse) => {
      startResponse("200 OK", []);
      return environ.PATH_INFO;
    },
  });
  assertEquals(await (await respond(asked, info)).text(), "/x");
});

Deno.test("adapt() gives a Response back as it came: the same object, and no promise of one", async () => {
  const response = new Response("x");
  const asked = request();
  assertEquals(serve(() => response)(asked, infoOf(asked)), response);
  const later = serve(() => Promise.resolve(response))(asked, infoOf(asked));
  assert(later instanceof Promise);
  assertEquals(await later, response);
});

Deno.test("adapt() answers 500 to what a handler throws, and tells only the log why", async (t) => {
  const cases: [name: string, handler: () => unknown][] = [
    ["thrown at once", () => {
      throw new RangeError("a secret");
    }],
    ["thrown later", () => Promise.reject(new RangeError("a secret"))],
  ];
  for (const [name, handler] of cases) {
    await t.step(name, async () => {
      const { response, log, body } = await mistake(handler);
      assertEquals(response.status, 500);
      assertEquals(body, "500 Internal Server Error\nrequest id: id-1\n");
      assertEquals(response.headers.get("content-length"), String(body.length));
      assertMatch(
        log,
        /\[error\] The handler threw for GET "\/x" \(request id id-1\): RangeError: a secret\n {4}at .*adapt_test\.ts:\d+/,
      );
      assert(!log.includes("secret=1"), "a query may hold what a log must not");
    });
  }
  await t.step("as JSON for who asks for it", async () => {
    const { response, body } = await mistake(() => Promise.reject(undefined), "application/json");
    assertEquals(response.headers.get("content-type"), "application/json");
    assertEquals(JSON.parse(body), { error: "Internal Server Error", status: 500, requestId: "id-1" });
  });
});

Deno.test("adapt() answers 500 to what is no Response, and says what it was", async (t) => {
  const cases: [returned: unknown, named: string][] = [
    [undefined, "undefined"],
    ["text", '"text"'],
    [{ status: 200 }, "\\{ status: 200 \\}"],
    [Promise.resolve(null), "null"],
    [new Request("http://x/"), "Request \\{.*"],
    ["x".repeat(500), '"x{40}"\\.\\.\\. 460 more characters'],
  ];
  for (const [returned, named] of cases) {
    await t.step(named, async () => {
      const { response, log } = await mistake(() => returned);
      assertEquals(response.status, 500);
      const text = `The handler returned ${named} instead of a Response for GET "/x" \\(request id id-1\\)`;
      assertMatch(log, new RegExp(text, "s"));
    });
  }
});

Deno.test("adapt() answers 500 to a Response that cannot be sent", async () => {
  const used = new Response("x");
  await used.text();
  for (const handler of [() => used, () => Promise.resolve(used)]) {
    const { response, log } = await mistake(handler);
    assertEquals(response.status, 500);
    assertStringIncludes(
      log,
      'The handler returned a Response whose body was read before for GET "/x" (request id id-1)',
    );
  }
  const { response, log } = await mistake(() => Response.error());
  assertEquals(response.status, 500);
  assertStringIncludes(log, 'The handler returned Response.error() for GET "/x"');
});

Deno.test("adapt() says nothing of a handler that gave up because its client had left", async () => {
  const client = new AbortController();
  const asked = request("/", { signal: client.signal });
  const info = infoOf(asked);
  const respond = serve((_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  const log = await stderrOf(async () => {
    const answer = respond(asked, info);
    client.abort();
    assertEquals((await answer).status, 500);
  });
  assertEquals(log, "");
  assert(info.clientLeft);
});

Deno.test("toResponse() makes a Response of an error answer", async () => {
  const response = toResponse(503, null, "id-9");
  assertEquals([response.status, response.headers.get("cache-control")], [503, "no-store"]);
  assertEquals(response.headers.get("server"), "stackd", "as the engine's own answers have it");
  assertStringIncludes(await response.text(), "request id: id-9");
});
