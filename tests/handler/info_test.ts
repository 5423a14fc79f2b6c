/** What a handler is told about a request. */
import { assert, assertEquals } from "@std/assert";
import { Background } from "../../lib/handler/background.ts";
import { compileTrust } from "../../lib/http1/trust.ts";
import { infoOf, stderrOf } from "./support.ts";

const trust = compileTrust({ unix: true, networks: ["10.0.0.0/8"] });
const request = (headers: HeadersInit = {}, init: RequestInit = {}) => new Request("http://x/", { headers, ...init });

Deno.test("remoteAddr is the client that trusted peers name, else the unix socket", async (t) => {
  const cases: [
    name: string,
    headers: Record<string, string>,
    trusted: boolean,
    transport: string,
    hostname: string,
  ][] = [
    ["X-Forwarded-For", { "x-forwarded-for": "203.0.113.7" }, true, "tcp", "203.0.113.7"],
    ["through a trusted network", { "x-forwarded-for": "203.0.113.7, 10.0.0.1" }, true, "tcp", "203.0.113.7"],
    ["X-Real-IP alone", { "x-real-ip": "2001:db8::1" }, true, "tcp", "2001:db8::1"],
    ["both", { "x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.8" }, true, "tcp", "203.0.113.7"],
    ["garbage", { "x-forwarded-for": "unknown", "x-real-ip": "203.0.113.8" }, true, "unix", "unix:"],
    ["neither", {}, true, "unix", "unix:"],
    ["not trusted", { "x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.8" }, false, "unix", "unix:"],
  ];
  for (const [name, headers, trusted, transport, hostname] of cases) {
    await t.step(name, () => {
      const { remoteAddr } = infoOf(request(headers), { trust: trusted ? trust : null });
      assertEquals(remoteAddr, { transport, hostname } as typeof remoteAddr);
    });
  }
});

Deno.test("requestId is a trusted X-Request-Id that is fit for a log, else one of ours", async (t) => {
  const cases: [given: string | null, trusted: boolean, id: string][] = [
    ["abc-123", true, "abc-123"],
    ["abc-123", false, "id-1"],
    [null, true, "id-1"],
    ["", true, "id-1"],
    ["a b", true, "id-1"],
    ["é", true, "id-1"],
    ["x".repeat(128), true, "x".repeat(128)],
    ["x".repeat(129), true, "id-1"],
  ];
  for (const [given, trusted, id] of cases) {
    await t.step(`${given?.slice(0, 10)} ${trusted}`, () => {
      const info = infoOf(request(given === null ? {} : { "x-request-id": given }), { trust: trusted ? trust : null });
      assertEquals([info.requestId, info.requestId], [id, id]);
    });
  }
});

Deno.test("prefix and workerId are the site's", () => {
  const info = infoOf(request(), { workerId: 3, prefix: "/api" });
  assertEquals([info.prefix, info.workerId], ["/api", 3]);
});

Deno.test("signal is aborted when the client leaves before the answer, and not after it", () => {
  const early = new AbortController();
  const info = infoOf(request({}, { signal: early.signal }));
  assertEquals(info.signal, info.signal, "the same one each time");
  assertEquals([info.signal.aborted, info.clientLeft], [false, false]);
  early.abort();
  assertEquals([info.signal.aborted, info.clientLeft], [true, true]);
  assertEquals(info.signal.reason.name, "AbortError");

  const late = new AbortController();
  const answered = infoOf(request({}, { signal: late.signal }));
  const { signal } = answered;
  answered.settle();
  late.abort();
  assertEquals([signal.aborted, answered.clientLeft], [false, false]);
});

Deno.test("signal is aborted from the start when the client had left before it was asked for", () => {
  assert(infoOf(request({}, { signal: AbortSignal.abort() })).signal.aborted);
});

Deno.test("waitUntil() is waited for, and a rejection is logged under the request's id", async () => {
  const background = new Background();
  const info = infoOf(request(), { background });
  const work = Promise.withResolvers<void>();
  info.waitUntil(work.promise);
  info.waitUntil(work.promise.then(() => info.waitUntil(Promise.resolve())));
  assertEquals(background.size, 2);
  work.resolve();
  await background.settled();
  assertEquals(background.size, 0);
  const log = await stderrOf(async () => {
    info.waitUntil(Promise.reject(new RangeError("late")));
    await background.settled();
  });
  assert(log.includes("Work after the answer failed (request id id-1): RangeError: late"), log);
});
