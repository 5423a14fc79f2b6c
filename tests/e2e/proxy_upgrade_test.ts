/** The proxy's program is replaced under load, there and back. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { Load } from "../support/load.ts";
import { freePort } from "../support/free_port.ts";
import { Upgradable } from "../support/upgradable.ts";
import { accepts } from "../support/until.ts";

/** There and back, so many times. */
const TIMES = Number(Deno.env.get("STACKD_UPGRADES") ?? 1);
const STEPS = Array.from({ length: TIMES }, () => ["two", "one"] as const).flat();

/** A proxy that answers itself; `more` are lines of its file. */
async function startProxy(listen: string, more = ""): Promise<Upgradable> {
  const proxy = new Upgradable();
  writeFile(proxy, listen, "hello", more);
  await proxy.start(["proxy", "-c", "stackd.toml"]);
  return proxy;
}

function writeFile({ directory }: Upgradable, listen: string, body: string, more = ""): void {
  const route = `[[proxy.route]]\nrespond = { body = "${body}" }\n`;
  directory.write("stackd.toml", `[proxy]\nlisten = ${listen}\naccess-log = "off"\n${more}\n${route}`);
}

async function upgradeUnderLoad(proxy: Upgradable, address: ListenAddress, name: string): Promise<void> {
  await using load = new Load(address);
  await load.answers(100);
  for (const release of STEPS) {
    const pid = await proxy.upgrade(release);
    assertEquals(proxy.releaseOf(pid), release);
    await load.answers(100);
  }
  await load.stop();
  assertEquals(load.failed, []);
  assert(load.rate > 200, `${load.rate} requests a second are no load`);
  assert(!proxy.running.stderr.includes("[error]"), proxy.running.stderr);
  console.log(`upgrade, ${STEPS.length} times: ${name}: ${JSON.stringify(load.counts)}`);
}

Deno.test("upgrade of a proxy of one process: no request fails, there and back", async () => {
  await using proxy = await startProxy('"127.0.0.1:0"');
  await upgradeUnderLoad(proxy, proxy.address, "stackd proxy");
});

Deno.test("upgrade of a proxy of three processes: no request fails, there and back", async () => {
  await using proxy = await startProxy('"127.0.0.1:0"', "workers = 3");
  await upgradeUnderLoad(proxy, proxy.address, "stackd proxy --workers 3");
});

Deno.test("upgrade of a proxy on a unix socket: no request fails, there and back", async () => {
  await using proxy = await startProxy('"unix:proxy.sock"');
  await upgradeUnderLoad(proxy, { transport: "unix", path: proxy.directory.at("proxy.sock") }, "unix socket");
});

Deno.test("an upgrade takes what has changed in the file that a reload cannot: addresses and workers", async () => {
  await using proxy = await startProxy('["127.0.0.1:0", "unix:old.sock"]');
  const old = proxy.directory.at("old.sock"), port = freePort();
  const { address } = proxy;
  const added: ListenAddress = { transport: "tcp", hostname: "127.0.0.1", port };
  writeFile(proxy, `["127.0.0.1:0", "127.0.0.1:${port}"]`, "changed", "workers = 2");
  await proxy.upgrade("two");
  for (const there of [address, added]) {
    assert(there.transport === "tcp");
    assertEquals(await (await fetch(`http://127.0.0.1:${there.port}/`)).text(), "changed");
  }
  assert(!await accepts({ transport: "unix", path: old }), "what is no longer listened on is closed");
  assertEquals([...Deno.readDirSync(proxy.directory.path)].filter(({ name }) => name === "old.sock"), []);
});

Deno.test("an upgrade with a faulty file changes nothing, and says why", async () => {
  await using proxy = await startProxy('"127.0.0.1:0"');
  await using load = new Load(proxy.address);
  await load.answers(50);
  const { pid } = proxy;
  proxy.directory.write("stackd.toml", "[proxy]\nlisten = 1");
  Deno.kill(pid, "SIGUSR2");
  await proxy.logged(/\[error\] Cannot upgrade, process \d+ goes on: .*/);
  assertEquals(proxy.pid, pid);
  await load.answers(50);
  await load.stop();
  assertEquals(load.failed, []);
});
