/** What goes wrong in a confined handler goes as wrong as in any other, and no more. With the compiled binary. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { BINARY, Running, startGateway, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

const MODULE = fromFileUrl(new URL("faulty/main.ts", import.meta.url));

interface Served extends AsyncDisposable {
  readonly running: Running;
  readonly directory: TestDirectory;
  get(path: string, patience?: number): Promise<string>;
  worker(): number;
}

async function serve(
  flags: readonly string[] = [],
  log = "off",
  confinement: readonly string[] = ["--allow-env=NOTHING"],
): Promise<Served> {
  const directory = new TestDirectory(), socket = directory.at("app.sock");
  const running = await startGateway(socket, MODULE, [...confinement, "--access-log", log, ...flags], {
    env: { STACKD_TEST_SECRET: "secret" },
  });
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket }, poolMaxIdlePerHost: 0 });
  return {
    running,
    directory,
    async get(path, patience = 10_000) {
      const response = await fetch(`http://localhost/${path}`, { client, signal: AbortSignal.timeout(patience) });
      return await response.text();
    },
    worker() {
      const children = Deno.readTextFileSync(`/proc/${running.pid}/task/${running.pid}/children`).trim().split(" ");
      return Number(children.at(-1));
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await running[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

for (const [deed, code] of [["exit", 3], ["process-exit", 4]] as const) {
  Deno.test(`confined: ${deed} ends the worker with its code, and another one serves`, async () => {
    await using served = await serve();
    await served.get(deed).catch(() => {});
    await served.running.until("it serves again", () => /serves again/.test(served.running.stderr));
    assertMatch(served.running.stderr, new RegExp(`exited with code ${code}; another one is started`));
    assertMatch(await served.get("hello"), /^hello/);
  });
}

Deno.test("confined: a stuck loop is found, though the process around it lives", async () => {
  await using served = await serve(["--ping-timeout", "1"]);
  const before = await served.get("hello");
  // fetch() would ask the next worker the same when this one is gone.
  using conn = await Deno.connect({ transport: "unix", path: served.directory.at("app.sock") });
  await conn.write(new TextEncoder().encode("GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await served.running.until("it is found", () => /is replaced: it is stuck/.test(served.running.stderr));
  await until("another one answers", async () => {
    const answer = await served.get("hello", 1_000).catch(() => before);
    return answer !== before;
  });
});

Deno.test("confined: what is thrown outside of a request, and what is rejected, ends nothing", async () => {
  await using served = await serve();
  const before = await served.get("hello");
  await served.get("rejects");
  await served.get("throws");
  await served.running.until(
    "both are told",
    () =>
      /rejected, and nothing handled it: Error: nobody waits[^]*threw outside of a request: Error: out of the blue/
        .test(
          served.running.stderr,
        ),
  );
  assertEquals(await served.get("hello"), before);
});

Deno.test("confined: a handler that takes all memory ends its process alone", async () => {
  await using served = await serve(["--ping-timeout", "20"]);
  // The system's memory is not asked for: what the runtime allows a heap is 4 GB at most.
  await new Deno.Command("prlimit", { args: [`--pid=${served.worker()}`, "--data=1500000000"] }).output();
  await served.get("memory", 60_000).catch(() => {});
  await served.running.until("it serves again", () => /serves again/.test(served.running.stderr), 60_000);
  assertMatch(await served.get("hello"), /^hello/);
});

Deno.test("confined: a drain lets requests end, and onStop run", async () => {
  await using served = await serve();
  const slow = served.get("slow");
  await served.get("hello");
  const ended = served.running.stop();
  assertEquals(await slow, "slow");
  const { code, stdout } = await ended;
  assertEquals(code, 0);
  assertMatch(stdout, /onStop runs/);
});

Deno.test("confined: a reload replaces the worker, and its socket", async () => {
  await using served = await serve();
  const before = await served.get("hello");
  served.running.kill("SIGHUP");
  await served.running.until("it is reloaded", () => /Reloaded: generation 2 serves/.test(served.running.stderr));
  assert(await served.get("hello") !== before);
});

Deno.test("confined: a supervisor that is killed takes its worker with it", async () => {
  await using served = await serve();
  const pid = served.worker();
  await served.running.stop("SIGKILL");
  await until("it is gone", () => readText(`/proc/${pid}/stat`) === null);
});

for (const [confined, flags] of [[true, ["--allow-env=NOTHING"]], [false, []]] as const) {
  Deno.test(`${confined ? "confined" : "unconfined"}: a descriptor leads to the supervisor: ${!confined}`, async () => {
    await using served = await serve([], "off", flags);
    const pid = served.worker();
    served.get("adopt").catch(() => {}); // it may have spoken on its client's connection, too
    await served.running.until("it speaks", () => /speaks on all/.test(served.running.stdout));
    const isHeard = () => /is killed: Cannot take a message/.test(served.running.stderr);
    if (confined) {
      // All that a worker says is heard before its end.
      served.running.kill("SIGHUP");
      await served.running.until("it is reloaded", () => /Reloaded: generation 2/.test(served.running.stderr));
      await until("the first worker is gone", () => readText(`/proc/${pid}/stat`) === null);
    } else await served.running.until("it is heard", isHeard);
    assertEquals(isHeard(), !confined);
  });
}

Deno.test("confined: the process knows nothing of its supervisor's environment, input and descriptors", async () => {
  await using served = await serve();
  const pid = served.worker();
  assert(!Deno.readTextFileSync(`/proc/${pid}/environ`).includes("secret"));
  assertEquals(await served.get("stdin"), "null");
  assertEquals(Deno.readLinkSync(`/proc/${pid}/fd/0`), "/dev/null");
  assertEquals(await served.get("scope"), "");
});

Deno.test("confined: the worker writes the access log of its socket, and opens it anew", async () => {
  using directory = new TestDirectory();
  const log = directory.at("access.log");
  await using served = await serve([], log);
  await served.get("hello");
  await until("it is written", () => readText(log)?.includes("GET /hello"));
  Deno.renameSync(log, `${log}.1`);
  served.running.kill("SIGUSR1");
  await until("it is opened anew", () => readText(log) !== null);
  await served.get("scope");
  await until("it is written", () => readText(log)?.includes("GET /scope"));
});

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

Deno.test("confined: a file that is replaced is denied, with the reason, until its directory is allowed", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock"), path = directory.write("data/file", "old");
  const code = `export default () => new Response(Deno.readTextFileSync(${JSON.stringify(path)}));`;
  const app = directory.write("app/app.ts", code);
  for (const [allowed, replaced] of [[path, 500], [directory.at("data"), 200]] as const) {
    await using running = await startGateway(socket, app, ["--access-log", "off", `--allow-read=${allowed}`]);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const ask = async () => {
      const response = await fetch("http://localhost/", { client });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await ask(), 200);
    Deno.renameSync(directory.write("data/new", "new"), path);
    assertEquals(await ask(), replaced);
    if (replaced === 500) {
      await running.until("it is told", () => /replaced since the worker's start/.test(running.stderr));
    }
    await running.stop();
  }
});

Deno.test("confined: a handler cannot touch the file that standard output is, which its access log is written to", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock"), log = directory.write("log", "from before\n");
  Deno.chmodSync(log, 0o600);
  const app = directory.write(
    "app/app.ts",
    `
    import { fchmodSync, ftruncateSync, futimesSync } from "node:fs";
    export default () => {
      for (const touch of [() => ftruncateSync(1, 0), () => fchmodSync(1, 0o666), () => futimesSync(1, 1, 1)]) {
        try {
          touch();
        } catch { /* it is a pipe */ }
      }
      console.log("from the handler");
      return new Response("done");
    };
  `,
  );
  const args = ["gateway", "--socket", socket, "--allow-env=NOTHING", app];
  await using running = new Running("/bin/sh", ["-c", `exec "$0" "$@" >>'${log}'`, BINARY, ...args]);
  const lines = () => Deno.readTextFileSync(log);
  await until("it serves", () => /^ +pid +\d+$/m.test(lines()));
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  assertEquals(await (await fetch("http://localhost/", { client })).text(), "done");
  await until(
    "it is logged",
    () => /^unix: .*"GET \/ HTTP\/1.1" 200/m.test(lines()) && /^from the handler$/m.test(lines()),
  );
  assertMatch(lines(), /^from before\n/);
  const { mode, mtime } = Deno.statSync(log);
  assertEquals((mode ?? 0) & 0o777, 0o600);
  assert(Number(mtime) > 1_000);
  await running.stop();
});
