/** How long to wait before a worker is started again. */
import { assertEquals } from "@std/assert";
import { afterDeath } from "../../lib/process/backoff.ts";

Deno.test("afterDeath() waits ever longer for a worker that keeps dying, up to 30 s", () => {
  const delays: number[] = [];
  for (let deaths = 0, round = 0; round < 10; round++) {
    const respawn = afterDeath(deaths, 100);
    deaths = respawn.deaths;
    delays.push(respawn.delay);
  }
  assertEquals(delays, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

Deno.test("afterDeath() forgets what was before a good life", () => {
  assertEquals(afterDeath(7, 29_999), { deaths: 8, delay: 30_000 });
  assertEquals(afterDeath(7, 30_000), { deaths: 1, delay: 0 });
});

Deno.test("afterDeath() stays at its longest wait after any number of deaths", () => {
  assertEquals(afterDeath(5_000, 0).delay, 30_000);
});
