/** The worker's process that is started before the options are read. @module */
import { assert, assertEquals } from "@std/assert";
import { foresee, startEarly, takeEarly } from "../../lib/process/early.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";

const none = () => false;

Deno.test("foresee() says what the first worker is started with", () => {
  const early = (...args: string[]) => foresee(args, none);
  assertEquals(early("--socket", "/run/a.sock", "app.ts"), { logsToStdout: true, confines: false });
  assertEquals(early("-s", "/run/a.sock", "app.ts"), { logsToStdout: true, confines: false });
  assertEquals(early("--http", ":8080", "app.ts"), { logsToStdout: false, confines: false });
  assertEquals(early("--socket=/run/a.sock", "-w2", "app.ts"), { logsToStdout: false, confines: false });
  assertEquals(early("--socket=/run/a.sock", "--access-log=off", "app.ts"), { logsToStdout: false, confines: false });
  assertEquals(early("--http", ":8080", "--allow-net=db:5432", "app.ts"), { logsToStdout: false, confines: true });
  assertEquals(early("-s", "/run/a.sock", "--allow-net=db:5432", "app.ts"), { logsToStdout: false, confines: true });
  assertEquals(early("-s", "/run/a.sock", "--allow-underscore-headers", "a.ts"), {
    logsToStdout: true,
    confines: false,
  });
});

Deno.test("foresee() says nothing where a worker could be another one's, or would get what is the supervisor's", () => {
  const options = [
    "--help",
    "-h",
    "--config=a.toml",
    "-c",
    "--uid=www",
    "--gid",
    "--env=A=1",
    "--env-file",
    "--chdir=/",
  ];
  for (const option of options) assertEquals(foresee(["--http", ":8080", option, "app.ts"], none), null, option);
  assertEquals(foresee([], none), null);
  for (const name of ["LISTEN_FDS", "STACKD_UPGRADE", "NOTIFY_SOCKET"]) {
    assertEquals(foresee(["--http", ":8080", "app.ts"], (asked) => asked === name), null, name);
  }
});

Deno.test("takeEarly() ends a process that is not what is wanted, and gives one that is once", async () => {
  const args = ["--http", ":8080", "app.ts"];
  startEarly(args);
  assertEquals(takeEarly({ logsToStdout: true, confines: false }), null);
  startEarly(args);
  const child = takeEarly({ logsToStdout: false, confines: false });
  assert(child !== null);
  assertEquals(takeEarly({ logsToStdout: false, confines: false }), null);
  // It ends when nobody has told it anything.
  await child.stdin.close();
  const [{ code }] = await Promise.all([child.status, child.stdout.cancel(), child.stderr.cancel()]);
  assertEquals(code, 1);
});

/** The arguments of the workers of a gateway. */
function workersOf(pid: number): string[] {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean);
  return children.map((child) => Deno.readTextFileSync(`/proc/${child}/cmdline`).split("\0").slice(1, -1).join(" "))
    .filter((line) => line.startsWith("worker"));
}

Deno.test({
  name: "stackd gateway starts its first worker early, and another one where that was in vain",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using directory = new TestDirectory();
    const module = directory.write("app.ts", "export default () => new Response();");
    const workers = async (...flags: string[]) => {
      await using running = new Running(BINARY, ["gateway", ...flags, module]);
      await running.untilPrinted(/^ +pid +\d+$/m);
      return workersOf(running.pid);
    };
    const socket = `--socket=${directory.at("a.sock")}`;
    assertEquals(await workers(socket), ["worker -"]);
    assertEquals((await workers(socket, "--workers=2")).filter((line) => line === "worker -").length, 1);
    const [line] = await workers(socket, `--chdir=${directory.path}`);
    assert(line !== undefined && /^worker \//.test(line), line);
  },
});
