/** Sockets that a service manager has opened, LISTEN_FDS, for both roles. The test is the service manager. @module */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import {
  boundAddress,
  canInherit,
  closeDescriptor,
  duplicate,
  inheriting,
  openedBy,
} from "../../lib/process/descriptors.ts";
import { RawClient } from "../support/raw_http.ts";
import { BINARY, installed, Running, type StartOptions, TestDirectory } from "../support/stackd.ts";
import { Upgradable } from "../support/upgradable.ts";
import { within } from "../support/within.ts";

const ignore = !canInherit() || !installed("bash");

/** No socket has it. */
const LOST: ListenAddress = { transport: "unix", path: "" };

/** A socket that is open as long as this test wants. */
class Socket implements Disposable {
  readonly descriptor: number;
  readonly address: ListenAddress;

  constructor(open: () => Deno.Listener) {
    const { server, descriptor } = openedBy(open);
    this.descriptor = duplicate(descriptor ?? -1) ?? -1;
    const address = this.address = boundAddress(this.descriptor) ?? LOST;
    if (address.transport === "unix") Deno.linkSync(address.path, `${address.path}.kept`);
    server.close(); // takes the path away
    if (address.transport === "unix") Deno.renameSync(`${address.path}.kept`, address.path);
  }

  static tcp(): Socket {
    return new Socket(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  }

  /** The answer to a GET on a connection of its own. */
  async get(): Promise<string> {
    using client = await within("it connects", RawClient.connect(this.address));
    await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return (await client.response()).body;
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.descriptor);
  }
}

/** Starts stackd as systemd does: `sockets` are the descriptors from 3 on. */
function activate(
  args: readonly string[],
  sockets: readonly Socket[],
  names: string,
  options: StartOptions = {},
  program: string = BINARY,
): Running {
  const moves = sockets.map(({ descriptor }, i) => `${3 + i}<&${descriptor}`).join(" ");
  const script = `exec ${moves}; export LISTEN_PID=$$ LISTEN_FDS=${sockets.length} LISTEN_FDNAMES=${names}; exec "$@"`;
  return inheriting(
    sockets.map(({ descriptor }) => descriptor),
    () => new Running("bash", ["-c", script, "bash", program, ...args], options),
  );
}

const APP = `export default () => new Response("app " + Deno.pid);`;
const PAGE = `[proxy]\naccess-log = "off"\n[[proxy.route]]\nrespond = { body = "page" }\n`;

Deno.test({
  name: "a gateway serves the sockets that it is given, and leaves them open",
  ignore,
  async fn() {
    using directory = new TestDirectory();
    const module = directory.write("app.ts", APP), path = directory.at("app.sock");
    using web = Socket.tcp();
    using local = new Socket(() => Deno.listen({ transport: "unix", path }));
    const { ino } = Deno.lstatSync(path);
    const args = ["gateway", "--access-log", "off", "--http", "fd:web", "--socket", path, module];
    for (let start = 0; start < 2; start++) {
      // What comes before it runs waits.
      const early = Promise.all([web.get(), local.get()]);
      await using gateway = activate(args, [local, web], "local:web");
      for (const answer of await early) assertMatch(answer, /^app \d+$/);
      await gateway.untilPrinted(/^ +pid +\d+$/m);
      assertEquals(gateway.stderr, "");
      const { code } = await gateway.stop();
      assertEquals(code, 0);
      assertEquals(Deno.lstatSync(path).ino, ino, "the path is the service manager's");
    }
  },
});

Deno.test({
  name: "a proxy serves the sockets that it is given, one process or several, and leaves them open",
  ignore,
  async fn(t) {
    for (const workers of [1, 3]) {
      await t.step(`--workers ${workers}`, async () => {
        using directory = new TestDirectory();
        using named = Socket.tcp();
        using addressed = Socket.tcp();
        assert(addressed.address.transport === "tcp");
        directory.write("stackd.toml", PAGE);
        const args = ["proxy", "-c", "stackd.toml", "--workers", String(workers), "--listen", "fd:web"];
        args.push("--listen", `127.0.0.1:${addressed.address.port}`);
        for (let start = 0; start < 2; start++) {
          const early = Promise.all([named.get(), addressed.get()]);
          await using proxy = activate(args, [named, addressed], "web:", { cwd: directory.path });
          assertEquals(await early, ["page", "page"]);
          await proxy.untilPrinted(/^ +pid +\d+$/m);
          assertEquals(proxy.stderr, "");
          assertEquals((await proxy.stop()).code, 0);
        }
      });
    }
  },
});

Deno.test({
  name: "a socket that no option names is not used, and is told of; one that is missing is an error",
  ignore,
  async fn() {
    using directory = new TestDirectory();
    directory.write("stackd.toml", PAGE);
    using web = Socket.tcp();
    using other = Socket.tcp();
    assert(other.address.transport === "tcp");
    const args = (name: string) => ["proxy", "-c", "stackd.toml", "--listen", `fd:${name}`];
    await using proxy = activate(args("web"), [web, other], "web:other", { cwd: directory.path });
    assertEquals(await web.get(), "page");
    assertStringIncludes(
      proxy.stderr,
      `[warn] The socket 127.0.0.1:${other.address.port} ("other") was passed, but no option names it; not used`,
    );
    await using missing = activate(args("wbe"), [web], "web", { cwd: directory.path });
    const { code, stderr } = await missing.ended;
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'stackd: Cannot listen on "fd:wbe": no such socket was passed to this process');
  },
});

Deno.test({
  name: "what was started by a service manager is upgraded as anything else, and says which process is the main one",
  ignore,
  async fn() {
    await using upgradable = new Upgradable();
    const { directory } = upgradable;
    directory.write("app.ts", APP);
    using web = Socket.tcp();
    const systemd = Deno.listenDatagram({ transport: "unixpacket", path: directory.at("notify") });
    using _systemd = { [Symbol.dispose]: () => systemd.close() };
    const notified = async () => {
      const [bytes] = await within("a notification comes", systemd.receive(new Uint8Array(4_096)));
      return new TextDecoder().decode(bytes);
    };
    const args = ["gateway", "--access-log", "off", "--http", "fd:web", "--pidfile", upgradable.pidfile, "app.ts"];
    const env = { NOTIFY_SOCKET: directory.at("notify"), TMPDIR: directory.path };
    upgradable.running = activate(args, [web], "web", { cwd: directory.path, env }, upgradable.program);
    assertEquals(await notified(), "READY=1");
    for (const release of ["two", "one"] as const) {
      const pid = await upgradable.upgrade(release);
      assertEquals(await notified(), `MAINPID=${pid}`);
      assertEquals(await notified(), "READY=1");
      assertMatch(await web.get(), /^app \d+$/);
    }
    Deno.kill(upgradable.pid, "SIGTERM");
    assertEquals(await notified(), "STOPPING=1");
    await upgradable.running.ended;
    assert(!upgradable.running.stderr.includes("[error]"), upgradable.running.stderr);
  },
});
