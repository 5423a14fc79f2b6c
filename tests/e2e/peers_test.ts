/** The compiled proxy before other servers of the field: bodies, upgrades, and connections that are used again. @module */
import { carriesBodies, carriesUpgrade, reusesConnections } from "../support/behind_proxy.ts";
import { noise } from "../support/noise.ts";
import { BLOB, GUNICORN, HAPROXY, NGINX, NODE } from "../support/peers.ts";
import { installed, startProxy, TestDirectory } from "../support/stackd.ts";

for (const peer of [NGINX, HAPROXY, NODE, GUNICORN]) {
  const missing = peer.needs.filter((program) => !installed(program));
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({
      name: `before ${peer.name}, ${what}${missing.length === 0 ? "" : ` (no ${missing.join(", no ")} here)`}`,
      ignore: missing.length > 0,
      fn,
    });

  test("10 MB go both ways unchanged", async () => {
    using directory = new TestDirectory();
    const blob = noise(10_000_000);
    directory.write(BLOB, blob);
    await using running = await peer.start(directory);
    const { proxy, url } = await startProxy(["--upstream", `http://127.0.0.1:${running.port}`, "--max-body", "20m"]);
    await using _proxy = proxy;
    await carriesBodies(url, blob);
  });

  test("connections are used again", async () => {
    using directory = new TestDirectory();
    await using running = await peer.start(directory);
    const { proxy, url } = await startProxy(["--upstream", `http://127.0.0.1:${running.port}`]);
    await using _proxy = proxy;
    await reusesConnections(url);
  });

  if (!peer.upgrades) continue;
  test("an upgraded connection carries bytes both ways", async () => {
    using directory = new TestDirectory();
    await using running = await peer.start(directory);
    const { proxy, port } = await startProxy(["--upstream", `http://127.0.0.1:${running.port}`]);
    await using _proxy = proxy;
    await carriesUpgrade(port);
  });
}
