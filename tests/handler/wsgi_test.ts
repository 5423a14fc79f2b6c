/** WSGI applications by the rules of PEP 3333. */
import { assert, assertEquals, assertMatch, assertRejects, fail } from "@std/assert";
import type { Application, Environ, StartResponse } from "../../lib/handler/contract.ts";
import { fromApplication, makeEnviron } from "../../lib/handler/wsgi.ts";
import { compileTrust } from "../../lib/http1/trust.ts";
import { infoOf, stderrOf } from "./support.ts";

/** The answer of an application to a request. */
async function answer(application: Application, request = new Request("http://x/")): Promise<Response> {
  return await fromApplication(application)(request, infoOf(request));
}

/** An application that begins with 200 and goes on with `rest`. */
function begin(rest: (startResponse: StartResponse) => ReturnType<Application>): Application {
  return (_, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return rest(startResponse);
  };
}

Deno.test("makeEnviron() has the names of PEP 3333", async () => {
  const request = new Request("https://example.org:8443/a%20b/%ED%95%9C%ff%2F?x=%20&y", {
    method: "POST",
    headers: {
      "content-type": "text/plain",
      "content-length": "4",
      "x-thing": "1",
      "x_forwarded_for": "10.0.0.1",
      proxy: "http://evil.example/",
      "x-forwarded-for": "203.0.113.7",
    },
    body: "body",
  });
  const info = infoOf(request, { prefix: "/gr%C3%B6%C3%9Fe", trust: compileTrust({ unix: true, networks: [] }) });
  const { "wsgi.input": input, "wsgi.errors": errors, "stackd.info": given, ...environ } = makeEnviron(request, info);
  const expected: Omit<Environ, "wsgi.input" | "wsgi.errors" | "stackd.info"> = {
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "/größe",
    PATH_INFO: "/a b/한\ufffd/",
    QUERY_STRING: "x=%20&y",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "4",
    SERVER_NAME: "example.org",
    SERVER_PORT: "8443",
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "203.0.113.7",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "https",
    "wsgi.multithread": false,
    "wsgi.multiprocess": true,
    "wsgi.run_once": false,
    HTTP_X_THING: "1",
    HTTP_X_FORWARDED_FOR: "203.0.113.7",
  };
  assertEquals(environ as typeof expected, expected);
  assertEquals(await new Response(input).text(), "body");
  assertEquals(given, info);
  const log = await stderrOf(() => {
    errors.write("one\ntw");
    errors.writelines(["o\n", "three"]);
    errors.flush();
  });
  assertEquals(log.match(/\[error\] .*/g), ["one", "two", "three"].map((line) => `[error] ${line} (request id id-1)`));
});

Deno.test("makeEnviron() has a default port, an empty body, and empty names for what is absent", async () => {
  for (const [url, port] of [["http://x/", "80"], ["https://x/", "443"]] as const) {
    const request = new Request(url);
    const environ = makeEnviron(request, infoOf(request));
    assertEquals([environ.SERVER_PORT, environ.CONTENT_TYPE, environ.CONTENT_LENGTH], [port, "", ""]);
    assertEquals(await new Response(environ["wsgi.input"]).text(), "");
  }
});

Deno.test("an application's result may be any iterable of strings and bytes, or a promise of one", async (t) => {
  const bytes = new TextEncoder().encode("béta");
  const results: [name: string, make: () => ReturnType<Application>, length: string | null][] = [
    ["a list", () => ["alpha ", bytes], "11"],
    ["one string", () => "alpha béta", "11"],
    ["bytes", () => new TextEncoder().encode("alpha béta"), "11"],
    ["a set", () => new Set(["alpha ", bytes]), null],
    ["a generator", () =>
      function* () {
        yield "";
        yield "alpha ";
        yield bytes;
      }(), null],
    ["an async generator", () =>
      async function* () {
        yield "alpha ";
        await Promise.resolve();
        yield bytes;
      }(), null],
    ["a stream", () => new Blob(["alpha ", bytes]).stream(), null],
    ["a promise", () => Promise.resolve(["alpha ", bytes]), "11"],
  ];
  for (const [name, make, length] of results) {
    await t.step(name, async () => {
      const response = await answer(begin(make));
      assertEquals([response.status, response.headers.get("content-type")], [200, "text/plain"]);
      assertEquals(response.headers.get("content-length"), length);
      assertEquals(await response.text(), "alpha béta");
    });
  }
});

Deno.test("startResponse() may be called as late as the first piece, and write() goes before it", async () => {
  const late: Application = function* (_, startResponse) {
    yield "";
    const write = startResponse("404 Not Here", [["X-A", "1"], ["X-A", "2"], ["Set-Cookie", "a"], ["Set-Cookie", "b"]]);
    write("written ");
    yield "piece";
  };
  const response = await answer(late);
  assertEquals([response.status, response.statusText, response.headers.get("x-a")], [404, "Not Here", "1, 2"]);
  assertEquals(response.headers.getSetCookie(), ["a", "b"]);
  assertEquals(await response.text(), "written piece");
});

Deno.test("startResponse() with an error replaces what was begun, until it is sent", async () => {
  const failure = new Error("late");
  const replaced = await answer(begin((startResponse) => {
    startResponse("500 Oops", [], failure);
    return ["oops"];
  }));
  const written = await answer((_, startResponse) => {
    startResponse("200 OK", [["Content-Length", "100"]])("half an ans");
    startResponse("500 Oops", [["Content-Length", "4"]], failure);
    return ["oops"];
  });
  assertEquals([written.status, await written.text()], [500, "oops"], "what was written goes with its head");
  assertEquals([replaced.status, replaced.headers.get("content-type")], [500, null]);
  assertEquals(await replaced.text(), "oops");
  const sent = await answer(begin(function* (startResponse) {
    yield "first";
    startResponse("500 Oops", [], failure);
  }));
  await assertRejects(() => sent.text(), Error, "late");
});

Deno.test("an application that breaks the rules throws, which is answered with 500", async (t) => {
  const cases: [name: string, application: unknown, says: string][] = [
    ["startResponse is never called", () => ["x"], "never called startResponse() before its first piece"],
    ["nor by a generator", function* () {}, "The application never called startResponse()"],
    [
      "startResponse is called behind the first piece",
      function* (_: Environ, start: StartResponse) {
        yield "early";
        start("200 OK", []);
      },
      "never called startResponse() before its first piece",
    ],
    ["startResponse is called twice", begin((start) => (start("200 OK", []), [])), "startResponse() was called twice"],
    ["a status that is none", (_: Environ, start: StartResponse) => (start("OK", []), []), 'with the status "OK"'],
    [
      "a status with a line break",
      (_: Environ, start: StartResponse) => (start("200 O\r\nK", []), []),
      "with the status",
    ],
    [
      "a status that only a server may give",
      (_: Environ, start: StartResponse) => (start("100 Go", []), []),
      "with the status",
    ],
    ["a field that is none", (_: Environ, start: StartResponse) => (start("200 OK", [["a b", ""]]), []), "a b"],
    [
      "fields that are no list",
      (_: Environ, start: StartResponse) => (start("200 OK", { "X-A": "b" } as never), []),
      'startResponse() was called with { "X-A": "b" } instead of a list of fields',
    ],
    ["no iterable", begin(() => 42 as never), "The application returned 42 instead of an iterable"],
    ["nothing", begin(() => undefined as never), "The application returned undefined"],
    ["a piece that is none", begin(() => [1 as never]), "The application gave 1 as a piece"],
  ];
  for (const [name, application, says] of cases) {
    await t.step(name, async () => {
      await assertRejects(() => answer(application as Application), Error, says);
    });
  }
});

Deno.test("close() of the result is called once, however the answer ends", async (t) => {
  let closed = 0;
  const closing = (pieces: Iterable<string>) => ({
    [Symbol.iterator]: () => pieces[Symbol.iterator](),
    close: () => closed++,
  });
  const failing = function* () {
    yield "first";
    throw new RangeError("in the middle");
  };
  const ends: [name: string, pieces: () => Iterable<string>, use: (response: Response) => Promise<unknown>][] = [
    ["read to its end", () => ["a", "b"], (response) => response.text()],
    ["without a piece", () => [], (response) => response.text()],
    ["cancelled", () => ["a", "b"], (response) => response.body?.cancel() ?? Promise.resolve()],
    ["failed", failing, (response) => assertRejects(() => response.text(), RangeError)],
  ];
  for (const [name, pieces, use] of ends) {
    await t.step(name, async () => {
      closed = 0;
      await use(await answer(begin(() => closing(pieces()))));
      assertEquals(closed, 1);
    });
  }
  await t.step("failed before the first piece", async () => {
    closed = 0;
    const broken = { [Symbol.iterator]: () => ({ next: (): never => fail("at once") }) };
    await assertRejects(() => answer(begin(() => closing(broken))), Error, "at once");
    assertEquals(closed, 1);
  });
  await t.step("what close() throws is logged and no more", async () => {
    const result = Object.assign(["fine"], {
      close() {
        throw new RangeError("close");
      },
    });
    let text = "";
    const log = await stderrOf(async () => text = await (await answer(begin(() => result))).text());
    assertEquals(text, "fine");
    assertMatch(log, /close\(\) of an application's result failed: RangeError: close/);
  });
});

Deno.test("pieces are asked for only as the client takes them", async () => {
  let made = 0;
  const response = await answer(begin(function* () {
    while (true) yield `${++made} `.repeat(1_000);
  }));
  const reader = response.body?.getReader();
  assertEquals(made, 1);
  for (let taken = 1; taken <= 3; taken++) {
    await reader?.read();
    assert(made <= taken + 1, `${made} made, ${taken} taken`);
  }
  await reader?.cancel();
});

Deno.test("an answer that has no body has none, and HEAD keeps the application's length", async () => {
  const empty = await answer((_, startResponse) => {
    startResponse("204 No Content", []);
    return [];
  });
  assertEquals([empty.status, empty.body, empty.headers.get("content-length")], [204, null, null]);
  const head = new Request("http://x/", { method: "HEAD" });
  const declared = await answer((_, startResponse) => {
    startResponse("200 OK", [["Content-Length", "42"]]);
    return [];
  }, head);
  assertEquals(declared.headers.get("content-length"), "42");
  const unknown = await answer(begin(() => []), head);
  assertEquals(unknown.headers.get("content-length"), null);
});

Deno.test("fields of the connection are not the application's to set", async () => {
  const response = await answer((_, startResponse) => {
    startResponse("200 OK", [["Connection", "keep-alive"], ["Transfer-Encoding", "chunked"], ["X-Kept", "1"]]);
    return "x";
  });
  assertEquals([...response.headers.keys()].sort(), ["content-length", "x-kept"]);
});
