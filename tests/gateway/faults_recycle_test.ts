/** Workers that are replaced though nothing is wrong with them, under load. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { FaultyGateway, isRunning, pidIn, report } from "./faults_app.ts";

const CASES: [name: string, args: string[], least: number, why: RegExp][] = [
  ["--max-requests 50", ["--max-requests", "50"], 8, /it answered (\d+) requests, the limit is (\d+)/],
  ["--max-lifetime 1", ["--max-lifetime", "1"], 4, /it lived for ([\d.]+) s, the limit is ([\d.]+) s/],
];

for (const [name, args, least, why] of CASES) {
  test(`faults: recycling by ${name} fails nothing`, async () => {
    await using gateway = await FaultyGateway.start(["--workers", "2", ...args]);
    await using load = await gateway.load();
    const { running } = gateway;
    const replaced = () => [...running.stderr.matchAll(new RegExp(`is replaced: ${why.source}`, "g"))];
    await running.until(`${least} workers are replaced`, () => replaced().length >= least);
    await load.answers(200);
    await load.stop();
    assertEquals(load.failed, []);
    for (const [, is, limit] of replaced()) {
      assert(Number(is) >= Number(limit), `${is} is no reason`);
      assert(Number(limit) >= Number(args[1]) && Number(limit) <= Number(args[1]) * 1.1, `the limit became ${limit}`);
    }
    // One at a time: between two of them there is one that serves anew.
    const pids = new Set(load.sent.map(({ body }) => pidIn(body)));
    assert(pids.size >= least, `${pids.size} workers answered`);
    await until("those that were replaced are gone", () => [...pids].filter(isRunning).length <= 3);
    report(`recycling by ${name}`, load, `${replaced().length} workers were replaced`);
  });
}

Deno.test("faults: a gateway that cannot start the worker to replace another one goes on with the old one", async () => {
  using directory = new TestDirectory();
  const program = directory.at("stackd"), elsewhere = directory.at("elsewhere");
  try {
    Deno.linkSync(BINARY, program);
  } catch {
    Deno.copyFileSync(BINARY, program); // another file system
  }
  const module = directory.write("app.ts", "export default () => new Response(String(Deno.pid));");
  const args = ["gateway", "--http", "127.0.0.1:0", "-w", "2", "--access-log", "off", "--max-lifetime", "1", module];
  await using gateway = new Running(program, args);
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  Deno.renameSync(program, elsewhere);
  await gateway.until("it has failed", () => gateway.stderr.includes("did not come back"));
  const [, old] = await gateway.until("it has rested", () => gateway.stderr.match(/\(pid (\d+)\).*(?:\n.*)+replaced/));
  const get = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert(Number(await get()) > 0);
  Deno.renameSync(elsewhere, program);
  await until("the old worker is replaced", () => !isRunning(Number(old)));
  assert(Number(await get()) > 0);
});
