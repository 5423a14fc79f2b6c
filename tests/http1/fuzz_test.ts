/**
 * Streams that nobody thought of. A seed makes them; it is printed, `STACKD_FUZZ_SEED` repeats it, and `STACKD_FUZZ_SECONDS`
 * says how long to go on. Whatever comes in: the front neither hangs nor fails, every answer is well-formed, and the upstream
 * sees exactly the requests that the stream means to an independent reading of it.
 */
import { assert, assertEquals } from "@std/assert";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { ChunkDecoder } from "../../lib/http1/chunked.ts";
import { Reject } from "../../lib/http1/reject.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, TestUpstream } from "../support/test_upstream.ts";
import { chunkedBody, mutate, stream } from "./fuzz/generate.ts";
import { Random } from "./fuzz/random.ts";
import { type Chunked, dechunk, interpret } from "./fuzz/reference.ts";

const SEED = Number(Deno.env.get("STACKD_FUZZ_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const SECONDS = Number(Deno.env.get("STACKD_FUZZ_SECONDS") ?? 8);
const LANES = 8;

/** Runs case after case, each from a seed of its own, for a share of the time; fails with the seed that repeats the failure. */
async function fuzz(
  share: number,
  run: (random: Random) => void | Promise<void>,
  lane = 0,
  lanes = 1,
): Promise<number> {
  const until = performance.now() + SECONDS * share * 1_000;
  let cases = 0;
  for (let seed = SEED + lane; cases === 0 || performance.now() < until; seed += lanes, cases++) {
    try {
      await run(new Random(seed));
    } catch (cause) {
      throw new Error(`STACKD_FUZZ_SEED=${seed} repeats this: ${(cause as Error).message}`, { cause });
    }
  }
  return cases;
}

Deno.test("ChunkDecoder reads what the reference reads, however it is cut", async () => {
  console.log(`STACKD_FUZZ_SEED=${SEED}`);
  const cases = await fuzz(0.2, (random) => {
    let body = chunkedBody(random) + random.of(["", "", "GET /"]);
    for (let mutations = random.below(3); mutations > 0; mutations--) body = mutate(random, body);
    const pieces = random.split(body);
    assertEquals(decode(pieces), dechunk(body), JSON.stringify(pieces));
  });
  assert(cases > 100 * SECONDS, `only ${cases} cases`);
});

function decode(pieces: readonly string[]): Chunked {
  const decoder = new ChunkDecoder();
  let payload = "";
  for (const [index, piece] of pieces.entries()) {
    const bytes = latin1(piece);
    try {
      payload += text(bytes, 0, decoder.decode(bytes, 0, bytes.length));
    } catch (thrown) {
      assert(thrown instanceof Reject && thrown.status === 400);
      // How much of the payload was given before the fault was found depends on the cuts: at most what there is.
      const { kind, payload: whole } = dechunk(pieces.join(""));
      assert(whole.startsWith(payload), "the payload before a fault is no other");
      return { kind: "bad", payload: kind === "bad" ? whole : payload, rest: "" };
    }
    if (decoder.done) {
      return {
        kind: "done",
        payload,
        rest: text(bytes, decoder.consumed, bytes.length) + pieces.slice(index + 1).join(""),
      };
    }
  }
  return { kind: "more", payload, rest: "" };
}

Deno.test("a front takes from any stream what it means, and refuses the rest", async () => {
  const counts = await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    await using upstream = new TestUpstream(async (request, peer) => {
      await request.finished;
      await peer.write(reply(request.target));
    });
    await using front = new TestFront({ upstream, limits: { maxBody: 0 } });
    const count = await fuzz(0.8, (random) => tryStream(upstream, front, random), lane, LANES);
    assertEquals(front.errors.text.split("\n").filter((line) => line.includes("[error]")), []);
    return count;
  }));
  const cases = counts.reduce((sum, count) => sum + count);
  assert(cases > 10 * SECONDS, `only ${cases} streams`);
});

async function tryStream(upstream: TestUpstream, front: TestFront, random: Random): Promise<void> {
  const bytes = stream(random), pieces = random.split(bytes);
  const before = upstream.requests.length;
  using client = await RawClient.connect(front.address);
  const cuts = pieces.map(((end) => (piece: string) => end += piece.length)(0)).slice(0, -1);
  const sent = client.sendPieces(
    bytes,
    pieces.length > 40 ? cuts.filter((_, i) => i % Math.ceil(cuts.length / 40) === 0) : cuts,
  );
  try {
    await expectMeaning(client, sent, bytes);
  } catch (thrown) {
    throw new Error(`${(thrown as Error).message} from ${JSON.stringify(bytes)}`, { cause: thrown });
  } finally {
    await sent;
  }
  const { requests, end } = interpret(bytes);
  const seen = upstream.requests.slice(before).filter(({ complete }) => complete)
    .map(({ method, target, body }) => ({ method, target, body }));
  if (end === "unsaid") seen.length = Math.min(seen.length, requests.length);
  assertEquals(seen, [...requests], JSON.stringify(bytes));
  upstream.requests.length = 0;
}

async function expectMeaning(client: RawClient, sent: Promise<void>, bytes: string): Promise<void> {
  const { requests, end } = interpret(bytes);
  for (const [index, { target }] of requests.entries()) {
    const { status, body, fields } = await client.response();
    assertEquals({ status, body }, { status: 200, body: target });
    const isLast = end === "closed" && index === requests.length - 1;
    assertEquals(fieldOf({ fields }, "connection") === "close", isLast);
  }
  if (end === "refused") {
    const { status, fields } = await client.response();
    assert(status >= 400 && status !== 500 && status !== 502 && status !== 408, `${status}`);
    assertEquals(fieldOf({ fields }, "connection"), "close");
  }
  await sent;
  if (end === "refused" || end === "closed") return assertEquals((await client.end()).rest, "");
  // Nothing more comes: the front has to notice, and may still say what was wrong.
  await client.halfClose().catch(() => {});
  const statuses = await remaining(client);
  if (end === "idle") assertEquals(statuses, []);
  if (end === "within") assert(statuses.length === 0 || (statuses.length === 1 && statuses[0] >= 400), `${statuses}`);
}

/** The statuses of the responses that are left, each well-formed, up to the connection's end. */
async function remaining(client: RawClient): Promise<number[]> {
  for (const statuses: number[] = [];;) {
    try {
      statuses.push((await client.response()).status);
    } catch (thrown) {
      if (/^the connection ended \(\w+\) before a head: ""$/.test((thrown as Error).message)) return statuses;
      throw thrown;
    }
  }
}
