/** The request that a handler was given, passed on in all the ways in which people do it. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Handler } from "../../lib/handler/contract.ts";
import { fieldOf } from "../support/raw_http.ts";
import { ask, serving } from "./serving.ts";
import { stderrOf } from "./support.ts";

/** What a server says of a request that has come to it. */
interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly names: readonly string[];
}

/** Runs `use` beside a server on TCP that tells what comes to it; `host` is its address. */
async function withOrigin(use: (host: string) => Promise<void>): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/moved") return Response.redirect(new URL("/arrived", request.url), 302);
    const arrived: Arrived = {
      method: request.method,
      path: pathname,
      body: await request.text(),
      names: [...request.headers.keys()],
    };
    return Response.json(arrived, { headers: { "x-origin": "yes", "set-cookie": "a=1" } });
  });
  try {
    await use(`127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

/** A POST with a body, and with fields that an untrusted peer must not get past a handler. */
const post = (host: string, path = "/here") =>
  `POST ${path} HTTP/1.1\nHost: ${host}\nX-Forwarded-For: 203.0.113.7\nForwarded: for=x\nX-Own: 1\n` +
  'Content-Type: application/json\nContent-Length: 7\n\n{"a":1}';
const get = (host: string, path = "/here") =>
  `GET ${path} HTTP/1.1\nHost: ${host}\nX-Forwarded-For: 203.0.113.7\nX-Own: 1\n\n`;

class Subclass extends Request {}

const FETCHES: Readonly<Record<string, Handler>> = {
  "fetch(request)": (request) => fetch(request),
  "fetch(request, init)": (request) => fetch(request, { redirect: "manual" }),
  "fetch() with a signal": (request) => fetch(request, { signal: AbortSignal.timeout(10_000) }),
  "fetch() when all was looked at before": (request) => {
    void [request.url, request.headers, request.body, request.signal];
    return fetch(request);
  },
  "fetch(clone)": async (request) => {
    const answer = await fetch(request.clone());
    await request.text();
    return answer;
  },
  "fetch(new Request(request))": (request) => fetch(new Request(request)),
  "fetch(clone of a copy of a clone)": (request) => fetch(new Request(request.clone()).clone()),
  "fetch(new Request(url, request))": (request) => fetch(new Request(new URL("/here", request.url), request)),
  "fetch(url, request)": (request) => fetch(request.url, request),
  "fetch(url, parts)": ({ url, method, headers, body }) => fetch(url, { method, headers, body }),
  "fetch(of a class of its own)": (request) => fetch(new Subclass(request)),
  "fetch() later": async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return fetch(request);
  },
};

Deno.test("a request is passed on with fetch() as it was seen", async (t) => {
  await withOrigin(async (host) => {
    for (const [name, handler] of Object.entries(FETCHES)) {
      await t.step(name, () =>
        serving(handler, {}, async ({ publicPath }) => {
          for (const [text, method, body] of [[post(host), "POST", '{"a":1}'], [get(host), "GET", ""]] as const) {
            const answer = await ask(publicPath, text);
            const { names, ...arrived }: Arrived = JSON.parse(answer.body);
            assertEquals(arrived, { method, path: "/here", body });
            assertEquals(names.filter((field) => /^x-|forwarded/.test(field)), ["x-own"]);
            assertEquals([fieldOf(answer, "x-origin"), fieldOf(answer, "set-cookie")], ["yes", "a=1"]);
          }
        }));
    }
  });
});

Deno.test("what a trusted peer says goes on with a copy", async () => {
  await withOrigin(async (host) => {
    await serving((request) => fetch(new Request(`http://${host}/here`, request)), { unix: true }, async (started) => {
      const { names }: Arrived = JSON.parse((await ask(started.publicPath, post("other.example"))).body);
      assertEquals(names.filter((field) => /forwarded/.test(field)).sort(), ["forwarded", "x-forwarded-for"]);
    });
  });
});

Deno.test("redirects are followed, or not, as the copy says", async () => {
  await withOrigin(async (host) => {
    const handler: Handler = async (request) => {
      const [followed, kept] = [await fetch(request.clone()), await fetch(request, { redirect: "manual" })];
      await kept.body?.cancel();
      const { path }: Arrived = await followed.json();
      return Response.json([path, kept.status, request.redirect, new Request(request.url, request).redirect]);
    };
    await serving(handler, {}, async ({ publicPath }) => {
      assertEquals(JSON.parse((await ask(publicPath, get(host, "/moved"))).body), [
        "/arrived",
        302,
        "follow",
        "follow",
      ]);
    });
  });
});

/** What a handler finds out of a POST with the body `{"a":1}`, to be the second of each pair. */
const COPIES: readonly (readonly [name: string, look: (request: Request) => unknown, found: unknown])[] = [
  ["what it is", (r) => [r instanceof Request, r.constructor === Request, `${r}`], [true, true, "[object Request]"]],
  ["a copy's class", (r) => [new Request(r) instanceof Request, Request.name], [true, "Request"]],
  ["its own class", (r) => {
    const own = new Subclass(r);
    return [own instanceof Subclass, own instanceof Request, own.method];
  }, [true, true, "POST"]],
  ["changed fields", (r) => {
    const headers = new Headers(r.headers);
    headers.set("x-forwarded-for", "10.0.0.1");
    const copy = new Request(r, { headers });
    copy.headers.set("forwarded", "for=10.0.0.1");
    return [copy, copy.clone(), new Request(copy)].map((
      each,
    ) => [each.headers.get("x-forwarded-for"), each.headers.get("forwarded"), each.headers.get("x-own")]);
  }, Array(3).fill(["10.0.0.1", "for=10.0.0.1", "1"])],
  ["its fields stay", (r) => {
    new Request(r).headers.set("x-own", "2");
    return r.headers.get("x-own");
  }, "1"],
  ["another method", async (r) => {
    const copy = new Request(r, { method: "PUT" });
    return [copy.method, await copy.json(), r.bodyUsed];
  }, ["PUT", { a: 1 }, true]],
  ["another body", async (r) => {
    const copy = new Request(r, { body: "other" });
    return [await copy.text(), copy.headers.get("content-type"), r.bodyUsed, await r.json()];
  }, ["other", "application/json", false, { a: 1 }]],
  ["no body any more", async (r) => {
    await r.text();
    try {
      return new Request(r).url;
    } catch (thrown) {
      return thrown instanceof TypeError;
    }
  }, true],
  ["a signal of its own", (r) => {
    const { signal } = new Request(r.clone(), { signal: AbortSignal.abort() });
    return [signal.aborted, new Request(r).signal.aborted];
  }, [true, false]],
  ["an init that is none", (r) => {
    try {
      return Reflect.construct(Request, [r, 7]);
    } catch (thrown) {
      return thrown instanceof TypeError;
    }
  }, true],
  ["every form of body", async (r) => {
    const copies = Array.from({ length: 6 }, () => r.clone());
    const [text, json, bytes, buffer, blob, stream] = copies;
    const pieces: number[] = [];
    await stream?.body?.pipeTo(new WritableStream({ write: (piece) => void pieces.push(piece.length) }));
    return [
      await text?.text(),
      await json?.json(),
      (await bytes?.bytes())?.length,
      (await buffer?.arrayBuffer())?.byteLength,
      (await blob?.blob())?.type,
      pieces.reduce((sum, length) => sum + length, 0),
      copies.map(({ bodyUsed }) => bodyUsed),
      r.bodyUsed,
    ];
  }, ['{"a":1}', { a: 1 }, 7, 7, "application/json", 7, Array(6).fill(true), false]],
  ["through a stream", async (r) => {
    const piped = r.body?.pipeThrough(new TextDecoderStream());
    return [await Array.fromAsync(piped ?? []), r.bodyUsed];
  }, [['{"a":1}'], true]],
];

Deno.test("copies of a request are requests like any other", async (t) => {
  for (const [name, look, found] of COPIES) {
    await t.step(
      name,
      () =>
        serving(async (request) => Response.json(await look(request)), {}, async ({ publicPath }) => {
          const { body } = await ask(publicPath, post("x.example"));
          assertEquals(JSON.parse(body), found);
        }),
    );
  }
});

Deno.test("a form, and a copy's", async () => {
  const handler: Handler = async (request) =>
    Response.json([[...await new Request(request.clone()).formData()], [...await request.formData()]]);
  await serving(handler, {}, async ({ publicPath }) => {
    const fields = "Content-Type: application/x-www-form-urlencoded\nContent-Length: 7";
    const { body } = await ask(publicPath, `POST / HTTP/1.1\nHost: x\n${fields}\n\na=1&b=2`);
    assertEquals(JSON.parse(body), Array(2).fill([["a", "1"], ["b", "2"]]));
  });
});

Deno.test("a cache is asked by the URL that was seen", async () => {
  const handler: Handler = async (request) => {
    const cache = await caches.open("stackd test");
    await cache.put(request, new Response("kept"));
    const found = [await cache.match(request.url), await cache.match(request.clone())];
    const texts = await Promise.all(found.map((each) => each?.text()));
    return Response.json([...texts, await cache.delete(request), await cache.match(request) === undefined]);
  };
  await serving(handler, {}, async ({ publicPath }) => {
    assertEquals(JSON.parse((await ask(publicPath, get("x.example"))).body), ["kept", "kept", true, true]);
  });
});

Deno.test("the globals are as before when the view is gone", async () => {
  const before = [Request, fetch, Request.prototype.constructor, Cache.prototype.match];
  await serving(() => new Response(), {}, () => Promise.resolve());
  assertEquals([Request, fetch, Request.prototype.constructor, Cache.prototype.match], before);
});

/** A stream that nobody reads yet. */
const stream = (text: string) => new Response(text).body;

/** What Hono's server for Node puts in the place of the global class. */
class Light {
  static {
    Object.setPrototypeOf(Light.prototype, Response.prototype);
  }
  readonly status = 207;
  readonly statusText = "";
  readonly headers = new Headers();
  readonly body = stream("h");
  readonly bodyUsed = false;
  readonly type = "default";
}

const RESPONSES: readonly (readonly [name: string, handler: Handler, status: number, said: RegExp])[] = [
  ["a clone", () => new Response("a", { status: 201 }).clone(), 201, /^a$/],
  [
    "an original with a clone that is read",
    async () => {
      const response = new Response("b");
      await response.clone().text();
      return response;
    },
    200,
    /^b$/,
  ],
  ["a stream", () => new Response(stream("c")), 200, /^c$/],
  ["the request's body", ({ body }) => new Response(body), 200, /^\{"a":1\}$/],
  [
    "a body that was only looked at",
    () => {
      const response = new Response("d");
      void response.body?.locked;
      return response;
    },
    200,
    /^d$/,
  ],
  ["one that only inherits from Deno's", () => new Light() as never, 207, /^h$/],
  ["a redirect", () => Response.redirect("http://x.example/", 303), 303, /^$/],
  ["an error", () => Response.error(), 500, /^500 /],
  [
    "one that was read",
    async () => {
      const response = new Response("e");
      await response.text();
      return response;
    },
    500,
    /^500 /,
  ],
  [
    "one that somebody reads",
    () => {
      const response = new Response("f");
      response.body?.getReader();
      return response;
    },
    500,
    /^500 /,
  ],
  [
    "one whose body goes elsewhere",
    () => {
      const response = new Response(stream("g"));
      response.body?.tee();
      return response;
    },
    500,
    /^500 /,
  ],
];

Deno.test("responses of all kinds are sent, or are failures", async (t) => {
  for (const [name, handler, status, said] of RESPONSES) {
    await t.step(name, () =>
      serving(handler, {}, async ({ publicPath }) => {
        const log = await stderrOf(async () => {
          const answer = await ask(publicPath, post("x.example"));
          assertEquals(answer.status, status);
          assertMatch(answer.body, said);
        });
        assertMatch(log, status === 500 ? /The handler returned (?:Response\.error|a Response whose body)/ : /^$/);
      }));
  }
});
