/** All workers of a generation run the code that it was started with, whenever they are started. */
import { assertEquals, assertMatch } from "@std/assert";
import { Running, stackd, TestDirectory } from "../support/stackd.ts";

interface Said {
  readonly version: string;
  readonly lazy: string;
  readonly data: string;
  readonly pid: number;
  readonly url: string;
}

/** Writes an app of some files, all of one version. */
function deploy(directory: TestDirectory, version: string): void {
  directory.write(
    "app.ts",
    `import { version } from "./lib/version.ts";
import data from "./data.json" with { type: "json" };
import { pkg } from "pkg";
enum Kind { A = "${version}" }
if (version !== Kind.A || data.version !== version || pkg !== version) throw new Error("half of it");
export default async () => {
  const { lazy } = await import("./lib/lazy.ts");
  return Response.json({ version, lazy, data: data.version, pid: Deno.pid, url: import.meta.url });
};
`,
  );
  directory.write("lib/version.ts", `export const version: string = "${version}";\n`);
  directory.write("lib/lazy.ts", `export const lazy = "${version}";\n`);
  directory.write("data.json", JSON.stringify({ version }));
  directory.write("node_modules/pkg/package.json", '{ "name": "pkg", "main": "./index" }');
  directory.write("node_modules/pkg/index.js", `exports.pkg = require("./inner").version;\n`);
  directory.write("node_modules/pkg/inner.js", `exports.version = "${version}";\n`);
}

async function start(directory: TestDirectory, args: readonly string[]) {
  const line = ["gateway", "--http", "127.0.0.1:0", "--access-log", "off", ...args, directory.at("app.ts")];
  const gateway = stackd(line);
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/^ +pid /m);
  const ask = async (): Promise<Said> => await (await fetch(`http://127.0.0.1:${port}/`)).json();
  return { gateway, ask };
}

/** Asks until `count` processes have answered; gives the answer of each. */
async function askAll(gateway: Running, ask: () => Promise<Said>, count: number): Promise<Map<number, Said>> {
  const answers = new Map<number, Said>();
  await gateway.until(`${count} workers answer`, async () => {
    for (const said of await Promise.all([ask(), ask(), ask(), ask()])) answers.set(said.pid, said);
    return answers.size >= count;
  });
  return answers;
}

Deno.test("a worker that is killed while files are half deployed comes back with its generation's code", async () => {
  using directory = new TestDirectory();
  deploy(directory, "one");
  const { gateway, ask } = await start(directory, ["--workers", "2"]);
  await using _ = gateway;
  const before = await askAll(gateway, ask, 2);
  // One file of the next version, one that is cut off, one that is gone.
  directory.write("data.json", '{"version":"two"}');
  directory.write("lib/version.ts", "export const version = ");
  Deno.removeSync(directory.at("lib/lazy.ts"));
  Deno.removeSync(directory.at("node_modules"), { recursive: true });
  for (const pid of before.keys()) Deno.kill(pid, "SIGKILL");
  await gateway.until("both are back", () => gateway.stderr.split("serves again").length === 3);
  const url = new URL(`file://${directory.at("app.ts").replaceAll(" ", "%20")}`).href;
  for (const [pid, said] of await askAll(gateway, ask, 2)) {
    assertEquals(said, { version: "one", lazy: "one", data: "one", pid, url });
  }
  // The next generation is what is on disk then.
  deploy(directory, "two");
  Deno.kill(gateway.pid, "SIGHUP");
  await gateway.until("it is reloaded", () => gateway.stderr.includes("Reloaded"));
  assertEquals((await ask()).version, "two");
});

Deno.test("files that change while workers start are in all of them, or in none", async () => {
  using directory = new TestDirectory();
  deploy(directory, "one");
  const { gateway, ask } = await start(directory, ["--workers", "3", "--env", "X=1"]);
  await using _ = gateway;
  let deployed = 0;
  for (let round = 0; round < 6; round++) {
    const reloads = gateway.stderr.split(/Reloaded:|Cannot reload/).length;
    Deno.kill(gateway.pid, "SIGHUP");
    await gateway.until("it begins", () => gateway.stderr.split("is started").length > round + 1);
    deploy(directory, `round ${round}`);
    await gateway.until("it ends", () => gateway.stderr.split(/Reloaded:|Cannot reload/).length > reloads);
    const answers = await askAll(gateway, ask, 3);
    // What was read half was refused as a whole: by every worker of its generation.
    assertEquals(new Set([...answers.values()].map(({ version, lazy }) => `${version} ${lazy}`)).size, 1);
    if (answers.values().next().value?.version.startsWith("round")) deployed++;
  }
  assertMatch(String(deployed), /\d/);
});

Deno.test("code that changes in the moment in which it is loaded is loaded again", async () => {
  using directory = new TestDirectory();
  // It is imported natively, and does to itself what a deployment would do.
  const change = (times: number) =>
    `const path = import.meta.dirname + "/lib.ts";
const text = Deno.readTextFileSync(path);
if (text.length < ${times}) Deno.writeTextFileSync(path, text + " ");
import { lib } from "./lib.ts";
export default () => Response.json({ version: lib, lazy: "", data: "", pid: Deno.pid, url: "" });
`;
  directory.write("lib.ts", 'export const lib = "one";');
  directory.write("app.ts", change(27));
  const { gateway, ask } = await start(directory, []);
  await using _ = gateway;
  assertEquals((await ask()).version, "one");
  assertEquals(Deno.readTextFileSync(directory.at("lib.ts")).length, 27, "it was loaded three times");
  directory.write("app.ts", change(1_000));
  Deno.kill(gateway.pid, "SIGHUP");
  await gateway.until("it is given up", () => gateway.stderr.includes("Cannot reload"));
  assertMatch(gateway.stderr, /Cannot load ".*app\.ts": its files changed while it was loaded/);
});

Deno.test("the code of a generation that has ended is removed", async () => {
  using directory = new TestDirectory();
  using temporary = new TestDirectory();
  directory.write("app.ts", 'export default () => new Response("x");\n');
  const gateway = stackd(["gateway", "--http", "127.0.0.1:0", directory.at("app.ts")], {
    env: { TMPDIR: temporary.path },
  });
  await using _ = gateway;
  await gateway.untilPrinted(/^ +pid /m);
  const snapshots = () =>
    [...Deno.readDirSync(temporary.path)].flatMap(({ name }) =>
      [...Deno.readDirSync(temporary.at(name))].filter((entry) => entry.name.startsWith("code-"))
    ).length;
  assertEquals(snapshots(), 1);
  Deno.kill(gateway.pid, "SIGHUP");
  await gateway.until("it is reloaded", () => gateway.stderr.includes("Reloaded"));
  await gateway.until("one snapshot is left", () => snapshots() === 1);
  directory.write("app.ts", "export default {{");
  Deno.kill(gateway.pid, "SIGHUP");
  await gateway.until("it is refused", () => gateway.stderr.includes("Cannot reload"));
  await gateway.until("one snapshot is left", () => snapshots() === 1);
});
