/** What a handler's responses are on the wire of a worker's own socket: their fields for one hop, and how they end. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Handler } from "../../lib/handler/contract.ts";
import { errorOf, innerOf, scriptedStream } from "../../lib/handler/inner_response.ts";
import { fromApplication } from "../../lib/handler/wsgi.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { ask, serving } from "./serving.ts";
import { stderrOf } from "./support.ts";

const get = (path: string) => `GET ${path} HTTP/1.1\nHost: x\n\n`;
const pathOf = (request: Request) => new URL(request.url).pathname;

/** A body in these pieces, one for each time that it is asked. */
function pieces(...texts: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(texts.map((text) => new TextEncoder().encode(text)));
}

Deno.test("this Deno keeps of a response what is looked for inside", async () => {
  const inner = innerOf(new Response("x", { headers: { A: "b" } }));
  assertEquals(inner?.headerList[0]?.[0].toLowerCase(), "a");
  const failing = new ReadableStream({ pull: (controller) => controller.error("why") });
  const response = innerOf(new Response(failing));
  assert(response !== null && response.body !== null && scriptedStream(response.body) === failing);
  await assertRejects(async () => await failing.getReader().read());
  assertEquals(errorOf(failing), "why");
  using directory = new TestDirectory();
  using file = await Deno.open(directory.write("file", "text"));
  const backed = innerOf(new Response(file.readable));
  assert(backed !== null && backed.body !== null && scriptedStream(backed.body) === null, "a file's is no script's");
});

Deno.test("a WSGI application's answer to HEAD says no length that is not known", async () => {
  const handler = fromApplication((environ, startResponse) => {
    startResponse("200 OK", []);
    if (environ.PATH_INFO === "/list") return ["four"];
    return environ.PATH_INFO === "/stream" ? ["four"].values() : [];
  });
  await serving(handler, {}, async ({ publicPath }) => {
    for (const [path, length] of [["/list", "4"], ["/stream", null], ["/left-out", null]] as const) {
      using client = await RawClient.connect({ transport: "unix", path: publicPath });
      await client.send(`HEAD ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const { rest } = await client.end();
      assertEquals([rest.slice(0, 12), /content-length: (\d+)/i.exec(rest)?.[1] ?? null], ["HTTP/1.1 200", length]);
      assertEquals(rest.split("\r\n\r\n")[1], "");
    }
  });
});

Deno.test("fields for one hop do not leave a worker's socket", async (t) => {
  const dropped = {
    connection: "close, X-Named, content-length",
    "keep-alive": "timeout=5",
    "Proxy-Authenticate": "Basic",
    "proxy-connection": "keep-alive",
    TE: "trailers",
    trailer: "x-end",
    "transfer-encoding": "gzip",
    upgrade: "h2c",
    "x-named": "1",
  };
  await using upstream = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("fetched", { headers: { "keep-alive": "timeout=5", "x-kept": "1" } }),
  );
  const answers: Record<string, () => Response | Promise<Response>> = {
    "/text": () => new Response("whole", { headers: { ...dropped, "x-kept": "1" } }),
    "/stream": () => new Response(pieces("who", "le"), { headers: { ...dropped, "x-kept": "1" } }),
    "/fetched": () => fetch(`http://127.0.0.1:${upstream.addr.port}/`),
    "/well": () => new Response("whole", { headers: { "x-kept": "1", "content-length": "5" } }),
  };
  const handler: Handler = (request) => answers[pathOf(request)]?.() ?? new Response();
  for (const socket of ["publicPath", "privatePath"] as const) {
    await serving(handler, { withPrivate: true }, async (started) => {
      for (const path of Object.keys(answers)) {
        await t.step(`${path} ${socket}`, async () => {
          const response = await ask(started[socket], get(path));
          const seen = response.fields.map(([name]) => name.toLowerCase()).filter((name) =>
            Object.keys(dropped).some((field) => field.toLowerCase() === name)
          );
          // How Deno frames a stream is its own affair.
          assertEquals(seen, path === "/stream" ? ["transfer-encoding"] : []);
          assertEquals(fieldOf(response, "x-kept"), "1");
          assertEquals(response.body, path === "/fetched" ? "fetched" : "whole");
        });
      }
    });
  }
});

Deno.test("a 205 ends its connection on a public socket, because Deno does not say that it has no body", async () => {
  const handler: Handler = (request, { requestId }) =>
    new Response(null, { status: pathOf(request) === "/reset" ? 205 : 204, headers: { "x-id": requestId } });
  const log = await stderrOf(() =>
    serving(handler, { withPrivate: true }, async ({ publicPath, privatePath, lines }) => {
      const response = await ask(publicPath, get("/reset"));
      assertEquals([response.status, response.body, response.framing], [205, "", "close"]);
      assertEquals([fieldOf(response, "connection"), fieldOf(response, "x-id")], ["close", "id-1"]);
      assertEquals([lines[0]?.status, lines[0]?.bytes], [205, 0]);
      // Our front knows that there is none, and goes on with the connection.
      using front = await RawClient.connect({ transport: "unix", path: privatePath });
      for (const path of ["/reset", "/other"]) {
        await front.send(get(path).replaceAll("\n", "\r\n"));
        assertEquals((await front.head()).status, path === "/reset" ? 205 : 204);
      }
    })
  );
  assertEquals(log, "");
});

Deno.test("a stream that is shorter or longer than its Content-Length is logged, once", async (t) => {
  const cases: [path: string, texts: string[], said: string | null][] = [
    ["/exact", ["abcde", "fghij"], null],
    ["/short", ["abc", "def"], "4 bytes shorter than"],
    ["/empty", [], "10 bytes shorter than"],
    ["/long", ["abcde", "fghijk", "l"], "longer than"],
    ["/long-at-once", ["abcdefghijk"], "longer than"],
  ];
  const handler: Handler = (request) => {
    const texts = cases.find(([path]) => path === pathOf(request))?.[1] ?? [];
    return new Response(pieces(...texts), { status: 201, headers: { "content-length": "10", "x-kept": "1" } });
  };
  for (const [path, , said] of cases) {
    await t.step(path, async () => {
      const log = await stderrOf(() =>
        serving(handler, {}, async ({ publicPath }) => {
          using client = await RawClient.connect({ transport: "unix", path: publicPath });
          await client.send(get(path).replaceAll("\n", "\r\n"));
          const { status, fields } = await client.head();
          assertEquals([status, fieldOf({ fields }, "content-length"), fieldOf({ fields }, "x-kept")], [
            201,
            "10",
            "1",
          ]);
          if (said === null) assertEquals(await client.through("j"), "abcdefghij");
          else assert((await client.end()).rest.length <= 10);
        })
      );
      const line = `The body for GET "${path}" (request id id-1) is ${said} its Content-Length of 10`;
      assertEquals(log.replaceAll(/^\S+ /gm, ""), said === null ? "" : `[error] ${line}\n`);
    });
  }
});

Deno.test("a stream that its handler ends because the client has left is not said to be short", async () => {
  const ended = Promise.withResolvers<void>();
  const handler: Handler = (request) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("abc"));
        request.signal.addEventListener("abort", () => {
          try {
            controller.close();
          } catch { /* it was cancelled before */ }
          ended.resolve();
        });
      },
    });
    return new Response(body, { headers: { "content-length": "10" } });
  };
  const log = await stderrOf(() =>
    serving(handler, {}, async ({ publicPath }) => {
      using client = await RawClient.connect({ transport: "unix", path: publicPath });
      await client.send("GET /left HTTP/1.1\r\nHost: x\r\n\r\n");
      await client.through("abc");
      client.close();
      await ended.promise;
    })
  );
  assert(!log.includes("[error]"), log);
});

Deno.test("of bodies that fail at the same time, each is told with its own request", async () => {
  const go = Promise.withResolvers<void>();
  let waiting = 0;
  const handler: Handler = (request) =>
    new Response(
      new ReadableStream({
        async pull() {
          waiting++;
          await go.promise;
          throw new RangeError(`of ${pathOf(request)}`);
        },
      }, { highWaterMark: 0 }),
    );
  const log = await stderrOf(() =>
    serving(handler, {}, async ({ publicPath }) => {
      const all = ["/a", "/b", "/c"].map((path) => assertRejects(() => ask(publicPath, get(path))));
      await until("all have begun", () => waiting === 3);
      go.resolve();
      await Promise.all(all);
    })
  );
  for (const path of ["/a", "/b", "/c"]) {
    assertMatch(log, new RegExp(`for GET "${path}" \\(request id id-\\d\\): RangeError: of ${path}\\n`));
  }
});
