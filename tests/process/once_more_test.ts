/** One run at a time, and one more for all that asked meanwhile. */
import { assertEquals, assertRejects } from "@std/assert";
import { OnceMore } from "../../lib/process/once_more.ts";

/** Runs that end when they are told to. */
class Runs {
  readonly begun: PromiseWithResolvers<void>[] = [];
  readonly once = new OnceMore(() => {
    const run = Promise.withResolvers<void>();
    this.begun.push(run);
    return run.promise;
  });
}

Deno.test("OnceMore runs once more for however many ask meanwhile, and again when it is asked later", async () => {
  const { begun, once } = new Runs();
  const first = once.ask();
  const [second, third] = [once.ask(), once.ask()];
  assertEquals([begun.length, second === third, first === second], [1, true, false]);
  begun[0]?.resolve();
  await first;
  const fourth = once.ask(); // the second run is about to begin
  assertEquals(fourth, second);
  while (begun.length === 1) await Promise.resolve();
  const fifth = once.ask();
  assertEquals(begun.length, 2);
  begun[1]?.resolve();
  await second;
  while (begun.length === 2) await Promise.resolve();
  begun[2]?.resolve();
  await fifth;
  const sixth = once.ask();
  assertEquals(begun.length, 4);
  begun[3]?.resolve();
  await sixth;
});

Deno.test("OnceMore runs again after a run that failed, which only those hear of that asked for it", async () => {
  const { begun, once } = new Runs();
  const first = once.ask(), second = once.ask();
  begun[0]?.reject(new Error("no"));
  await assertRejects(() => first, Error, "no");
  while (begun.length === 1) await Promise.resolve();
  begun[1]?.resolve();
  await second;
});
