import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { asNobody } from "../support/as_nobody.ts";
import { openByComparing } from "../../lib/static/confined_open.ts";
import { type FileSystem, SYSTEM } from "../../lib/static/file_system.ts";
import type { StaticFiles } from "../../lib/static/files.ts";
import {
  countDescriptors,
  hostWith,
  makeFifo,
  openFiles,
  read,
  request,
  serve,
  systemError,
  systemWith,
  Tree,
} from "./support.ts";

/** The answer to a GET, or to what `options` say. */
async function get(root: StaticFiles, path: string, options?: Parameters<typeof request>[1]) {
  return read(await serve(root, request(path, options)));
}

Deno.test("serve() answers a file with its bytes and validators", async () => {
  using tree = new Tree();
  tree.write("style.css", "body {}\n");
  const { status, fields, text } = await get(openFiles(tree.root), "/style.css?v=3");
  assertEquals([status, text], [200, "body {}\n"]);
  assertEquals(Object.keys(fields), ["Content-Type", "Last-Modified", "ETag", "Accept-Ranges"]);
  assertEquals(fields["Content-Type"], "text/css; charset=utf-8");
  assertMatch(fields["ETag"], /^"[0-9a-f]+-8"$/);
});

Deno.test("serve() finds names that need escapes", async (t) => {
  using tree = new Tree();
  const root = openFiles(tree.root);
  for (
    const name of ["한글 이름.txt", "a b.txt", "50%.txt", "%2e%2e", "a#b?c.txt", "a\nb", "naïve.txt", "a+b;c,d.txt"]
  ) {
    await t.step(JSON.stringify(name), async () => {
      tree.write(`dir/${name}`, name);
      assertEquals((await get(root, `/dir/${encodeURIComponent(name)}`)).text, name);
    });
  }
});

Deno.test("serve() gives a directory's index, and adds the slash first", async (t) => {
  using tree = new Tree();
  tree.write("index.html", "top");
  tree.write("docs/index.html", "docs");
  tree.write("empty/a.txt", "a");
  Deno.mkdirSync(`${tree.root}/odd/index.html`, { recursive: true });
  const root = openFiles(tree.root);
  await t.step("the index", async () => {
    for (const path of ["/", "/.", "/docs/.."]) assertEquals((await get(root, path)).text, "top", path);
    for (const path of ["/docs/", "/docs/.", "//docs//"]) assertEquals((await get(root, path)).text, "docs", path);
    assertEquals((await get(root, "/docs/")).fields["Content-Type"], "text/html; charset=utf-8");
  });
  await t.step("the slash", async () => {
    const { status, fields, text } = await get(root, "/docs?a=1&b");
    assertEquals([status, fields, text], [301, { Location: "/docs/?a=1&b" }, ""]);
    assertEquals((await get(root, "//docs")).fields["Location"], "/docs/");
    assertEquals((await get(root, "/docs", { originalPath: "/static/docs" })).fields["Location"], "/static/docs/");
  });
  await t.step("the slash of the route's own prefix", async () => {
    for (const path of ["", "/"]) {
      assertEquals((await get(root, path, { originalPath: "/static" })).fields["Location"], "/static/");
      assertEquals((await get(root, path, { originalPath: "/static/" })).text, "top");
    }
  });
  await t.step("no index", async () => {
    for (const path of ["/empty/", "/odd/", "/docs/index.html/"]) {
      assertEquals((await get(root, path)).status, 404, path);
    }
  });
});

Deno.test("serve() answers what it refuses with a short text", async (t) => {
  using tree = new Tree();
  tree.write("a.txt", "a");
  tree.write(".git/config", "secret");
  tree.write(".well-known/security.txt", "Contact: x");
  Deno.writeTextFileSync(`${tree.outside}/secret`, "secret");
  Deno.symlinkSync("../outside/secret", `${tree.root}/link-out`);
  Deno.symlinkSync("a.txt", `${tree.root}/link-in`);
  await makeFifo(`${tree.root}/fifo`);
  const root = openFiles(tree.root);
  const cases: readonly (readonly [path: string, status: number])[] = [
    ["/link-in", 200],
    ["/.well-known/security.txt", 200],
    ["/nothing", 404],
    ["/.git/config", 404],
    ["/link-out", 404],
    ["/fifo", 404],
    ["/a.txt/", 404],
    ["/a%2ftxt", 404],
    [`/${"n".repeat(300)}`, 404],
    ["/../outside/secret", 400],
    ["/%ff", 400],
  ];
  for (const [path, status] of cases) {
    await t.step(`${path.slice(0, 20)} → ${status}`, async () => assertEquals((await get(root, path)).status, status));
  }
  await t.step("as text", async () => {
    const { fields, text } = await get(root, "/nothing");
    assertEquals(text, "404 Not Found\n");
    assertEquals(fields, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
  });
  await t.step("as JSON for who asks for it", async () => {
    const { text } = await get(root, "/nothing", { fields: { accept: "application/json" } });
    assertEquals(text, '{"status":404,"error":"Not Found"}');
  });
});

Deno.test("serve() allows GET and HEAD alone", async (t) => {
  using tree = new Tree();
  tree.write("a.txt", "a");
  const root = openFiles(tree.root);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"]) {
    await t.step(method, async () => {
      const { status, fields } = await get(root, "/a.txt", { method });
      assertEquals([status, fields["Allow"]], [405, "GET, HEAD"]);
    });
  }
  await t.step("HEAD has GET's fields and length", async () => {
    const head = await serve(root, request("/a.txt", { method: "HEAD" }));
    assertEquals(head.body?.length, 1);
    assertEquals(Object.fromEntries(head.fields), (await get(root, "/a.txt")).fields);
  });
});

Deno.test("serve() answers conditional requests", async (t) => {
  using tree = new Tree();
  tree.write("a.txt", "0123456789");
  const root = openFiles(tree.root);
  const { fields: { ETag: etag, "Last-Modified": modified } } = await get(root, "/a.txt");
  await t.step("304 with nothing but the entity tag", async () => {
    for (const fields of [{ "if-none-match": etag }, { "if-modified-since": modified }]) {
      const answer = await serve(root, request("/a.txt", { fields }));
      assertEquals(answer, { status: 304, fields: [["ETag", etag]], body: null });
    }
  });
  await t.step("412", async () => {
    const { status, text } = await get(root, "/a.txt", { fields: { "if-match": '"other"' } });
    assertEquals([status, text], [412, "412 Precondition Failed\n"]);
  });
  await t.step("200 after a change", async () => {
    tree.write("a.txt", "changed");
    const { status, text, fields } = await get(root, "/a.txt", { fields: { "if-none-match": etag } });
    assertEquals([status, text, fields["ETag"] === etag], [200, "changed", false]);
  });
});

Deno.test("serve() answers single byte ranges", async (t) => {
  using tree = new Tree();
  const large = "0123456789".repeat(20_000);
  tree.write("small.txt", "0123456789");
  tree.write("large.txt", large);
  tree.write("empty.txt", "");
  tree.write("huge.txt", "0123456789".repeat(200_000));
  const root = openFiles(tree.root);
  const { fields: { ETag: etag } } = await get(root, "/small.txt");
  const range = (path: string, value: string, more = {}) => get(root, path, { fields: { range: value, ...more } });
  const cases: readonly (readonly [path: string, value: string, contentRange: string, text: string])[] = [
    ["/small.txt", "bytes=2-4", "bytes 2-4/10", "234"],
    ["/small.txt", "bytes=8-", "bytes 8-9/10", "89"],
    ["/small.txt", "bytes=-3", "bytes 7-9/10", "789"],
    ["/large.txt", "bytes=199990-", "bytes 199990-199999/200000", "0123456789"],
    ["/large.txt", "bytes=5-100004", "bytes 5-100004/200000", large.slice(5, 100_005)],
  ];
  for (const [path, value, contentRange, text] of cases) {
    await t.step(`${value} of ${path}`, async () => {
      const part = await range(path, value);
      assertEquals([part.status, part.fields["Content-Range"]], [206, contentRange]);
      assertEquals(part.text, text);
    });
  }
  await t.step("416 says the size", async () => {
    const { status, fields } = await range("/small.txt", "bytes=10-");
    assertEquals([status, fields["Content-Range"]], [416, "bytes */10"]);
  });
  await t.step("If-Range of another state gets the whole", async () => {
    assertEquals((await range("/small.txt", "bytes=2-4", { "if-range": etag })).status, 206);
    const whole = await range("/small.txt", "bytes=2-4", { "if-range": '"other"' });
    assertEquals([whole.status, whole.text, whole.fields["Content-Range"]], [200, "0123456789", undefined]);
  });
  await t.step("several ranges are several parts, from memory and from a file", async () => {
    for (const [path, size] of [["/small.txt", 10], ["/huge.txt", 2_000_000]] as const) {
      const { status, fields, text } = await range(path, "bytes=0-1,4-5");
      const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(fields["Content-Type"])?.[1];
      const part = (range: string, text: string) =>
        `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${range}/${size}\r\n\r\n${text}\r\n`;
      assertEquals([status, text], [206, `${part("0-1", "01")}${part("4-5", "45")}--${boundary}--\r\n`]);
    }
  });
  await t.step("an empty file is whole", async () => {
    const { status, text } = await range("/empty.txt", "bytes=0-");
    assertEquals([status, text], [200, ""]);
  });
});

Deno.test("serve() reads small content and hands on large files", async () => {
  using tree = new Tree();
  tree.write("small", new Uint8Array(1_048_576));
  tree.write("large", new Uint8Array(1_048_577));
  const root = openFiles(tree.root);
  const small = await serve(root, request("/small")), large = await serve(root, request("/large"));
  assert(small.body instanceof Uint8Array && small.body.length === 1_048_576);
  assert(large.body !== null && typeof large.body === "object" && !(large.body instanceof Uint8Array));
  assertEquals([large.body.pieces, large.body.length], [[{ start: 0, length: 1_048_577 }], 1_048_577]);
  large.body.file.close();
});

Deno.test("serve() answers 403 for what may not be read, and says no path", () => {
  using tree = new Tree();
  for (const path of [tree.root, `${tree.root}/..`]) Deno.chmodSync(path, 0o755);
  Deno.chmodSync(tree.write("a.txt", "readable"), 0o644);
  Deno.chmodSync(tree.write("b.txt", "unreadable"), 0o000);
  tree.write("closed/c.txt", "c");
  Deno.chmodSync(`${tree.root}/closed`, 0o000);
  Deno.chmodSync(tree.write("entered/d.txt", "d"), 0o644);
  Deno.chmodSync(`${tree.root}/entered`, 0o711);
  const files = openFiles(tree.root, { listing: true });
  const status = (path: string) =>
    asNobody(() => {
      const served = files.serve(request(path));
      assert(!(served instanceof Promise));
      return served.kind === "refused" ? served.status : served.answer.status;
    });
  assertEquals(["/a.txt", "/b.txt", "/closed/c.txt", "/closed/d"].map(status), [200, 403, 403, 403]);
  assertEquals(["/closed/", "/entered/", "/entered/d.txt"].map(status), [403, 403, 200]);
});

Deno.test("serve() answers the system's refusals", async (t) => {
  using tree = new Tree();
  const path = tree.write("a.txt", "0123456789");
  const failing = (open: FileSystem["open"]) => openFiles(tree.root, {}, hostWith(systemWith({ open })));
  const throwing = (code: string) =>
    failing(() => {
      throw systemError(code);
    });
  const before = countDescriptors();
  await t.step("403 without the path when the file is unreadable", async () => {
    const { status, text } = await get(throwing("EACCES"), "/a.txt");
    assertEquals([status, text], [403, "403 Forbidden\n"]);
  });
  await t.step("503 when descriptors run out", async () => {
    const { status, fields } = await get(throwing("EMFILE"), "/a.txt");
    assertEquals([status, fields["Retry-After"]], [503, "1"]);
  });
  await t.step("503 when the file becomes shorter while it is read", async () => {
    const shrinking = failing(() => {
      Deno.truncateSync(path, 4);
      return SYSTEM.open(path);
    });
    assertEquals((await get(shrinking, "/a.txt")).status, 503);
  });
  await t.step("a rejection when the disk fails", async () => {
    await assertRejects(() => serve(throwing("EIO"), request("/a.txt")), Error, "EIO from the test");
  });
  assertEquals(countDescriptors(), before);
});

Deno.test("serve() leaves no descriptor open", async () => {
  using tree = new Tree();
  tree.write("small.txt", "0123456789");
  tree.write("large.txt", "0123456789".repeat(200_000));
  tree.write("dir/index.html", "index");
  Deno.writeTextFileSync(`${tree.outside}/secret`, "secret");
  Deno.symlinkSync("../outside/secret", `${tree.root}/link-out`);
  await makeFifo(`${tree.root}/fifo`);
  const throughProc = openFiles(tree.root);
  const paths = ["/small.txt", "/large.txt", "/dir", "/dir/", "/link-out", "/fifo", "/nothing", "/../x", "/.hidden"];
  const asks = [{}, { range: "bytes=1-2" }, { range: "bytes=900000-" }, { "if-none-match": "*" }, {
    "if-match": '"x"',
  }];
  const before = countDescriptors();
  for (
    const root of [
      throughProc,
      openFiles(tree.root, {}, hostWith(SYSTEM), (root) => ({ ...root, open: openByComparing })),
    ]
  ) {
    for (const path of paths) {
      for (const fields of asks) {
        for (const method of ["GET", "HEAD", "POST"]) {
          const { status } = await get(root, path, { method, fields });
          assert(status >= 200 && status < 500, `${method} ${path}: ${status}`);
        }
      }
    }
  }
  assertEquals(countDescriptors(), before);
});
