/** A worker that does not answer its pings, long before it is replaced. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import { until } from "../support/until.ts";
import { FaultyGateway, pidIn, report } from "./faults_app.ts";

/** How long the processor is taken, ms; the worker is not replaced for that. */
const BLOCKED = 3_500;
/** A worker is noticed to be silent by now, ms, on a busy machine, too. */
const NOTICED = 1_500;

/** Answers with its process; `/block` takes the processor. */
const APP = `
export default async (request: Request): Promise<Response> => {
  const begun = performance.now();
  if (new URL(request.url).pathname === "/block") while (performance.now() < begun + ${BLOCKED});
  await new Promise((resolve) => setTimeout(resolve, 15));
  return new Response("1 " + Deno.pid);
};
`;

async function start(args: readonly string[]): Promise<FaultyGateway> {
  const gateway = new FaultyGateway();
  gateway.write(APP);
  await gateway.start(["--http", "127.0.0.1:0", "--request-timeout", "0.5", "--ping-timeout", "10", ...args]);
  return gateway;
}

test("faults: a worker that misses a ping is sent nothing until it answers, and is not replaced", async () => {
  await using gateway = await start(["--workers", "2"]);
  await using load = await gateway.load({ clients: 24 });
  const workers = gateway.children("worker");
  const begin = performance.now();
  const { status } = await gateway.ask("/block");
  assertEquals(status, 504);
  await until("the loop is over", () => performance.now() > begin + BLOCKED);
  const late = load.sent.filter(({ from, until }) => from > begin + NOTICED && until < begin + BLOCKED);
  assert(late.length > 100, `${late.length} requests are no load`);
  assertEquals(late.filter(({ outcome }) => outcome !== 200), [], "all of them are answered by the other worker");
  const [other] = new Set(late.map(({ body }) => pidIn(body)));
  await until(
    "it is asked again",
    () => load.sent.some(({ body, from }) => from > begin + BLOCKED && pidIn(body) !== other),
  );
  await load.stop();
  assertEquals(gateway.children("worker"), workers);
  // While nobody knows yet: what is sent to it is a 504.
  for (const { from, outcome } of load.failed) assert(from < begin + NOTICED && outcome === 504);
  report("the processor taken for 3.5 s", load);
});

test("faults: a silent worker is asked while there is no other", async () => {
  await using gateway = await start(["--workers", "1"]);
  const blocked = gateway.ask("/block");
  const begin = performance.now();
  await until("it is silent for long", () => performance.now() > begin + NOTICED);
  // A request of its own would be in the queue for 5 s, and then be a 503.
  const answer = gateway.ask("/");
  assertEquals([(await blocked).status, (await answer).status], [504, 504]);
  await until("the loop is over", () => performance.now() > begin + BLOCKED);
  assertEquals((await gateway.ask("/")).status, 200);
});

test("faults: a container that is paused for longer than the ping timeout costs no worker", async () => {
  const gateway = new FaultyGateway();
  await using _ = gateway;
  gateway.write(APP);
  await gateway.start(["--http", "127.0.0.1:0", "--workers", "2", "--ping-timeout", "2"]);
  const workers = gateway.children("worker");
  const pause = async (ms: number) => {
    const begin = performance.now();
    await until("the pause is over", () => performance.now() > begin + ms);
  };
  for (const pid of workers) Deno.kill(pid, "SIGSTOP");
  await pause(400); // so that they owe the answer to a ping
  Deno.kill(gateway.running.pid, "SIGSTOP");
  await pause(2_500);
  for (const pid of [...workers, gateway.running.pid]) Deno.kill(pid, "SIGCONT");
  for (let count = 0; count < 20; count++) assertEquals((await gateway.ask("/")).status, 200);
  assertEquals(gateway.running.stderr, "");
  // One that is stuck is found all the same.
  gateway.ask("/block").catch(() => {});
  await gateway.logged(/has not answered for 2 s/);
});
