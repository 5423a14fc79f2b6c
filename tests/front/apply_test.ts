/** Another configuration while a front serves: nothing that is open ends, everything that comes is served by the new one. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import type { GroupOptions, HealthCheckOptions } from "../../lib/config/group_options.ts";
import { plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import type { FrontChanges } from "../../lib/front/front.ts";
import { get, post } from "../http1/corpus/case.ts";
import { fieldOf, type RawClient } from "../support/raw_http.ts";
import { MemoryLog, TestFront } from "../support/test_front.ts";
import { ask, askTimes, DEAD, getPath, groupOf, named, routeTo, SILENT, stopwatch } from "../support/test_group.ts";
import { answering, reply, type Script, TestUpstream, type UpstreamPeer } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

/** Longer than any test lasts, ms. */
const LONG = 60_000;

const CHECK: HealthCheckOptions = {
  path: "/health",
  host: null,
  interval: 30,
  timeout: 1_000,
  statuses: [[200, 399]],
  passes: 1,
  fails: 1,
};

/** What a front is changed to: everything but the routes is the default. */
function changed(front: TestFront, routes: readonly RouteOptions[], others: Partial<FrontChanges> = {}): FrontChanges {
  return {
    routes,
    limits: DEFAULTS.limits,
    trustedProxies: { unix: false, networks: [] },
    accessLog: front.log,
    ...others,
  };
}

/** A route that answers by itself. */
function saying(body: string, prefix = "/"): RouteOptions {
  return plainRoute(prefix, { kind: "respond", status: 200, contentType: "text/plain", body });
}

function checks(upstream: TestUpstream): number {
  return upstream.requests.filter(({ target }) => target === "/health").length;
}

/** Answers with its name, `GET /hold` when `gate` is opened. */
function holding(name: string, gate: Promise<void>): Script {
  return async (request, peer) => {
    await request.finished;
    if (request.target === "/hold") await gate;
    await peer.write(reply(name));
  };
}

Deno.test("apply() serves the next request of an open connection by the new routes", async () => {
  await using old = new TestUpstream(named("old"));
  await using fresh = new TestUpstream(named("new"));
  await using front = new TestFront({ routes: [routeTo(groupOf([old]), "/a"), saying("same", "/b")] });
  const clients = await Promise.all([front.connect(), front.connect()]);
  for (const client of clients) {
    assertEquals(await ask(client, getPath("/a")), "old");
    assertEquals(await ask(client, getPath("/c")), "404");
  }
  front.front.apply(changed(front, [routeTo(groupOf([fresh]), "/a"), saying("added", "/c")]));
  for (const client of clients) {
    assertEquals(await ask(client, getPath("/a")), "new");
    assertEquals(await ask(client, getPath("/b")), "404");
    assertEquals(await ask(client, getPath("/c")), "added");
  }
  assertEquals(old.requests.length, 2);
});

Deno.test("apply() lets requests in flight end by the routes they began with", async () => {
  const gate = Promise.withResolvers<void>();
  await using old = new TestUpstream(holding("old", gate.promise));
  await using front = new TestFront({ routes: [routeTo(groupOf([old]))] });
  const client = await front.connect();
  // The second waits in the connection for the first: it is handled after the change.
  await client.send(getPath("/hold") + getPath("/next"));
  await old.request();
  front.front.apply(changed(front, [saying("new")]));
  gate.resolve();
  assertEquals((await client.response()).body, "old");
  assertEquals((await client.response()).body, "new");
  assertEquals(await ask(client), "new");
  await until("nothing is left of the old upstream", () => old.open === 0);
  assertEquals(front.log.entries.map(({ status }) => status), [200, 200, 200]);
});

Deno.test("apply() lets an upgraded connection go on", async () => {
  let heard = "";
  const peers: UpstreamPeer[] = [];
  await using old = new TestUpstream(async (_, peer) => {
    peers.push(peer);
    peer.raw((text) => heard += text);
    await peer.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  });
  await using front = new TestFront({ routes: [routeTo(groupOf([old]))] });
  const client = await front.connect();
  await client.send(get("Connection: Upgrade", "Upgrade: websocket"));
  assertEquals((await client.head()).status, 101);
  for (let i = 0; i < 3; i++) {
    front.front.apply(changed(front, [saying(`new ${i}`)]));
    await client.send(`to ${i};`);
    await until("it has come", () => heard.endsWith(`to ${i};`));
    await peers[0].write(`from ${i};`);
    await client.through(`from ${i};`);
  }
  assertEquals(await ask(await front.connect()), "new 2");
  client.close();
  await within("the front has ended its side", peers[0].ended);
  peers[0].close();
  await front.log.entry(2);
});

Deno.test("apply() lets bodies stream on, both ways, and serves what comes behind them by the new routes", async () => {
  const peers: UpstreamPeer[] = [];
  await using old = new TestUpstream(async (_, peer) => {
    peers.push(peer);
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  });
  await using front = new TestFront({ routes: [routeTo(groupOf([old]))] });
  const client = await front.connect();
  await client.send(post("Transfer-Encoding: chunked"));
  assertEquals((await client.head()).status, 200);
  const request = await old.request();
  for (let i = 0; i < 3; i++) {
    front.front.apply(changed(front, [saying("new")], { limits: { ...DEFAULTS.limits, maxBody: 1 } }));
    await client.send(`4\r\nto ${i}\r\n`);
    await until("it has come", () => request.body.endsWith(`to ${i}`));
    await peers[0].write(`6\r\nfrom ${i}\r\n`);
    await client.through(`6\r\nfrom ${i}\r\n`);
  }
  await client.send("0\r\n\r\n");
  await request.finished;
  await peers[0].write("0\r\n\r\n");
  await client.through("0\r\n\r\n");
  assertEquals(await ask(client), "new");
  await until("nothing is left of the old upstream", () => old.open === 0);
});

Deno.test("apply() changes limits, trusted proxies and the access log for open connections", async () => {
  await using a = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write(reply(fieldOf(request, "x-forwarded-for") ?? ""));
  });
  const routes = [routeTo(groupOf([a]))];
  await using front = new TestFront({ routes });
  const client = await front.connect(), body = post("Content-Length: 11") + "hello world";
  const forwarded = get("X-Forwarded-For: 203.0.113.7");
  assertEquals(await ask(client, forwarded), "127.0.0.1");
  assertEquals(await ask(client, body), "127.0.0.1");
  const log = new MemoryLog();
  const trustedProxies = { unix: false, networks: ["127.0.0.0/8"] };
  const limits = { ...DEFAULTS.limits, maxBody: 10 };
  front.front.apply(changed(front, routes, { limits, trustedProxies, accessLog: log }));
  assertEquals(await ask(client, forwarded), "203.0.113.7, 127.0.0.1");
  await client.send(body);
  assertEquals((await client.response()).status, 413);
  assertEquals(front.log.entries.map(({ remoteAddress }) => remoteAddress), ["127.0.0.1", "127.0.0.1"]);
  await log.entry(2);
  assertEquals(log.entries.map(({ remoteAddress, status }) => [remoteAddress, status]), [
    ["203.0.113.7", 200],
    ["127.0.0.1", 413],
  ]);
  front.front.apply(changed(front, routes));
  assertEquals(await ask(await front.connect(), body), "127.0.0.1");
  assertEquals(front.log.entries.length, 3);
});

Deno.test("apply() changes how many connections may be open, and closes none", async () => {
  await using front = new TestFront({ routes: [saying("a")] });
  const clients = await Promise.all([front.connect(), front.connect()]);
  for (const client of clients) assertEquals(await ask(client), "a");
  front.front.apply(changed(front, [saying("b")], { limits: { ...DEFAULTS.limits, maxConnections: 1 } }));
  for (const client of clients) assertEquals(await ask(client), "b");
  assertEquals((await (await front.connect()).response()).status, 503);
  front.front.apply(changed(front, [saying("c")]));
  assertEquals(await ask(await front.connect()), "c");
});

Deno.test("apply() changes how many requests a connection may carry", async () => {
  await using front = new TestFront({ routes: [saying("a")] });
  const client = await front.connect();
  await askTimes(3, client);
  front.front.apply(changed(front, [saying("b")], { limits: { ...DEFAULTS.limits, keepaliveRequests: 2 } }));
  await client.send(get());
  assertEquals(fieldOf(await client.response(), "connection"), "close");
  assertEquals((await client.end()).rest, "");
});

Deno.test("apply() keeps the idle connections of a group that is the same", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"));
  const group = () => groupOf([a, b], { policy: "least-conn" });
  await using front = new TestFront({ routes: [routeTo(group())] });
  const client = await front.connect();
  await askTimes(4, client);
  for (let i = 0; i < 3; i++) {
    front.front.apply(changed(front, [routeTo(group()), saying(`${i}`, "/other")]));
    assertEquals((await askTimes(2, client)).sort(), ["a", "b"]);
    assertEquals(await ask(client, getPath("/other")), `${i}`);
  }
  assertEquals([a.connections, b.connections], [1, 1]);
});

/** Changes of a group by which its servers stay what they are. */
const KEEPING: readonly (readonly [name: string, changes: Partial<GroupOptions>])[] = [
  ["another policy", { policy: "least-conn" }],
  ["a cookie", { stickyCookie: "route" }],
  ["a queue", { queue: 1 }],
  ["a slow start", { slowStart: 5_000 }],
];

Deno.test("apply() keeps the connections and the health of servers that stay in a group that changes", async (t) => {
  for (const [name, changes] of KEEPING) {
    await t.step(name, async () => {
      await using bad = new TestUpstream(DEAD);
      await using good = new TestUpstream(named("good"));
      await using added = new TestUpstream(named("added"));
      const known = { failTimeout: LONG };
      await using front = new TestFront({ routes: [routeTo(groupOf([bad, good], known))] });
      const client = await front.connect();
      assertEquals(await askTimes(2, client), ["good", "good"]);
      bad.script = named("bad");
      front.front.apply(changed(front, [routeTo(groupOf([bad, good], { ...known, ...changes }))]));
      assertEquals(await askTimes(4, client), Array(4).fill("good"), "the other one still rests");
      front.front.apply(changed(front, [routeTo(groupOf([added, bad, good], { ...known, ...changes }))]));
      assertEquals(new Set(await askTimes(6, client)), new Set(["good", "added"]));
      assertEquals([bad.requests.length, good.connections, added.connections], [1, 1, 1]);
    });
  }
});

Deno.test("apply() changes the weight of a server that stays", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"));
  await using front = new TestFront({ routes: [routeTo(groupOf([a, b]))] });
  const client = await front.connect();
  assertEquals((await askTimes(8, client)).filter((name) => name === "a").length, 4);
  front.front.apply(changed(front, [routeTo(groupOf([a, b], {}, [{ weight: 3 }]))]));
  assertEquals((await askTimes(8, client)).filter((name) => name === "a").length, 6);
  assertEquals([a.connections, b.connections], [1, 1]);
});

Deno.test("apply() keeps what health checks have found, and forgets it when there are none any more", async () => {
  await using a = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write(request.target === "/health" ? reply("ill", "503 Service Unavailable") : reply("a"));
  });
  await using b = new TestUpstream(named("b"));
  const group = (healthCheck: HealthCheckOptions | null) => routeTo(groupOf([a, b], { healthCheck }));
  await using front = new TestFront({ routes: [group(CHECK)] });
  await until("it is taken out", () => front.errors.text.includes("taken out"));
  const client = await front.connect();
  front.front.apply(changed(front, [group({ ...CHECK, interval: 50 })]));
  assertEquals(await askTimes(4, client), ["b", "b", "b", "b"]);
  front.front.apply(changed(front, [group(null)]));
  assertEquals((await askTimes(4, client)).sort(), ["a", "a", "b", "b"]);
});

Deno.test("apply() closes the idle connections of groups that are gone, and stops their health checks", async () => {
  await using gone = new TestUpstream(named("gone"));
  await using hung = new TestUpstream(SILENT);
  await using stays = new TestUpstream(named("stays"));
  const healthCheck = { ...CHECK, timeout: LONG };
  const kept = routeTo(groupOf([stays], { name: "stays", healthCheck }), "/stays");
  await using front = new TestFront({
    routes: [routeTo(groupOf([gone, hung], { name: "gone", healthCheck: CHECK })), kept],
  });
  const client = await front.connect();
  await until("all are checked", () => checks(gone) > 1 && checks(hung) > 0 && checks(stays) > 1);
  assertEquals(await ask(client), "gone");
  assert(gone.open > 0);
  front.front.apply(changed(front, [kept]));
  await until("nothing is left of it", () => gone.open === 0 && hung.open === 0);
  const asked = [gone.requests.length, hung.requests.length], more = checks(stays) + 10;
  await until("the others' checks go on", () => checks(stays) > more);
  assertEquals([gone.requests.length, hung.requests.length], asked);
  assertEquals(await ask(client, getPath("/stays")), "stays");
});

Deno.test("apply() ends the connections in use of a server that is gone when their requests have ended", async () => {
  const gate = Promise.withResolvers<void>();
  await using gone = new TestUpstream(holding("gone", gate.promise));
  await using stays = new TestUpstream(named("stays"));
  await using front = new TestFront({ routes: [routeTo(groupOf([gone, stays]))] });
  const client = await front.connect(), other = await front.connect();
  await client.send(getPath("/hold"));
  await gone.request();
  front.front.apply(changed(front, [routeTo(groupOf([stays]))]));
  assertEquals(await askTimes(3, other), ["stays", "stays", "stays"]);
  assertEquals(gone.open, 1);
  gate.resolve();
  assertEquals((await client.response()).body, "gone");
  await until("its connection is closed", () => gone.open === 0);
});

Deno.test("apply() that cannot be done changes nothing", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  await using b = new TestUpstream(holding("b", gate.promise));
  const wrong = plainRoute("/files", { kind: "static", root: "/nonexistent/stackd" });
  const before = groupOf([a, b], { queue: 0 }, [{ maxConns: 1 }, { maxConns: 1 }]);
  await using front = new TestFront({ routes: [routeTo(before)] });
  const clients = await Promise.all(Array.from({ length: 3 }, () => front.connect())), [client] = clients;
  assertEquals((await askTimes(4, client)).join(""), "abab");
  const after = groupOf([a, b], { queue: 0 }, [{ weight: 3 }]), limits = { ...DEFAULTS.limits, maxBody: 1 };
  assertThrows(() => front.front.apply(changed(front, [routeTo(after), wrong], { limits })));
  assertEquals((await askTimes(4, client)).join(""), "abab", "the weights are what they were");
  assertEquals(await ask(client, post("Content-Length: 2") + "hi"), "a");
  for (const busy of clients.slice(1)) await busy.send(getPath("/hold"));
  await until("both are busy", () => [a, b].every(({ requests }) => requests.at(-1)?.target === "/hold"));
  assertEquals(await ask(client), "503", "and max-conns");
  gate.resolve();
  for (const busy of clients.slice(1)) assertEquals((await busy.response()).status, 200);
});

Deno.test("apply() leaves requests that wait their turns, before and after it", async (t) => {
  const changes: [name: string, changes: Partial<GroupOptions>][] = [
    ["the group is the same", {}],
    ["the group has changed", { policy: "least-conn" }],
    ["the group has got another name", { name: "other" }],
  ];
  for (const [name, change] of changes) {
    await t.step(name, async () => {
      const gate = Promise.withResolvers<void>();
      await using a = new TestUpstream(holding("a", gate.promise));
      const group = groupOf([a], { queue: 1, queueTimeout: LONG }, [{ maxConns: 1 }]);
      await using front = new TestFront({ routes: [routeTo(group)] });
      const [busy, ...late] = await Promise.all(Array.from({ length: 4 }, () => front.connect()));
      await busy.send(getPath("/hold"));
      await a.request();
      // One of two waits as soon as the other is refused.
      for (const client of late.slice(0, 2)) await client.send(getPath("/before"));
      const answers = late.slice(0, 2).map((client) => client.response());
      assertEquals((await Promise.race(answers)).status, 503);
      front.front.apply(changed(front, [routeTo({ ...group, queue: 2, ...change })]));
      await late[2].send(getPath("/after"));
      const after = late[2].response();
      gate.resolve();
      assertEquals((await busy.response()).body, "a");
      assertEquals((await Promise.all(answers)).map(({ status }) => status).sort(), [200, 503]);
      assertEquals((await after).status, 200);
      assertEquals(a.requests.map(({ target }) => target).sort(), ["/after", "/before", "/hold"]);
      assertEquals(await ask(busy), "a");
    });
  }
});

Deno.test("apply() gives requests that wait the places that it adds", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new TestUpstream(holding("a", gate.promise));
  const group = (maxConns: number) => routeTo(groupOf([a], { queue: 1, queueTimeout: LONG }, [{ maxConns }]));
  await using front = new TestFront({ routes: [group(1)] });
  const clients = await Promise.all(Array.from({ length: 3 }, () => front.connect()));
  await clients[0].send(getPath("/hold"));
  await a.request();
  for (const client of clients.slice(1)) await client.send(getPath("/late"));
  const answers = clients.slice(1).map((client) => client.response());
  assertEquals((await Promise.race(answers)).status, 503);
  front.front.apply(changed(front, [group(2)]));
  assertEquals((await Promise.all(answers)).map(({ status }) => status).sort(), [200, 503]);
  gate.resolve();
  assertEquals((await clients[0].response()).body, "a");
});

Deno.test("20 changes under load cost no request and no connection", async () => {
  const echo: Script = async (request, peer) => {
    await request.finished;
    // Long enough for requests to wait when two places are all there are.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await peer.write(reply(request.method === "POST" ? request.body : request.target));
  };
  await using a = new TestUpstream(echo);
  await using b = new TestUpstream(echo, "tcp");
  await using c = new TestUpstream(echo);
  await using page = new TestUpstream(answering(reply("ok")));
  const groups: GroupOptions[] = [
    groupOf([a, b]),
    groupOf([a, b], { policy: "least-conn" }, [{ weight: 3 }]),
    groupOf([c, b], { policy: "random-two" }),
    groupOf([a, b, c], { policy: "hash", hashKey: { kind: "uri" }, healthCheck: { ...CHECK, path: "/" } }),
    groupOf([a], { name: "alone" }),
    groupOf([b, c], { name: "narrow", queueTimeout: LONG }, [{ maxConns: 1 }, { maxConns: 1 }]),
    groupOf([a, c], { stickyCookie: "route", healthCheck: CHECK }),
  ];
  const routes = (
    i: number,
  ) => [routeTo(groups[i % groups.length]), routeTo(groupOf([page], { name: "page" }), "/page")];
  await using front = new TestFront({ routes: routes(0) });
  let stop = false, answered = 0;
  const load = async (client: RawClient, number: number) => {
    for (let i = 0; !stop; i++) {
      const id = `/${number}-${i}`;
      const request = i % 5 === 0 ? post(`Content-Length: ${id.length}`) + id : getPath(id);
      await client.send(request);
      const response = await client.response();
      assertEquals([response.status, response.body], [200, id]);
      // The last request that a connection may carry.
      assertEquals(fieldOf(response, "connection"), null);
      answered++;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  const clients = await Promise.all(Array.from({ length: 10 }, () => front.connect()));
  const elapsed = stopwatch(), running = clients.map(load);
  const failed = Promise.race(running.map((one) => one.then(() => null))); // rejects with what fails first
  failed.catch(() => {});
  for (let i = 1; i <= 20; i++) {
    const before = answered;
    front.front.apply(changed(front, routes(i)));
    await Promise.race([failed, until("all have been answered since", () => answered >= before + 30)]);
  }
  const seconds = elapsed() / 1_000;
  stop = true;
  await Promise.all(running);
  assert(answered / seconds > 100, `${answered} in ${seconds} s is no load`);
  assertEquals(front.log.entries.filter(({ status }) => status !== 200), []);
  assertEquals(front.errors.text, "");
  // Of the last configuration's servers, and of those that are in no group any more.
  front.front.apply(changed(front, [saying("end")]));
  await until("no connection is left", () => a.open + b.open + c.open + page.open === 0);
});
