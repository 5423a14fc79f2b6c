/** The pid file. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { preparePidfile, readPid, writePidfile } from "../../lib/process/pidfile.ts";
import { Running, TestDirectory } from "../support/stackd.ts";
import { asNobody } from "../support/as_nobody.ts";

Deno.test("writePidfile() writes this process's id, and removes it", () => {
  using directory = new TestDirectory();
  const path = directory.at("my.pid");
  const pidfile = writePidfile(path);
  assertEquals(Deno.readTextFileSync(path), `${Deno.pid}\n`);
  assertEquals([...Deno.readDirSync(directory.path)].length, 1, "no temporary file is left");
  pidfile.remove();
  assertEquals([...Deno.readDirSync(directory.path)], []);
  pidfile.remove();
});

Deno.test("writePidfile() replaces what names no process of this program", async (t) => {
  const cases: [content: string, why: string][] = [
    ["", "empty"],
    ["0\n", "no process"],
    ["999999999\n", "a process that is gone"],
    ["1\n", "another program"],
    [`${Deno.pid}\n`, "this very process, restarted in its place"],
  ];
  for (const [content, why] of cases) {
    await t.step(why, () => {
      using directory = new TestDirectory();
      const path = directory.write("my.pid", content);
      writePidfile(path, (pid) => pid === 1 ? "init" : pid === Deno.pid ? "stackd" : null);
      assertEquals(readPid(path), Deno.pid);
    });
  }
});

Deno.test("writePidfile() refuses what is no pid file, and leaves it as it is", () => {
  using directory = new TestDirectory();
  const path = directory.write("app.ts", "export default () => new Response();\n");
  const error = assertThrows(() => writePidfile(path), StackdError);
  assertEquals(error.message, `Cannot write pid file "${path}": it is there already, and is no pid file`);
  assertEquals(Deno.readTextFileSync(path), "export default () => new Response();\n");
  assertThrows(() => writePidfile(directory.path), StackdError, "no pid file");
});

Deno.test("writePidfile() refuses a file that names a running process of this program", async () => {
  using directory = new TestDirectory();
  await using other = new Running(Deno.execPath(), ["eval", "await new Promise((end) => setTimeout(end, 60_000))"]);
  const path = directory.write("my.pid", `${other.pid}\n`);
  const error = assertThrows(() => writePidfile(path), StackdError);
  assertEquals(error.message, `Cannot write pid file "${path}": it names the running process ${other.pid} (deno)`);
  assertEquals([error.code, error.exitCode], ["STACKD_PIDFILE", 1]);
  assertEquals(readPid(path), other.pid, "it is left as it was");
  await other.stop("SIGKILL");
  writePidfile(path).remove();
});

Deno.test("writePidfile() says why it cannot write", () => {
  using directory = new TestDirectory();
  const missing = directory.at("nowhere/my.pid");
  assertThrows(
    () => writePidfile(missing),
    StackdError,
    `Cannot write pid file "${missing}": its directory does not exist`,
  );
  Deno.chmodSync(directory.path, 0o755);
  const denied = directory.at("my.pid");
  asNobody(() =>
    assertThrows(() => writePidfile(denied), StackdError, `Cannot write pid file "${denied}": permission denied`)
  );
});

Deno.test("remove() leaves the file of another process", () => {
  using directory = new TestDirectory();
  const path = directory.at("my.pid");
  const pidfile = writePidfile(path);
  Deno.writeTextFileSync(path, "1\n");
  pidfile.remove();
  assertEquals(readPid(path), 1);
});

Deno.test("preparePidfile() allows the process that this one is to follow, and no other", async () => {
  using directory = new TestDirectory();
  const path = directory.at("my.pid");
  const program = () => "stackd";
  Deno.writeTextFileSync(path, "4711\n");
  for (const follows of [null, 4_712]) {
    const refused = () => preparePidfile(path, program, follows);
    assertThrows(refused, StackdError, "it names the running process 4711 (stackd)");
  }
  const prepared = preparePidfile(path, program, 4_711);
  assertEquals(readPid(path), 4_711, "it is not published yet");
  const pidfile = prepared.publish();
  prepared.discard();
  assertEquals(readPid(path), Deno.pid);
  pidfile.remove();
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

Deno.test("a pid file that is prepared and not published leaves nothing", () => {
  using directory = new TestDirectory();
  preparePidfile(directory.at("my.pid")).discard();
  assertEquals([...Deno.readDirSync(directory.path)], []);
});
