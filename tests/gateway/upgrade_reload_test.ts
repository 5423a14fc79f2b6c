/** Reloads that are asked for while an upgrade is under way. With the compiled binary. @module */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Ended, runStackd } from "../support/stackd.ts";
import { runs, Upgradable } from "../support/upgradable.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

/** A handler of a version whose start takes as long as a file is there; then it fails, if it is told to. */
const app = (version: string, start = "") =>
  `export async function onStart() {
  Deno.writeTextFileSync("loaded", "${version}\\n", { append: true });
  while (await Deno.stat("wait").then(() => true, () => false)) await new Promise((resolve) => setTimeout(resolve, 20));
  ${start}
}
export default () => new Response("${version}");
`;

class Case implements AsyncDisposable {
  readonly gateway = new Upgradable();

  async start(...args: string[]): Promise<this> {
    const { directory } = this.gateway;
    directory.write("app.ts", app("v1"));
    await this.gateway.start(["gateway", "--http", "127.0.0.1:0", "--access-log", "off", ...args, "app.ts"]);
    return this;
  }

  /** Begins an upgrade whose process loads `text`, and waits until it has. */
  async begin(text: string, version: string): Promise<void> {
    const { directory, pid } = this.gateway;
    directory.write("wait", "");
    directory.write("app.ts", text);
    Deno.kill(pid, "SIGUSR2");
    await until("the successor has loaded the module", () => {
      return Deno.readTextFileSync(directory.at("loaded")).includes(version);
    });
  }

  /** Lets what starts go on. */
  goOn(): void {
    Deno.removeSync(this.gateway.directory.at("wait"));
  }

  async answer(): Promise<string> {
    const { address } = this.gateway;
    assert(address.transport === "tcp");
    return await (await within("it answers", fetch(`http://127.0.0.1:${address.port}/`))).text();
  }

  reload(): Promise<Ended> {
    return runStackd(["reload", "--control", this.gateway.directory.at("control")]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
  }
}

/** A signal that has come is acted upon within this, ms: nothing that a test could wait for tells that nothing is done. */
const NOTICE = 300;
const notice = () => new Promise((resolve) => setTimeout(resolve, NOTICE));

Deno.test("HUP during an upgrade that succeeds is carried out by the successor", async () => {
  await using upgrade = await new Case().start();
  const { gateway } = upgrade, first = gateway.pid;
  await upgrade.begin(app("v2"), "v2");
  gateway.directory.write("app.ts", app("v3"));
  Deno.kill(first, "SIGHUP");
  await notice();
  assert(!gateway.running.stderr.includes("Reloading"), gateway.running.stderr);
  upgrade.goOn();
  await gateway.logged(/Reloaded: generation 2 serves/);
  await until("the old process ends", () => !runs(first));
  assertEquals(await upgrade.answer(), "v3");
  // The lines of two processes have no order.
  assertMatch(gateway.running.stderr, /Upgraded: [^]*is told to reload, because it serves now/);
  assertEquals(gateway.running.stderr.match(/Reloading: /g)?.length, 1);
});

Deno.test("an upgrade that is asked for during a reload begins when that is over", async () => {
  await using upgrade = await new Case().start();
  const { gateway } = upgrade, { directory, pid } = gateway;
  directory.write("wait", "");
  directory.write("app.ts", app("v2"));
  Deno.kill(pid, "SIGHUP");
  await until("the reload is under way", () => Deno.readTextFileSync(directory.at("loaded")).includes("v2"));
  Deno.kill(pid, "SIGUSR2");
  await notice();
  assert(!gateway.running.stderr.includes("Upgrading"), gateway.running.stderr);
  upgrade.goOn();
  await gateway.logged(/Reloaded: generation 2 serves[^]*Upgraded: /);
  await until("the old process ends", () => !runs(pid));
  assertEquals(await upgrade.answer(), "v2");
});

Deno.test("HUP during an upgrade that fails is carried out afterwards", async () => {
  await using upgrade = await new Case().start();
  const { gateway } = upgrade, { pid } = gateway;
  await upgrade.begin(app("v2", "throw new Error('no database');"), "v2");
  gateway.directory.write("app.ts", app("v3"));
  Deno.kill(pid, "SIGHUP");
  await notice();
  upgrade.goOn();
  await gateway.logged(/Reloaded: generation 2 serves/);
  assertMatch(gateway.running.stderr, /Cannot upgrade[^]*no database[^]*Reloading: generation 2/);
  assertEquals([await upgrade.answer(), gateway.pid], ["v3", pid]);
});

Deno.test("stackd reload during an upgrade tells what the reload has come to, whoever serves then", async () => {
  await using upgrade = await new Case().start("--control", "control");
  const { gateway } = upgrade, first = gateway.pid;
  await upgrade.begin(app("v2"), "v2");
  gateway.directory.write("app.ts", "export default {{");
  const failed = upgrade.reload();
  // The upgrade has to be under way when it is asked for; `notice` is what its process needs to come up.
  await notice();
  upgrade.goOn();
  const { code, stderr } = await failed;
  assertEquals(code, 1, stderr);
  assertStringIncludes(stderr, "1 | export default {{");
  await until("the old process ends", () => !runs(first));
  assertEquals(await upgrade.answer(), "v2");
});

Deno.test("stackd reload during an upgrade: what it says is served is served", async () => {
  await using upgrade = await new Case().start("--control", "control");
  const { gateway } = upgrade, first = gateway.pid;
  await upgrade.begin(app("v2"), "v2");
  gateway.directory.write("app.ts", app("v3"));
  const reloaded = upgrade.reload();
  await notice();
  upgrade.goOn();
  assertEquals((await reloaded).stdout, "Reloaded\n");
  await until("the old process ends", () => !runs(first));
  assertEquals(await upgrade.answer(), "v3");
  const { pid } = gateway;
  await upgrade.begin(app("v4", "throw new Error('no database');"), "v4");
  gateway.directory.write("app.ts", app("v5"));
  const done = upgrade.reload();
  await notice();
  upgrade.goOn();
  const ended = await done;
  assertEquals([ended.code, ended.stdout, ended.stderr], [0, "Reloaded\n", ""]);
  assertEquals([await upgrade.answer(), gateway.pid], ["v5", pid]);
});
