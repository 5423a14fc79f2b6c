import { assertEquals } from "@std/assert";
import { describe, plan } from "../../lib/static/representation.ts";

const MTIME = Date.UTC(2026, 10, 23, 12, 0, 0, 250);
const LATER = MTIME + 60_000;
const none = () => null;

function fieldsOf(fields: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(fields);
}

Deno.test("describe() makes validators of time and size", () => {
  const file = describe("a.css", 255, MTIME, LATER);
  assertEquals(file.contentType, "text/css; charset=utf-8");
  assertEquals(file.etag, `"${MTIME.toString(16)}-ff"`);
  assertEquals(file.lastModified, MTIME - 250);
  assertEquals(file.strong, true);
});

Deno.test("describe() changes the entity tag with time and with size", () => {
  const etags = [describe("a", 1, MTIME, LATER), describe("a", 2, MTIME, LATER), describe("a", 1, MTIME + 1, LATER)];
  assertEquals(new Set(etags.map((file) => file.etag)).size, 3);
});

Deno.test("describe() gives a weak entity tag while the file is younger than two seconds", () => {
  const young = describe("a", 1, MTIME, MTIME + 1_999), settled = describe("a", 1, MTIME, MTIME + 2_000);
  assertEquals([young.strong, settled.strong], [false, true]);
  assertEquals(young.etag, `W/${settled.etag}`);
});

Deno.test("describe() never dates a file in the future", () => {
  const file = describe("a", 1, LATER, MTIME);
  assertEquals(file.lastModified, MTIME - 250);
  assertEquals(file.strong, false);
});

Deno.test("describe() gives no validators when the time says nothing", () => {
  for (const mtime of [null, 0, 1_000, -5]) {
    const { etag, lastModified, strong } = describe("a", 1, mtime, LATER);
    assertEquals({ etag, lastModified, strong }, { etag: null, lastModified: null, strong: false });
  }
});

Deno.test("plan() sends everything, with validators, when nothing is asked", () => {
  const planned = plan(describe("a.html", 10, MTIME, LATER), "GET", none, LATER);
  assertEquals(planned, {
    kind: "content",
    status: 200,
    start: 0,
    length: 10,
    fields: [
      ["Content-Type", "text/html; charset=utf-8"],
      ["Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT"],
      ["ETag", `"${MTIME.toString(16)}-a"`],
      ["Accept-Ranges", "bytes"],
    ],
  });
});

Deno.test("plan() ignores Range when the method is HEAD", () => {
  const range = (name: string) => name === "range" ? "bytes=2-5" : null;
  const file = describe("a.html", 10, MTIME, LATER);
  const head = plan(file, "HEAD", range, LATER), get = plan(file, "GET", range, LATER);
  assertEquals(head.kind === "content" && [head.status, head.length], [200, 10]);
  assertEquals(get.kind === "content" && [get.status, get.start, get.length], [206, 2, 4]);
  assertEquals(get.kind === "content" && fieldsOf(get.fields)["Content-Range"], "bytes 2-5/10");
});

Deno.test("plan() asks for the precondition before the range", () => {
  const fields: Record<string, string> = { range: "bytes=50-", "if-none-match": "*" };
  const planned = plan(describe("a.html", 10, MTIME, LATER), "GET", (name) => fields[name] ?? null, LATER);
  assertEquals(planned, { kind: "not-modified", fields: [["ETag", `"${MTIME.toString(16)}-a"`]] });
});

Deno.test("plan() says the size when no byte of the range exists", () => {
  const planned = plan(
    describe("a", 10, MTIME, LATER),
    "GET",
    (name) => name === "range" ? "bytes=10-" : null,
    LATER,
  );
  assertEquals(planned, { kind: "error", status: 416, extra: [["Content-Range", "bytes */10"]] });
});
