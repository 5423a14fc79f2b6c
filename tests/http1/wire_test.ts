/** A connection's reads and writes, by the runtime's own operations and by the promised interface. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isConnectedToPath, isSocketOf, nextDescriptor } from "../../lib/http1/libc.ts";
import { ConnWire } from "../../lib/http1/conn_wire.ts";
import type { Wire } from "../../lib/http1/wire.ts";
import { eventLoop } from "../../lib/http1/event_loop.ts";
import { acceptedPair, dialledPair } from "../support/own_sockets.ts";
import "../support/test_front.ts";

type Transport = "tcp" | "unix";

const KINDS: readonly { readonly name: string; ends(transport: Transport): Promise<[Wire, Deno.Conn]> }[] = [
  { name: "the runtime's operations", ends: (transport) => withWire(transport, (conn) => new ConnWire(conn)) },
  { name: "Deno.Conn", ends: (transport) => withWire(transport, (conn) => new ConnWire(conn, -1, null)) },
  ...eventLoop() === null ? [] : [{ name: "a socket that was dialled", ends: dialledPair }, {
    name: "a socket that was accepted",
    ends: acceptedPair,
  }],
];

async function withWire(transport: Transport, wire: (conn: Deno.Conn) => Wire): Promise<[Wire, Deno.Conn]> {
  const [near, peer] = await pair(transport);
  return [wire(near), peer];
}

for (const transport of ["tcp", "unix"] as const) {
  for (const { name, ends } of KINDS) {
    Deno.test(`a wire over ${transport} reads, writes and ends by ${name}`, async () => {
      const [us, peer] = await ends(transport);
      assertEquals(await us.write(Uint8Array.of(1, 2, 3)), 3);
      const bytes = new Uint8Array(8);
      assertEquals(await peer.read(bytes), 3);
      assertEquals(bytes.subarray(0, 3), Uint8Array.of(1, 2, 3));
      await peer.write(Uint8Array.of(4, 5));
      assertEquals(await us.read(bytes.subarray(4)), 2);
      assertEquals(bytes, Uint8Array.of(1, 2, 3, 0, 4, 5, 0, 0));
      await us.closeWrite();
      assertEquals(await peer.read(bytes), null);
      await peer.write(Uint8Array.of(6));
      peer.close();
      assertEquals(await us.read(bytes), 1);
      assertEquals(await us.read(bytes), 0);
      us.close();
      us.close();
    });

    Deno.test(`a pending read over ${transport} ends when the wire is closed, by ${name}`, async () => {
      const [us, peer] = await ends(transport);
      const read = us.read(new Uint8Array(8)).catch(() => 0);
      us.close();
      assertEquals(await read, 0);
      await assertRejects(() => us.read(new Uint8Array(8)));
      await assertRejects(() => us.write(new Uint8Array(8)));
      peer.close();
    });
  }
}

Deno.test("this runtime shows its operations", async () => {
  const [near, peer] = await pair("tcp");
  let called = false;
  Object.defineProperty(near, "write", { value: () => called = true });
  assertEquals(await new ConnWire(near).write(Uint8Array.of(1)), 1);
  assert(!called, "the connection's own write was used");
  near.close();
  peer.close();
});

Deno.test("writeNow() writes what the kernel takes, where the descriptor is known, and leaves the rest", async () => {
  const [near, peer] = await pair("tcp");
  const us = new ConnWire(near);
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const sent = us.writeNow(bytes, 1, 3);
  if (Deno.build.os === "linux") {
    assertEquals(sent, 2);
    const received = new Uint8Array(8);
    assertEquals(await peer.read(received), 2);
    assertEquals(received.subarray(0, 2), Uint8Array.of(2, 3));
    const much = new Uint8Array(1_000_000);
    let taken = 0;
    for (let n = 1; n > 0; taken += n) n = us.writeNow(much, 0, much.length);
    assert(taken > 0, "the kernel took nothing");
  } else {
    assertEquals(sent, 0);
  }
  us.close();
  assertEquals(us.writeNow(bytes, 0, 4), 0, "the number may be another connection's now");
  peer.close();
});

Deno.test("writeNow() has no way for a connection whose descriptor is not known", async () => {
  const [near, peer] = await pair("unix");
  assertEquals(new ConnWire(near).writeNow(Uint8Array.of(1), 0, 1), 0);
  assertEquals(new ConnWire(peer, -1, null).writeNow(Uint8Array.of(1), 0, 1), 0);
  near.close();
  peer.close();
});

Deno.test("a descriptor is recognised by what it is connected to", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/s`;
    using listener = Deno.listen({ transport: "unix", path });
    const free = nextDescriptor();
    assertEquals(isConnectedToPath(free, path), false);
    const connecting = Deno.connect({ transport: "unix", path });
    assertEquals(isConnectedToPath(free, path), Deno.build.os === "linux");
    assertEquals(isConnectedToPath(free, `${path}s`), false);
    for (const conn of await Promise.all([connecting, listener.accept()])) conn.close();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
  const next = nextDescriptor();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const afterListener = nextDescriptor();
  const [conn, peer] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  assertEquals(isSocketOf(next, conn), false);
  assertEquals(isSocketOf(afterListener, conn), Deno.build.os === "linux");
  assertEquals(isSocketOf(afterListener, peer), false);
  conn.close();
  peer.close();
});

/** Two ends of one connection. */
async function pair(transport: "tcp" | "unix"): Promise<[Deno.Conn, Deno.Conn]> {
  if (transport === "tcp") {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    return await Promise.all([listener.accept(), Deno.connect({ hostname: "127.0.0.1", port })]);
  }
  const directory = Deno.makeTempDirSync();
  try {
    using listener = Deno.listen({ transport: "unix", path: `${directory}/s` });
    return await Promise.all([listener.accept(), Deno.connect({ transport: "unix", path: `${directory}/s` })]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
