/** Several apps in one gateway: what befalls one is nothing to the others, and a reload is one of all. With the compiled binary. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../support/confinement.ts";
import { Load } from "../support/load.ts";
import { runStackd } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { faultyApp, FaultyGateway, pidIn, report } from "./faults_app.ts";

/** A gateway with one app at `/` and one at `/api`, which loads `other.ts`. */
async function startTwo(...args: string[]): Promise<FaultyGateway> {
  const gateway = new FaultyGateway();
  const other = gateway.directory.write("other.ts", faultyApp());
  await gateway.start(["--http", "127.0.0.1:0", "--mount", `/api=${other}`, ...args]);
  return gateway;
}

/** The versions or processes that answers came from, in their order, each once. */
function distinct(load: Load, part: 0 | 1): number[] {
  return [...new Set(load.sent.filter(({ body }) => body !== "").map(({ body }) => Number(body.split(" ")[part])))];
}

test("faults: a worker that dies, or is stuck, is nothing to another app", async (t) => {
  await using gateway = await startTwo("--ping-timeout", "1", "--request-timeout", "2");
  await using load = await gateway.load();
  const [root] = distinct(load, 1);
  let before = 0;
  const another = async () => {
    await until("another one answers", async () => {
      const { status, body } = await gateway.ask("/api");
      return status === 200 && pidIn(body) !== before;
    });
  };
  await t.step("a death", async () => {
    before = pidIn((await gateway.ask("/api")).body);
    assert(before !== root, "each app has workers of its own");
    Deno.kill(before, "SIGKILL");
    await gateway.logged(/Worker 1 of \/api \(pid \d+\) was killed by SIGKILL; another one is started/);
    await another();
  });
  await t.step("an endless loop", async () => {
    before = pidIn((await gateway.ask("/api")).body);
    const stuck = gateway.ask("/api/loop");
    await gateway.logged(/Worker 1 of \/api \(pid \d+\) is replaced: it is stuck/);
    await gateway.logged(/Worker 1 of \/api \(pid \d+\) has GET "\/api\/loop" \(request id [^)]+\), for \d/);
    await another();
    assert((await stuck).status >= 500);
  });
  await load.answers(100);
  await load.stop();
  assertEquals([load.failed, distinct(load, 1)], [[], [root]]);
  assert(!/Worker 1 of \/ /.test(gateway.running.stderr), gateway.running.stderr);
  report("a death and an endless loop in another app", load);
});

test("faults: a reload is one of all apps, at one moment, or of none", async (t) => {
  await using gateway = await startTwo("--workers", "2");
  await using roots = await gateway.load();
  await using others = await gateway.load({ path: "/api" });
  const reload = async (root: string, other: string, says: RegExp) => {
    gateway.write(root);
    gateway.directory.write("other.ts", other);
    const length = gateway.running.stderr.length;
    gateway.running.kill("SIGHUP");
    await gateway.logged(says, length);
    return performance.now();
  };
  await t.step("one that cannot be loaded keeps all as they are", async () => {
    const workers = gateway.children("worker");
    await reload(faultyApp(2), "export default {{", /Cannot reload, generation 1 goes on: .*other\.ts/);
    await Promise.all([roots.answers(50), others.answers(50)]);
    assertEquals([distinct(roots, 0), distinct(others, 0)], [[1], [1]]);
    await until("none of the new ones is left", () => gateway.children("worker").length === 4);
    assertEquals(gateway.children("worker"), workers);
  });
  for (let version = 2; version <= 6; version++) {
    await t.step(`version ${version}`, async () => {
      // One of them takes its time.
      const slow = faultyApp(version, "await new Promise((resolve) => setTimeout(resolve, 300));");
      await reload(faultyApp(version), slow, new RegExp(`Reloaded: generation ${version} serves`));
      await Promise.all([roots.answers(50), others.answers(50)]);
    });
  }
  await Promise.all([roots.stop(), others.stop()]);
  assertEquals([roots.failed, others.failed], [[], []]);
  assertEquals([distinct(roots, 0), distinct(others, 0)], [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]);
  // Who has an answer of one app's new version gets no old one of the other that was asked for afterwards.
  const all = [...roots.sent, ...others.sent].filter(({ body }) => body !== "").sort((a, b) => a.until - b.until);
  const byStart = [...all].sort((a, b) => a.from - b.from);
  let seen = 0, at = 0;
  for (const { from, body } of byStart) {
    for (; at < all.length && all[at].until < from; at++) seen = Math.max(seen, Number(all[at].body.split(" ")[0]));
    assert(Number(body.split(" ")[0]) >= seen, `version ${body} after ${seen}`);
  }
  report("5 reloads of two apps", roots, `${others.sent.length} of the other app`);
});

test("stackd status names the app of each worker, and stackd workers changes those of one", async () => {
  await using gateway = new FaultyGateway();
  const control = gateway.directory.at("app.ctl"), other = gateway.directory.write("other.ts", faultyApp());
  await gateway.start(["--http", "127.0.0.1:0", "--control", control, "--mount", `/api=${other}`]);
  const ask = (...args: string[]) => runStackd([...args, "--control", control]);
  type Worker = Readonly<Record<"id" | "worker_id" | "accepting", number>> & { readonly app: string };
  const workers = async () => {
    const found: Worker[] = JSON.parse((await ask("status")).stdout).workers;
    return found.map(({ id, app, worker_id, accepting }) => `${id} ${app} ${worker_id} ${accepting}`);
  };
  assertEquals(await workers(), ["1 / 1 1", "2 /api 1 1"]);
  const which = await ask("workers", "+1");
  assertEquals([which.code, which.stderr], [
    1,
    'stackd: Cannot change the number of workers: say which app\'s, --app with one of "/", "/api"\n',
  ]);
  const wrong = await ask("workers", "+1", "--app", "/ap");
  assertStringIncludes(wrong.stderr, 'no app is mounted at "/ap", but at "/", "/api"');
  assertEquals((await ask("workers", "+1", "--app", "/api")).stdout, "2 workers\n");
  await gateway.running.until("it serves", async () => (await workers()).join() === "1 / 1 1,2 /api 1 1,3 /api 2 1");
  assertEquals((await ask("workers", "-1", "--app", "/api/")).stdout, "1 worker\n");
  assertStringIncludes((await ask("workers", "-1", "--app", "/")).stderr, "Cannot end the last worker");
});

test("faults: a graceful stop answers what all apps have, and ends with 0", async () => {
  await using gateway = await startTwo();
  const slow = [gateway.ask("/slow"), gateway.ask("/api/slow")];
  await gateway.ask("/");
  gateway.running.kill("SIGTERM");
  assertEquals((await Promise.all(slow)).map(({ status }) => status), [200, 200]);
  assertEquals((await gateway.running.ended).code, 0);
});
