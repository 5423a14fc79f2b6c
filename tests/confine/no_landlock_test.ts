/** Where the kernel has no Landlock: what is said, and what Deno holds alone. strace(1) makes such a kernel. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { BINARY, installed, Running } from "../support/stackd.ts";
import { Surroundings } from "./world.ts";

const missing = !installed("strace");
const skipped = missing ? " (skipped: strace is not installed)" : "";
const WITHOUT = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset"];
const INJECT = ["-e", "inject=landlock_create_ruleset:error=ENOSYS"];

function start(socket: string, module: string, flags: readonly string[]): Running {
  const args = ["gateway", "--socket", socket, "--access-log", "off", ...flags, module];
  return new Running("strace", [...WITHOUT, ...INJECT, BINARY, ...args]);
}

Deno.test({
  name: `--require-confinement refuses to start without Landlock${skipped}`,
  ignore: missing,
  async fn() {
    await using surroundings = await Surroundings.make();
    const socket = `${surroundings.world.outside}/app.sock`;
    await using running = start(socket, surroundings.module, ["--allow-env=NOTHING", "--require-confinement"]);
    const { code, stderr } = await running.ended;
    assertEquals(code, 1);
    assertMatch(stderr, /^stackd: Cannot confine the handler: the kernel has no Landlock, /m);
  },
});

Deno.test({
  name: `the start says in one line what is not held without Landlock${skipped}`,
  ignore: missing,
  async fn() {
    await using surroundings = await Surroundings.make();
    const socket = `${surroundings.world.outside}/app.sock`;
    await using running = start(socket, surroundings.module, ["--allow-env=NOTHING"]);
    const [, pid] = await running.untilPrinted(/^ +pid +(\d+)$/m);
    // strace would leave it running.
    using _ended = { [Symbol.dispose]: () => Deno.kill(Number(pid), "SIGTERM") };
    const warnings = running.stderr.split("\n").filter((line) => line.includes("[warn]"));
    assertEquals(warnings.length, 1);
    assertMatch(warnings[0] ?? "", /The handler is not confined as it could be: there is no Landlock here/);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const body = JSON.stringify({ ...surroundings.world, supervisor: running.pid });
    const attempt = async (name: string) => {
      const response = await fetch(`http://localhost/${name}`, { method: "POST", body, client });
      return await response.json();
    };
    // Deno's half, and the gate.
    assertMatch(await attempt("READS/Deno.readTextFile"), /^NotCapable/);
    assertMatch(await attempt(`IMPORTS/${encodeURIComponent("import() of code")}`), /NotCapable/);
  },
});
