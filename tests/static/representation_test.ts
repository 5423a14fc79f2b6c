import { assertEquals } from "@std/assert";
import { mediaType } from "../../lib/static/media_type.ts";
import { compressed, describe as describeFile, type Described, plan } from "../../lib/static/representation.ts";

const MTIME = Date.UTC(2026, 10, 23, 12, 0, 0, 250);
const LATER = MTIME + 60_000;
const none = () => null;

function describe(name: string, size: number, mtime: number | null, now: number, more: Partial<Described> = {}) {
  const same = { contentType: mediaType(name), cacheControl: null, expiresAfter: null };
  return describeFile({ ...same, size, mtime, ...more }, now);
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
    kind: "full",
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
  assertEquals(head.kind, "full");
  assertEquals(get.kind === "parts" && get.parts, [{ start: 2, length: 4 }]);
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

Deno.test("plan() says what caches need to know, with a 304 too", () => {
  const freshness = { cacheControl: "max-age=60", expiresAfter: 60 };
  const file = describe("a.html", 10, MTIME, LATER, { ...freshness, coding: "br", varies: true });
  const etag = `"${MTIME.toString(16)}-a-br"`;
  const kept = [
    ["ETag", etag],
    ["Cache-Control", "max-age=60"],
    ["Expires", "Mon, 23 Nov 2026 12:02:00 GMT"],
    ["Vary", "Accept-Encoding"],
  ] as const;
  const full = plan(file, "GET", none, LATER);
  assertEquals(full.kind === "full" && full.fields, [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Encoding", "br"],
    ["Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT"],
    ...kept,
    ["Accept-Ranges", "bytes"],
  ]);
  const same = (name: string) => name === "if-none-match" ? etag : null;
  assertEquals(plan(file, "GET", same, LATER), { kind: "not-modified", fields: [...kept] });
});

Deno.test("compressed() has a weak entity tag of its own", () => {
  const file = describe("a.html", 1_000, MTIME, LATER), young = describe("a.html", 1_000, MTIME, MTIME);
  for (const from of [file, young]) {
    const { etag, strong, size } = compressed(from, "gzip", 100);
    assertEquals([etag, strong, size], [`W/"${MTIME.toString(16)}-3e8-gzip"`, false, 100]);
  }
  assertEquals(compressed(describe("a.html", 1_000, 0, LATER), "gzip", 100).etag, null);
});
