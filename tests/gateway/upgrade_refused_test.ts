/** Upgrades that come to nothing: the process goes on as if nothing had been, and says why. With the compiled binary. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mayNote, test } from "../support/confinement.ts";
import { Load } from "../support/load.ts";
import { RawClient } from "../support/raw_http.ts";
import { type Ended, runStackd } from "../support/stackd.ts";
import { runs, Upgradable } from "../support/upgradable.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";
import { faultyApp } from "./faults_app.ts";

/** A gateway with every socket that there can be. */
async function startGateway(...args: string[]): Promise<Upgradable> {
  const gateway = new Upgradable();
  gateway.directory.write("app.ts", faultyApp());
  const log = gateway.directory.write("log", "");
  await gateway.start(
    [
      "gateway",
      "--access-log",
      "off",
      "--http",
      "127.0.0.1:0",
      "--control",
      "control",
      ...mayNote(log, "FAULTS_LOG"),
      ...args,
      "app.ts",
    ],
    { env: { FAULTS_LOG: log } },
  );
  return gateway;
}

function ask(gateway: Upgradable, command: "upgrade" | "status"): Promise<Ended> {
  return runStackd([command, "--control", gateway.directory.at("control")]);
}

/** The status of an answer on a connection of its own. */
async function statusOfNew({ address }: Upgradable): Promise<number> {
  using client = await within("it connects", RawClient.connect(address));
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  return (await client.response()).status;
}

/** What is put in the program's place, or the module's, and what is said of it. */
const BAD: [name: string, spoil: (gateway: Upgradable) => void, said: (gateway: Upgradable) => string][] = [
  [
    "a file that is no program",
    (gateway) => {
      Deno.chmodSync(gateway.directory.write("bad", "garbage"), 0o755);
      gateway.install("bad");
    },
    ({ program }) => `"${program}" is no stackd`,
  ],
  [
    "another program",
    (gateway) => {
      Deno.chmodSync(gateway.directory.write("bad", "#!/bin/sh\necho another 1.0\n"), 0o755);
      gateway.install("bad");
    },
    ({ program }) => `"${program}" is no stackd`,
  ],
  [
    "a file that may not be run",
    (gateway) => {
      Deno.chmodSync(gateway.directory.write("bad", "garbage"), 0o644);
      gateway.install("bad");
    },
    ({ program }) => `"${program}" cannot be run: `,
  ],
  ["no file", (gateway) => gateway.install("nowhere"), ({ program }) => `there is no "${program}"`],
  [
    "a program that says it is stackd, and ends",
    (gateway) => {
      Deno.chmodSync(gateway.directory.write("bad", "#!/bin/sh\necho stackd 9.9\nexit 7\n"), 0o755);
      gateway.install("bad");
    },
    ({ program }) => `"${program}" is no stackd`,
  ],
  [
    "a program that knows its version, and nothing else",
    (gateway) => {
      const script = '#!/bin/sh\n[ "$1" = version ] && echo "stackd 9.9 (no)" && exit 0\nexit 7\n';
      Deno.chmodSync(gateway.directory.write("bad", script), 0o755);
      gateway.install("bad");
    },
    ({ program }) => `"${program}" (pid `,
  ],
  [
    "a module that does not parse",
    ({ directory }) => void directory.write("app.ts", "export default ("),
    ({ directory }) => `Cannot load "${directory.at("app.ts")}": expected an expression`,
  ],
  [
    "an onStart that throws",
    ({ directory }) => void directory.write("app.ts", faultyApp(2, 'throw new Error("no database")')),
    ({ directory }) => `Cannot start "${directory.at("app.ts")}": onStart threw Error: no database`,
  ],
  [
    "an onStart that never ends",
    ({ directory }) => void directory.write("app.ts", faultyApp(2, "await new Promise(() => {})")),
    ({ directory }) => `Cannot start "${directory.at("app.ts")}": it took longer than 2 s in onStart`,
  ],
  [
    "a pid file that became something else",
    ({ pidfile }) => Deno.writeTextFileSync(pidfile, "nonsense"),
    ({ pidfile }) => `Cannot write pid file "${pidfile}": it is there already, and is no pid file`,
  ],
  [
    "a program that takes the control socket away, and ends",
    (gateway) => {
      const script = `#!/bin/sh\n[ "$1" = version ] && echo "stackd 9.9 (no)" && exit 0\nrm control\necho > control\n`;
      Deno.chmodSync(gateway.directory.write("bad", script), 0o755);
      gateway.install("bad");
    },
    ({ program }) => `"${program}" (pid `,
  ],
];

test("an upgrade that comes to nothing changes nothing, and says why", async (t) => {
  await using gateway = await startGateway("--boot-timeout", "2", "--status", "127.0.0.1:0");
  await using load = new Load(gateway.address);
  await load.answers(50);
  const { pid } = gateway;
  for (const [name, spoil, said] of BAD) {
    await t.step(name, async () => {
      const length = gateway.running.stderr.length;
      spoil(gateway);
      const { code, stderr } = await ask(gateway, "upgrade");
      assertEquals(code, 1);
      assertStringIncludes(stderr, `stackd: Cannot upgrade: ${said(gateway)}`);
      await gateway.logged(/\[error\] Cannot upgrade, process \d+ goes on: /, length);
      const log = gateway.running.stderr.slice(length);
      assertStringIncludes(log, `[error] Cannot upgrade, process ${pid} goes on: ${said(gateway)}`);
      assertEquals(JSON.parse((await ask(gateway, "status")).stdout).pid, pid, "the control socket is its own");
      await load.answers(20);
      assertEquals(await statusOfNew(gateway), 200, "it takes new connections");
      gateway.install("one");
      gateway.directory.write("app.ts", faultyApp());
      if (gateway.pid !== 0) assertEquals(gateway.pid, pid, "the pid file names it");
      Deno.writeTextFileSync(gateway.pidfile, `${pid}\n`);
    });
  }
  const names = [...Deno.readDirSync(gateway.directory.path)].map(({ name }) => name);
  assertEquals(names.filter((name) => /^(\.|pid\.)/.test(name)), [], "nothing is left");
  assertEquals(JSON.parse((await ask(gateway, "status")).stdout).pid, pid);
  await gateway.upgrade("two"); // it still can
  await load.answers(50);
  await load.stop();
  assertEquals(load.failed, []);
});

test("a stop while an upgrade is under way ends both", async () => {
  await using gateway = await startGateway();
  gateway.directory.write("app.ts", faultyApp(2, "await new Promise(() => {})"));
  Deno.kill(gateway.pid, "SIGUSR2");
  const [, pid] = await gateway.logged(/Upgrading: stackd \S+ is started \(pid (\d+)\)/);
  const names = () => [...Deno.readDirSync(gateway.directory.path)].map(({ name }) => name);
  await until("it is about to take the pid file", () => names().includes(`pid.${pid}`));
  gateway.running.kill("SIGTERM");
  const { code, stderr } = await gateway.running.ended;
  assertEquals(code, 0);
  assert(!runs(Number(pid)));
  assert(!stderr.includes("[error]"), stderr);
  assertEquals(names().filter((name) => /^(stackd-|pid|control|\.)/.test(name)), [], "nothing is left of both");
});

test("a successor that is killed while it starts leaves the old process as it was", async () => {
  await using gateway = await startGateway();
  const { pid } = gateway;
  gateway.directory.write("app.ts", faultyApp(2, "await new Promise(() => {})"));
  Deno.kill(pid, "SIGUSR2");
  Deno.kill(pid, "SIGUSR2"); // one upgrade at a time
  const [, successor] = await gateway.logged(/Upgrading: stackd \S+ is started \(pid (\d+)\)/);
  Deno.kill(Number(successor), "SIGKILL");
  await gateway.logged(new RegExp(`goes on: ".*/stackd" \\(pid ${successor}\\) was killed by SIGKILL`));
  assertEquals(await statusOfNew(gateway), 200);
  assertEquals(gateway.pid, pid);
  assertEquals(gateway.running.stderr.match(/Upgrading: /g)?.length, 1);
});
