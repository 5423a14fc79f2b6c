/** What close() cannot end: a write that the other side does not read. */
import { assertEquals, assertRejects } from "@std/assert";
import { sever } from "../../lib/http1/sever.ts";
import "../support/test_front.ts";

Deno.test("sever() ends a pending write of the connection it is given, and of no other", async (t) => {
  for (const hostname of ["127.0.0.1", "::1", "::"]) {
    await t.step({ name: hostname, ignore: !canListen(hostname), fn: () => severOn(hostname) });
  }
});

function canListen(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

async function severOn(hostname: string): Promise<void> {
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accept = async () => {
    const [server, client] = await Promise.all([listener.accept(), Deno.connect({ hostname: peerOf(hostname), port })]);
    return { server, client };
  };
  const stuck = await accept(), other = await accept();
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = descriptors();
  const writing = (async () => {
    const piece = new Uint8Array(1_000_000);
    for (;;) await stuck.server.write(piece);
  })();
  const failed = assertRejects(() => writing);
  // Enough turns that the kernel's buffers are full and the write is pending, or soon will be.
  await new Promise((resolve) => setTimeout(resolve, 50));
  sever(stuck.server);
  stuck.server.close();
  await failed;
  assertEquals(descriptors(), before - 1);
  await other.server.write(Uint8Array.of(1));
  assertEquals(await other.client.read(new Uint8Array(10)), 1);
  for (const conn of [stuck.client, other.client, other.server]) conn.close();
}

/** Where a client of a listener for every address connects: over IPv4, to be seen as a mapped address. */
function peerOf(hostname: string): string {
  return hostname === "::" ? "127.0.0.1" : hostname;
}

Deno.test("sever() leaves a unix socket alone", async () => {
  const path = Deno.makeTempFileSync();
  Deno.removeSync(path);
  using listener = Deno.listen({ transport: "unix", path });
  const [server, client] = await Promise.all([listener.accept(), Deno.connect({ transport: "unix", path })]);
  sever(server);
  await server.write(Uint8Array.of(1));
  assertEquals(await client.read(new Uint8Array(10)), 1);
  server.close();
  client.close();
});
