/** How a group learns which of its servers are well: from requests that fail, and by asking for itself. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { GroupOptions, HealthCheckOptions, ServerOptions } from "../../lib/config/group_options.ts";
import { get, post } from "../http1/corpus/case.ts";
import { listening } from "../support/own_sockets.ts";
import { fieldOf } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import {
  ask,
  askTimes,
  DEAD,
  FullListener,
  groupOf,
  named,
  refusing,
  routeTo,
  SILENT,
  stopwatch,
} from "../support/test_group.ts";
import { reply, type Script, type SeenRequest, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const SHORT = 300;
/** Longer than any test lasts, ms. */
const LONG = 60_000;
/** Between two rounds of health checks, ms. */
const INTERVAL = 40;

function frontOf(
  upstreams: readonly Pick<TestUpstream, "target">[],
  changes: Partial<GroupOptions> = {},
  servers: readonly Partial<ServerOptions>[] = [],
): TestFront {
  return new TestFront({ routes: [routeTo(groupOf(upstreams, changes, servers))] });
}

/** As the configuration has a server in its log lines. */
function nameOf({ target }: TestUpstream): string {
  return target.transport === "unix" ? `unix:${target.path}` : `${target.hostname}:${target.port}`;
}

/** How often `text` stands in `log`. */
function count(log: string, text: string): number {
  return log.split(text).length - 1;
}

Deno.test("a server rests when max-fails of its requests have failed", async () => {
  await using a = new TestUpstream(DEAD);
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { maxFails: 3, failTimeout: LONG });
  const client = await front.connect();
  assertEquals(await askTimes(20, client), Array(20).fill("b"), "no client notices");
  assertEquals(a.requests.length, 3);
  assertEquals(count(front.errors.text, "\n"), 1, front.errors.text);
  assertStringIncludes(
    front.errors.text,
    `[warn] Upstream server ${nameOf(a)} of g rests for 60 s: max-fails is reached`,
  );
});

Deno.test("a server with max-fails 0 never rests", async () => {
  await using a = new TestUpstream(DEAD);
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { maxFails: 0, failTimeout: LONG });
  assertEquals(await askTimes(10, await front.connect()), Array(10).fill("b"));
  assert(a.requests.length >= 5, `${a.requests.length}`);
  assertEquals(front.errors.text, "");
});

Deno.test("failures that are further apart than fail-timeout do not add up", async () => {
  let fails = true;
  await using a = new TestUpstream(async (request, peer) => {
    if (fails) return await DEAD(request, peer);
    await request.finished;
    await peer.write(reply("a"));
  });
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { maxFails: 2, failTimeout: SHORT });
  const client = await front.connect();
  assertEquals(await ask(client), "b");
  const elapsed = stopwatch();
  fails = false;
  await until("fail-timeout has passed", () => elapsed() > SHORT);
  fails = true;
  assertEquals(await askTimes(2, client), ["b", "b"]);
  assertEquals(front.errors.text, "", "that was the first failure again");
  assertEquals(await askTimes(2, client), ["b", "b"]);
  assertEquals(count(front.errors.text, " rests for 0.3 s"), 1, "that was the second");
});

Deno.test("after fail-timeout one request tries the server, and its success brings it back", async () => {
  await using a = new TestUpstream(DEAD);
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { failTimeout: SHORT });
  const client = await front.connect(), trial = await front.connect();
  const elapsed = stopwatch();
  assertEquals(await ask(client), "b");
  const gate = Promise.withResolvers<void>();
  a.script = async (request, peer) => {
    await request.finished;
    await gate.promise;
    await peer.write(reply("a"));
  };
  // Requests one after another; the one that is not answered is the trial.
  let answered = true;
  await until("it is tried", async () => {
    if (answered) {
      answered = false;
      await trial.send(get());
      trial.response().then(() => answered = true);
    }
    return await until("it is answered, or tried", () => answered || a.requests.length === 2) &&
      a.requests.length === 2;
  });
  assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
  assertEquals(await askTimes(5, client), Array(5).fill("b"), "one trial at a time");
  assertEquals(a.requests.length, 2);
  assert(!front.errors.text.includes("is back"));
  gate.resolve();
  await until("the trial is answered", () => answered);
  assertStringIncludes(front.errors.text, `[info] Upstream server ${nameOf(a)} of g is back: a request was answered`);
  assertEquals((await askTimes(6, client)).sort().join(""), "aaabbb");
  assertEquals(count(front.errors.text, "is back"), 1);
});

Deno.test("a trial that fails begins another rest, and costs no client its request", async () => {
  await using a = new TestUpstream(DEAD);
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { failTimeout: SHORT });
  const client = await front.connect();
  const elapsed = stopwatch();
  for (let trial = 1; trial <= 3; trial++) {
    await until(`attempt ${trial}`, async () => {
      assertEquals(await ask(client), "b");
      return a.requests.length === trial;
    });
    assert(elapsed() >= (trial - 1) * SHORT && elapsed() <= trial * 3 * SHORT, `${trial}: ${elapsed()}`);
  }
  assertEquals(count(front.errors.text, " rests for 0.3 s"), 1, "it is said once");
  assert(!front.errors.text.includes("[error]"));
});

/** A server whose checks are answered by `check`, and everything else with `name`. */
class CheckedServer implements AsyncDisposable {
  readonly upstream: TestUpstream;
  check: Script;

  constructor(name: string, check: Script = named("well"), transport: "unix" | "tcp" = "unix") {
    this.check = check;
    const other = named(name);
    this.upstream = new TestUpstream(
      (request, peer) => isCheck(request) ? this.check(request, peer) : other(request, peer),
      transport,
    );
  }

  get target() {
    return this.upstream.target;
  }

  get checks(): readonly SeenRequest[] {
    return this.upstream.requests.filter(isCheck);
  }

  get asked(): number {
    return this.upstream.requests.length - this.checks.length;
  }

  /** Waits for `n` more checks. */
  async checked(n: number): Promise<void> {
    const before = this.checks.length;
    await until(`it is checked ${n} times more`, () => this.checks.length >= before + n);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]();
  }
}

function isCheck({ target }: SeenRequest): boolean {
  return target === "/health?a=b";
}

const ILL: Script = async (request, peer) => {
  await request.finished;
  await peer.write(reply("ill", "503 Service Unavailable"));
};

function checking(changes: Partial<HealthCheckOptions> = {}): { readonly healthCheck: HealthCheckOptions } {
  return {
    healthCheck: {
      path: "/health?a=b",
      host: null,
      interval: INTERVAL,
      timeout: SHORT,
      statuses: [[200, 399]],
      passes: 1,
      fails: 1,
      ...changes,
    },
  };
}

Deno.test("a health check asks for its path on a connection of its own", async (t) => {
  for (const transport of ["unix", "tcp"] as const) {
    for (const host of [null, "check.example:81"]) {
      await t.step(`${transport}, Host ${host}`, async () => {
        await using a = new CheckedServer("a", undefined, transport);
        await using front = frontOf([a], checking({ host }));
        await a.checked(3);
        const { target } = a;
        const own = target.transport === "unix" ? "localhost" : `127.0.0.1:${target.port}`;
        for (const [i, check] of a.checks.entries()) {
          assertEquals(`${check.method} ${check.target}`, "GET /health?a=b");
          assertEquals(fieldOf(check, "host"), host ?? own);
          assertEquals(fieldOf(check, "connection"), "close");
          assertEquals(check.connection, i + 1);
        }
        assertEquals(await ask(await front.connect()), "a");
        assertEquals(front.errors.text, "");
        assertEquals(front.log.entries.length, 1, "checks are nobody's requests");
      });
    }
  }
});

Deno.test("a health check waits its interval after each round", async () => {
  await using a = new CheckedServer("a");
  await using front = frontOf([a], checking({ interval: SHORT }));
  const elapsed = stopwatch();
  await a.checked(1);
  const first = elapsed();
  await a.checked(1);
  // The runtime's timers count whole milliseconds.
  const between = elapsed() - first;
  assert(first <= SHORT / 2, `the first is at once: ${first}`);
  assert(between >= SHORT - 20 && between <= 3 * SHORT, `${between}`);
  assertEquals(front.errors.text, "");
});

Deno.test("a server that its health check says is ill is taken out before a client's request fails, and comes back", async (t) => {
  for (const transport of ["unix", "tcp"] as const) {
    await t.step(transport, async () => {
      await using a = new CheckedServer("a", undefined, transport);
      await using b = new CheckedServer("b", undefined, transport);
      await using front = frontOf([a, b], checking());
      const client = await front.connect();
      assertEquals((await askTimes(6, client)).join(""), "ababab");
      a.check = ILL;
      await until("it is said", () => front.errors.text.includes("taken out"));
      assertStringIncludes(
        front.errors.text,
        `[warn] Upstream server ${nameOf(a.upstream)} of g is taken out: its health check was answered 503`,
      );
      const asked = a.asked;
      assertEquals(await askTimes(6, client), Array(6).fill("b"));
      await a.checked(2);
      assertEquals(a.asked, asked);
      a.check = named("well");
      await until("it is back", () => front.errors.text.includes("is back"));
      assertStringIncludes(
        front.errors.text,
        `[info] Upstream server ${nameOf(a.upstream)} of g is back: its health check passes`,
      );
      assertEquals((await askTimes(6, client)).sort().join(""), "aaabbb");
      assertEquals(count(front.errors.text, "\n"), 2, front.errors.text);
      assertEquals(front.log.entries.every(({ status }) => status === 200), true);
    });
  }
});

Deno.test("a health check's statuses are those that are expected", async (t) => {
  const statuses = [[200, 200], [404, 405]] as const;
  const cases: [status: string, well: boolean][] = [
    ["200 OK", true],
    ["404 Not Found", true],
    ["405 Method Not Allowed", true],
    ["204 No Content", false],
    ["403 Forbidden", false],
    ["406 Not Acceptable", false],
    ["500 Internal Server Error", false],
  ];
  for (const [status, well] of cases) {
    await t.step(`${status} → ${well ? "well" : "ill"}`, async () => {
      await using a = new CheckedServer("a", async (request, peer) => {
        await request.finished;
        // Of no use to anybody, and no answer.
        await peer.write("HTTP/1.1 103 Early Hints\r\n\r\n");
        await peer.write(`HTTP/1.1 ${status}\r\n\r\n`);
      });
      await using b = new CheckedServer("b", ILL);
      await using front = frontOf([a, b], checking({ statuses }));
      await until("the other is out", () => front.errors.text.includes("taken out"));
      await a.checked(2);
      const answers = await askTimes(2, await front.connect());
      assertEquals(answers, well ? ["a", "a"] : ["502", "502"]);
      if (!well) assertStringIncludes(front.errors.text, `was answered ${status.split(" ", 1)}`);
    });
  }
});

Deno.test("a health check fails with whatever goes wrong, in time", async (t) => {
  const cases: [name: string, check: Script, why: RegExp, slow: boolean][] = [
    ["accepts and says nothing", SILENT, /its health check was not answered in time/, true],
    ["stops within its head", (_, peer) => peer.write("HTTP/1.1 200 OK\r\n"), /was not answered in time/, true],
    [
      "sends interim responses for ever",
      async (_, peer) => {
        let ended = false;
        peer.ended.then(() => ended = true);
        while (!ended) {
          await peer.write("HTTP/1.1 103 Early Hints\r\n\r\n");
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
      /was not answered in time/,
      true,
    ],
    ["closes", DEAD, /its health check failed: it closed the connection/, false],
    ["answers garbage", (_, peer) => peer.write("no\r\n\r\n"), /failed: it sent a bad response/, false],
  ];
  for (const [name, check, why, slow] of cases) {
    await t.step(name, async () => {
      await using a = new CheckedServer("a", check);
      await using b = new CheckedServer("b");
      const elapsed = stopwatch();
      await using front = frontOf([a, b], checking());
      await until("it is taken out", () => front.errors.text.includes("taken out"));
      if (slow) assert(elapsed() >= SHORT - 1 && elapsed() <= 3 * SHORT, `${elapsed()}`);
      assertMatch(front.errors.text, why);
      assertEquals(await askTimes(3, await front.connect()), ["b", "b", "b"]);
      a.check = named("well");
      await until("it is back", () => front.errors.text.includes("is back"));
    });
  }
  await t.step("resets the connection", async () => {
    using server = listening("unix");
    const { path } = server.listener.addr as Deno.UnixAddr;
    await using b = new CheckedServer("b");
    await using front = frontOf([{ target: { transport: "unix", path } }, b], checking({ interval: LONG }));
    const conn = await server.listener.accept();
    await conn.read(new Uint8Array(1));
    conn.close(); // with most of the check unread
    await until("it is taken out", () => front.errors.text.includes("taken out"));
    assertMatch(front.errors.text, /failed: it reset the connection/);
  });
  await t.step("refuses connections", async () => {
    await using b = new CheckedServer("b");
    await using front = frontOf([refusing(), b], checking());
    await until("it is taken out", () => front.errors.text.includes("taken out"));
    assertMatch(front.errors.text, /failed: it cannot be connected to: connection refused/);
    assertEquals(await askTimes(3, await front.connect()), ["b", "b", "b"]);
  });
});

Deno.test("a health check of a server that does not accept ends in time", async () => {
  await using full = await FullListener.start();
  await using b = new CheckedServer("b");
  const elapsed = stopwatch();
  await using front = frontOf([full, b], checking({ interval: LONG }));
  await until("it is taken out", () => front.errors.text.includes("taken out"));
  assert(elapsed() >= SHORT - 1 && elapsed() <= 3 * SHORT, `${elapsed()}`);
  assertMatch(front.errors.text, /its health check (was not answered|failed: it did not accept a connection) in time/);
  assertEquals(await askTimes(3, await front.connect()), ["b", "b", "b"]);
});

Deno.test("it takes as many bad checks in a row, and as many good ones, as configured", async () => {
  const results = [true, false, false, true, false, false, false, true, false, true, true];
  /** What the log said of the server as each check came. */
  const said: number[][] = [];
  const done = Promise.withResolvers<void>();
  await using a = new CheckedServer("a", async (request, peer) => {
    const { text } = front.errors;
    said.push([count(text, "is taken out"), count(text, "is back")]);
    const ok = results[said.length - 1];
    if (ok === undefined) return done.resolve();
    await (ok ? named("well") : ILL)(request, peer);
  });
  await using b = new CheckedServer("b");
  await using front = frontOf([a, b], checking({ fails: 3, passes: 2, timeout: LONG }));
  await done.promise;
  const out = 7, back = 11;
  assertEquals(said, Array.from({ length: results.length + 1 }, (_, i) => [i >= out ? 1 : 0, i >= back ? 1 : 0]));
  assertEquals((await askTimes(2, await front.connect())).sort(), ["a", "b"]);
});

Deno.test("health checks leave no connection behind", async (t) => {
  const cases: [name: string, check: Script][] = [
    ["that pass", named("well")],
    ["that keep the connection", async (request, peer) => {
      await request.finished;
      await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n`);
    }],
    ["that fail", ILL],
    ["that are not answered", SILENT],
  ];
  for (const [name, check] of cases) {
    await t.step(name, async () => {
      await using a = new CheckedServer("a", check);
      let open = 0, inAll = 0;
      const inner = a.check;
      a.check = (request, peer) => {
        open = Math.max(open, a.upstream.open);
        inAll++;
        return inner(request, peer);
      };
      {
        await using _ = frontOf([a], checking({ timeout: 50 }));
        await a.checked(6);
        await until("the last one has ended", () => a.upstream.open === 0);
      }
      assert(open <= 2, `${open} were open at once`);
      await until("none is left", () => a.upstream.open === 0);
      assertEquals(a.upstream.connections, inAll);
    });
  }
});

Deno.test("a server alone that its health check says is ill is not asked", async () => {
  await using a = new CheckedServer("a", ILL);
  await using front = frontOf([a], checking());
  const client = await front.connect();
  await until("it is taken out", () => front.errors.text.includes("taken out"));
  assertEquals(await ask(client, post("Content-Length: 2") + "hi"), "502");
  assertMatch(front.errors.text, /the upstream has no server that is well/);
  assertEquals(a.asked, 0);
  a.check = named("well");
  await until("it is back", () => front.errors.text.includes("is back"));
  assertEquals(await ask(client), "a");
});

Deno.test("requests that wait are served when a health check brings a server back", async () => {
  const gate = Promise.withResolvers<void>();
  await using a = new CheckedServer("a", ILL);
  await using b = new TestUpstream(async (request, peer) => {
    if (!isCheck(request)) await gate.promise;
    await peer.write(reply("b"));
  });
  await using front = frontOf([a, b], { queueTimeout: LONG, ...checking() }, [{ maxConns: 2 }, { maxConns: 1 }]);
  await until("it is taken out", () => front.errors.text.includes("taken out"));
  const clients = await Promise.all(Array.from({ length: 3 }, () => front.connect()));
  for (const client of clients) await client.send(get());
  await until("one is busy", () => b.requests.some((request) => !isCheck(request)));
  a.check = named("well");
  await until("those that wait are served", () => a.asked === 2);
  gate.resolve();
  const bodies: string[] = [];
  for (const client of clients) bodies.push((await client.response()).body);
  assertEquals(bodies.sort(), ["a", "a", "b"]);
});

Deno.test("a backup is used when health checks say that the others are ill", async () => {
  await using a = new CheckedServer("a", ILL);
  await using spare = new CheckedServer("spare");
  await using front = frontOf([a, spare], checking(), [{}, { backup: true }]);
  await until("it is taken out", () => front.errors.text.includes("taken out"));
  assertEquals(await ask(await front.connect()), "spare");
  assertEquals(a.asked, 0);
});

Deno.test("a server that is back starts slowly", async (t) => {
  const slowStart = 1_500;
  const spread = async (n: number, front: TestFront) => {
    const answers = await askTimes(n, await front.connect());
    return answers.filter((name) => name === "a").length;
  };
  const check = async (front: TestFront, elapsed: () => number) => {
    // a's share is at most what it has at the end of these requests; and it has at least a hundredth of its weight.
    const few = await spread(60, front), share = elapsed() / slowStart;
    assert(share < 0.6, `too slow to tell: ${elapsed()}`);
    assert(few <= 60 * share / (1 + share) + 2, `${few} of 60 at a share of ${share}`);
    await until("it is warm", () => elapsed() > slowStart + 100);
    const half = await spread(40, front);
    assert(half >= 18 && half <= 22, `${half} of 40`);
  };
  await t.step("by a health check", async () => {
    await using a = new CheckedServer("a", ILL);
    await using b = new CheckedServer("b");
    await using front = frontOf([a, b], { slowStart, ...checking() });
    await until("it is taken out", () => front.errors.text.includes("taken out"));
    assertEquals(await spread(10, front), 0);
    const elapsed = stopwatch();
    a.check = named("well");
    await until("it is back", () => front.errors.text.includes("is back"));
    await check(front, elapsed);
  });
  await t.step("by a request", async () => {
    await using a = new TestUpstream(DEAD);
    await using b = new TestUpstream(named("b"));
    await using front = frontOf([a, b], { slowStart, failTimeout: 100 });
    assertEquals(await spread(2, front), 0);
    const elapsed = stopwatch();
    a.script = named("a");
    await until("it is back", async () => {
      await spread(1, front);
      return front.errors.text.includes("is back");
    });
    await check(front, elapsed);
  });
});

Deno.test("servers that have never been away start at once", async () => {
  await using a = new TestUpstream(named("a"));
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b], { slowStart: LONG });
  assertEquals((await askTimes(6, await front.connect())).join(""), "ababab");
});

Deno.test("a check that is under way ends with the front", async () => {
  await using a = new CheckedServer("a", SILENT);
  {
    await using front = frontOf([a], checking({ timeout: LONG }));
    await a.checked(1);
    assertEquals(front.errors.text, "");
  }
  await until("it has ended", () => a.upstream.open === 0);
  assertEquals(a.checks.length, 1);
});
