/** The listening sockets of a role: which are given, which are opened, whose they are, and their end. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ListenAddress, ListenOption } from "../../lib/config/options.ts";
import { parseListen } from "../../lib/config/address.ts";
import { StackdError } from "../../lib/errors.ts";
import { adoptListener } from "../../lib/process/adopt.ts";
import { canInherit, closeDescriptor, duplicate, kindOf } from "../../lib/process/descriptors.ts";
import type { InheritedSocket } from "../../lib/process/inheritance.ts";
import { closeUnwanted, isFor, ListeningSockets } from "../../lib/process/sockets.ts";
import { TestDirectory } from "../support/stackd.ts";
import { within } from "../support/within.ts";

const ignore = !canInherit();
const PLAIN = { purpose: "front", backlog: 16 };
const LOOPBACK: ListenAddress = { transport: "tcp", hostname: "127.0.0.1", port: 0 };

const given = (address: ListenAddress, more: Partial<InheritedSocket> = {}): InheritedSocket => ({
  descriptor: 3,
  name: "",
  passed: true,
  opened: null,
  address,
  ...more,
});
const tcp = (hostname: string, port = 80): ListenAddress => ({ transport: "tcp", hostname, port });
const unix = (path: string): ListenAddress => ({ transport: "unix", path });

Deno.test("isFor() finds the socket that an option means", async (t) => {
  const cases: [option: string, socket: InheritedSocket, is: boolean][] = [
    [":80", given(tcp("::")), true],
    [":80", given(tcp("0.0.0.0")), true],
    [":80", given(tcp("127.0.0.1")), false],
    [":81", given(tcp("::")), false],
    ["127.0.0.1:80", given(tcp("127.0.0.1")), true],
    ["127.0.0.1:80", given(tcp("::")), false],
    ["localhost:80", given(tcp("::1")), true],
    ["localhost:80", given(tcp("127.0.0.1")), true],
    ["[0:0:0:0:0:0:0:1]:80", given(tcp("::1")), true],
    ["unix:/run/a", given(unix("/run/a")), true],
    ["unix:/run/a", given(unix("/run/b")), false],
    [":80", given(unix("/run/a")), false],
    ["fd:web", given(tcp("::"), { name: "web" }), true],
    ["fd:web", given(unix("/run/a"), { name: "web" }), true],
    ["fd:web", given(tcp("::"), { name: "api" }), false],
    ["fd:3", given(tcp("::"), { name: "web" }), true],
    ["fd:4", given(tcp("::"), { name: "web" }), false],
    ["fd:3", given(tcp("::"), { passed: false, opened: "front :80 0" }), false],
    // What a predecessor has opened is known by what it was opened for.
    [":0", given(tcp("::", 4_711), { passed: false, opened: "front :0 0" }), true],
    ["localhost:80", given(tcp("127.0.0.1"), { passed: false, opened: "front localhost:80 0" }), true],
    ["127.0.0.1:80", given(tcp("127.0.0.1"), { passed: false, opened: "front localhost:80 0" }), false],
  ];
  for (const [option, socket, is] of cases) {
    await t.step(`${option} ${JSON.stringify(socket.address)} "${socket.name}" ${socket.opened}`, () => {
      assertEquals(isFor(socket, parseListen(option, "/"), `front ${option} 0`), is);
    });
  }
});

/** The sockets of `fronts` processes, opened. */
async function opened(
  wanted: readonly ListenOption[],
  fronts = 1,
  inherited: readonly InheritedSocket[] = [],
): Promise<ListeningSockets> {
  const sockets = new ListeningSockets(wanted, { ...PLAIN, fronts, inherited });
  await sockets.open();
  return sockets;
}

function descriptorsOf(addresses: readonly ListenAddress[]): number[] {
  return addresses.map(({ descriptor }) => descriptor ?? -1);
}

Deno.test({
  name: "each front has a socket of its own on one port; a unix socket is the first one's",
  ignore,
  async fn() {
    using directory = new TestDirectory();
    const sockets = await opened([{ ...LOOPBACK, proxyProtocol: true }, unix(directory.at("s"))], 3);
    const [first, second, third] = [0, 1, 2].map((front) => sockets.of(front));
    assert(first !== undefined && second !== undefined && third !== undefined);
    assertEquals([first, second, third].map((listen) => listen.map(({ transport }) => transport)), [
      ["tcp", "unix"],
      ["tcp"],
      ["tcp"],
    ]);
    const descriptors = [first, second, third].flatMap(descriptorsOf);
    assertEquals(new Set(descriptors).size, 4);
    assertEquals(descriptors.map(kindOf), Array(4).fill("listener"));
    const ports = [first, second, third].flatMap((listen) =>
      listen.flatMap((a) => a.transport === "tcp" ? a.port : [])
    );
    assertEquals(new Set(ports).size, 1);
    assert(ports[0] !== 0);
    assertEquals([first, second, third].map(([address]) => address?.proxyProtocol), [true, true, true]);
    sockets.release();
    assertEquals(descriptors.map(kindOf), Array(4).fill("closed"));
    assertEquals([...Deno.readDirSync(directory.path)], []);
  },
});

Deno.test({
  name: "sockets that are given are shared out to however many fronts there are now",
  ignore,
  async fn() {
    const before = await opened([LOOPBACK], 3);
    const handed = before.toHandOver();
    const all = handed.map(({ descriptor }) => descriptor);
    const share = async (fronts: number) => {
      const sockets = await opened([LOOPBACK], fronts, handed);
      assertEquals(sockets.inherited, all);
      return Array.from({ length: fronts }, (_, front) => descriptorsOf(sockets.of(front)));
    };
    const [a, b, c] = all;
    assertEquals(await share(1), [[a, b, c]]);
    assertEquals(await share(2), [[a, c], [b]]);
    assertEquals(await share(3), [[a], [b], [c]]);
    assertEquals(await share(4), [[a], [b], [c], [a]]);
    before.release();
  },
});

Deno.test({
  name: "release() refuses new clients, and takes who is connected already",
  ignore,
  async fn() {
    const sockets = await opened([LOOPBACK]);
    const [address] = sockets.ofOurs();
    assert(address?.transport === "tcp" && address.descriptor !== undefined);
    const listener = adoptListener(address.descriptor);
    using early = await Deno.connect(address);
    sockets.release();
    const late = Deno.connect(address).then((conn) => conn.close(), (thrown) => thrown);
    (await within("who was there is accepted", listener.accept())).close();
    listener.close();
    assert(await within("it is refused when it tries again", late) instanceof Deno.errors.ConnectionRefused);
    assertEquals(early.remoteAddr.transport, "tcp");
  },
});

Deno.test({
  name: "what a predecessor has opened is its own, until it has given way",
  ignore,
  async fn() {
    using directory = new TestDirectory();
    const path = directory.at("s");
    const old = await opened([LOOPBACK, unix(path)]);
    const heirs = async () => {
      const handed = old.toHandOver().map((socket) => ({ ...socket, descriptor: duplicate(socket.descriptor) ?? -1 }));
      return await opened([LOOPBACK, unix(path)], 1, handed);
    };
    (await heirs()).release();
    const [address] = old.addresses;
    assert(address?.transport === "tcp");
    // The kernel takes them.
    (await within("the port is open", Deno.connect(address))).close();
    (await within("the path is open", Deno.connect({ transport: "unix", path }))).close();
    const heir = await heirs();
    heir.own();
    old.release(old.toHandOver().map(({ descriptor }) => descriptor));
    (await within("the port is open", Deno.connect(address))).close();
    heir.release();
    assertEquals([...Deno.readDirSync(directory.path)], []);
    await assertRejects(() => Deno.connect(address), Deno.errors.ConnectionRefused);
  },
});

Deno.test({
  name: "release() leaves alone what the service manager keeps, and what a successor goes on with",
  ignore,
  async fn() {
    using directory = new TestDirectory();
    const path = directory.at("s");
    const owner = await opened([LOOPBACK, unix(path)]);
    const kept = owner.toHandOver().map((socket) => ({ ...socket, descriptor: duplicate(socket.descriptor) ?? -1 }));
    const listeners = kept.map(({ descriptor }) => adoptListener(duplicate(descriptor) ?? -1));
    const passed = kept.map((socket) => ({ ...socket, passed: true, opened: null }));
    (await opened(
      [unix(path), ...passed.flatMap(({ address }) => address.transport === "tcp" ? address : [])],
      1,
      passed,
    ))
      .release();
    owner.release(owner.toHandOver().map(({ descriptor }) => descriptor));
    for (const [index, { address }] of kept.entries()) {
      const { transport } = address;
      using _client = await within<Deno.Conn>(
        `${transport} is open`,
        address.transport === "tcp" ? Deno.connect(address) : Deno.connect({ transport: "unix", path: address.path }),
      );
      (await within(`${transport} accepts`, listeners[index]?.accept() ?? Promise.reject())).close();
    }
    for (const listener of listeners) listener.close();
  },
});

Deno.test({
  name: "the kernel queues as many connections as --listen-backlog says",
  ignore,
  async fn() {
    using directory = new TestDirectory();
    const path = directory.at("s");
    const sockets = new ListeningSockets([unix(path)], { purpose: "front", backlog: 4, inherited: [] });
    await sockets.open();
    // A connect that finds no place in a unix socket's queue fails.
    const connects = Array.from({ length: 10 }, () => Deno.connect({ transport: "unix", path }));
    const found = (await Promise.allSettled(connects)).flatMap((end) => end.status === "fulfilled" ? end.value : []);
    assertEquals(found.length, 5, "the backlog and one");
    for (const client of found) client.close();
    sockets.release();
  },
});

Deno.test("a socket that nobody has passed cannot be listened on", () => {
  const wanted: ListenOption = { transport: "passed", name: "web" };
  const error = assertThrows(() => new ListeningSockets([wanted], { ...PLAIN, inherited: [] }), StackdError);
  assertEquals([error.code, error.exitCode], ["STACKD_LISTEN", 1]);
  assertEquals(error.message.split(":").slice(0, 2).join(":"), 'Cannot listen on "fd:web"');
});

Deno.test({
  name: "a socket that is given is for one thing only, and for what it was before",
  ignore,
  async fn() {
    const before = await opened([LOOPBACK, LOOPBACK]);
    const status = new ListeningSockets([LOOPBACK], { ...PLAIN, purpose: "status", inherited: [] });
    await status.open();
    const handed = [...status.toHandOver(), ...before.toHandOver()];
    const [first, second] = before.toHandOver().map(({ descriptor }) => descriptor);
    const after = await opened([LOOPBACK, LOOPBACK], 1, handed);
    assertEquals(descriptorsOf(after.of(0)), [first, second]);
    const again = new ListeningSockets([LOOPBACK], { ...PLAIN, purpose: "status", inherited: handed });
    assertEquals(again.inherited, status.toHandOver().map(({ descriptor }) => descriptor));
    const passed = handed.map((socket) => ({ ...socket, name: "web", passed: true, opened: null }));
    const web: ListenOption = { transport: "passed", name: "web" };
    assertEquals(new ListeningSockets([web], { ...PLAIN, inherited: passed }).inherited.length, 3);
    assertThrows(() => new ListeningSockets([web, web], { ...PLAIN, inherited: passed }), StackdError);
    before.release();
    status.release();
  },
});

Deno.test({
  name: "closeUnwanted() closes what nobody listens on",
  ignore,
  async fn() {
    const owner = await opened([LOOPBACK, LOOPBACK]);
    const [used, unused] = owner.toHandOver().map((socket) => ({
      ...socket,
      descriptor: duplicate(socket.descriptor) ?? -1,
      passed: false,
      opened: "front nothing",
    }));
    assert(used !== undefined && unused !== undefined);
    const wanted = { ...used, opened: "front 127.0.0.1:0 0" };
    const sockets = new ListeningSockets([LOOPBACK], { ...PLAIN, inherited: [wanted] });
    closeUnwanted([sockets], { sockets: [wanted, unused], predecessor: null });
    assertEquals([kindOf(wanted.descriptor), kindOf(unused.descriptor)], ["listener", "closed"]);
    closeDescriptor(wanted.descriptor);
    owner.release();
  },
});

Deno.test({
  name: "when one of several cannot be opened, none is left open",
  ignore,
  async fn() {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using directory = new TestDirectory();
    const wanted = [unix(directory.at("s")), tcp("127.0.0.1", taken.addr.port)];
    const sockets = new ListeningSockets(wanted, { ...PLAIN, inherited: [] });
    const error = await assertRejects(() => sockets.open(), StackdError);
    assertEquals(error.code, "STACKD_ADDRESS_IN_USE");
    assertEquals([...Deno.readDirSync(directory.path)], []);
  },
});
