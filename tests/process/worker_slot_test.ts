/** A worker's place is kept filled. The workers here are no processes. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import type { WorkerReady } from "../../lib/process/messages.ts";
import type { ProcessExit } from "../../lib/process/process_handle.ts";
import { type Occupant, WorkerSlot } from "../../lib/process/worker_slot.ts";
import { stderrOf } from "../handler/support.ts";
import { until } from "../support/until.ts";

const READY: WorkerReady = { type: "ready", handler: "x", socket: null };
const failure = new StackdError("STACKD_HANDLER_LOAD", 'Cannot load "x": it threw', { detail: "    at x" });

class FakeWorker implements Occupant {
  readonly #ready = Promise.withResolvers<WorkerReady>();
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly ready = this.#ready.promise;
  readonly exited = this.#exited.promise;
  readonly pid: number;
  drained: number | null = null;
  killed = false;

  constructor(pid: number) {
    this.pid = pid;
    this.ready.catch(() => {});
  }

  boot(): void {
    this.#ready.resolve(READY);
  }

  fail(): void {
    this.#ready.reject(failure);
  }

  die(lived: number, code = 0, signal: Deno.Signal | null = "SIGKILL"): void {
    this.#ready.reject(failure);
    this.#exited.resolve({ code, signal, lived });
  }

  drain(timeout: number): Promise<ProcessExit> {
    this.drained = timeout;
    this.die(0, 0, null);
    return this.exited;
  }

  kill(): void {
    this.killed = true;
    this.die(0);
  }
}

/** A slot, the workers that were started for it, and how often one was ready. */
function slot() {
  const workers: FakeWorker[] = [];
  const state = { ready: 0, gone: 0 };
  const spawn = () => {
    const worker = new FakeWorker(100 + workers.length);
    workers.push(worker);
    return worker;
  };
  const events = {
    serves: () => {
      state.ready++;
      return Promise.resolve();
    },
    gone: () => void state.gone++,
  };
  return { slot: new WorkerSlot(1, spawn, events), workers, state };
}

/** The same, with a worker that serves. */
async function serving() {
  const made = slot(), started = made.slot.start();
  made.workers[0]?.boot();
  await started;
  return made;
}

Deno.test("start() is done when the first worker is ready", async () => {
  const { slot: place, workers, state } = slot();
  const started = place.start();
  assertEquals([workers.length, state.ready], [1, 0]);
  workers[0]?.boot();
  await started;
  assertEquals(state.ready, 1);
  await place.stop(5_000);
  assertEquals([workers.length, workers[0]?.drained], [1, 5_000]);
});

Deno.test("start() throws what is wrong with the first worker, and starts no second one", async () => {
  const { slot: place, workers } = slot();
  const started = place.start();
  workers[0]?.fail();
  assertEquals(await assertRejects(() => started, StackdError), failure);
  assertEquals([workers.length, workers[0]?.killed], [1, true]);
});

Deno.test("a worker that dies is replaced at once, and said to be", async () => {
  const { slot: place, workers, state } = await serving();
  const log = await stderrOf(async () => {
    workers[0]?.die(60_000);
    await until("another one is started", () => workers.length === 2);
    workers[1]?.boot();
    await until("it serves", () => state.ready === 2);
    workers[1]?.die(60_000, 3, null);
    await until("and another one", () => workers.length === 3);
    workers[2]?.boot();
    await until("it serves", () => state.ready === 3);
  });
  assertStringIncludes(log, "[error] Worker 1 (pid 100) was killed by SIGKILL; another one is started\n");
  assertStringIncludes(log, "[info] Worker 1 serves again (pid 101)\n");
  assertStringIncludes(log, "[error] Worker 1 (pid 101) exited with code 3; another one is started\n");
  await place.stop(0);
});

Deno.test("a worker that does not come back is told of, and waited for longer", async () => {
  const { slot: place, workers } = await serving();
  const log = await stderrOf(async () => {
    workers[0]?.die(10);
    await until("another one is started", () => workers.length === 2);
    workers[1]?.fail();
    await until("it is given up", () => workers[1]?.killed);
    await until("and another one is started", () => workers.length === 3);
    workers[2]?.boot();
  });
  assertStringIncludes(log, 'Worker 1 did not come back: Cannot load "x": it threw\n    at x\n');
  assertStringIncludes(log, "Worker 1 (pid 101) was killed by SIGKILL; another one is started in 0.5 s\n");
  await place.stop(0);
});

Deno.test("a worker that cannot even be started is tried again", async () => {
  const workers: FakeWorker[] = [];
  let attempts = 0, ready = 0;
  const place = new WorkerSlot(1, () => {
    if (++attempts === 2) throw new Error("no more processes");
    const worker = new FakeWorker(100 + workers.length);
    workers.push(worker);
    worker.boot();
    return worker;
  }, { serves: () => Promise.resolve(void ready++), gone() {} });
  await place.start();
  const log = await stderrOf(async () => {
    workers[0]?.die(60_000);
    await until("another one serves", () => ready === 2);
  });
  assertStringIncludes(log, "Worker 1 did not come back: no more processes\n");
  assertEquals(attempts, 3);
  await place.stop(0);
});

Deno.test("stop() does not wait for a start that is put off", async () => {
  const { slot: place, workers } = await serving();
  await stderrOf(async () => {
    for (const index of [0, 1]) {
      await until("it is started", () => workers.length === index + 1);
      workers[index]?.die(10);
    }
    const begun = performance.now();
    await place.stop(0);
    assert(performance.now() - begun < 400);
  });
  assertEquals(workers.length, 2);
});

Deno.test("kill() ends the worker without a word and starts none", async () => {
  const { slot: place, workers } = await serving();
  const log = await stderrOf(async () => {
    place.kill();
    await place.stop(0);
  });
  assertEquals([log, workers.length, workers[0]?.killed], ["", 1, true]);
});

Deno.test("replace() drains the old worker when the new one serves, and not before", async () => {
  const { slot: place, workers, state } = await serving();
  const log = await stderrOf(async () => {
    const replaced = place.replace("it is old", 3_000);
    assertEquals([workers.length, place.replacing, workers[0]?.drained], [2, true, null]);
    assertEquals(await place.replace("again", 3_000), false, "one at a time");
    workers[1]?.boot();
    assertEquals(await replaced, true);
  });
  assertStringIncludes(log, "Worker 1 (pid 100) is replaced: it is old\n");
  assertEquals([workers[0]?.drained, workers[0]?.killed, state.ready, place.replacing], [3_000, false, 2, false]);
  assertEquals([place.current === workers[1], place.respawns], [true, 1]);
  // The old one has ended, and its end is nobody's death.
  assertEquals([workers.length, state.gone], [2, 0]);
  await place.stop(0);
});

Deno.test("replace() kills the old worker when it may not finish", async () => {
  const { slot: place, workers } = await serving();
  await stderrOf(async () => {
    const replaced = place.replace("it is stuck", 0);
    workers[1]?.boot();
    await replaced;
  });
  assertEquals([workers[0]?.killed, workers[0]?.drained], [true, null]);
  await place.stop(0);
});

Deno.test("replace() keeps the old worker when the new one does not serve", async () => {
  const { slot: place, workers, state } = await serving();
  const log = await stderrOf(async () => {
    const replaced = place.replace("it is old", 3_000);
    workers[1]?.fail();
    assertEquals(await replaced, false);
  });
  assertStringIncludes(log, 'Worker 1 did not come back: Cannot load "x": it threw\n');
  assertEquals([workers[0]?.drained, workers[1]?.killed, state.ready], [null, true, 1]);
  assertEquals([place.current === workers[0], place.respawns], [true, 0]);
  await place.stop(0);
});

Deno.test("a worker that dies tells that it is gone before the next one serves", async () => {
  const { slot: place, workers, state } = await serving();
  await stderrOf(async () => {
    workers[0]?.die(60_000);
    await until("another one is started", () => workers.length === 2);
    assertEquals([state.gone, state.ready], [1, 1]);
    workers[1]?.boot();
    await until("it serves", () => state.ready === 2);
  });
  await place.stop(0);
});

Deno.test("a worker that dies while another one starts to replace it is followed by that one only", async () => {
  const { slot: place, workers, state } = await serving();
  const log = await stderrOf(async () => {
    const replaced = place.replace("it is old", 3_000);
    workers[0]?.die(60_000, 3, null);
    await until("it is gone", () => state.gone === 1);
    assertEquals(workers.length, 2, "no third one is started");
    workers[1]?.boot();
    assertEquals(await replaced, true);
    workers[1]?.die(60_000);
    await until("the follower's end is a death", () => workers.length === 3);
    workers[2]?.boot();
    await until("it serves", () => state.ready === 3);
  });
  assertStringIncludes(log, "[error] Worker 1 (pid 100) exited with code 3; another one is started\n");
  assertStringIncludes(log, "[error] Worker 1 (pid 101) was killed by SIGKILL; another one is started");
  await place.stop(0);
});

Deno.test("a worker that dies while the one that is to replace it fails is replaced all the same", async () => {
  const { slot: place, workers, state } = await serving();
  await stderrOf(async () => {
    const replaced = place.replace("it is old", 3_000);
    workers[0]?.die(60_000);
    await until("it is gone", () => state.gone === 1);
    workers[1]?.fail();
    assertEquals(await replaced, false);
    await until("another one is started", () => workers.length === 3);
    workers[2]?.boot();
    await until("it serves", () => state.ready === 2);
  });
  assertEquals(place.current, workers[2]);
  await place.stop(0);
});

Deno.test("replace() keeps the old worker when no other can be started, and rests then", async () => {
  const first = new FakeWorker(100);
  let attempts = 0;
  const place = new WorkerSlot(1, () => {
    if (++attempts > 1) throw new Error("no more processes");
    first.boot();
    return first;
  }, { serves: () => Promise.resolve(), gone() {} });
  await place.start();
  assertEquals(place.resting, false);
  const log = await stderrOf(async () => {
    assertEquals(await place.replace("it is old", 3_000), false);
  });
  assertStringIncludes(log, "Worker 1 did not come back: no more processes\n");
  assertEquals([place.current, place.replacing, place.resting, first.drained], [first, false, true, null]);
  await place.stop(0);
});

Deno.test("stop() during a replacement is no failure of it", async () => {
  const { slot: place, workers } = await serving();
  const log = await stderrOf(async () => {
    const replaced = place.replace("it is old", 3_000);
    await place.stop(5_000);
    assertEquals(await replaced, false);
  });
  assertEquals(log.includes("did not come back"), false, log);
  assertEquals([workers.length, workers[0]?.drained], [2, 5_000]);
});
