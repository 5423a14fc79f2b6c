/** Deadlines with a clock of the test's own: never early, at most two ticks late. */
import { assert, assertEquals } from "@std/assert";
import { Deadlines, type Expiring, TICK } from "../../lib/http1/deadlines.ts";

class Clock {
  now = 1_000;
  readonly deadlines = new Deadlines(() => this.now);
}

class Item implements Expiring {
  deadline = Infinity;
  expired = 0;
  constructor(readonly onExpire: () => void = () => {}) {}
  expire(): void {
    this.expired++;
    this.onExpire();
  }
}

Deno.test("after() is never early and at most two ticks late, wherever between two sweeps it is asked", () => {
  for (let offset = 0; offset < TICK; offset += 7) {
    const clock = new Clock(), item = new Item();
    clock.deadlines.add(item);
    clock.deadlines.sweep();
    clock.now += offset;
    const set = clock.now;
    item.deadline = clock.deadlines.after(300);
    clock.now -= offset;
    while (item.expired === 0) {
      clock.now += TICK;
      clock.deadlines.sweep();
    }
    assert(clock.now - set >= 300 && clock.now - set <= 300 + 2 * TICK, `${clock.now - set} ms after it was set`);
    clock.deadlines.delete(item);
  }
});

Deno.test("after() is not early when nothing has been watched for a while", () => {
  const clock = new Clock(), item = new Item();
  clock.now += 10_000;
  item.deadline = clock.deadlines.after(300);
  clock.deadlines.add(item);
  assert(item.deadline >= clock.now + 300);
  clock.deadlines.delete(item);
  clock.now += 10_000;
  item.deadline = clock.deadlines.after(300);
  assert(item.deadline >= clock.now + 300);
});

Deno.test("after() of 0 is never", () => {
  assertEquals(new Clock().deadlines.after(0), Infinity);
});

Deno.test("sweep() expires what is due, again and again until its deadline is another", () => {
  const clock = new Clock(), due = new Item(), later = new Item(), never = new Item();
  for (const item of [due, later, never]) clock.deadlines.add(item);
  due.deadline = clock.now + 50;
  later.deadline = clock.now + 51;
  clock.now += 50;
  clock.deadlines.sweep();
  clock.deadlines.sweep();
  assertEquals([due.expired, later.expired, never.expired], [2, 0, 0]);
  due.deadline = Infinity;
  clock.now += 1;
  clock.deadlines.sweep();
  assertEquals([due.expired, later.expired, never.expired], [2, 1, 0]);
  for (const item of [due, later, never]) clock.deadlines.delete(item);
});

Deno.test("a process that did not run expires nobody who may have been in time", () => {
  const clock = new Clock(), own = new Item();
  const others = new class extends Item {
    postpone(ms: number): void {
      this.deadline += ms;
    }
  }();
  for (const item of [own, others]) {
    clock.deadlines.add(item);
    item.deadline = clock.deadlines.after(5_000);
  }
  clock.now += 60_000;
  clock.deadlines.sweep();
  assertEquals([own.expired, others.expired], [1, 0]);
  while (others.expired === 0) {
    clock.now += TICK;
    clock.deadlines.sweep();
  }
  assert(clock.now >= 64_000 && clock.now <= 67_000, `${clock.now}`);
  for (const item of [own, others]) clock.deadlines.delete(item);
});

Deno.test("sweep() copes with items that leave while it runs", () => {
  const clock = new Clock();
  const items: Item[] = Array.from({ length: 3 }, () =>
    new Item(() => {
      for (const item of items) clock.deadlines.delete(item);
    }));
  for (const item of items) {
    item.deadline = clock.now;
    clock.deadlines.add(item);
  }
  clock.deadlines.sweep();
  assertEquals(items.map(({ expired }) => expired), [1, 0, 0]);
});

Deno.test("a timer runs while something is watched, and no longer", async () => {
  const deadlines = new Deadlines(), done = Promise.withResolvers<void>(), start = performance.now();
  const item = new Item(() => {
    deadlines.delete(item);
    done.resolve();
  });
  deadlines.add(item);
  item.deadline = deadlines.after(50);
  await done.promise;
  const elapsed = performance.now() - start;
  assert(elapsed >= 50 && elapsed <= 3 * (50 + 2 * TICK), `${elapsed}`);
  // The leak sanitizer would find a timer that went on.
});
