/** Which responses are compressed for whom, and that they are the same when they are unpacked. */
import { assert, assertEquals } from "@std/assert";
import { constants, gunzipSync } from "node:zlib";
import { acceptsGzip, isCompressible } from "../../lib/front/compressible.ts";
import { get, head } from "../http1/corpus/case.ts";
import { fieldOf, fromLatin1, latin1, type RawResponse } from "../support/raw_http.ts";
import { edits, saying, toUpstream } from "../support/routes.ts";
import { TestFront } from "../support/test_front.ts";
import { answering, reply, type Script, TestUpstream } from "../support/test_upstream.ts";

const GZIP = "Accept-Encoding: gzip", TEXT = "Content-Type: text/plain\r\n";
const PAGE = Array.from({ length: 400 }, (_, i) => `line ${i} of a page`).join("\n");

function gunzip(body: string): string {
  return fromLatin1(gunzipSync(latin1(body)));
}

/** The answer to `request` when the upstream does `script`. */
async function ask(script: Script, request: string): Promise<RawResponse> {
  await using upstream = new TestUpstream(script);
  await using front = new TestFront({ routes: [{ ...toUpstream(upstream), gzip: true }] });
  const client = await front.connect();
  await client.send(request);
  return await client.response({ toHead: request.startsWith("HEAD") });
}

Deno.test("text is compressed for a client that takes gzip", async (t) => {
  await t.step("with a length", async () => {
    const fields = `${TEXT}ETag: "abc"\r\nAccept-Ranges: bytes\r\nX-A: b\r\n` +
      "Content-Digest: sha-256=:YQ==:\r\nRepr-Digest: sha-256=:YQ==:\r\nContent-MD5: YQ==\r\n";
    const response = await ask(answering(reply(PAGE, "200 OK", fields)), get(GZIP));
    assertEquals([response.status, response.framing], [200, "chunked"]);
    assertEquals(gunzip(response.body), PAGE);
    assert(response.body.length < PAGE.length / 3);
    const expected: [name: string, value: string | null][] = [
      ["content-encoding", "gzip"],
      ["content-length", null],
      ["vary", "Accept-Encoding"],
      ["etag", 'W/"abc"'],
      ["accept-ranges", null],
      ...["content-digest", "repr-digest", "content-md5"].map((name) => [name, null] as [string, null]),
      ["content-type", "text/plain"],
      ["x-a", "b"],
    ];
    for (const [name, value] of expected) assertEquals(fieldOf(response, name), value, name);
  });
  await t.step("a validator that is weak already", async () => {
    const response = await ask(answering(reply(PAGE, "200 OK", `${TEXT}ETag: W/"abc"\r\n`)), get(GZIP));
    assertEquals(fieldOf(response, "etag"), 'W/"abc"');
  });
  await t.step("an upstream's own Vary stays", async () => {
    const response = await ask(answering(reply(PAGE, "200 OK", `${TEXT}Vary: Cookie\r\n`)), get(GZIP));
    assertEquals(fieldOf(response, "vary"), "Cookie, Accept-Encoding");
  });
  await t.step("an error of the upstream's", async () => {
    const response = await ask(answering(reply(PAGE, "404 Not Found", TEXT)), get(GZIP));
    assertEquals([response.status, gunzip(response.body)], [404, PAGE]);
  });
  await t.step("in chunks, however small", async () => {
    const chunks = PAGE.replaceAll(/.{1,100}/gs, (piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
    const bytes = `HTTP/1.1 200 OK\r\n${TEXT}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
    for (const script of [answering(bytes), pieces(bytes, 50)]) {
      assertEquals(gunzip((await ask(script, get(GZIP))).body), PAGE);
    }
  });
  await t.step("that ends with its connection", async () => {
    const script: Script = async (_, peer) => {
      await peer.write(`HTTP/1.1 200 OK\r\n${TEXT}\r\n${PAGE}`);
      peer.close();
    };
    const response = await ask(script, get(GZIP));
    assertEquals([response.framing, gunzip(response.body)], ["chunked", PAGE]);
  });
  await t.step("for HTTP/1.0 it ends with the connection", async () => {
    const response = await ask(answering(reply(PAGE, "200 OK", TEXT)), head("GET / HTTP/1.0", "Host: a", GZIP));
    assertEquals([response.framing, fieldOf(response, "connection")], ["close", "close"]);
    assertEquals(gunzip(response.body), PAGE);
  });
  await t.step("an empty body of unknown length is a gzip file of nothing", async () => {
    const bytes = `HTTP/1.1 200 OK\r\n${TEXT}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    assertEquals(gunzip((await ask(answering(bytes), get(GZIP))).body), "");
  });
});

/** Writes `bytes` in pieces of `size`. */
function pieces(bytes: string, size: number): Script {
  const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => (i + 1) * size);
  return (_, peer) => peer.writePieces(bytes, cuts);
}

Deno.test("a large body, compressible or not, is the same when it is unpacked", async (t) => {
  let seed = 1;
  const noise = Array.from(
    { length: 700_000 },
    () => String.fromCharCode((seed = (seed * 48_271) % 2_147_483_647) & 255),
  )
    .join("");
  for (const [name, body] of [["text", PAGE.repeat(200)], ["noise", noise]]) {
    await t.step(name, async () => {
      const response = await ask(answering(reply(body, "200 OK", TEXT)), get(GZIP));
      assert(gunzip(response.body) === body);
    });
  }
});

Deno.test("the connections go on after a compressed body, and the log counts what was sent", async () => {
  await using upstream = new TestUpstream(answering(reply(PAGE, "200 OK", TEXT)));
  const responseFields = edits({ add: [["Vary", "X"]], set: [["X-B", "c"]] });
  await using front = new TestFront({ routes: [{ ...toUpstream(upstream), gzip: true, responseFields }] });
  const client = await front.connect();
  for (let n = 1; n <= 3; n++) {
    await client.send(get(GZIP));
    const response = await client.response();
    assertEquals(gunzip(response.body), PAGE);
    assertEquals([fieldOf(response, "vary"), fieldOf(response, "x-b")], ["Accept-Encoding, X", "c"]);
    assertEquals((await front.log.entry(n)).bytes, response.body.length);
  }
  assertEquals(upstream.connections, 1);
});

Deno.test("every piece arrives before the next one is sent", async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await peer.write("5\r\none\n\n\r\n");
    await gates[0].promise;
    await peer.write("5\r\ntwo\n\n\r\n");
    await gates[1].promise;
    await peer.write("0\r\n\r\n");
  });
  await using front = new TestFront({ routes: [{ ...toUpstream(upstream), gzip: true }] });
  const client = await front.connect();
  await client.send(get(GZIP));
  assertEquals(fieldOf(await client.head(), "content-encoding"), "gzip");
  let packed = "";
  /** Reads chunks until what has come is `text`. */
  const unpacks = async (text: string) => {
    while (unpacked(packed) !== text) packed += await chunk();
  };
  const chunk = async () => {
    const size = parseInt(await client.through("\r\n"), 16);
    let data = "";
    while (data.length < size + 2) data += await client.through("\r\n");
    return data.slice(0, -2);
  };
  await unpacks("one\n\n");
  gates[0].resolve();
  await unpacks("one\n\ntwo\n\n");
  gates[1].resolve();
  for (let data = await chunk(); data !== ""; data = await chunk()) packed += data;
  assertEquals(gunzip(packed), "one\n\ntwo\n\n");
});

/** What can be unpacked of a gzip file that has not ended. */
function unpacked(packed: string): string {
  return packed === "" ? "" : fromLatin1(gunzipSync(latin1(packed), { finishFlush: constants.Z_SYNC_FLUSH }));
}

Deno.test("what is not compressed is as it was", async (t) => {
  const small = PAGE.slice(0, 255);
  const cases: [name: string, request: string, body: string, fields: string, vary: string | null][] = [
    ["the client does not take gzip", get(), PAGE, TEXT, "Accept-Encoding"],
    ["the client refuses gzip", get("Accept-Encoding: gzip;q=0, br"), PAGE, TEXT, "Accept-Encoding"],
    ["the client takes others", get("Accept-Encoding: br, zstd"), PAGE, TEXT, "Accept-Encoding"],
    ["a picture", get(GZIP), PAGE, "Content-Type: image/png\r\n", null],
    ["no type", get(GZIP), PAGE, "", null],
    ["a small body", get(GZIP), small, TEXT, null],
    ["compressed already", get(GZIP), PAGE, `${TEXT}Content-Encoding: br\r\n`, null],
    ["not to be transformed", get(GZIP), PAGE, `${TEXT}Cache-Control: public, no-transform\r\n`, null],
  ];
  for (const [name, request, body, fields, vary] of cases) {
    await t.step(name, async () => {
      const response = await ask(answering(reply(body, "200 OK", `${fields}ETag: "a"\r\n`)), request);
      assertEquals([response.body, response.framing, fieldOf(response, "vary")], [body, "length", vary]);
      assertEquals(fieldOf(response, "etag"), '"a"');
      assertEquals(fieldOf(response, "content-encoding"), fields.includes("br") ? "br" : null);
    });
  }
  await t.step("a byte more is compressed", async () => {
    const response = await ask(answering(reply(`${small}x`, "200 OK", TEXT)), get(GZIP));
    assertEquals(gunzip(response.body), `${small}x`);
  });
  await t.step("a part", async () => {
    const fields = `${TEXT}Content-Range: bytes 0-${PAGE.length - 1}/99999\r\n`;
    const response = await ask(answering(reply(PAGE, "206 Partial Content", fields)), get(GZIP, "Range: bytes=0-"));
    assertEquals([response.body, fieldOf(response, "vary")], [PAGE, null]);
  });
  await t.step("HEAD has no body, and its Vary", async () => {
    const bytes = `HTTP/1.1 200 OK\r\n${TEXT}Content-Length: 5000\r\n\r\n`;
    const response = await ask(answering(bytes), get(GZIP).replace("GET", "HEAD"));
    assertEquals([response.status, fieldOf(response, "vary")], [200, "Accept-Encoding"]);
  });
  await t.step("304", async () => {
    const response = await ask(answering(`HTTP/1.1 304 Not Modified\r\n${TEXT}ETag: "a"\r\n\r\n`), get(GZIP));
    assertEquals([response.status, response.framing], [304, "none"]);
  });
  await t.step("a route without the key, and answers of our own", async () => {
    await using upstream = new TestUpstream(answering(reply(PAGE, "200 OK", TEXT)));
    await using front = new TestFront({ routes: [toUpstream(upstream), { ...saying(PAGE, "/own"), gzip: true }] });
    const client = await front.connect();
    for (const target of ["/", "/own"]) {
      await client.send(get(GZIP).replace("/ ", `${target} `));
      assertEquals((await client.response()).body, PAGE);
    }
  });
});

Deno.test("a compressed response that its upstream cuts is cut for the client", async () => {
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write(`HTTP/1.1 200 OK\r\n${TEXT}Content-Length: 9000\r\n\r\n${PAGE}`);
    peer.close();
  });
  await using front = new TestFront({ routes: [{ ...toUpstream(upstream), gzip: true }] });
  const client = await front.connect();
  await client.send(get(GZIP));
  assertEquals((await client.head()).status, 200);
  const { rest } = await client.end();
  assert(!rest.endsWith("0\r\n\r\n"), "no end is made up");
});

Deno.test("acceptsGzip() reads Accept-Encoding", () => {
  const cases: [value: string | null, accepts: boolean][] = [
    [null, false],
    ["", false],
    ["gzip", true],
    ["GZip", true],
    ["x-gzip", true],
    ["br, gzip", true],
    ["gzip;q=0.5", true],
    ["gzip; q=0.001", true],
    ["gzip;q=0", false],
    ["gzip; Q=0.000", false],
    ["*", true],
    ["*;q=0", false],
    ["gzip, *;q=0", true],
    ["gzip;q=0, *", false],
    ["*, gzip;q=0", false],
    ["identity", false],
    ["gzipped", false],
    ["br;gzip", false],
  ];
  for (const [value, accepts] of cases) assertEquals(acceptsGzip(value), accepts, `${value}`);
});

Deno.test("isCompressible() knows text by its type", () => {
  const ofType = (contentType: string) =>
    isCompressible({ status: 200, contentType, contentEncoding: null, cacheControl: null, contentLength: -1 });
  const yes = ["text/html; charset=utf-8", "TEXT/CSS", "application/json", "application/problem+json", "image/svg+xml"];
  const no = ["image/jpeg", "application/octet-stream", "application/zip", "video/mp4", "font/woff2", ""];
  assertEquals([...yes, ...no].filter(ofType), yes);
});
