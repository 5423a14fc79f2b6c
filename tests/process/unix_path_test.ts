/** Public unix sockets: claiming, taking over, removing. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { dirname } from "@std/path";
import { type ErrorCode, StackdError } from "../../lib/errors.ts";
import {
  bindSocket,
  claimSocketPath,
  identityOf,
  keepSocket,
  removeLeftover,
  removeSocket,
  temporaryPath,
} from "../../lib/process/unix_path.ts";
import { Running, TestDirectory } from "../support/stackd.ts";
import { accepts } from "../support/until.ts";

const listen = (path: string) => Deno.listen({ transport: "unix", path });

/** The error of claiming `path`. */
async function refusal(path: string, code: ErrorCode): Promise<string> {
  const error = await assertRejects(() => claimSocketPath(path), StackdError);
  assertEquals([error.code, error.exitCode], [code, 1]);
  return error.message;
}

/** A socket at `path` whose process was killed. */
async function leaveStale(path: string): Promise<void> {
  const script =
    `const listener = Deno.listen({ transport: "unix", path: Deno.args[0] }); console.log("listening"); await listener.accept();`;
  await using other = new Running(Deno.execPath(), ["eval", script, path]);
  await other.untilPrinted(/listening/);
  await other.stop("SIGKILL");
}

Deno.test("claimSocketPath() takes a path where nothing is", async () => {
  using directory = new TestDirectory();
  await claimSocketPath(directory.at("app.sock"));
});

/** A path of `bytes` bytes whose last part is `name`, in a directory that exists. */
function longPath(directory: TestDirectory, name: string, bytes: number): string {
  const inside = `${directory.path}/`, end = `/${name}`;
  const path = inside + "d".repeat(bytes - inside.length - new TextEncoder().encode(end).length);
  Deno.mkdirSync(path, { recursive: true });
  return path + end;
}

Deno.test("every path that the kernel takes is taken, when its name has 8 bytes", async (t) => {
  for (const name of ["app.sock", "a-longer-name.sock", "ü".repeat(20)]) {
    await t.step(name, async () => {
      using directory = new TestDirectory();
      for (let bytes = 92; bytes <= 107; bytes++) {
        const path = longPath(directory, name, bytes);
        assertEquals(new TextEncoder().encode(path).length, bytes);
        await claimSocketPath(path);
        const { server, identity } = bindSocket({ path, mode: 0o600, owner: null }, listen);
        keepSocket(path)?.discard();
        (await Deno.connect({ transport: "unix", path })).close();
        removeSocket(path, identity);
        server.close();
        assert([...Deno.readDirSync(dirname(path))].every(({ isDirectory }) => isDirectory), "nothing is left");
      }
    });
  }
});

Deno.test("a temporary name is this process's and this socket's, whatever its length", () => {
  for (const directory of ["/run", `/run/${"d".repeat(93)}`]) {
    const names = ["app.sock", "app2sock"].flatMap((name) =>
      [1, 4_194_304].map((pid) => temporaryPath(`${directory}/${name}`, pid))
    );
    assertEquals(new Set(names).size, 4, names.join());
    for (const name of names) assert(name.length <= 107, name);
  }
});

Deno.test("claimSocketPath() refuses a directory that leaves no room, whatever this process's id", async () => {
  const path = `/run/${"d".repeat(94)}/a.sock`;
  const why =
    "the path of its directory is too long, at most 98 bytes are allowed: a socket is made under another name beside its own";
  assertEquals(await refusal(path, "STACKD_SOCKET_PATH"), `Cannot listen on "${path}": ${why}`);
});

Deno.test("claimSocketPath() removes a socket that nobody serves", async () => {
  using directory = new TestDirectory();
  const path = directory.at("app.sock");
  await leaveStale(path);
  assert(Deno.lstatSync(path).isSocket);
  await claimSocketPath(path);
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

Deno.test("claimSocketPath() refuses a socket that somebody serves", async () => {
  using directory = new TestDirectory();
  const path = directory.at("app.sock");
  using _ = listen(path);
  assertEquals(await refusal(path, "STACKD_ADDRESS_IN_USE"), `Cannot listen on "${path}": another process serves it`);
});

Deno.test("claimSocketPath() refuses what is no socket, and leaves it", async (t) => {
  using directory = new TestDirectory();
  const file = directory.write("file", "precious");
  const link = directory.at("link");
  Deno.symlinkSync(directory.at("gone"), link);
  const cases: [path: string, kind: string][] = [
    [file, "regular file"],
    [directory.path, "directory"],
    [link, "symbolic link"],
    ["/dev/null", "device or pipe"],
  ];
  for (const [path, kind] of cases) {
    await t.step(kind, async () => {
      const message = await refusal(path, "STACKD_SOCKET_PATH");
      assertEquals(message, `Cannot listen on "${path}": it is a ${kind}, not a socket`);
    });
  }
  assertEquals(Deno.readTextFileSync(file), "precious");
});

Deno.test("claimSocketPath() says so when there is no such directory", async () => {
  using directory = new TestDirectory();
  const path = directory.at("nowhere/app.sock");
  assertEquals(
    await refusal(path, "STACKD_LISTEN"),
    `Cannot listen on "${path}": there is no directory "${directory.at("nowhere")}"`,
  );
});

Deno.test("claimSocketPath() allows what can be bound, to the byte", async () => {
  const directory = "/tmp";
  const [, most] = /at most (\d+) bytes/.exec(await refusal(`${directory}/${"é".repeat(60)}`, "STACKD_SOCKET_PATH")) ??
    [];
  const longest = `${directory}/${"x".repeat(Number(most) - directory.length - 1)}`;
  await claimSocketPath(longest);
  const { server, identity } = bindSocket({ path: longest, mode: 0o600, owner: null }, listen);
  removeSocket(longest, identity);
  server.close();
  await refusal(`${longest}x`, "STACKD_SOCKET_PATH");
});

Deno.test("bindSocket() gives mode and owner before anybody can see the socket", () => {
  using directory = new TestDirectory();
  const path = directory.at("app.sock");
  const seen: string[] = [];
  const owner = Deno.uid() === 0 ? { uid: 65_534, gid: 65_533 } : { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  const umask = Deno.umask(0o022);
  const { server } = bindSocket({ path, mode: 0o640, owner }, (temporary) => {
    seen.push(temporary);
    const listener = listen(temporary);
    assertEquals((Deno.lstatSync(temporary).mode ?? 0) & 0o777, 0o640);
    return listener;
  });
  assertEquals(Deno.umask(umask), 0o022, "the umask is as it was");
  const { mode, uid, gid } = Deno.lstatSync(path);
  assertEquals([(mode ?? 0) & 0o777, { uid, gid }], [0o640, owner]);
  assertMatch(seen.join(), /\/\.app\.sock\.\d+$/);
  server.close();
});

Deno.test("bindSocket() takes a path over from who serves it, without a moment in between", async () => {
  using directory = new TestDirectory();
  const file = { path: directory.at("app.sock"), mode: 0o660, owner: null };
  const first = bindSocket(file, listen);
  const second = bindSocket(file, listen);
  assert(first.identity.inode !== second.identity.inode);
  first.server.close(); // it must not take the second one's name with it
  const accepted = second.server.accept();
  assert(await accepts({ transport: "unix", path: file.path }));
  (await accepted).close();
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), ["app.sock"]);
  removeSocket(file.path, first.identity);
  assert(Deno.lstatSync(file.path).isSocket, "it is another one");
  removeSocket(file.path, second.identity);
  assertEquals([...Deno.readDirSync(directory.path)], []);
  removeSocket(file.path, second.identity);
  second.server.close();
});

Deno.test("bindSocket() leaves nothing behind when it fails, and says why", () => {
  using directory = new TestDirectory();
  const umask = Deno.umask();
  const path = directory.at("app.sock");
  const error = assertThrows(
    () =>
      bindSocket({ path, mode: 0o660, owner: null }, (temporary) => {
        listen(temporary).close();
        throw new Error("no luck");
      }),
    StackdError,
  );
  assertEquals([error.code, error.exitCode], ["STACKD_LISTEN", 1]);
  assertEquals(error.message, `Cannot listen on "${path}": no luck`);
  assertEquals([...Deno.readDirSync(directory.path)], []);
  assertEquals(Deno.umask(), umask);
});

Deno.test("removeLeftover() removes what a process left when it died within bindSocket()", async () => {
  using directory = new TestDirectory();
  const path = directory.at("app.sock");
  await leaveStale(directory.at(".app.sock.123"));
  directory.write(".app.sock.124", "no socket");
  removeLeftover(path, 123);
  removeLeftover(path, 124);
  removeLeftover(path, 125);
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), [".app.sock.124"]);
});

Deno.test("claimSocketPath() leaves a socket that may be taken from who serves it", async () => {
  using directory = new TestDirectory();
  const path = directory.at("app.sock");
  using server = listen(path);
  await assertRejects(() => claimSocketPath(path), StackdError, "another process serves it");
  await claimSocketPath(path, [path]);
  assert(Deno.lstatSync(path).isSocket);
  const file = directory.write("file", "precious");
  await assertRejects(() => claimSocketPath(file, [file]), StackdError, "it is a regular file");
  assertEquals(server.addr.transport, "unix");
});

Deno.test("keepSocket() puts a socket back that another one has taken the place of", async () => {
  using directory = new TestDirectory();
  const file = { path: directory.at("app.sock"), mode: 0o660, owner: null };
  const first = bindSocket(file, listen);
  const kept = keepSocket(file.path);
  const second = bindSocket(file, listen);
  second.server.close();
  removeSocket(file.path, second.identity);
  kept?.restore();
  assertEquals(identityOf(file.path), first.identity);
  kept?.restore(); // it is there
  kept?.discard();
  const accepted = first.server.accept();
  assert(await accepts({ transport: "unix", path: file.path }));
  (await accepted).close();
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), ["app.sock"]);
  first.server.close();
  assertEquals([keepSocket(directory.at("nothing")), identityOf(directory.at("nothing"))], [null, null]);
});
