/** A body's bytes at an even pace, on a clock that is ours. */
import { assert, assertEquals } from "@std/assert";
import { Pacer } from "../../lib/front/bandwidth.ts";

/** Sends `total` bytes in pieces, every timer `late` ms late; returns when which byte count was sent. */
function send(pacer: Pacer, total: number, late: number, from = 0): [now: number, sent: number][] {
  const log: [number, number][] = [];
  let now = from;
  for (let sent = 0; sent < total;) {
    const n = Math.min(pacer.piece, total - sent);
    const wait = pacer.delay(n, now);
    if (wait > 0) now += wait + late;
    sent += n;
    log.push([now, sent]);
  }
  return log;
}

Deno.test("piece is 50 ms' worth, and at least a byte", () => {
  const cases: [bytesPerSecond: number, piece: number][] = [[1, 1], [19, 1], [40, 2], [1_000, 50], [1_048_576, 52_428]];
  for (const [bytesPerSecond, piece] of cases) assertEquals(new Pacer(bytesPerSecond).piece, piece);
});

Deno.test("the first piece goes at once, each further one 50 ms later", () => {
  const pacer = new Pacer(1_000);
  assertEquals(pacer.delay(50, 7_000), 0);
  assertEquals(pacer.delay(50, 7_000), 50);
  assertEquals(pacer.delay(50, 7_050), 50);
  assertEquals(pacer.delay(10, 7_100), 50);
  assertEquals(pacer.delay(50, 7_150), 10);
});

Deno.test("one byte per second is one byte per second", () => {
  const pacer = new Pacer(1);
  assertEquals([pacer.delay(1, 0), pacer.delay(1, 0), pacer.delay(1, 1_000)], [0, 1_000, 1_000]);
});

Deno.test("nothing to send costs nothing", () => {
  const pacer = new Pacer(1_000);
  assertEquals([pacer.delay(0, 0), pacer.delay(50, 0), pacer.delay(0, 0), pacer.delay(50, 0)], [0, 0, 50, 50]);
});

Deno.test("a piece that is too large is waited for afterwards", () => {
  const pacer = new Pacer(1_000);
  assertEquals([pacer.delay(5_000, 0), pacer.delay(50, 0)], [0, 5_000]);
});

Deno.test("timers that are late do not make it slower", async (t) => {
  for (const late of [0, 1, 4, 20, 45]) {
    await t.step(`${late} ms late`, () => {
      const log = send(new Pacer(10_000), 100_000, late);
      const [end] = log.at(-1) ?? [NaN];
      assert(Math.abs(end - 9_950) <= 50, `it took ${end} ms`);
    });
  }
});

Deno.test("what goes within 100 ms is never more than 200 ms' worth, nor 100 ms' at once", async (t) => {
  for (const late of [0, 3, 30, 70, 500]) {
    await t.step(`${late} ms late`, () => {
      const log = send(new Pacer(10_000), 50_000, late);
      for (const [now, before] of [[-1, 0] as const, ...log]) {
        const at = (until: number) =>
          Math.max(...log.filter(([time]) => time <= until).map(([, sent]) => sent), before);
        const next = log.find(([time]) => time > now)?.[0] ?? now;
        assert(at(next) - at(now) <= 1_000, `${at(next) - at(now)} bytes at ${next} ms`);
        assert(at(now + 100) - at(now) <= 2_000, `${at(now + 100) - at(now)} bytes after ${now} ms`);
      }
    });
  }
});

Deno.test("a pause saves nothing up", () => {
  const pacer = new Pacer(1_000);
  pacer.delay(50, 0);
  assertEquals([pacer.delay(50, 9_000), pacer.delay(50, 9_000), pacer.delay(50, 9_050)], [0, 50, 50]);
});
