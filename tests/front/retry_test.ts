/** What becomes of a request whose server fails: another server, or an answer that says so; and whose fault it is. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { GroupOptions } from "../../lib/config/group_options.ts";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import type { UpstreamLimits } from "../../lib/config/options.ts";
import { get, post } from "../http1/corpus/case.ts";
import { TestFront } from "../support/test_front.ts";
import {
  ask,
  askTimes,
  DEAD,
  FullListener,
  getPath,
  groupOf,
  named,
  refusing,
  routeTo,
  SILENT,
  stopwatch,
} from "../support/test_group.ts";
import { reply, type Script, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

const SHORT = 300;
/** Longer than any test lasts, ms. */
const LONG = 60_000;
const LARGE = "0123456789".repeat(300_000);

const GARBAGE: Script = async (request, peer) => {
  await request.finished;
  await peer.write("what is this?\r\n\r\n");
};

/** A front of a group whose first server is asked first, and which takes a server out with its first failure. */
function frontOf(
  upstreams: readonly Pick<TestUpstream, "target">[],
  limits: Partial<UpstreamLimits> = {},
  changes: Partial<GroupOptions> = {},
): TestFront {
  const group = groupOf(upstreams, { failTimeout: LONG, limits: { ...DEFAULTS.upstream, ...limits }, ...changes });
  return new TestFront({ routes: [routeTo(group)], limits: { maxBody: 0 } });
}

function as(method: string, request: string): string {
  return request.replace(/^[A-Z]+/, method);
}

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const SMALL = post("Content-Length: 2") + "hi";
const CHUNKED = post("Transfer-Encoding: chunked") + chunk("hi") + "0\r\n\r\n";

/** [name, request, body that must arrive]. */
const ANY: readonly (readonly [name: string, request: string, body: string])[] = [
  ["GET", get(), ""],
  ["HEAD", as("HEAD", get()), ""],
  ["POST without a body", post(), ""],
  ["POST with a small body", SMALL, "hi"],
  ["POST with a large body", post(`Content-Length: ${LARGE.length}`) + LARGE, LARGE],
  ["POST with a body in chunks", CHUNKED, "hi"],
  ["PUT with a large body", as("PUT", post(`Content-Length: ${LARGE.length}`)) + LARGE, LARGE],
  ["PATCH", as("PATCH", SMALL), "hi"],
  ["a method nobody knows", as("BREW", SMALL), "hi"],
];

Deno.test("a request of any kind goes to another server when one cannot be connected to", async (t) => {
  for (const [name, request, body] of ANY) {
    await t.step(name, async () => {
      const gone = refusing();
      await using good = new TestUpstream(named("good"));
      await using front = frontOf([gone, good]);
      const client = await front.connect();
      assertEquals(await ask(client, request), name === "HEAD" ? "" : "good");
      assertEquals(good.requests.length, 1);
      assert(good.requests[0].body === body, "the body has come whole");
      assertStringIncludes(
        front.errors.text,
        `[warn] Upstream server 127.0.0.1:${gone.target.port} of g rests for 60 s: max-fails is reached`,
      );
      assert(!front.errors.text.includes("[error]"), "the client has lost nothing");
      assertEquals(await ask(client), "good");
    });
  }
});

Deno.test("a body that has not come yet goes to the server that takes the request over", async () => {
  await using good = new TestUpstream(named("good"));
  await using front = frontOf([refusing(), good]);
  const client = await front.connect();
  await client.send(post("Content-Length: 10", "Expect: 100-continue"));
  assertEquals((await client.head()).status, 100, "a server has been found");
  await good.request();
  await client.send("12345");
  await until("it has come", () => good.requests[0].body === "12345");
  await client.send("67890");
  assertEquals((await client.response()).body, "good");
  assertEquals(good.requests[0].body, "1234567890");
});

Deno.test("a request of any kind goes to another server when one does not accept in time", async () => {
  await using full = await FullListener.start();
  await using good = new TestUpstream(named("good"));
  await using front = frontOf([full, good], { connectTimeout: SHORT });
  const client = await front.connect();
  const elapsed = stopwatch();
  assertEquals(await ask(client, CHUNKED), "good");
  // The runtime's timers count whole milliseconds.
  assert(elapsed() >= SHORT - 1 && elapsed() <= 3 * SHORT, `${elapsed()}`);
  assertEquals(good.requests[0].body, "hi");
  assertMatch(front.errors.text, /rests for 60 s/);
});

/** [name, request, whether another server may be asked after this one has had it]. */
const ONCE_SENT: readonly (readonly [name: string, request: string, other: boolean])[] = [
  ["GET", get(), true],
  ["HEAD", as("HEAD", get()), true],
  ["OPTIONS", as("OPTIONS", get()), true],
  ["DELETE", as("DELETE", get()), true],
  ["PUT with a small body", as("PUT", SMALL), true],
  ["POST with a small body", SMALL, false],
  ["POST without a body", post(), false],
  ["PATCH", as("PATCH", SMALL), false],
  ["a method nobody knows", as("BREW", get()), false],
  ["PUT with a body in chunks", as("PUT", CHUNKED), false],
  ["PUT with a large body", as("PUT", post(`Content-Length: ${LARGE.length}`)) + LARGE, false],
];

Deno.test("a request that a server has had goes to another one only if it may be repeated", async (t) => {
  const faults: [name: string, script: Script][] = [["closes the connection", DEAD], ["answers garbage", GARBAGE]];
  for (const [fault, script] of faults) {
    for (const [name, request, other] of ONCE_SENT) {
      await t.step(`${name}, the server ${fault}`, async () => {
        await using bad = new TestUpstream(script);
        await using good = new TestUpstream(named("good"));
        await using front = frontOf([bad, good]);
        const client = await front.connect();
        assertEquals(await ask(client, request), !other ? "502" : name === "HEAD" ? "" : "good");
        assertEquals([bad.requests.length, good.requests.length], [1, other ? 1 : 0]);
        if (other) assertEquals(good.requests[0].body, bad.requests[0].body);
        assertMatch(front.errors.text, / rests for 60 s/);
        assertEquals(/\[error\].*: the upstream (closed|reset|sent a bad)/.test(front.errors.text), !other);
        assertEquals((await front.log.entry()).status, other ? 200 : 502);
        const next = await front.connect();
        assertEquals(await askTimes(2, next), ["good", "good"]);
        assertEquals(bad.requests.length, 1, "it rests");
      });
    }
  }
});

Deno.test("a server that closes its idle connection is asked again, and it counts as no failure", async () => {
  // The second request of a connection meets its end; that one is new on a fresh connection.
  const known = new Set<number>();
  await using a = new TestUpstream(async (request, peer) => {
    await request.finished;
    if (known.has(request.connection)) return peer.close();
    known.add(request.connection);
    await peer.write(reply("a"));
  });
  await using b = new TestUpstream(named("b"));
  await using front = frontOf([a, b]);
  const client = await front.connect();
  assertEquals((await askTimes(5, client)).join(""), "ababa");
  assertEquals(front.errors.text, "");
  assertEquals(a.connections, 3);
});

Deno.test("a server that says nothing in time costs the request: 504, and no other is asked", async (t) => {
  for (const [name, request] of [["GET", get()], ["POST", SMALL], ["POST in chunks", CHUNKED]] as const) {
    await t.step(name, async () => {
      await using bad = new TestUpstream(SILENT);
      await using good = new TestUpstream(named("good"));
      await using front = frontOf([bad, good], { readTimeout: SHORT });
      const client = await front.connect();
      const elapsed = stopwatch();
      assertEquals(await ask(client, request), "504");
      assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
      assertEquals(good.requests.length, 0);
      assertMatch(front.errors.text, /\[error\] [A-Z]+ .*: the upstream did not answer in time/);
      assertEquals(await askTimes(2, await front.connect()), ["good", "good"], "it rests");
    });
  }
});

Deno.test("a request that has failed and then taken too long is not tried a third time", async () => {
  const late: Script = async (_, peer) => {
    await new Promise((resolve) => setTimeout(resolve, SHORT / 2));
    peer.close();
  };
  await using a = new TestUpstream(late);
  await using b = new TestUpstream(SILENT);
  await using c = new TestUpstream(named("c"));
  await using front = frontOf([a, b, c], { readTimeout: SHORT });
  const client = await front.connect();
  const elapsed = stopwatch();
  assertEquals(await ask(client), "504");
  assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
  assertEquals([a.requests.length, b.requests.length, c.requests.length], [1, 1, 0]);
});

/** Heads of answers of which half comes, framed in each way that has an end. */
const HALVES: readonly (readonly [name: string, half: string, payload: string])[] = [
  ["with a length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "hello"],
  ["in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "5\r\nhello\r\n"],
];

Deno.test("half a response is the client's too: the connection is cut, and the server has failed", async (t) => {
  for (const [name, half, payload] of HALVES) {
    await t.step(name, async () => {
      await using bad = new TestUpstream(async (request, peer) => {
        await request.finished;
        await peer.write(half);
        peer.close();
      });
      await using good = new TestUpstream(named("good"));
      await using front = frontOf([bad, good]);
      const client = await front.connect();
      await client.send(get());
      assertEquals((await client.head()).status, 200);
      assertEquals((await client.end()).rest, payload);
      const { status, bytes } = await front.log.entry();
      assertEquals({ status, bytes }, { status: 200, bytes: 5 });
      assertEquals(good.requests.length, 0, "nothing is repeated of which the client has some");
      assertMatch(
        front.errors.text,
        /\[error\] GET .*: the upstream (closed|reset) the connection within its response/,
      );
      assertMatch(front.errors.text, / rests for 60 s/);
      assertEquals(await askTimes(3, await front.connect()), ["good", "good", "good"]);
      assertEquals(bad.requests.length, 1);
    });
  }
});

Deno.test("a response whose body is wrong from its beginning is a failure of its server", async () => {
  await using bad = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwhat is this?\r\n");
  });
  await using good = new TestUpstream(named("good"));
  await using front = frontOf([bad, good]);
  const client = await front.connect();
  assertEquals(await ask(client), "502");
  assertMatch(front.errors.text, / rests for 60 s/);
  assertEquals(await askTimes(2, client), ["good", "good"]);
});

Deno.test("each server is asked at most once", async (t) => {
  const cases: [name: string, scripts: Script[], answer: string, asked: number[]][] = [
    ["all close", [DEAD, DEAD, DEAD], "502", [1, 1, 1]],
    ["all answer garbage", [GARBAGE, GARBAGE, GARBAGE], "502", [1, 1, 1]],
    ["the last is well", [DEAD, GARBAGE, named("c")], "c", [1, 1, 1]],
    ["the second is well", [DEAD, named("b"), DEAD], "b", [1, 1, 0]],
  ];
  for (const policy of ["round-robin", "least-conn", "random-two", "hash"] as const) {
    for (const [name, scripts, answer, asked] of cases) {
      await t.step(`${policy}: ${name}`, async () => {
        await using a = new TestUpstream(scripts[0]);
        await using b = new TestUpstream(scripts[1]);
        await using c = new TestUpstream(scripts[2]);
        await using front = frontOf([a, b, c], {}, { maxFails: 0, policy });
        assertEquals(await ask(await front.connect()), answer);
        const counts = [a, b, c].map(({ requests }) => requests.length);
        if (policy === "round-robin" || answer === "502") assertEquals(counts, asked);
        assert(Math.max(...counts) === 1, `${counts}`);
        assert(!front.errors.text.includes(" rests "), "max-fails is 0");
      });
    }
  }
});

Deno.test("when all servers are down, a request is answered with 502 at once, and the log says why", async () => {
  await using a = new TestUpstream(DEAD);
  await using b = new TestUpstream(DEAD);
  await using front = frontOf([a, b, refusing()]);
  const client = await front.connect();
  assertEquals(await ask(client), "502");
  assertMatch(front.errors.text, /\[error\] GET .*: the upstream cannot be connected to: connection refused/);
  assertEquals(await ask(client, getPath("/later")), "502");
  assertEquals(await ask(client, SMALL), "502");
  assertMatch(front.errors.text, /\[error\] GET "\/later" .*: the upstream has no server that is well/);
  assertEquals([a.requests.length, b.requests.length], [1, 1]);
  assertEquals(front.log.entries.map(({ status }) => status), [502, 502, 502]);
});

Deno.test("one server alone: each failure has its answer", async (t) => {
  const cases: [name: string, script: Script, answer: string, why: RegExp][] = [
    ["accepts and says nothing", SILENT, "504", /did not answer in time/],
    ["closes", DEAD, "502", /closed the connection without a whole response head/],
    ["answers garbage", GARBAGE, "502", /sent a bad response/],
    [
      "stops within its head",
      (_, peer) => peer.write("HTTP/1.1 200 OK\r\nContent-Le"),
      "504",
      /did not answer in time/,
    ],
    [
      "closes within its head",
      async (_, peer) => {
        await peer.write("HTTP/1.1 200 OK\r\nContent-Le");
        peer.close();
      },
      "502",
      /closed the connection without a whole response head/,
    ],
  ];
  for (const [name, script, answer, why] of cases) {
    for (const request of [get(), SMALL]) {
      await t.step(`${name}: ${request.split(" ", 1)} → ${answer}`, async () => {
        await using bad = new TestUpstream(script);
        await using front = frontOf([bad], { readTimeout: SHORT });
        const client = await front.connect();
        const elapsed = stopwatch();
        assertEquals(await ask(client, request), answer);
        if (answer === "504") assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
        assertMatch(front.errors.text, why);
        assertEquals(bad.requests.length, 1);
        bad.script = named("well");
        assertEquals(await ask(client), "well", "the client's connection, and the server, are still used");
      });
    }
  }
});

Deno.test("one server alone that resets within its response cuts the client's connection", async () => {
  await using bad = new TestUpstream(async (_, peer) => {
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    // The request's body has not been read: closing resets.
    peer.close();
  }, "tcp");
  await using front = frontOf([bad]);
  const client = await front.connect();
  await client.send(post(`Content-Length: ${LARGE.length}`) + LARGE.slice(0, 200_000));
  assertEquals((await client.head()).status, 200);
  assertEquals((await client.end()).rest, "hello");
  bad.script = named("well");
  assertEquals(await ask(await front.connect()), "well");
});

Deno.test("what a client does is no failure of its server", async (t) => {
  const peers: { readonly ended: Promise<void> }[] = [];
  const half: Script = async (_, peer) => {
    peers.push(peer);
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  };
  const silent: Script = (_, peer) => void peers.push(peer);
  const cases: [name: string, script: Script, request: string, heads: number][] = [
    ["it leaves before it is answered", silent, get(), 0],
    ["it leaves within the response", half, get(), 1],
    ["it leaves within the response to a POST", half, SMALL, 1],
    ["it leaves within its body", silent, post("Content-Length: 10") + "hello", 0],
    ["it sends a chunk that is none", silent, post("Transfer-Encoding: chunked") + "2\r\nhi\r\nno\r\n", 0],
  ];
  for (const [name, script, request, heads] of cases) {
    await t.step(name, async () => {
      await using a = new TestUpstream(script);
      await using b = new TestUpstream(named("b"));
      await using front = frontOf([a, b]);
      const client = await front.connect();
      await client.send(request);
      await a.request();
      if (heads > 0) {
        await client.head();
        await client.through("hello");
      }
      if (!request.includes("no\r\n")) client.close();
      await within("its request is aborted", until("a peer", () => peers.pop()).then(({ ended }) => ended));
      await front.log.entry();
      a.script = named("a");
      assertEquals((await askTimes(4, await front.connect())).sort(), ["a", "a", "b", "b"]);
      assertEquals(front.errors.text, "");
    });
  }
});
