/** A disk that is full: under the access log, the pid file, and the handler's code. With the compiled binary. @module */
import { assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";
import { FaultyGateway, report } from "./faults_app.ts";

/** Runs a gateway that can write files of so many bytes to its end; without the trap the kernel would end it. */
async function runLimited(bytes: number, directory: TestDirectory, args: readonly string[]) {
  directory.write("app.ts", "export default () => new Response();\n");
  const limited = `trap '' XFSZ; ulimit -f ${bytes / 512}; exec "$0" "$@"`;
  const socket = directory.at("app.sock");
  await using gateway = new Running(
    "sh",
    ["-c", limited, BINARY, "gateway", "--socket", socket, ...args, directory.at("app.ts")],
    { env: { TMPDIR: directory.path } },
  );
  const { code, stderr } = await gateway.ended;
  return { code, stderr, left: [...Deno.readDirSync(directory.path)].map(({ name }) => name) };
}

test("faults: a full disk under the access log costs lines, not requests", async () => {
  await using gateway = await FaultyGateway.start(["--workers", "2", "--access-log", "/dev/full"]);
  await using load = await gateway.load();
  await gateway.logged(/Cannot write the access log: No space left/);
  gateway.running.kill("SIGHUP");
  await gateway.logged(/Reloaded: generation 2 serves/);
  await load.answers(200);
  await load.stop();
  assertEquals(load.failed, []);
  report("a full disk under the access log, and a reload", load);
});

test("faults: a full disk under the pid file ends the start, and nothing is left", async () => {
  using directory = new TestDirectory();
  const { code, stderr, left } = await runLimited(0, directory, ["--pidfile", directory.at("a.pid")]);
  assertEquals(code, 1);
  assertEquals(stderr.includes(`Cannot write pid file "${directory.at("a.pid")}": File too large`), true, stderr);
  assertEquals(left, ["app.ts"]);
});

test("faults: a full disk under the handler's code ends the start, and nothing is left", async () => {
  using directory = new TestDirectory();
  const { code, stderr, left } = await runLimited(0, directory, []);
  assertEquals(code, 1);
  assertEquals(/^stackd: Cannot keep the handler's code in "[^"]+": File too large/.test(stderr), true, stderr);
  assertEquals(left, ["app.ts"]);
});
