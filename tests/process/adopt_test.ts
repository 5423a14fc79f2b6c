/** Listeners made of descriptors. Linux only. @module */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { StackdError } from "../../lib/errors.ts";
import { ConnWire } from "../../lib/http1/conn_wire.ts";
import { adoptListener } from "../../lib/process/adopt.ts";
import {
  boundAddress,
  canInherit,
  closeDescriptor,
  duplicate,
  kindOf,
  openedBy,
} from "../../lib/process/descriptors.ts";
import { TestDirectory } from "../support/stackd.ts";
import { within } from "../support/within.ts";

const ignore = !canInherit();

/** A descriptor of a listening socket that the runtime no longer knows of. */
function orphan(open: () => Deno.Listener): number {
  const { server, descriptor } = openedBy(open);
  const copy = descriptor === null ? null : duplicate(descriptor);
  server.close();
  assert(copy !== null);
  return copy;
}

const NOWHERE: ListenAddress = { transport: "unix", path: "" };

function dial(address: ListenAddress): Promise<Deno.Conn> {
  if (address.transport === "unix") return Deno.connect({ transport: "unix", path: address.path });
  return Deno.connect({ hostname: address.hostname, port: address.port });
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

const CASES: [name: string, open: (path: string) => Deno.Listener][] = [
  ["TCP, IPv4", () => Deno.listen({ hostname: "127.0.0.1", port: 0 })],
  ["TCP, IPv6", () => Deno.listen({ hostname: "::1", port: 0 })],
  ["unix", (path) => Deno.listen({ transport: "unix", path })],
];

/** Containers may have no IPv6. */
function canOpen(open: (path: string) => Deno.Listener): boolean {
  using directory = new TestDirectory();
  try {
    open(directory.at("x")).close();
    return true;
  } catch {
    return false;
  }
}

for (const [name, open] of CASES) {
  Deno.test({
    name: `an adopted listener accepts what its socket is asked for: ${name}`,
    ignore: ignore || !canOpen(open),
    async fn() {
      using directory = new TestDirectory();
      // The runtime unlinks the path when its own listener is closed; a second name stays.
      const path = directory.at("bound"), kept = directory.at("kept");
      const before = openDescriptors();
      const fd = orphan(() => {
        const listener = open(path);
        if (listener.addr.transport === "unix") Deno.linkSync(path, kept);
        return listener;
      });
      const address = boundAddress(fd);
      assert(address !== null);
      const connect = () => dial(address.transport === "unix" ? { transport: "unix", path: kept } : address);
      const early = await connect(); // the kernel queues it
      const listener = adoptListener(fd);
      for (const pending of [Promise.resolve(early), connect()]) {
        const [client, conn] = await Promise.all([pending, within("it is accepted", listener.accept())]);
        const wire = new ConnWire(conn);
        if (address.transport === "tcp") {
          assertEquals<unknown>({ ...conn.localAddr }, address, "the connection is one of the adopted socket");
          assertEquals(wire.writeNow(new Uint8Array([1, 2, 3]), 0, 3), 3, "the engine writes to its descriptor");
        } else assertEquals(await wire.write(new Uint8Array([1, 2, 3])), 3);
        const bytes = new Uint8Array(8);
        assertEquals(await client.read(bytes), 3);
        await client.write(bytes.subarray(0, 2));
        assertEquals(await wire.read(new Uint8Array(8)), 2, "and reads from its resource");
        wire.close();
        client.close();
      }
      const waiting = listener.accept().then(() => "accepted", () => "ended");
      listener.close();
      assertEquals(await waiting, "ended");
      await assertRejects(connect, Deno.errors.ConnectionRefused);
      assertEquals(openDescriptors(), before, "nothing stays open");
    },
  });
}

Deno.test({
  name: "a socket that is still open elsewhere outlives an adopted listener",
  ignore,
  async fn() {
    const { server, descriptor } = openedBy(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const copy = descriptor === null ? null : duplicate(descriptor);
    assert(copy !== null);
    adoptListener(copy).close();
    const client = await dial(boundAddress(descriptor ?? -1) ?? NOWHERE);
    (await within("it is accepted", server.accept())).close();
    client.close();
    server.close();
  },
});

Deno.test({
  name: "what is no listening socket is not adopted, and stays as it is",
  ignore,
  fn() {
    for (const fd of [0, 987_654]) {
      const error = assertThrows(() => adoptListener(fd), StackdError);
      assertEquals([error.code, error.message], [
        "STACKD_LISTEN",
        `Cannot adopt descriptor ${fd}: it is no listening socket`,
      ]);
    }
    assertEquals([kindOf(0), kindOf(987_654)], ["other", "closed"]);
    closeDescriptor(987_654); // no harm
  },
});
