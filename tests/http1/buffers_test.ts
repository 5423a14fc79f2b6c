import { assertEquals, assertNotEquals } from "@std/assert";
import { BufferPool } from "../../lib/http1/buffers.ts";

Deno.test("take() gives memory of the pool's size", () => {
  assertEquals(new BufferPool(10, 1).take().length, 10);
});

Deno.test("give() keeps as many buffers as the pool may, for the next that are taken", () => {
  const pool = new BufferPool(10, 2);
  const borrowed = [pool.take(), pool.take(), pool.take()];
  assertEquals(new Set(borrowed).size, 3);
  for (const buffer of borrowed) pool.give(buffer);
  const again = [pool.take(), pool.take(), pool.take()];
  assertEquals(again.filter((buffer) => borrowed.includes(buffer)).length, 2);
  assertEquals(new Set(again).size, 3);
});

Deno.test("give() takes no buffer of another size", () => {
  const pool = new BufferPool(10, 2), foreign = new BufferPool(11, 2).take();
  pool.give(foreign);
  assertNotEquals(pool.take(), foreign);
});
