/** --uid and --gid, started as root. With a copy of the compiled binary that everybody may run. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { BINARY, Running, runStackd, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { isRunning } from "./faults_app.ts";

const USER = "www-data";
const [, uid, gid, home] = new RegExp(`^${USER}:[^:]*:(\\d+):(\\d+):[^:]*:([^:]*)`, "m")
  .exec(Deno.readTextFileSync("/etc/passwd")) ?? [];
const reason = Deno.uid() !== 0 ? " (skipped: not root)" : uid === undefined ? ` (skipped: there is no ${USER})` : "";
const ignore = reason !== "";
const OTHER_GROUP = "65534";

const APP = `
export default () => Response.json({
  uid: Deno.uid(), gid: Deno.gid(), pid: Deno.pid, home: Deno.env.get("HOME"), user: Deno.env.get("USER"),
});
`;

/** A place that the user can reach, with a binary and a module in it. */
class Place implements Disposable {
  readonly #directory = new TestDirectory();
  readonly binary = this.#directory.at("stackd");
  readonly module = this.#directory.write("app.ts", APP);
  readonly at = (name: string) => this.#directory.at(name);
  readonly write = (name: string, content: string) => this.#directory.write(name, content);

  constructor() {
    Deno.chmodSync(this.#directory.path, 0o755); // root's: the user may look, and write nothing
    Deno.copyFileSync(BINARY, this.binary);
    Deno.chmodSync(this.binary, 0o755);
  }

  async start(args: readonly string[]): Promise<Running> {
    const running = new Running(this.binary, args, { cwd: "/", env: { TMPDIR: this.at("tmp") } });
    await running.untilPrinted(/^ +pid +\d+$/m);
    return running;
  }

  /** TMPDIR, which everybody may write in. */
  makeTemporary(): void {
    Deno.mkdirSync(this.at("tmp"));
    Deno.chmodSync(this.at("tmp"), 0o1777);
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

async function ask(path: string): Promise<{ uid: number; gid: number; pid: number; home: string; user: string }> {
  using client = await RawClient.connect({ transport: "unix", path });
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const response = await client.response();
  assertEquals(response.status, 200);
  return JSON.parse(response.body);
}

/** The user and group ids of a process, each fourfold, its other groups, and its capabilities; the same in all of its threads. */
function identityOf(pid: number): string[] {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
    const status = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
    const fieldNamed = (name: string) => new RegExp(`^${name}:[ \\t]*(.*?) *$`, "m").exec(status)?.[1] ?? "";
    return ["Uid", "Gid", "Groups", "CapEff"].map(fieldNamed);
  });
  const [first = []] = threads;
  assert(threads.length > 1);
  for (const thread of threads) assertEquals(thread, first);
  return first;
}

/** The children of a process by the hidden command that they run. */
function childOf(parent: number, kind: string): number | null {
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const [, ppid] = /^\d+ \(.*\) [^ZX] (\d+)/.exec(Deno.readTextFileSync(`/proc/${name}/stat`)) ?? [];
      if (Number(ppid) !== parent) continue;
      if (Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0")[1] === kind) return Number(name);
    } catch { /* no process, or one that has ended */ }
  }
  return null;
}

const ids = (id = "") => [id, id, id, id].join("\t");
const NO_RIGHTS = "0000000000000000";

Deno.test({
  name: `--uid: front and workers are the user's, the front's port and socket are root's to open${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    place.makeTemporary();
    const socket = place.at("app.sock"), log = place.at("access.log");
    const args = ["gateway", "--socket", socket, "--http", "127.0.0.1:81", "--workers", "2", "--uid", USER];
    await using gateway = await place.start([...args, "--access-log", log, place.module]);
    const answer = await ask(socket);
    assertEquals(answer, { ...answer, uid: Number(uid), gid: Number(gid), home, user: USER });
    const front = childOf(gateway.pid, "front");
    assert(front !== null);
    for (const pid of [front, answer.pid]) assertEquals(identityOf(pid), [ids(uid), ids(gid), "", NO_RIGHTS]);
    assertEquals(identityOf(gateway.pid)[0], ids("0"));
    const file = Deno.statSync(socket);
    assertEquals([file.uid, file.gid, (file.mode ?? 0) & 0o777], [Number(uid), Number(gid), 0o660]);
    using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: 81 });
    await client.send("GET /logged HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals((await client.response()).status, 200);

    // Another front listens there again, and is no more than the first.
    Deno.kill(front, "SIGKILL");
    const next = await gateway.until("another front serves", () => {
      const pid = childOf(gateway.pid, "front");
      return pid !== front && /serves again/.test(gateway.stderr) ? pid : null;
    });
    assertEquals(identityOf(next)[0], ids(uid));
    assertEquals((await ask(socket)).uid, Number(uid));
    using again = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: 81 });
    await again.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals((await again.response()).status, 200);

    // A log that was moved away is made anew in a directory where the user may not.
    await until("it is logged", () => /GET \/again /.test(Deno.readTextFileSync(log)));
    Deno.renameSync(log, `${log}.1`);
    gateway.kill("SIGUSR1");
    await until("there is another log", () => {
      try {
        return Deno.statSync(log).uid === Number(uid);
      } catch {
        return false;
      }
    });
    await until("it is written", async () => {
      await ask(socket);
      return Deno.readTextFileSync(log) !== "";
    });
    const ended = await gateway.stop();
    assertEquals(ended.code, 0);
    assert(!/warn/.test(ended.stderr.replace(/^.*was killed by SIGKILL.*$/m, "")), ended.stderr);
    assertEquals([...Deno.readDirSync(place.at("tmp"))], []);
    assertEquals([...Deno.readDirSync(place.at("."))].filter(({ name }) => name.includes("sock")), []);
  },
});

Deno.test({
  name: `--uid: a reload, a killed worker and --gid${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    place.makeTemporary();
    const socket = place.at("app.sock");
    const args = ["gateway", "--socket", socket, "--front", "--uid", uid ?? "", "--gid", OTHER_GROUP];
    await using gateway = await place.start([...args, place.module]);
    const first = await ask(socket);
    assertEquals([first.uid, first.gid], [Number(uid), Number(OTHER_GROUP)]);
    gateway.kill("SIGHUP");
    await gateway.until("it is reloaded", () => /Reloaded/.test(gateway.stderr));
    const second = await ask(socket);
    assert(second.pid !== first.pid);
    Deno.kill(second.pid, "SIGKILL");
    await gateway.until("there is another worker", () => /Worker 1 serves again/.test(gateway.stderr));
    const third = await ask(socket);
    assertEquals([third.uid, third.gid], [Number(uid), Number(OTHER_GROUP)]);
  },
});

Deno.test({
  name: `--uid: one worker without a front needs a directory where its user may write${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    place.makeTemporary();
    const refused = place.at("app.sock");
    const { code, stderr } = await runStackd(["gateway", "--socket", refused, "--uid", USER, place.module], {
      env: { TMPDIR: place.at("tmp") },
    });
    assertEquals(code, 1);
    assertMatch(stderr, /Cannot listen on ".*app\.sock": permission denied/);
    Deno.mkdirSync(place.at("run"));
    Deno.chownSync(place.at("run"), Number(uid), Number(gid));
    const socket = place.at("run/app.sock");
    await using gateway = await place.start(["gateway", "--socket", socket, "--uid", USER, place.module]);
    assertEquals((await ask(socket)).uid, Number(uid));
    await gateway.stop();
    assertEquals([...Deno.readDirSync(place.at("run"))], []);
  },
});

Deno.test({
  name: `--uid: nothing of a front outlives its supervisor${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    place.makeTemporary();
    const socket = place.at("app.sock");
    await using gateway = await place.start(["gateway", "--socket", socket, "--front", "--uid", USER, place.module]);
    const { pid } = await ask(socket), front = childOf(gateway.pid, "front");
    assert(front !== null);
    Deno.kill(front, "SIGSTOP"); // so that it cannot notice by itself
    gateway.kill("SIGKILL");
    await until("both are gone", () => !isRunning(pid) && !isRunning(front));
  },
});

for (const workers of [1, 2]) {
  Deno.test({
    name: `--uid: stackd proxy --workers ${workers} serves a port of root's as the user${reason}`,
    ignore,
    async fn() {
      using place = new Place();
      place.makeTemporary();
      const site = place.write("site/index.html", "hello");
      const secret = place.write("site/secret.html", "root's");
      Deno.chmodSync(secret, 0o600);
      const file = place.write(
        "stackd.toml",
        `[proxy]\nlisten = ["127.0.0.1:81"]\nuid = "${USER}"\nworkers = ${workers}\n` +
          `[[proxy.route]]\npath = "/"\nstatic = "${site.replace("/index.html", "")}"\n`,
      );
      await using proxy = await place.start(["proxy", "-c", file]);
      const front = childOf(proxy.pid, "proxy-front");
      assert(front !== null);
      assertEquals(identityOf(front), [ids(uid), ids(gid), "", NO_RIGHTS]);
      using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: 81 });
      const get = async (path: string) => {
        await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        return await client.response();
      };
      assertEquals((await get("/")).body, "hello");
      const { status } = await get("/secret.html");
      assert(status === 403 || status === 404, `a file of root's: ${status}`);
      Deno.writeTextFileSync(file, `${Deno.readTextFileSync(file)}response-fields = { set = { X-New = "1" } }\n`);
      proxy.kill("SIGHUP");
      await until("the change holds", async () => fieldOf(await get("/"), "x-new") === "1");
      assertEquals((await proxy.stop()).code, 0);
    },
  });
}

Deno.test({
  name: `--uid: a program that the user may not run is an error that says so${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    Deno.chmodSync(place.binary, 0o700);
    await using gateway = new Running(place.binary, ["gateway", "--http", "127.0.0.1:0", "--uid", USER, place.module]);
    const { code, stderr } = await gateway.ended;
    assertEquals([code, stderr], [
      1,
      `stackd: Cannot start a process as "${USER}": it may not run "${place.binary}"\n`,
    ]);
  },
});

Deno.test({
  name: `a working directory that the user may not enter is a warning, as root's home is${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    place.makeTemporary();
    const directory = place.at("home");
    Deno.mkdirSync(directory, { mode: 0o700 });
    const env = { TMPDIR: place.at("tmp") }, args = ["gateway", "--http", "127.0.0.1:0"];
    const warning =
      `The working directory "${directory}" may not be entered by "${USER}": processes are started in "/"`;
    await using gateway = new Running(place.binary, [...args, "--uid", USER, "-w", "2", place.module], {
      cwd: directory,
      env,
    });
    await gateway.untilPrinted(/^ +pid +\d+$/m);
    assertEquals((await gateway.stop()).code, 0);
    assertEquals(gateway.stderr.split(warning).length, 2, gateway.stderr); // once
    // Started by that user: "sudo -u" stays in the directory.
    const sudo = (line: string) => [
      "-c",
      `cd "$0" && exec setpriv --reuid=${uid} --regid=${gid} --clear-groups ${line}`,
    ];
    const checked = await new Deno.Command("sh", {
      args: [...sudo('"$1" check "$2"'), directory, place.binary, place.module],
      env,
    }).output();
    const said = new TextDecoder().decode(checked.stderr);
    assertMatch(said, /^\S+ \[warn\] The working directory ".*" may not be entered by this user: .*\n$/);
    assertEquals(checked.code, 0);
  },
});

Deno.test({
  name: `--chdir: a directory that may not be entered is an error that says so${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    place.makeTemporary();
    const directory = place.at("private");
    Deno.mkdirSync(directory, { mode: 0o700 });
    const options = ["--http", "127.0.0.1:0", "--chdir", directory];
    const run = async (args: string[], user: Deno.CommandOptions) => {
      const command = new Deno.Command(place.binary, { args, ...user, cwd: "/", env: { TMPDIR: place.at("tmp") } });
      const { code, stderr } = await command.output();
      return [code, new TextDecoder().decode(stderr)];
    };
    assertEquals(await run(["gateway", ...options, "--uid", USER, place.module], {}), [
      1,
      `stackd: Cannot start a process as "${USER}": it may not enter "${directory}"\n`,
    ]);
    const refused = `stackd: Cannot use --chdir "${directory}": permission denied to enter "${directory}"\n`;
    const user = { uid: Number(uid), gid: Number(gid) };
    assertEquals(await run(["gateway", ...options, place.module], user), [2, refused]);
    assertEquals(await run(["fetch", "--chdir", directory, place.module, "/"], user), [2, refused]);
  },
});

Deno.test({
  name: `--uid is refused to everybody but root${reason}`,
  ignore,
  async fn() {
    using place = new Place();
    const command = new Deno.Command(place.binary, {
      args: ["gateway", "--http", "127.0.0.1:0", "--uid", "root", place.module],
      uid: Number(uid),
      gid: Number(gid),
      stdin: "null",
    });
    const { code, stderr } = await command.output();
    assertEquals(code, 2);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^stackd: Cannot use --uid: only root may run processes as another user, start stackd as root\n/,
    );
  },
});
