/** Files that are replaced, deleted, cut and grown while they are served. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { plainRoute } from "../../lib/config/route_options.ts";
import { STATIC_DEFAULTS, type StaticOptions } from "../../lib/config/static_options.ts";
import { SYSTEM } from "../../lib/static/file_system.ts";
import { StaticFiles } from "../../lib/static/files.ts";
import { openStaticRoot } from "../../lib/static/root.ts";
import { fieldOf, type RawClient, type RawResponse } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { until } from "../support/until.ts";
import { countDescriptors, hostWith, read, request, serve, systemWith, Tree } from "./support.ts";

/** How long an answer may be out of date, ms. */
const STALE = 2_000;

function frontFor(tree: Tree, options: Partial<StaticOptions> = {}): TestFront {
  const action = { kind: "static", root: tree.root, options: { ...STATIC_DEFAULTS, ...options } } as const;
  return new TestFront({ routes: [plainRoute("/", action)], limits: { keepaliveRequests: 1_000_000 } });
}

async function get(client: RawClient, path: string, ...lines: string[]): Promise<RawResponse> {
  await client.send([`GET ${path} HTTP/1.1`, "Host: x", ...lines, "", ""].join("\r\n"));
  return await client.response();
}

Deno.test("what is not there costs one look", () => {
  using tree = new Tree();
  const looks: string[] = [];
  const system = systemWith({ look: (path) => (looks.push(path), SYSTEM.look(path)) });
  const files = new StaticFiles(openStaticRoot(tree.root, hostWith(system)), STATIC_DEFAULTS);
  looks.length = 0;
  assertEquals(files.serve(request("/none.txt")), { kind: "refused", status: 404, fields: [] });
  assertEquals(looks.filter((path) => path !== tree.root), [`${tree.root}/none.txt`]);
});

Deno.test("a change is seen within two seconds, whatever it is", async (t) => {
  using tree = new Tree();
  await using front = frontFor(tree);
  const client = await front.connect();
  const soon = async (what: string, path: string, wanted: string, change: () => void, ...lines: string[]) => {
    await t.step(what, async () => {
      await get(client, path, ...lines);
      await get(client, path, ...lines);
      change();
      const changed = performance.now();
      await until(what, async () => {
        const { status, body } = await get(client, path, ...lines);
        return `${status} ${status === 200 ? body : ""}` === wanted;
      });
      assert(performance.now() - changed < STALE);
    });
  };
  const path = tree.write("a.txt", "first");
  await soon("written in place, as long as before", "/a.txt", "200 other", () => Deno.writeTextFileSync(path, "other"));
  await soon("with its old time", "/a.txt", "200 third", () => tree.write("a.txt", "third"));
  await soon("replaced by renaming", "/a.txt", "200 new", () => Deno.renameSync(tree.write("b.txt", "new"), path));
  await soon("grown", "/a.txt", "200 new, longer", () => Deno.writeTextFileSync(path, ", longer", { append: true }));
  await soon("cut", "/a.txt", "200 ne", () => Deno.truncateSync(path, 2));
  await soon("deleted", "/a.txt", "404 ", () => Deno.removeSync(path));
  await soon("made again", "/a.txt", "200 back", () => tree.write("a.txt", "back"));
  await soon("an index where there was another", "/", "200 top", () => tree.write("index.html", "top"));
  tree.write("dir/a.txt", "1");
  tree.write("other/a.txt", "2");
  Deno.symlinkSync("dir", `${tree.root}/current`);
  await soon("a symlink that leads elsewhere", "/current/a.txt", "200 2", () => {
    Deno.symlinkSync("other", `${tree.root}/next`);
    Deno.renameSync(`${tree.root}/next`, `${tree.root}/current`);
  });
  await soon("a symlink that leads out", "/current/a.txt", "404 ", () => {
    Deno.writeTextFileSync(`${tree.outside}/a.txt`, "2");
    Deno.symlinkSync(tree.outside, `${tree.root}/next`);
    Deno.renameSync(`${tree.root}/next`, `${tree.root}/current`);
  });
  await t.step("a compressed file beside it that comes, and goes", async () => {
    const coding = async () => fieldOf(await get(client, "/b.js", "Accept-Encoding: br"), "content-encoding");
    tree.write("b.js", "plain");
    assertEquals(await coding(), null);
    tree.write("b.js.br", "not really brotli");
    await until("it is sent", async () => await coding() === "br");
    Deno.removeSync(`${tree.root}/b.js.br`);
    await until("it is not sent", async () => await coding() === null);
  });
});

Deno.test("under load, every answer is one whole state of the file", async () => {
  using tree = new Tree();
  const state = (i: number) => `${i % 10}`.repeat(1_000 + i % 7 * 100_000);
  const path = tree.write("a.txt", state(0));
  await using front = frontFor(tree);
  const clients = await Promise.all(Array.from({ length: 8 }, () => front.connect()));
  for (const client of clients) await get(client, "/a.txt");
  const before = countDescriptors();
  let stop = false, answers = 0;
  const load = clients.map(async (client) => {
    while (!stop) {
      const { status, body } = await get(client, "/a.txt");
      if (status === 404 || status === 503) continue;
      assertEquals(status, 200);
      assert(body.length >= 1_000 && body === body[0].repeat(body.length), "no mixture");
      const i = Number(body[0]);
      assert([0, 1, 2, 3, 4, 5, 6].some((n) => body.length === 1_000 + n * 100_000), `${i}: ${body.length}`);
      answers++;
    }
  });
  for (let i = 1; i <= 60; i++) {
    if (i % 5 === 0) Deno.removeSync(path);
    Deno.writeTextFileSync(`${tree.root}/next`, state(i));
    Deno.renameSync(`${tree.root}/next`, path);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  stop = true;
  await Promise.all(load);
  assert(answers > 10);
  assertEquals(countDescriptors(), before);
});

Deno.test("a large file that is changed while it is sent ends the connection before its end", async (t) => {
  const changes: readonly (readonly [what: string, change: (path: string) => void])[] = [
    ["cut", (path) => Deno.truncateSync(path, 1_000)],
    ["written over", (path) => {
      using file = Deno.openSync(path, { write: true });
      file.seekSync(40_000_000, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(10).fill(1));
    }],
    ["grown", (path) => Deno.writeFileSync(path, new Uint8Array(10), { append: true })],
  ];
  for (const [what, change] of changes) {
    await t.step(what, async () => {
      using tree = new Tree();
      const path = tree.write("a.bin", new Uint8Array(50_000_000));
      await using front = frontFor(tree);
      const client = await front.connect();
      const before = countDescriptors();
      await client.send("GET /a.bin HTTP/1.1\r\nHost: x\r\n\r\n");
      assertEquals(fieldOf(await client.head(), "content-length"), "50000000");
      change(path);
      assert((await client.end()).rest.length < 50_000_000);
      const { status, bytes } = await front.log.entry();
      assertEquals(status, 200, "the client has not left");
      assert(bytes !== null && bytes < 50_000_000, `${bytes}`);
      assertMatch(
        front.errors.text,
        /\[error\] GET "\/a.bin" .*: a file (became shorter|was changed) while it was sent\n/,
      );
      await until("all is closed", () => countDescriptors() <= before);
    });
  }
  await t.step("replaced or deleted, it is sent to its end", async () => {
    using tree = new Tree();
    const path = tree.write("a.bin", new Uint8Array(20_000_000));
    await using front = frontFor(tree);
    for (const change of [() => Deno.renameSync(tree.write("b.bin", "b"), path), () => Deno.removeSync(path)]) {
      tree.write("a.bin", new Uint8Array(20_000_000));
      const client = await front.connect();
      await client.send("GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertEquals((await client.head()).status, 200);
      change();
      assertEquals((await client.end()).rest.length, 20_000_000);
    }
  });
});

Deno.test("many at once for a file that is not in memory read it once", async () => {
  using tree = new Tree();
  tree.write("a.txt", "x".repeat(100_000));
  let opened = 0;
  const system = systemWith({
    open: (path) => {
      opened++;
      return SYSTEM.open(path);
    },
  });
  const moment = Symbol();
  const root = openStaticRoot(tree.root, { ...hostWith(system), moment: () => moment });
  const files = new StaticFiles(root, { ...STATIC_DEFAULTS, compress: true });
  const fields = { "accept-encoding": "br" };
  const answers = await Promise.all(Array.from({ length: 100 }, () => serve(files, request("/a.txt", { fields }))));
  assertEquals(opened, 1);
  assertEquals(new Set(answers.map((answer) => answer.body)).size, 1, "compressed once");
  assertEquals(read(answers[99]).fields["Content-Encoding"], "br");
});
