/** Responses that are read ahead of a slow client: the server is done early, the client misses nothing, and there is a bound. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { gunzipSync } from "node:zlib";
import type { RouteOptions } from "../../lib/config/route_options.ts";
import { get } from "../http1/corpus/case.ts";
import { latin1, type RawClient } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { groupOf, routeTo } from "../support/test_group.ts";
import { answering, type Script, TestUpstream } from "../support/test_upstream.ts";
import { answeringAll, page, TestUwsgi } from "../support/test_uwsgi.ts";
import { until } from "../support/until.ts";

/** Far more than the kernel and our memory hold. */
const LARGE = Array.from({ length: 640_000 }, (_, i) => i.toString(36).padStart(16, " ")).join("");
const LENGTH = `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE}`;
const CHUNKED = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
  LARGE.length.toString(16)
}\r\n${LARGE}\r\n0\r\n\r\n`;

function ahead(upstream: Pick<TestUpstream, "target">, changes: Partial<RouteOptions> = {}): RouteOptions {
  return { ...routeTo(groupOf([upstream])), bufferResponses: 1_000_000_000, ...changes };
}

/** Whether the response is whole. It has more text than `assertEquals` should print. */
async function isWhole(client: RawClient): Promise<boolean> {
  return (await client.response()).body === LARGE;
}

Deno.test("a client that does not read frees the server, and gets everything when it does", async (t) => {
  for (const [name, bytes] of [["with a length", LENGTH], ["in chunks", CHUNKED]] as const) {
    await t.step(`HTTP, ${name}`, async () => {
      let written = 0;
      await using upstream = new TestUpstream(async (request, peer) => {
        await request.finished;
        await peer.write(bytes);
        written++;
      });
      await using front = new TestFront({ routes: [ahead(upstream)] });
      const client = await front.connect();
      await client.send(get());
      await until("the server has written all of it", () => written === 1);
      const other = await front.connect();
      await other.send(get());
      assert(await isWhole(other), "another client is served meanwhile");
      assertEquals(upstream.connections, 1, "on the same connection");
      assert(await isWhole(client));
      assertEquals((await front.log.entry(2)).bytes, LARGE.length);
    });
  }
  await t.step("uwsgi", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page(LARGE)));
    await using front = new TestFront({ upstream: uwsgi });
    const client = await front.connect();
    await client.send(get());
    await until("the server has closed the connection", () => uwsgi.connections === 1 && uwsgi.open === 0);
    assert(await isWhole(client));
  });
  await t.step("uwsgi, compressed", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page(LARGE)));
    await using front = new TestFront({ routes: [{ ...routeTo(groupOf([uwsgi])), gzip: true }] });
    const client = await front.connect();
    await client.send(get("Accept-Encoding: gzip"));
    await until("the server has closed the connection", () => uwsgi.connections === 1 && uwsgi.open === 0);
    const { body } = await client.response();
    assert(gunzipSync(latin1(body)).toString("latin1") === LARGE);
  });
});

Deno.test("a server's place is free as soon as its response is there", async () => {
  await using uwsgi = new TestUwsgi(answeringAll(page(LARGE)));
  const group = groupOf([uwsgi], { queueTimeout: 10_000 }, [{ maxConns: 1 }]);
  await using front = new TestFront({ routes: [routeTo(group)] });
  const slow = await front.connect(), other = await front.connect();
  await slow.send(get());
  await uwsgi.request();
  await other.send(get());
  assert(await isWhole(other), "though the first client has read nothing");
  assert(await isWhole(slow));
});

/** Writes without end, and counts. */
function endless(): { readonly script: Script; written: number; ended: boolean } {
  const state = {
    written: 0,
    ended: false,
    script: (async (_, peer) => {
      peer.ended.then(() => state.ended = true);
      await peer.write("HTTP/1.1 200 OK\r\n\r\n");
      for (; !state.ended; state.written += 0x10000) await peer.write("x".repeat(0x10000));
    }) as Script,
  };
  return state;
}

/** Waits until `count` has not grown for a while. */
async function untilItStops(count: () => number): Promise<number> {
  for (let before = -1;;) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (count() === before && before > 0) return before;
    before = count();
  }
}

Deno.test("not more is read ahead than may be, and reading goes on when the client does", async () => {
  const stopped: number[] = [];
  for (const bufferResponses of [0, 4_000_000, 40_000_000]) {
    const server = endless();
    await using upstream = new TestUpstream(server.script);
    await using front = new TestFront({ routes: [ahead(upstream, { bufferResponses })] });
    const client = await front.connect();
    await client.send(get());
    stopped.push(await untilItStops(() => server.written));
    const before = server.written;
    for (let read = 0; server.written === before; read += 65_536) await client.conn.read(new Uint8Array(65_536));
  }
  const [none, some, more] = stopped;
  // Behind both stand the kernel's buffers, which are not the same every time.
  assert(some - none > 2_000_000 && some - none < 8_000_000, `${some - none} bytes more`);
  assert(more - none > 36_000_000 && more - none < 46_000_000, `${more - none} bytes more`);
});

Deno.test("a client that leaves ends it, whether the server is done or not", async (t) => {
  await t.step("not done", async () => {
    const server = endless();
    await using upstream = new TestUpstream(server.script);
    await using front = new TestFront({ routes: [ahead(upstream, { bufferResponses: 1_000_000 })] });
    const client = await front.connect();
    await client.send(get());
    await untilItStops(() => server.written);
    client.close();
    const { status, bytes } = await front.log.entry();
    assertEquals(status, 499);
    assert((bytes ?? 0) < server.written - 900_000, "what was kept was not sent");
    await until("the server has noticed", () => server.ended);
    assertEquals(front.errors.text, "");
  });
  await t.step("done", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page(LARGE)));
    await using front = new TestFront({ upstream: uwsgi });
    const client = await front.connect();
    await client.send(get());
    await until("the server is done", () => uwsgi.connections === 1 && uwsgi.open === 0);
    client.close();
    const { status, bytes } = await front.log.entry();
    assertEquals(status, 499);
    assert((bytes ?? 0) < LARGE.length);
    assertEquals(front.errors.text, "");
  });
  await t.step("a client that reads nothing for the write timeout", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page(LARGE)));
    await using front = new TestFront({ upstream: uwsgi, limits: { writeTimeout: 300 } });
    const client = await front.connect();
    await client.send(get());
    assertEquals((await front.log.entry()).status, 499);
  });
});

Deno.test("a server that dies within its response ends the client's connection", async () => {
  const whole = page(LARGE, `Content-Length: ${LARGE.length + 1}\r\n`);
  await using uwsgi = new TestUwsgi(answeringAll(whole));
  await using front = new TestFront({ upstream: uwsgi });
  const client = await front.connect();
  await client.send(get());
  await until("it is logged", () => front.errors.text.includes("closed the connection within its response"));
  const { rest } = await client.end();
  assert(rest.length < whole.length + 1_000);
});

Deno.test("without a disk the server waits for the client, and nothing is lost", async () => {
  await using upstream = new TestUpstream(answering(LENGTH));
  await using front = new TestFront({ routes: [ahead(upstream)] });
  const client = await front.connect();
  const directory = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/nonexistent/of a test");
  try {
    await client.send(get());
    await until("it is logged", () => front.errors.text !== "");
  } finally {
    if (directory === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", directory);
  }
  assert(await isWhole(client));
  assertStringIncludes(
    front.errors.text,
    '[warn] A response is not read ahead of its client: Cannot make a file for a body in "/nonexistent/of a test"',
  );
});
