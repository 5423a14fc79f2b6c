/** Each app of a gateway is confined as its own mount in stackd.toml says. With the compiled binary. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { type Running, stackd, TestDirectory } from "../support/stackd.ts";

/** Reads data beside its directory, and a variable: answers with both, or with the name of what was thrown. */
const APP = `
const attempt = (act: () => string | undefined) => {
  try {
    return act();
  } catch (thrown) {
    return (thrown as Error).name;
  }
};
export default () => Response.json([
  attempt(() => Deno.readTextFileSync(new URL("../data/file", import.meta.url))),
  attempt(() => Deno.env.get("STACKD_TEST_SECRET")),
]);
`;

/** A gateway on a port, and what answers a path on it. */
interface Mounts extends AsyncDisposable {
  readonly running: Running;
  get(path: string): Promise<unknown>;
}

async function start(directory: TestDirectory, toml: string, ...args: string[]): Promise<Mounts> {
  const file = directory.write("stackd.toml", toml), listen = ["--http", "127.0.0.1:0", "--access-log", "off"];
  const env = { STACKD_TEST_SECRET: "secret" };
  const running = stackd(["gateway", "-c", file, ...listen, ...args], { env });
  const [, port] = await running.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await running.untilPrinted(/^ +pid +\d+$/m);
  return {
    running,
    get: async (path) => await (await fetch(`http://127.0.0.1:${port}${path}`)).json(),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

function makeApps(): TestDirectory {
  const directory = new TestDirectory();
  directory.write("data/file", "data");
  for (const name of ["root", "reads", "sees"]) directory.write(`${name}/app.ts`, APP);
  return directory;
}

Deno.test("a mount's app may touch what its mount says, and no other's does", async () => {
  using directory = makeApps();
  await using mounts = await start(
    directory,
    `[gateway]
module = "root/app.ts"
allow-env = "NOTHING"
[[gateway.mount]]
prefix = "/reads"
module = "reads/app.ts"
allow-read = ["data"]
[[gateway.mount]]
prefix = "/sees"
module = "sees/app.ts"
allow-env = ["STACKD_TEST_*"]
`,
  );
  assertEquals(await mounts.get("/"), ["NotCapable", "NotCapable"]);
  assertEquals(await mounts.get("/reads"), ["data", "NotCapable"]);
  assertEquals(await mounts.get("/sees"), ["NotCapable", "secret"]);
  await mounts.running.until(
    "the log says whose it was",
    () => /worker 1 of \/reads\].*denied env access to "STACKD_TEST_SECRET"/i.test(mounts.running.stderr),
  );
});

Deno.test("a mount whose permissions are all false touches nothing, beside one that is not confined", async () => {
  using directory = makeApps();
  await using mounts = await start(
    directory,
    `[gateway]
module = "root/app.ts"
mount = [{ prefix = "/none", module = "reads/app.ts", allow-read = false }]
`,
  );
  assertEquals(await mounts.get("/"), ["data", "secret"]);
  assertEquals(await mounts.get("/none"), ["NotCapable", "NotCapable"]);
});

Deno.test("--learn prints a mount for each app, with which it does confined what it did", async () => {
  using directory = makeApps();
  const sources = `[gateway]\nmodule = "root/app.ts"\nmount = "/größe=reads/app.ts"\n`;
  const whole = ["data", "secret"];
  let stdout: string;
  {
    await using mounts = await start(directory, sources, "--learn");
    assertEquals([await mounts.get("/"), await mounts.get("/gr%C3%B6%C3%9Fe")], [whole, whole]);
    ({ stdout } = await mounts.running.stop());
  }
  const learned = [...stdout.matchAll(/In stackd\.toml:\n((?: {2}.+\n)+)/g)].map(([, lines]) =>
    lines.replaceAll(/^ {2}/gm, "")
  );
  assertEquals(learned.length, 2);
  for (const mount of learned) {
    assertMatch(mount, /^\[\[gateway\.mount\]\]\nprefix = "\/.*"\nmodule = ".*"\nallow-read = /);
  }
  await using mounts = await start(directory, learned.join(""));
  assertEquals([await mounts.get("/"), await mounts.get("/gr%C3%B6%C3%9Fe")], [whole, whole]);
});
