/** The compiled proxy, by its configuration file, before a group of two real nginx. @module */
import { assert, assertEquals } from "@std/assert";
import { carriesBodies, carriesUpgrade, reusesConnections } from "../support/behind_proxy.ts";
import { noise } from "../support/noise.ts";
import { BLOB, NGINX, SERVER_FIELD, startNginx, startNode } from "../support/peers.ts";
import { installed, stackd, TestDirectory } from "../support/stackd.ts";

const missing = NGINX.needs.filter((program) => !installed(program));

/** Which nginx answered each of `n` requests; every one must have been answered well. */
async function whoAnswers(url: string, n: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < n; i++) {
    const response = await fetch(`${url}/hello`);
    assertEquals([response.status, await response.text()], [200, "hello"]);
    names.push(response.headers.get(SERVER_FIELD) ?? "");
  }
  return names;
}

Deno.test({
  name: "two nginx in a group share the requests, and one takes over when the other ends" +
    (missing.length === 0 ? "" : ` (no ${missing.join(", no ")} here)`),
  ignore: missing.length > 0,
  async fn() {
    using directory = new TestDirectory();
    const blob = noise(10_000_000);
    directory.write(BLOB, blob);
    await using node = await startNode(directory);
    await using left = await startNginx(directory, node.port, "left");
    await using right = await startNginx(directory, node.port, "right");
    const config = directory.write(
      "stackd.toml",
      `[proxy]
listen = ["127.0.0.1:0"]
max-body = "20m"

[upstream.two]
servers = ["http://127.0.0.1:${left.port}", "http://127.0.0.1:${right.port}"]

[[proxy.route]]
path = "/"
upstream = "two"
`,
    );
    await using proxy = stackd(["proxy", "-c", config]);
    const [url, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)(?=\/)/);
    await proxy.untilPrinted(/^ +pid +\d+$/m);

    assertEquals((await whoAnswers(url, 20)).sort(), [...Array(10).fill("left"), ...Array(10).fill("right")]);
    await carriesBodies(url, blob);
    await carriesUpgrade(Number(port));
    await reusesConnections(url);
    await left.stop();
    assertEquals(new Set(await whoAnswers(url, 20)), new Set(["right"]));
    assert(!proxy.hasEnded);
  },
});
