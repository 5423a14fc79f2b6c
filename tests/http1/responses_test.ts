/**
 * The corpus of responses through a real front: what an upstream sends is passed on whole, or is seen not to be whole.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fieldOf, type RawClient } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, type Script, TestUpstream } from "../support/test_upstream.ts";
import { assertFields, cutsOf } from "./corpus/assertions.ts";
import { get, head } from "./corpus/case.ts";
import { type ResponseCase, RESPONSES } from "./corpus/responses.ts";

const PROBE = get().replace("/ ", "/probe ");

async function run(test: ResponseCase, split = false): Promise<void> {
  const goOn = Promise.withResolvers<void>();
  const script: Script = async (request, peer) => {
    await request.finished;
    if (request.target === "/probe") return await peer.write(reply("ok"));
    await peer.writePieces(test.bytes, split ? cutsOf(test.bytes) : []);
    if (test.later !== null) await goOn.promise.then(() => peer.write(test.later ?? ""));
    if (test.closes) peer.close();
  };
  await using upstream = new TestUpstream(script);
  await using front = new TestFront({ upstream });
  let client = await front.connect();
  await client.send(head(`${test.method} / ${test.version}`, "Host: a.example"));
  await expectResponse(client, test, goOn.resolve);
  if (test.client !== "open") client = await front.connect();
  await client.send(PROBE);
  assertEquals((await client.response()).body, "ok");
  const [first, second, ...others] = upstream.requests;
  assertEquals(others, []);
  assertEquals(second.connection === first.connection, test.reused, "whether the upstream's connection is used again");
}

async function expectResponse(client: RawClient, test: ResponseCase, goOn: () => void): Promise<void> {
  if (test.client === "cut") {
    const { status } = await client.head();
    assertEquals(status, test.status);
    goOn();
    const { rest } = await client.end();
    assert(!rest.endsWith("0\r\n\r\n"), "a response that was cut has no last chunk");
    return;
  }
  const response = await client.response({ toHead: test.method === "HEAD" });
  assertEquals(response.status, test.status);
  assertEquals(response.interim, test.interim);
  if (test.reason !== null) assertEquals(response.reason, test.reason);
  assertFields(response, test.fields);
  assertEquals(response.framing, test.framing);
  if (test.status === 502) assert(response.body.startsWith("502 Bad Gateway\nrequest id: "));
  else assertEquals(response.body, test.body);
  if (test.status === 502) assertEquals(fieldOf(response, "server"), "stackd");
  if (test.client === "closed") assertEquals(await client.end(), { rest: "", how: "eof" });
}

for (const { section, cases } of RESPONSES) {
  Deno.test(`a response by ${section}`, async (t) => {
    for (const test of cases) {
      await t.step(`${test.name} → ${test.client === "cut" ? "cut" : test.status}`, () => run(test));
    }
  });
}

Deno.test("a response that is read byte by byte comes to the same", async (t) => {
  // Bytes behind a response are a race by nature when they come later than it.
  const isSplit = ({ name, status, client }: ResponseCase) =>
    status !== 502 && client !== "cut" && !/^bytes|^a body of/.test(name);
  const queue = RESPONSES.flatMap(({ cases }) => cases.filter(isSplit))[Symbol.iterator]();
  const failed: string[] = [];
  await Promise.all(Array.from({ length: 12 }, async () => {
    for (const test of queue) {
      await run(test, true).catch((thrown) => failed.push(`${test.name}: ${(thrown as Error).message}`));
    }
  }));
  await t.step("nothing failed", () => assertEquals(failed, []));
});

Deno.test("a response with a length that ends early is told apart by the client", async () => {
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    peer.close();
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await assertRejects(() => client.response(), Error, "after 5 of 10 bytes");
});

Deno.test("the corpus of responses is as large as it should be, and holds no case twice", () => {
  const names = RESPONSES.flatMap(({ section, cases }) => cases.map(({ name }) => `${section}: ${name}`));
  assertEquals(names.length, new Set(names).size);
  assert(names.length >= 45);
});
