/** Lines to a reader that is slow, stuck or gone. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LineQueue } from "../../lib/observe/output.ts";
import { fromLatin1, latin1 } from "../support/raw_http.ts";

/** A stream that takes as many bytes as it is let, and what it took. */
class Pipe {
  taken = "";
  /** Bytes at a time. */
  most = Infinity;
  #open = true;
  #waiting: (() => void)[] = [];

  stop(): void {
    this.#open = false;
  }

  go(): void {
    this.#open = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (!this.#open) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.writeSync(bytes);
  }

  writeSync(bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.most);
    this.taken += fromLatin1(part);
    return part.length;
  }
}

function queueTo(pipe: Pipe, most = 1_000): LineQueue {
  const queue = new LineQueue(pipe, most);
  queue.neverBlock();
  return queue;
}

Deno.test("LineQueue writes at once until it is told not to block", () => {
  const pipe = new Pipe(), queue = new LineQueue(pipe);
  pipe.most = 2;
  queue.write(latin1("a line\n"));
  assertEquals(pipe.taken, "a line\n");
});

Deno.test("LineQueue writes all lines in their order, in pieces that a pipe takes whole", async () => {
  const pipe = new Pipe(), queue = queueTo(pipe, 1_000_000);
  const lines = Array.from({ length: 2_000 }, (_, i) => `line ${i} ${"x".repeat(i % 700)}\n`);
  const sizes: number[] = [];
  const write = pipe.writeSync.bind(pipe);
  pipe.writeSync = (bytes) => {
    sizes.push(bytes.length);
    return write(bytes);
  };
  for (const line of lines) queue.write(latin1(line));
  await queue.flushed();
  assertEquals(pipe.taken, lines.join(""));
  assert(sizes.length < 400 && Math.max(...sizes) <= 4_096, `${sizes.length} writes of up to ${Math.max(...sizes)}`);
});

Deno.test("LineQueue drops what a stuck reader has no room for, and says how many lines where they would be", async () => {
  const pipe = new Pipe(), queue = queueTo(pipe, 100);
  pipe.stop();
  for (let i = 10; i < 50; i++) queue.write(latin1(`line ${i}\n`)); // 8 bytes each
  pipe.go();
  await queue.flushed();
  queue.write(latin1("afterwards\n"));
  await queue.flushed();
  const lines = pipe.taken.trimEnd().split("\n");
  assertEquals(lines.slice(0, 12), Array.from({ length: 12 }, (_, i) => `line ${i + 10}`));
  assertMatch(lines[12] ?? "", /^\d{4}-\S+Z \[warn\] 28 lines were dropped here: nobody read them$/);
  assertEquals(lines.slice(13), ["afterwards"]);
});

Deno.test("LineQueue counts each of several lines that come at once and are dropped", async () => {
  const pipe = new Pipe(), queue = queueTo(pipe, 100);
  pipe.stop();
  queue.write(latin1("a".repeat(99) + "\n"));
  queue.write(latin1("one\ntwo\nthree\n"));
  queue.write(latin1("four\n"));
  pipe.go();
  await queue.flushed();
  assertMatch(pipe.taken, / 4 lines were dropped here/);
});

Deno.test("LineQueue takes a line that is longer than the queue, and goes on when writing fails", async () => {
  const pipe = new Pipe(), queue = queueTo(pipe, 100);
  const write = pipe.writeSync.bind(pipe);
  pipe.writeSync = () => {
    pipe.writeSync = write;
    throw new Deno.errors.BrokenPipe("nobody reads");
  };
  queue.write(latin1("lost\n"));
  await queue.flushed();
  const long = `${"x".repeat(200)}\n`;
  queue.write(latin1(long));
  await queue.flushed();
  assertEquals(pipe.taken, long);
});

Deno.test("room() waits for a reader that is slow, and not for one that is stuck", async () => {
  const pipe = new Pipe(), queue = queueTo(pipe, 100);
  await queue.room();
  pipe.stop();
  queue.write(latin1(`${"x".repeat(90)}\n`));
  let settled = false;
  const room = queue.room().then(() => settled = true);
  await Promise.resolve();
  assert(!settled);
  pipe.go();
  await room;
  await queue.flushed();
  pipe.stop();
  queue.write(latin1(`${"x".repeat(90)}\n`));
  const begun = performance.now();
  await queue.room();
  await queue.room(); // at once: it is known to be stuck
  const took = performance.now() - begun;
  assert(took >= 249 && took < 1_500, `${took} ms`);
  pipe.go();
  await queue.flushed();
  await queue.room();
});
