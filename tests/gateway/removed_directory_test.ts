/** Working directories that are removed while what was started in them runs. With the compiled binary. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Running, runStackd, stackd, startProxy, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

const APP = "const cwd = Deno.cwd(); export default () => new Response(`${Deno.pid} ${cwd}`);";

/** A gateway of one worker behind a front, and what it answers. */
async function start(directory: TestDirectory, cwd: string, ...args: string[]) {
  const module = directory.write("app.ts", APP), control = directory.at("control");
  const options = ["--http", "127.0.0.1:0", "--access-log", "off", "--control", control, ...args];
  const gateway = stackd(["gateway", ...options, module], { cwd });
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  const get = async () => await (await within("it answers", fetch(`http://127.0.0.1:${port}/`))).text();
  const ask = (command: "reload" | "status" | "upgrade") => runStackd([command, "--control", control]);
  return { gateway, get, ask };
}

/** Kills the worker that answers, and gives what another one does. */
async function replaced(get: () => Promise<string>): Promise<string> {
  const [, pid] = /^(\d+) \//.exec(await get()) ?? [];
  assert(pid !== undefined);
  Deno.kill(Number(pid), "SIGKILL");
  return await until("another worker answers", async () => {
    const answer = await get(); // of the front, where the worker died with the request
    return answer.startsWith(`${pid} `) || !/^\d+ \//.test(answer) ? null : answer;
  });
}

const warnings = ({ stderr }: Running) => stderr.match(/working directory "[^"]*" is gone/g)?.length ?? 0;

Deno.test("a gateway whose own directory is removed replaces workers, reloads and tells its status", async () => {
  using directory = new TestDirectory();
  const own = directory.at("own");
  Deno.mkdirSync(own);
  const { gateway, get, ask } = await start(directory, own);
  await using _ = gateway;
  assertStringIncludes(await get(), ` ${own}`);
  Deno.removeSync(own);
  assertStringIncludes((await replaced(get)).concat("\n"), " /\n");
  const reloaded = await ask("reload"), status = await ask("status");
  assertEquals([reloaded.code, reloaded.stdout], [0, "Reloaded\n"], reloaded.stderr);
  assertEquals([status.code, JSON.parse(status.stdout).cwd], [0, own], status.stderr);
  assertStringIncludes((await get()).concat("\n"), " /\n");
  assertEquals(warnings(gateway), 1, gateway.stderr);
  const upgraded = await ask("upgrade");
  assertEquals(upgraded.code, 1);
  assertStringIncludes(upgraded.stderr, `Cannot upgrade: the working directory "${own}" is gone`);
  Deno.mkdirSync(own); // as a deployment that puts another one in its place
  assertStringIncludes(await replaced(get), ` ${own}`);
});

Deno.test("a gateway upgrades in a directory that was put anew in its own's place", async () => {
  using directory = new TestDirectory();
  const own = directory.at("own");
  Deno.mkdirSync(own);
  const { gateway, get, ask } = await start(directory, own);
  await using _ = gateway;
  Deno.removeSync(own);
  Deno.mkdirSync(own);
  const { code, stdout, stderr } = await ask("upgrade");
  assertEquals(code, 0, stderr);
  const pid = Number(/process (\d+) serves/.exec(stdout)?.[1]);
  try {
    assertStringIncludes(await get(), ` ${own}`);
  } finally {
    Deno.kill(pid, "SIGTERM"); // the output of both ends with it
  }
});

Deno.test("workers are started in the root when --chdir's directory is removed, and there again when it is back", async () => {
  using directory = new TestDirectory();
  const place = directory.at("place");
  Deno.mkdirSync(place);
  const { gateway, get } = await start(directory, directory.path, "--chdir", place);
  await using _ = gateway;
  assertStringIncludes(await get(), ` ${place}`);
  Deno.removeSync(place);
  for (const _ of [1, 2]) assertStringIncludes((await replaced(get)).concat("\n"), " /\n");
  assertEquals(warnings(gateway), 1, gateway.stderr);
  Deno.mkdirSync(place);
  assertStringIncludes(await replaced(get), ` ${place}`);
});

Deno.test("a proxy's front that is replaced in a removed directory takes relative paths where they began", async () => {
  using directory = new TestDirectory();
  const own = directory.at("own");
  Deno.mkdirSync(own);
  directory.write("files/a.txt", "a file");
  const args = ["-w", "2", "--static", "../files", "--access-log", "off"];
  const { proxy, url } = await startProxy(args, { cwd: own });
  await using _ = proxy;
  Deno.removeSync(own);
  const fronts = new TextDecoder().decode(
    new Deno.Command("pgrep", { args: ["-P", `${proxy.pid}`] }).outputSync().stdout,
  ).trim().split("\n").map(Number);
  assertEquals(fronts.length, 2);
  for (const pid of fronts) Deno.kill(pid, "SIGKILL");
  await proxy.until("both fronts serve again", () => (proxy.stderr.match(/serves again/g)?.length ?? 0) === 2);
  const response = await within("it answers", fetch(`${url}/a.txt`));
  assertEquals([response.status, await response.text()], [200, "a file"]);
});
