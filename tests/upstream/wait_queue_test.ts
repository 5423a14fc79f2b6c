/** Who waits for room, for how long, and who is told. */
import { assert, assertEquals } from "@std/assert";
import { type WaitOutcome, WaitQueue } from "../../lib/upstream/wait_queue.ts";

/** Longer than any test lasts, ms: a timer that was forgotten fails the test by its sanitizer. */
const LONG = 60_000;

/** Puts waiters "0", "1", … into the queue; what they were told, in that order, and what makes each leave. */
function enter(queue: WaitQueue, count: number) {
  const told: string[] = [];
  const leave: (() => void)[] = [];
  const all = Array.from({ length: count }, async (_, i) => {
    const outcome = await queue.wait((waiting) => leave[i] = () => waiting.close());
    told.push(`${i} ${outcome}`);
  });
  return { told, leave, all: Promise.all(all) };
}

Deno.test("wake() wakes the one that waits longest, and says whether there was one", async () => {
  const queue = new WaitQueue(10, LONG);
  assertEquals(queue.wake(), false);
  const { told, all } = enter(queue, 3);
  assertEquals([queue.length, queue.wake(), queue.wake(), queue.length], [3, true, true, 1]);
  assertEquals([queue.wake(), queue.wake(), queue.length], [true, false, 0]);
  await all;
  assertEquals(told, ["0 ready", "1 ready", "2 ready"]);
});

Deno.test("wake() is not remembered for who comes later", async () => {
  const queue = new WaitQueue(1, LONG);
  queue.wake();
  const { told, all } = enter(queue, 1);
  await Promise.resolve();
  assertEquals([queue.length, told], [1, []]);
  queue.wake();
  await all;
});

Deno.test("wait() is full at once beyond the queue's length, until one has gone", async () => {
  const queue = new WaitQueue(2, LONG);
  const { told, leave, all } = enter(queue, 3);
  assertEquals([queue.length, leave.length], [2, 2]);
  assertEquals(await queue.wait(), "full");
  assertEquals(told, ["2 full"]);
  queue.wake();
  const late = queue.wait();
  assertEquals(queue.length, 2);
  queue.wake();
  queue.wake();
  await all;
  assertEquals(await late, "ready");
  assertEquals(await new WaitQueue(0, LONG).wait(), "full");
});

Deno.test("wait() ends with its timeout, not early, the oldest first", async () => {
  const queue = new WaitQueue(10, 30);
  const from = performance.now();
  const { told, leave, all } = enter(queue, 3);
  await all;
  // The runtime's timers count whole milliseconds.
  assert(performance.now() - from >= 29);
  assertEquals(told, ["0 timeout", "1 timeout", "2 timeout"]);
  leave[0]();
  assertEquals([queue.length, queue.wake()], [0, false]);
});

/** Which waiters of five leave, in this order; who is then woken, in which order. */
const LEAVING: [leaving: number[], woken: number[]][] = [
  [[0], [1, 2, 3, 4]],
  [[4], [0, 1, 2, 3]],
  [[2], [0, 1, 3, 4]],
  [[1, 2], [0, 3, 4]],
  [[3, 1, 3], [0, 2, 4]],
  [[0, 4, 2], [1, 3]],
  [[4, 3, 2, 1, 0], []],
];

Deno.test("a waiter whose client leaves is told so and keeps no place", async () => {
  for (const [leaving, woken] of LEAVING) {
    const queue = new WaitQueue(5, LONG);
    const { told, leave, all } = enter(queue, 5);
    for (const i of leaving) leave[i]();
    const gone = new Set(leaving);
    assertEquals(queue.length, 5 - gone.size, `without ${leaving}`);
    for (const _ of woken) assertEquals(queue.wake(), true);
    assertEquals(queue.wake(), false);
    await all;
    const expected = [...[...gone].map((i) => `${i} gone`), ...woken.map((i) => `${i} ready`)];
    assertEquals(told, expected, `without ${leaving}`);
    // All places are free again.
    const again = enter(queue, 6);
    assertEquals(queue.length, 5);
    queue.close();
    await again.all;
  }
});

Deno.test("a waiter that was told something is not told anything else", async () => {
  const queue = new WaitQueue(5, LONG);
  const { told, leave, all } = enter(queue, 2);
  queue.wake();
  leave[0]();
  leave[1]();
  leave[1]();
  assertEquals(queue.wake(), false);
  queue.close();
  await all;
  assertEquals(told, ["0 ready", "1 gone"]);
});

Deno.test("close() tells all that wait and all that would", async () => {
  const queue = new WaitQueue(5, LONG);
  const { told, all } = enter(queue, 2);
  queue.close();
  queue.close();
  await all;
  assertEquals(told, ["0 closed", "1 closed"]);
  const later: WaitOutcome = await queue.wait();
  assertEquals([later, queue.wake(), queue.length], ["closed", false, 0]);
});
