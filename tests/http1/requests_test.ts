/**
 * The corpus of requests against a real listener: whatever the bytes, the upstream sees what was meant and nothing else.
 */
import { assert, assertEquals } from "@std/assert";
import { RawClient, type RawResponse } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, type Script, TestUpstream } from "../support/test_upstream.ts";
import { assertFields, cutsOf } from "./corpus/assertions.ts";
import { get, type RequestCase } from "./corpus/case.ts";
import { LIMITS } from "./corpus/limits.ts";
import { REQUESTS } from "./corpus/requests.ts";

/** A request that proves the connection open, and shows where the one before it ended. */
const PROBE = get().replace("/ ", "/probe ");

const script: Script = async (request, peer) => {
  await request.finished;
  const whole = reply("ok");
  await peer.write(request.method === "HEAD" ? whole.slice(0, -2) : whole);
};

/** Two fronts before one upstream: one that trusts its client, and one that does not. */
class Bench implements AsyncDisposable {
  readonly upstream = new TestUpstream(script);
  readonly #plain = new TestFront({ upstream: this.upstream, limits: LIMITS });
  readonly #trusting = new TestFront({
    upstream: this.upstream,
    limits: LIMITS,
    trustedProxies: { unix: false, networks: ["127.0.0.1"] },
  });

  connect({ trusted }: RequestCase): Promise<RawClient> {
    return RawClient.connect((trusted ? this.#trusting : this.#plain).address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plain[Symbol.asyncDispose]();
    await this.#trusting[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** Sends a case, and a probe with it or behind it; checks every answer, what the upstream saw, and the connection's end. */
async function run(bench: Bench, test: RequestCase, probe: "with it" | "behind it", cuts?: readonly number[]) {
  const { upstream } = bench;
  const before = upstream.requests.length;
  using client = await bench.connect(test);
  const bytes = probe === "with it" ? test.bytes + PROBE : test.bytes;
  if (cuts === undefined) await client.send(bytes);
  else await client.sendPieces(bytes, cuts);
  let last: RawResponse | null = null;
  for (const status of test.statuses) {
    last = await client.response({ toHead: test.toHead });
    assertEquals(last.status, status);
    // A client that says 100-continue and does not wait may be told to go on or not.
    if (!/100-continue/i.test(test.bytes)) assertEquals(last.interim, []);
  }
  if (last !== null) assertFields(last, test.answer);
  if (test.after === "open") {
    if (probe === "behind it") await client.send(PROBE);
    assertEquals((await client.response()).status, 200);
  } else {
    assertEquals(await client.end(), { rest: "", how: "eof" });
  }
  const whole = upstream.requests.slice(before).filter(({ complete }) => complete);
  const lines = [...test.seen.map(({ line }) => line), ...(test.after === "open" ? ["GET /probe"] : [])];
  assertEquals(whole.map(({ method, target }) => `${method} ${target}`), lines);
  for (const [index, { fields, body }] of test.seen.entries()) {
    assertFields(whole[index], fields);
    assertEquals(whole[index].body, body);
  }
}

for (const { section, cases } of REQUESTS) {
  Deno.test(`a request by ${section}`, async (t) => {
    await using bench = new Bench();
    for (const test of cases) {
      await t.step(`${test.name} → ${test.statuses}`, () => run(bench, test, "behind it"));
      if (!test.alone) await t.step(`${test.name}, and another request with it`, () => run(bench, test, "with it"));
    }
  });
}

Deno.test("a request that is read byte by byte comes to the same", async (t) => {
  const queue = REQUESTS.flatMap(({ section, cases }) => cases.map((test) => ({ section, test })))
    .filter(({ test }) => test.statuses.every((status) => status === 200))[Symbol.iterator]();
  const failed: string[] = [];
  // Most of a split stream's time is waiting for the pieces to be read one by one: several wait together.
  await Promise.all(Array.from({ length: 12 }, async () => {
    await using bench = new Bench();
    for (const { section, test } of queue) {
      try {
        await run(bench, test, "with it", cutsOf(test.bytes + PROBE));
      } catch (thrown) {
        failed.push(`${section}: ${test.name}: ${(thrown as Error).message}`);
      }
    }
  }));
  await t.step("nothing failed", () => assertEquals(failed, []));
});

Deno.test("the corpus holds no case twice", () => {
  const names = REQUESTS.flatMap(({ section, cases }) => cases.map(({ name }) => `${section}: ${name}`));
  assertEquals(names.length, new Set(names).size);
  assert(names.length >= 110);
});
