/** Whom a group gives a request: its policies, sticky cookies, the queue before busy servers, and backups. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { GroupOptions, ServerOptions } from "../../lib/config/group_options.ts";
import type { KeySource } from "../../lib/config/route_options.ts";
import { get, post } from "../http1/corpus/case.ts";
import { fieldOf, type RawClient, type RawResponse } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { ask, askTimes, DEAD, getPath, groupOf, named, refusing, routeTo, stopwatch } from "../support/test_group.ts";
import { reply, type Script, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const SHORT = 300;
/** Longer than any test lasts, ms. */
const LONG = 60_000;

/** Answers with its name; `GET /hold` not before `gate` is opened. */
function holding(name: string, gate: Promise<void>): Script {
  return async (request, peer) => {
    await request.finished;
    if (request.target === "/hold") await gate;
    await peer.write(reply(name));
  };
}

function frontOf(
  upstreams: readonly Pick<TestUpstream, "target">[],
  changes: Partial<GroupOptions> = {},
  servers: readonly Partial<ServerOptions>[] = [],
): TestFront {
  return new TestFront({ routes: [routeTo(groupOf(upstreams, changes, servers))] });
}

/** What each of `clients` is answered, and which of them is first. */
async function firstAnswered(clients: readonly RawClient[]): Promise<{
  readonly at: number;
  readonly first: RawResponse;
  /** Of all, in the clients' order. */
  readonly answers: readonly Promise<RawResponse>[];
}> {
  const answers = clients.map((client) => client.response());
  for (const answer of answers) answer.catch(() => {}); // those of clients that the test closes
  return { ...await Promise.race(answers.map(async (answer, at) => ({ at, first: await answer }))), answers };
}

Deno.test("round robin gives every server its turn", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"), "tcp");
  await using c = new TestUpstream(named("c"));
  await using front = frontOf([a, b, c]);
  assertEquals((await askTimes(7, await front.connect())).join(""), "abcabca");
  assertEquals((await askTimes(5, await front.connect())).join(""), "bcabc");
  assertEquals([a.connections, b.connections, c.connections], [1, 1, 1], "each server's connection is used again");
});

Deno.test("round robin spreads the turns of a heavy server among the others'", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], {}, [{ weight: 3 }]);
  assertEquals((await askTimes(8, await front.connect())).join(""), "aabaaaba");
});

Deno.test("least-conn and random-two avoid a server that is busy", async (t) => {
  for (const policy of ["least-conn", "random-two"] as const) {
    await t.step(policy, async () => {
      const gate = Promise.withResolvers<void>();
      await using a = new TestUpstream(holding("a", gate.promise));
      await using b = new TestUpstream(holding("b", gate.promise));
      await using front = frontOf([a, b], { policy });
      const busy = await front.connect(), client = await front.connect();
      await busy.send(getPath("/hold"));
      await until("a server has it", () => a.requests.length + b.requests.length === 1);
      const free = a.requests.length === 1 ? "b" : "a";
      assertEquals(await askTimes(6, client), Array(6).fill(free));
      gate.resolve();
      assertNotEquals((await busy.response()).body, free);
      const after = new Set(await askTimes(40, client));
      assertEquals(after, new Set(["a", "b"]), "both take turns again");
    });
  }
});

Deno.test("least-conn gives a heavy server more requests at once", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  await using b = new TestUpstream(holding("b", gate.promise));
  await using front = frontOf([a, b], { policy: "least-conn" }, [{ weight: 3 }]);
  const clients = await Promise.all(Array.from({ length: 8 }, () => front.connect()));
  for (const client of clients) await client.send(getPath("/hold"));
  await until("all are in flight", () => a.requests.length + b.requests.length === 8);
  assertEquals([a.requests.length, b.requests.length], [6, 2]);
  gate.resolve();
  for (const client of clients) await client.response();
});

/** A request whose key is `key` by `source`. */
function keyed({ kind }: KeySource, key: string): string {
  switch (kind) {
    case "client":
      return get(`X-Forwarded-For: ${key}`);
    case "uri":
      return getPath(`/${key}`);
    case "host":
      return get().replace("a.example", `h${key.replaceAll(".", "-")}.example`);
    case "cookie":
      return get(`Cookie: other=1; user=${key}; last=2`);
    case "field":
      return get(`X-Key: ${key}`);
  }
}

Deno.test("hash keeps a key at one server, and moves the keys of a server that is gone alone", async (t) => {
  const sources: KeySource[] = [
    { kind: "client" },
    { kind: "uri" },
    { kind: "host" },
    { kind: "cookie", name: "user" },
    { kind: "field", name: "X-Key" },
  ];
  const keys = Array.from({ length: 60 }, (_, i) => `10.${i}.7.${i * 3}`);
  for (const hashKey of sources) {
    await t.step(hashKey.kind, async () => {
      await using a = new TestUpstream(named("a"));
      await using b = new TestUpstream(named("b"));
      await using c = new TestUpstream(named("c"));
      const group = groupOf([a, b, c], { policy: "hash", hashKey, failTimeout: LONG });
      await using front = new TestFront({
        routes: [routeTo(group)],
        trustedProxies: { unix: false, networks: ["127.0.0.1"] },
      });
      const client = await front.connect();
      const places = async () => {
        const all = new Map<string, string>();
        for (const key of keys) all.set(key, await ask(client, keyed(hashKey, key)));
        return all;
      };
      const before = await places();
      assertEquals(new Set(before.values()), new Set(["a", "b", "c"]));
      assertEquals(await places(), before, "a key stays");
      c.script = DEAD;
      const after = await places();
      const moved = keys.filter((key) => before.get(key) === "c").map((key) => after.get(key));
      assertEquals(new Set(moved), new Set(["a", "b"]), "the keys of the server that is gone are spread");
      for (const key of keys) if (before.get(key) !== "c") assertEquals(after.get(key), before.get(key), key);
      // Once more on the connection that was idle, again on a fresh one, then it rests.
      assertEquals(c.requests.length, 2 * moved.length + 2);
    });
  }
});

Deno.test("hash puts a key where it was when a server is added, or taken by the new one", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"));
  await using c = new TestUpstream(named("c"));
  const options = { policy: "hash", hashKey: { kind: "uri" } } as const;
  await using two = frontOf([a, b], options);
  // In another order: a key's place must not depend on it, or two proxies would not agree.
  await using three = frontOf([c, b, a], options);
  const before = await two.connect(), after = await three.connect();
  let stayed = 0;
  for (let i = 0; i < 60; i++) {
    const was = await ask(before, getPath(`/${i}`)), is = await ask(after, getPath(`/${i}`));
    if (is === was) stayed++;
    else assertEquals(is, "c");
  }
  assert(stayed > 20 && stayed < 60, `${stayed} of 60 stay`);
});

/** The `name=value` of the answer's only cookie; null for none. */
function cookieIn(response: RawResponse): string | null {
  return fieldOf(response, "set-cookie")?.split(";")[0] ?? null;
}

Deno.test("a sticky cookie keeps a client at its server as long as that is well", async () => {
  await using a = new TestUpstream(named("a"), "tcp");
  await using b = new TestUpstream(named("b"), "tcp");
  await using c = new TestUpstream(named("c"), "tcp");
  await using front = frontOf([a, b, c], { stickyCookie: "route", failTimeout: LONG });
  const client = await front.connect();
  const fetch = async (...lines: string[]) => {
    await client.send(get(...lines));
    return await client.response();
  };
  await fetch();
  const first = await fetch();
  assertEquals(first.body, "b");
  const setCookie = fieldOf(first, "set-cookie") ?? "";
  assertMatch(setCookie, /^route=[0-9a-f]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
  const cookie = cookieIn(first);
  for (let i = 0; i < 5; i++) {
    const next = await fetch(`Cookie: a=b; ${cookie}; c=d`);
    assertEquals([next.body, cookieIn(next)], ["b", null]);
  }
  const other = await fetch();
  assertNotEquals(cookieIn(other), cookie, "every server has its own");
  const wrong = await fetch("Cookie: route=0000000000000000");
  assertMatch(cookieIn(wrong) ?? "", /^route=[0-9a-f]{16}$/);
  b.script = DEAD;
  const moved = await fetch(`Cookie: ${cookie}`);
  assertEquals(moved.status, 200);
  assertNotEquals(moved.body, "b");
  const newCookie = cookieIn(moved);
  assertNotEquals(newCookie, null);
  assertNotEquals(newCookie, cookie);
  for (let i = 0; i < 4; i++) {
    const next = await fetch(`Cookie: ${newCookie}`);
    assertEquals([next.body, cookieIn(next)], [moved.body, null]);
  }
});

Deno.test("a sticky cookie is added to the server's own, and to errors that it answers", async () => {
  await using a = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write(reply("no", "500 Internal Server Error", "Set-Cookie: session=1; Path=/\r\n"));
  });
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { stickyCookie: "route" });
  const client = await front.connect();
  await client.send(get());
  const { status, fields } = await client.response();
  assertEquals(status, 500);
  const cookies = fields.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, value]) =>
    value.split("=")[0]
  );
  assertEquals(cookies, ["session", "route"]);
});

Deno.test("a request waits while every server has its max-conns, and is served when one has ended", async () => {
  const gates = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
  await using a = new TestUpstream(holding("a", gates.a.promise));
  await using b = new TestUpstream(holding("b", gates.b.promise));
  const each = { maxConns: 1 };
  await using front = frontOf([a, b], { queue: 1, queueTimeout: LONG }, [each, each]);
  const [first, second, ...late] = await Promise.all(Array.from({ length: 4 }, () => front.connect()));
  await first.send(getPath("/hold"));
  await a.request();
  await second.send(getPath("/hold"));
  await b.request();
  // One of them waits; then the queue is full, which is said at once.
  const elapsed = stopwatch();
  for (const client of late) await client.send(getPath("/late"));
  const { at, first: refused, answers } = await firstAnswered(late);
  assertEquals(refused.status, 503);
  assertEquals(fieldOf(refused, "retry-after"), "1");
  assert(elapsed() < 2_000, `${elapsed()}`);
  assertMatch(front.errors.text, /GET "\/late" .*: the upstream is busy: 1 requests wait already/);
  assertEquals([a.requests.length, b.requests.length], [1, 1]);
  gates.b.resolve();
  assertEquals((await second.response()).body, "b");
  assertEquals((await answers[1 - at]).body, "b");
  assertEquals(b.seen, ["GET /hold", "GET /late"]);
  assertEquals(a.requests.length, 1);
  gates.a.resolve();
  assertEquals((await first.response()).body, "a");
  assertEquals((await askTimes(4, second)).sort(), ["a", "a", "b", "b"]);
  assertEquals([a.connections, b.connections], [1, 1], "never more than one at once");
});

Deno.test("a request that waited too long is answered with 503", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  await using front = frontOf([a], { queueTimeout: SHORT }, [{ maxConns: 1 }]);
  const first = await front.connect(), second = await front.connect();
  await first.send(getPath("/hold"));
  await a.request();
  const elapsed = stopwatch();
  await second.send(post("Content-Length: 2") + "hi");
  const response = await second.response();
  // The runtime's timers count whole milliseconds.
  assert(elapsed() >= SHORT - 1 && elapsed() <= 3 * SHORT, `${elapsed()}`);
  assertEquals([response.status, fieldOf(response, "retry-after")], [503, "1"]);
  assertMatch(front.errors.text, /the upstream is busy: a request waited too long for its turn/);
  gate.resolve();
  assertEquals((await first.response()).body, "a");
  assertEquals(await ask(second), "a", "the connection, and the server, are as good as before");
  assertEquals(a.requests.length, 2);
});

Deno.test("a client that leaves while its request waits is logged as 499, and the next in line is served", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  await using front = frontOf([a], { queue: 2, queueTimeout: LONG }, [{ maxConns: 1 }]);
  const first = await front.connect();
  await first.send(getPath("/hold"));
  await a.request();
  const clients = await Promise.all(Array.from({ length: 3 }, () => front.connect()));
  for (const [i, client] of clients.entries()) await client.send(getPath(`/${i}`));
  // Two wait as soon as there is no room for a third.
  const { at, first: refused, answers } = await firstAnswered(clients);
  assertEquals(refused.status, 503);
  const leaves = (at + 1) % 3, stays = (at + 2) % 3;
  clients[leaves].close();
  const left = await until("it is logged", () => front.log.entries.find(({ status }) => status === 499));
  assertEquals(left.requestLine, `GET /${leaves} HTTP/1.1`);
  gate.resolve();
  assertEquals((await first.response()).body, "a");
  assertEquals((await answers[stays]).body, "a");
  assertEquals(a.seen, ["GET /hold", `GET /${stays}`]);
  assertEquals(front.log.entries.map(({ status }) => status).sort(), [200, 200, 499, 503]);
  assert(!front.errors.text.includes(`"/${leaves}"`), "its leaving is nobody's fault");
});

Deno.test("requests that wait are served one by one in the order they came", async () => {
  await using a = new TestUpstream(named("a"));
  const gate = Promise.withResolvers<void>();
  a.script = holding("a", gate.promise);
  await using front = frontOf([a], { queueTimeout: LONG }, [{ maxConns: 1 }]);
  const holder = await front.connect();
  await holder.send(getPath("/hold"));
  await a.request();
  const clients = await Promise.all(Array.from({ length: 20 }, () => front.connect()));
  await Promise.all(clients.map((client, i) => client.send(getPath(`/${i}`))));
  gate.resolve();
  for (const client of clients) assertEquals((await client.response()).body, "a");
  assertEquals(new Set(a.seen).size, 21);
  assertEquals(a.connections, 1);
});

Deno.test("a request that waits is told when the servers it waits for go down", async () => {
  // Two that are busy; both fail, and nobody would ever end a request any more.
  const gate = Promise.withResolvers<void>();
  const fails: Script = async (request, peer) => {
    await request.finished;
    await gate.promise;
    peer.close();
  };
  await using a = new TestUpstream(fails);
  await using b = new TestUpstream(fails);
  const each = { maxConns: 1 };
  await using front = frontOf([a, b], { queue: 3, queueTimeout: LONG, failTimeout: LONG }, [each, each]);
  const clients = await Promise.all(Array.from({ length: 6 }, () => front.connect()));
  for (const client of clients.slice(0, 2)) await client.send(post());
  await Promise.all([a.request(), b.request()]);
  for (const client of clients.slice(2)) await client.send(post());
  const { first: refused, answers } = await firstAnswered(clients.slice(2));
  assertEquals(refused.status, 503);
  gate.resolve();
  for (const client of clients.slice(0, 2)) assertEquals((await client.response()).status, 502);
  await Promise.all(answers);
  assertEquals(front.log.entries.map(({ status }) => status), [503, 502, 502, 502, 502, 502]);
  assertEquals([a.requests.length, b.requests.length], [1, 1]);
});

Deno.test("those that wait are all served when a server is back", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  await using b = new TestUpstream(DEAD);
  const fronted = groupOf([b, a], { queue: 4, queueTimeout: LONG, failTimeout: SHORT }, [{ maxConns: 4 }, {
    maxConns: 2,
  }]);
  await using front = new TestFront({ routes: [routeTo(fronted)] });
  const client = await front.connect();
  assertEquals(await ask(client), "a", "the other has failed, and rests");
  const elapsed = stopwatch();
  const holders = [await front.connect(), await front.connect()];
  for (const holder of holders) await holder.send(getPath("/hold"));
  await until("they are held", () => a.requests.length === 3);
  const held = Promise.withResolvers<void>();
  b.script = holding("b", held.promise);
  const clients = await Promise.all(Array.from({ length: 5 }, () => front.connect()));
  for (const one of clients) await one.send(getPath("/hold"));
  const { at, first: refused, answers } = await firstAnswered(clients);
  assertEquals(refused.status, 503, "four fill the queue");
  await until("the rest is over", () => elapsed() > SHORT + 50);
  // A trial, which overtakes those that wait; its success must let all of them in.
  assertEquals(await ask(client), "b");
  await until("all of them are served", () => b.requests.length === 6);
  gate.resolve();
  held.resolve();
  const waited = await Promise.all(answers);
  assertEquals(waited.filter((_, i) => i !== at).map(({ body }) => body), ["b", "b", "b", "b"]);
  for (const holder of holders) assertEquals((await holder.response()).body, "a");
});

Deno.test("a backup is asked only while the others are down", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"));
  await using spare = new TestUpstream(named("spare"));
  await using front = frontOf([a, b, spare], { failTimeout: SHORT }, [{}, {}, { backup: true }]);
  const client = await front.connect();
  assertEquals((await askTimes(6, client)).join(""), "ababab");
  a.script = DEAD;
  assertEquals(await askTimes(4, client), ["b", "b", "b", "b"]);
  assertEquals(spare.connections, 0);
  b.script = DEAD;
  assertEquals(await ask(client), "spare", "the same request goes on to it");
  assertEquals(await ask(client), "spare");
  a.script = named("a");
  await until("the others are back", async () => await ask(client) === "a");
  const asked = spare.requests.length;
  assertEquals((await askTimes(4, client)).filter((name) => name !== "a" && name !== "b"), []);
  assertEquals(spare.requests.length, asked);
});

Deno.test("a backup is not asked because the others are busy", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  await using b = new TestUpstream(holding("b", gate.promise));
  await using spare = new TestUpstream(named("spare"));
  await using front = frontOf([a, b, spare], { queue: 1, queueTimeout: LONG }, [
    { maxConns: 1 },
    { maxConns: 1 },
    { backup: true },
  ]);
  const clients = await Promise.all(Array.from({ length: 4 }, () => front.connect()));
  for (const client of clients.slice(0, 2)) await client.send(getPath("/hold"));
  await Promise.all([a.request(), b.request()]);
  const late = clients.slice(2);
  for (const client of late) await client.send(get());
  const { at, first: refused, answers } = await firstAnswered(late);
  assertEquals(refused.status, 503);
  gate.resolve();
  for (const client of clients.slice(0, 2)) assertEquals((await client.response()).status, 200);
  assertEquals((await answers[1 - at]).status, 200);
  assertEquals(spare.connections, 0);
});

Deno.test("a backup takes over when no other can be connected to, for any method", async () => {
  await using spare = new TestUpstream(named("spare"));
  await using front = frontOf([refusing(), spare], {}, [{}, { backup: true }]);
  const client = await front.connect();
  assertEquals(await ask(client, post("Content-Length: 2") + "hi"), "spare");
  assertEquals(spare.requests[0].body, "hi");
});

Deno.test("a group of one server never takes it out", async (t) => {
  const cases: [name: string, changes: Partial<GroupOptions>, server: Partial<ServerOptions>][] = [
    ["with every default", {}, {}],
    ["with max-conns", {}, { maxConns: 5 }],
    ["with a sticky cookie", { stickyCookie: "route" }, {}],
    ["by hash", { policy: "hash" }, {}],
    ["as a backup", {}, { backup: true }],
  ];
  for (const [name, changes, server] of cases) {
    await t.step(name, async () => {
      await using a = new TestUpstream(DEAD);
      await using front = frontOf([a], { maxFails: 1, failTimeout: LONG, ...changes }, [server]);
      const client = await front.connect();
      assertEquals(await askTimes(5, client), Array(5).fill("502"));
      assertEquals(a.requests.length, 5, "each is tried");
      a.script = named("a");
      assertEquals(await ask(client), "a");
      assert(!/ rests | is back/.test(front.errors.text), front.errors.text);
    });
  }
});
