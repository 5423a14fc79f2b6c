/** Large files to clients that read as they please. @module */
import { assert, assertEquals } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { plainRoute } from "../../lib/config/route_options.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { until } from "../support/until.ts";
import { countDescriptors, Tree } from "./support.ts";

/** Every four bytes are different ones, so that a piece that is lost, sent twice or out of place shows. */
const CONTENT = new Uint8Array(Uint32Array.from({ length: 5_000_000 }, (_, i) => i).buffer);

function frontFor(tree: Tree, options: TestFrontOptions = {}, bandwidth = 0): TestFront {
  const route = plainRoute("/", { kind: "static", root: tree.root });
  return new TestFront({ ...options, routes: [{ ...route, bandwidth }] });
}

async function ask(address: ListenAddress, ...lines: string[]): Promise<Deno.Conn> {
  const conn = address.transport === "unix"
    ? await Deno.connect({ transport: "unix", path: address.path })
    : await Deno.connect({ hostname: address.hostname, port: address.port });
  const head = ["GET /a.bin HTTP/1.1", "Host: x", "Connection: close", ...lines, "", ""].join("\r\n");
  await conn.write(new TextEncoder().encode(head));
  return conn;
}

/** The body of a response, which is read to the connection's end, now and then after a rest. */
async function readAll(conn: Deno.Conn, restEvery: number): Promise<Uint8Array> {
  using _ = conn;
  const bytes = new Uint8Array(CONTENT.length + 100_000);
  let at = 0;
  for (let reads = 1;; reads++) {
    const n = await conn.read(bytes.subarray(at));
    if (n === null) break;
    at += n;
    if (reads % restEvery === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1_000)).indexOf("\r\n\r\n") + 4;
  return bytes.subarray(head, at);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The parts of a `multipart/byteranges` body. */
function partsOf(body: Uint8Array): [range: string, bytes: Uint8Array][] {
  const parts: [string, Uint8Array][] = [];
  for (let at = 0;;) {
    const head = new TextDecoder("latin1").decode(body.subarray(at, at + 400));
    const range = /^(?:\r\n)?--\w+\r\nContent-Type: .*\r\nContent-Range: bytes (\d+)-(\d+)\/.*\r\n\r\n/.exec(head);
    if (range === null) return parts;
    const start = at + range[0].length, length = Number(range[2]) - Number(range[1]) + 1;
    parts.push([`${range[1]}-${range[2]}`, body.subarray(start, start + length)]);
    at = start + length;
  }
}

Deno.test("a large file arrives as it is, however it is read", async (t) => {
  using tree = new Tree();
  using directory = new TestDirectory();
  tree.write("a.bin", CONTENT);
  const listen = { transport: "unix", path: directory.at("socket") } as const;
  const ways: readonly (readonly [what: string, options: TestFrontOptions, restEvery: number, bandwidth: number])[] = [
    ["at once", {}, Infinity, 0],
    ["slowly", {}, 5, 0],
    ["over a unix socket", { listen }, 20, 0],
    ["at a limited pace", {}, Infinity, 100_000_000],
  ];
  for (const [what, options, restEvery, bandwidth] of ways) {
    await t.step(what, async () => {
      await using front = frontFor(tree, options, bandwidth);
      assert(isSame(await readAll(await ask(front.address), restEvery), CONTENT));
      const ranges = ["3-5000001", "6000000-6000009", "7000000-19999999", "5000004-5000006"];
      const parts = partsOf(await readAll(await ask(front.address, `Range: bytes=${ranges.join(",")}`), restEvery));
      assertEquals(parts.map(([range]) => range), ranges);
      for (const [range, bytes] of parts) {
        const [first, last] = range.split("-").map(Number);
        assert(isSame(bytes, CONTENT.subarray(first, last + 1)), range);
      }
    });
  }
});

Deno.test("who waits for a client holds little", async () => {
  using tree = new Tree();
  tree.write("a.bin", CONTENT);
  await using front = frontFor(tree);
  const clients = 64, descriptors = countDescriptors();
  // Once before, so that what all share is there.
  await readAll(await ask(front.address), Infinity);
  const before = Deno.memoryUsage().external;
  const waiting: Deno.Conn[] = [];
  for (let i = 0; i < clients; i++) waiting.push(await ask(front.address));
  // The sockets, and the file for each, which is open until its last byte is sent.
  await until("all have begun", () => countDescriptors() >= descriptors + 3 * clients);
  const first = new Uint8Array(1);
  for (const conn of waiting) assertEquals(await conn.read(first), 1);
  const grown = Deno.memoryUsage().external - before;
  assert(grown < clients * 65_536, `${grown} bytes for ${clients} clients`);
  for (const conn of waiting) conn.close();
});
