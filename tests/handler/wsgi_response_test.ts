/** How WSGI applications' answers end, and what may not be in them (PEP 3333). */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Application, Piece, StartResponse } from "../../lib/handler/contract.ts";
import { innerOf } from "../../lib/handler/inner_response.ts";
import { SentStreams } from "../../lib/handler/sent_streams.ts";
import { fromApplication } from "../../lib/handler/wsgi.ts";
import { until } from "../support/until.ts";
import { infoOf, stderrOf } from "./support.ts";

type Result = ReturnType<Application>;

async function answer(application: Application, method = "GET"): Promise<Response> {
  const request = new Request("http://x/", { method });
  return await fromApplication(application)(request, infoOf(request));
}

/** An application that answers `status`, with `length` if it is given, and goes on with `rest`. */
function saying(rest: (startResponse: StartResponse) => Result, status = "200 OK", length?: string): Application {
  return (_, startResponse) => {
    startResponse(status, length === undefined ? [] : [["Content-Length", length]]);
    return rest(startResponse);
  };
}

/** Notes when a generator is ended. */
class Watched {
  ended = 0;
  made = 0;

  *pieces(): Generator<Piece> {
    try {
      while (this.made < 1_000) yield `${++this.made} `;
    } finally {
      this.ended++;
    }
  }

  async *later(): AsyncGenerator<Piece> {
    try {
      while (this.made < 1_000) yield await Promise.resolve(`${++this.made} `);
    } finally {
      this.ended++;
    }
  }
}

Deno.test("a generator whose client leaves is ended, its finally runs, and so does close()", async (t) => {
  for (const kind of ["pieces", "later"] as const) {
    await t.step(kind, async () => {
      const watched = new Watched();
      let closed = 0;
      const result = () => Object.assign(watched[kind](), { close: () => closed++ });
      const response = await answer(saying(result));
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.cancel();
      await until("the generator is ended", () => watched.ended === 1);
      assertEquals(closed, 1);
      assert(watched.made < 5);
    });
  }
});

Deno.test("close() is called when a client leaves, also before the first piece, which may never come", async () => {
  const request = new Request("http://x/"), info = infoOf(request);
  let closed = 0;
  const result = async function* () {
    yield await Promise.withResolvers<Piece>().promise;
  };
  const application = saying(() => Object.assign(result(), { close: () => closed++ }));
  const response = fromApplication(application)(request, info);
  await new Promise((resolve) => setTimeout(resolve));
  info.leave();
  await assertRejects(async () => await response, DOMException, "The client has left");
  assertEquals(closed, 1);
});

Deno.test("what throws in a generator's finally is logged and no more", async () => {
  const log = await stderrOf(async () => {
    const response = await answer(saying(function* () {
      try {
        yield "first";
      } finally {
        // deno-lint-ignore no-unsafe-finally -- an application may do it
        throw new RangeError("at the end");
      }
    }));
    await response.body?.cancel();
  });
  assertMatch(log, /close\(\) of an application's result failed: RangeError: at the end/);
});

Deno.test("where there is to be no body, no more than the head is asked for", async (t) => {
  const cases: [name: string, method: string, status: string][] = [
    ["HEAD", "HEAD", "200 OK"],
    ["204", "GET", "204 No Content"],
    ["304", "GET", "304 Not Modified"],
  ];
  for (const [name, method, status] of cases) {
    await t.step(name, async () => {
      const watched = new Watched();
      const response = await answer(saying(() => watched.pieces(), status), method);
      assertEquals([await response.text(), response.headers.get("content-length")], ["", null]);
      assertEquals([watched.made, watched.ended], [1, 1]);
    });
  }
  await t.step("HEAD of a list has its length", async () => {
    const response = await answer(saying(() => ["four"]), "HEAD");
    assertEquals([response.body, response.headers.get("content-length")], [null, "4"]);
  });
});

Deno.test("a body that is longer or shorter than its Content-Length is an error", async (t) => {
  const more = "The application gave more bytes than its Content-Length says";
  const less = "The application gave 2 bytes less than its Content-Length says";
  const body = (pieces: string[]) =>
    function* () {
      yield* pieces;
    };
  for (const [length, error] of [["3", more], ["7", less]] as const) {
    await t.step(`a list of five bytes for ${length}`, async () => {
      await assertRejects(() => answer(saying(() => ["he", "llo"], "200 OK", length)), Error, error);
    });
    await t.step(`a generator of five bytes for ${length}`, async () => {
      const response = await answer(saying(body(["he", "llo"]), "200 OK", length));
      await assertRejects(() => response.text(), Error, error);
    });
  }
  await t.step("a generator whose first piece is too long", async () => {
    await assertRejects(() => answer(saying(body(["hello"]), "200 OK", "3")), Error, more);
  });
  await t.step("a length that is none", async () => {
    await assertRejects(() => answer(saying(() => ["x"], "200 OK", "five")), Error, `Content-Length is "five"`);
  });
  await t.step("no body for a length, to HEAD", async () => {
    const response = await answer(saying(() => [], "200 OK", "5"), "HEAD");
    assertEquals(response.headers.get("content-length"), "5");
  });
  await t.step("what write() has sent counts", async () => {
    const written = saying((start) => {
      start("200 OK", [["Content-Length", "5"]], "anew")("he");
      return ["llo"];
    });
    assertEquals(await (await answer(written)).text(), "hello");
  });
});

Deno.test("what was written is sent before a piece is waited for", async () => {
  const watched = new Watched(), never = Promise.withResolvers<Piece>();
  const result = async function* () {
    watched.made++;
    yield await never.promise;
  };
  const response = await answer((_, startResponse) => {
    const write = startResponse("200 OK", []);
    write("");
    write("written");
    return result();
  });
  const reader = response.body?.getReader();
  assertEquals(new TextDecoder().decode((await reader?.read())?.value), "written");
  assertEquals(watched.made, 0);
  await reader?.cancel();
});

Deno.test("a generator's body is counted once: it goes out as it is, and another handler's through a counter", async () => {
  const request = new Request("http://x/"), info = infoOf(request), headers = { "content-length": "4" };
  const serve: Deno.ServeHandlerInfo = {
    remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    completed: Promise.resolve(),
  };
  const goesAsItIs = (response: Response) => {
    const inner = innerOf(response), given = inner?.body?.streamOrStatic;
    assert(inner !== null && given instanceof ReadableStream);
    new SentStreams().add(given, inner, request, info, serve);
    return inner.body?.streamOrStatic === given;
  };
  const application = await answer(saying(() => ["he", "l", "o"].values(), "200 OK", "4"));
  const other = new Response(ReadableStream.from([new TextEncoder().encode("helo")]), { headers });
  assertEquals([goesAsItIs(application), goesAsItIs(other)], [true, false]);
  assertEquals([await application.text(), await other.text()], ["helo", "helo"]);
});

Deno.test("what an application wrote to wsgi.errors is logged at its end, also when it throws", async (t) => {
  const cases: [name: string, application: Application][] = [
    ["a list", (environ, startResponse) => {
      environ["wsgi.errors"].write("half a line");
      startResponse("200 OK", []);
      return [];
    }],
    ["a throw", (environ) => {
      environ["wsgi.errors"].write("half a line");
      throw new Error("on purpose");
    }],
  ];
  for (const [name, application] of cases) {
    await t.step(name, async () => {
      const log = await stderrOf(async () => {
        await answer(application).catch(() => {});
      });
      assertMatch(log, /^[^\n]*\[error\] half a line \(request id id-1\)\n$/);
    });
  }
});
