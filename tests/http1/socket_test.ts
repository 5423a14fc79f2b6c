/** Sockets of the engine's own event loop: what they are connected to, how they wait, and how they share a turn. */
import { Buffer } from "node:buffer";
import process from "node:process";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConnWire } from "../../lib/http1/conn_wire.ts";
import { dial, tcpSockaddr, unixSockaddr } from "../../lib/http1/dial.ts";
import { eventLoop } from "../../lib/http1/event_loop.ts";
import type { Wire } from "../../lib/http1/wire.ts";
import { acceptedPair, dialledPair, listening, ownLoop, ownPair } from "../support/own_sockets.ts";

const ignore = eventLoop() === null;

/** A pattern in which no piece looks like another. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, x = 1; i < length; i++) bytes[i] = x = (x * 1_103_515_245 + 12_345) >>> 0 & 0x7fffffff;
  return bytes;
}

async function readAll(read: (into: Uint8Array<ArrayBuffer>) => Promise<number>, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length + 1);
  for (let at = 0;;) {
    const n = await read(all.subarray(at));
    if (n === 0) return all.subarray(0, at);
    at += n;
  }
}

async function writeAll(wire: Pick<Wire, "write">, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await wire.write(bytes.subarray(at));
}

/** A connection of the runtime's as a wire, and a socket of the loop's. */
async function connAndSocket(): Promise<[Wire, Wire]> {
  const [peer, conn] = await dialledPair("tcp");
  return [new ConnWire(conn), peer];
}

for (const transport of ["tcp", "unix"] as const) {
  Deno.test(
    { name: `more than the kernel holds passes a socket over ${transport}, both ways at once`, ignore },
    async () => {
      const [us, peer] = await dialledPair(transport);
      const there = pattern(5_000_000), back = there.toReversed();
      const [received, answered] = await Promise.all([
        readAll(async (into) => await peer.read(into) ?? 0, there.length),
        readAll((into) => us.read(into), back.length),
        writeAll(us, there).then(() => us.closeWrite()),
        writeAll(peer as unknown as Wire, back).then(() => peer.closeWrite()),
      ]);
      assert(Buffer.from(received).equals(there));
      assert(Buffer.from(answered).equals(back));
      us.close();
      peer.close();
    },
  );

  Deno.test(
    { name: `a write over ${transport} that waits for its peer ends when the socket is closed`, ignore },
    async () => {
      const [us, peer] = await acceptedPair(transport);
      const much = new Uint8Array(1_000_000);
      while (us.writeNow(much, 0, much.length) > 0);
      const write = us.write(much);
      us.close();
      await assertRejects(() => write, Deno.errors.Interrupted);
      peer.close();
    },
  );

  Deno.test({ name: `a socket over ${transport} says its two ends`, ignore }, async () => {
    const [us, peer] = await acceptedPair(transport);
    assertEquals(us.localAddr, peer.remoteAddr);
    if (transport === "tcp") assertEquals(us.remoteAddr, peer.localAddr);
    else assertEquals(us.remoteAddr, { transport, path: "" });
    us.close();
    peer.close();
  });
}

Deno.test({ name: "what a peer has sent before it ended is read first, in pieces of any size", ignore }, async () => {
  const [us, peer] = await dialledPair("unix");
  await peer.write(pattern(10));
  peer.close();
  const into = new Uint8Array(4);
  const sizes: number[] = [];
  for (let n = -1; n !== 0;) sizes.push(n = await us.read(into));
  assertEquals(sizes, [4, 4, 2, 0]);
  us.close();
});

Deno.test({ name: "a reset is told as one", ignore }, async () => {
  const [us, peer] = await ownPair("tcp");
  // Closed with something unread, a socket resets its peer.
  await us.write(Uint8Array.of(1));
  peer.close();
  await assertRejects(() => us.read(new Uint8Array(8)), Deno.errors.ConnectionReset);
  us.close();
});

for (const kind of ["a socket", "a wire over the runtime's"] as const) {
  for (const way of ["write", "writeNow"] as const) {
    Deno.test({ name: `a reset that ${way}() is told is no orderly end for who reads: ${kind}`, ignore }, async () => {
      const [us, peer] = kind === "a socket" ? await ownPair("tcp") : await connAndSocket();
      await us.write(Uint8Array.of(1));
      await peer.write(Uint8Array.of(2, 3));
      // Not by the runtime, which ends its side first: then all that was sent has come.
      peer.close();
      if (way === "writeNow") assertEquals(us.writeNow(Uint8Array.of(4), 0, 1), 0);
      else await assertRejects(() => us.write(Uint8Array.of(4)), Deno.errors.ConnectionReset);
      await assertRejects(() => readAll((into) => us.read(into), 8), Deno.errors.ConnectionReset);
      us.close();
    });
  }
}

Deno.test({ name: "dial() says why there is no connection", ignore }, async () => {
  const free = listening("tcp");
  free[Symbol.dispose]();
  const { socket, connecting } = dial(ownLoop(), free.address);
  await assertRejects(async () => await connecting, Deno.errors.ConnectionRefused);
  socket.close();
  const nowhere = unixSockaddr("/nonexistent/s");
  assert(nowhere !== null);
  assertThrows(() => dial(ownLoop(), nowhere), Deno.errors.NotFound);
});

Deno.test("addresses have the kernel's form; a host name and a path that is too long have none", () => {
  assertEquals(tcpSockaddr("127.0.0.1", 0x1234)?.slice(0, 8), Uint8Array.of(2, 0, 0x12, 0x34, 127, 0, 0, 1));
  const ipv6 = tcpSockaddr("fe80::1:2", 80);
  assertEquals(ipv6?.slice(0, 4), Uint8Array.of(10, 0, 0, 80));
  assertEquals(ipv6?.slice(8, 24), Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2));
  assertEquals(tcpSockaddr("::", 1)?.slice(8, 24), new Uint8Array(16));
  for (const name of ["localhost", "1.2.3", "1.2.3.256", "", "::g", "fe80::1%eth0"]) {
    assertEquals(tcpSockaddr(name, 1), null);
  }
  assertEquals(unixSockaddr("/a")?.slice(), Uint8Array.of(1, 0, 47, 97, 0));
  assertEquals(unixSockaddr("/".repeat(107))?.length, 110);
  assertEquals(unixSockaddr("/".repeat(108)), null);
});

Deno.test(
  { name: "a peer that never stops sending keeps neither other sockets nor timers waiting", ignore },
  async () => {
    const [us, peer] = await dialledPair("unix");
    const [other, otherPeer] = await dialledPair("unix");
    let flooding = true;
    const piece = new Uint8Array(65_536);
    const flood = (async () => {
      while (flooding) await peer.write(piece);
      peer.close();
    })();
    const drink = (async () => {
      while (await us.read(piece) > 0);
      us.close();
    })();
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const answer = other.read(new Uint8Array(1));
      await otherPeer.write(Uint8Array.of(1));
      assertEquals(await answer, 1);
    }
    flooding = false;
    await Promise.all([flood, drink]);
    other.close();
    otherPeer.close();
  },
);

Deno.test({ name: "sockets that wait for nothing that comes use no CPU", ignore }, async () => {
  const [us, peer] = await dialledPair("tcp");
  const read = us.read(new Uint8Array(1));
  const used = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = used();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const spent = used() - before;
  assert(spent < 300, `${spent} ms of CPU in a second`);
  await peer.write(Uint8Array.of(1));
  assertEquals(await read, 1);
  us.close();
  peer.close();
});

Deno.test({ name: "hundreds of sockets at once lose and mix nothing", ignore }, async () => {
  using server = listening("unix");
  const echo = (async () => {
    for (let i = 0; i < 200; i++) {
      const conn = await server.listener.accept();
      conn.readable.pipeTo(conn.writable).catch(() => {});
    }
  })();
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const { socket, connecting } = dial(ownLoop(), server.address);
    await connecting;
    const into = new Uint8Array(16);
    for (let round = 0; round < 20; round++) {
      const bytes = Uint8Array.of(i, round, i ^ round);
      assertEquals(await socket.write(bytes), 3);
      let n = 0;
      while (n < 3) n += await socket.read(into.subarray(n));
      assertEquals(into.subarray(0, n), bytes);
    }
    socket.close();
  }));
  await echo;
});
