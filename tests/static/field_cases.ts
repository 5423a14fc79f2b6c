/**
 * The part of the table of requests that is about fields: ranges, preconditions, codings.
 *
 * @module
 */
import { A, AFTER, ask, BEFORE, type Case, etag, type Fields, get, LAST_MODIFIED, TEXT } from "./case.ts";
import { HUGE, SCRIPT } from "./site.ts";

const range = (value: string, size = 10): Fields => ({
  "content-range": `bytes ${value}/${size}`,
  "content-type": TEXT,
});
const MULTI = /^multipart\/byteranges; boundary=[0-9a-f]{24}$/;

const RANGES: readonly Case[] = [
  ask("/a.txt", ["Range: bytes=0-0"], 206, "0", {
    ...range("0-0"),
    "content-length": "1",
    "etag": etag(10),
    "last-modified": LAST_MODIFIED,
  }),
  ask("/a.txt", ["Range: bytes=2-4"], 206, "234", range("2-4")),
  ask("/a.txt", ["Range: bytes=5-"], 206, "56789", range("5-9")),
  ask("/a.txt", ["Range: bytes=0-"], 206, A, range("0-9")),
  ask("/a.txt", ["Range: bytes=9-9"], 206, "9", range("9-9")),
  ask("/a.txt", ["Range: bytes=8-99"], 206, "89", range("8-9")),
  ask("/a.txt", ["Range: bytes=-3"], 206, "789", range("7-9")),
  ask("/a.txt", ["Range: bytes=-10"], 206, A, range("0-9")),
  ask("/a.txt", ["Range: bytes=-99"], 206, A, range("0-9")),
  ask("/a.txt", ["Range: bytes=-0"], 416, undefined, { "content-range": "bytes */10" }),
  ask("/a.txt", ["Range: bytes=10-"], 416, /^416 /, { "content-range": "bytes */10" }),
  ask("/a.txt", ["Range: bytes=99-100"], 416, undefined, { "content-range": "bytes */10" }),
  ask("/a.txt", ["Range: bytes=10-,20-30"], 416, undefined, { "content-range": "bytes */10" }),
  ask("/a.txt", ["Range: bytes=4-2"], 200, A, { "content-range": null }),
  ask("/a.txt", ["Range: bytes=a-b"], 200, A),
  ask("/a.txt", ["Range: bytes=1"], 200, A),
  ask("/a.txt", ["Range: bytes="], 200, A),
  ask("/a.txt", ["Range: bytes 0-1"], 200, A),
  ask("/a.txt", ["Range: lines=0-1"], 200, A),
  ask("/a.txt", ["Range: BYTES=0-1"], 206, "01"),
  ask("/a.txt", ["Range: bytes= 0-1 "], 206, "01"),
  ask("/a.txt", ["Range: bytes=0-99999999999999999999"], 206, A),
  ask("/a.txt", ["Range: bytes=18446744073709551616-"], 416),
  ask("/a.txt", ["Range: bytes=0-1,2-3"], 206, "0123", range("0-3")),
  ask("/a.txt", ["Range: bytes=0-5,3-7"], 206, "01234567", range("0-7")),
  ask("/a.txt", ["Range: bytes=0-1,20-30"], 206, "01", range("0-1")),
  ask("/a.txt", ["Range: bytes=0-,0-,0-"], 206, A, range("0-9")),
  ask(
    "/a.txt",
    ["Range: bytes=0-0,5-5"],
    206,
    /^--\w+\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Range: bytes 0-0\/10\r\n\r\n0\r\n--\w+\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Range: bytes 5-5\/10\r\n\r\n5\r\n--\w+--\r\n$/,
    { "content-type": MULTI, "content-range": null },
  ),
  ask("/a.txt", ["Range: bytes=-1,0-0"], 206, /9-9\/10\r\n\r\n9\r\n[^]*0-0\/10\r\n\r\n0\r\n/, {
    "content-type": MULTI,
  }),
  ask(
    "/a.txt",
    ["Range: bytes=8-9,0-1,4-5"],
    206,
    /8-9\/10\r\n\r\n89\r\n[^]*0-1\/10\r\n\r\n01\r\n[^]*4-5\/10\r\n\r\n45\r\n/,
    {
      "content-type": MULTI,
    },
  ),
  ask("/a.txt", [`Range: bytes=${Array.from({ length: 16 }, () => "0-0").join(",")}`], 206, "0", range("0-0")),
  ask("/a.txt", ["Range: bytes=0-1", "Range: bytes=4-5"], 200, A),
  ask("/a.txt", [`Range: bytes=${Array.from({ length: 17 }, () => "0-0").join(",")}`], 200, A),
  ask("/huge.txt", ["Range: bytes=10-19"], 206, "         1", range("10-19", 1_500_000)),
  ask("/huge.txt", ["Range: bytes=-10"], 206, "    149999", range("1499990-1499999", 1_500_000)),
  ask("/huge.txt", ["Range: bytes=0-9,1499990-"], 206, / {9}0\r\n[^]* {4}149999\r\n--\w+--\r\n$/, {
    "content-type": MULTI,
  }),
  get("/huge.txt", 200, HUGE, { "content-length": "1500000" }),
  ask("/empty.txt", ["Range: bytes=0-"], 200, ""),
  ask("/empty.txt", ["Range: bytes=-5"], 200, ""),
  ask("/lib.js", ["Range: bytes=0-3"], 206, "cons", { "content-encoding": null, "content-range": "bytes 0-3/1500" }),
  ask("/nothing", ["Range: bytes=0-3"], 404),
  ask("/a.txt", ["Range: bytes=2-4", "If-Range: {etag}"], 206, "234"),
  ask("/a.txt", ["Range: bytes=2-4", 'If-Range: "other"'], 200, A),
  ask("/a.txt", ["Range: bytes=2-4", "If-Range: W/{etag}"], 200, A),
  ask("/a.txt", ["Range: bytes=2-4", "If-Range: {modified}"], 206, "234"),
  ask("/a.txt", ["Range: bytes=2-4", `If-Range: ${BEFORE}`], 200, A),
  ask("/a.txt", ["Range: bytes=2-4", `If-Range: ${AFTER}`], 200, A),
  ask("/a.txt", ["Range: bytes=2-4", "If-Range: nonsense"], 200, A),
  ask("/a.txt", ["Range: bytes=50-", 'If-Range: "other"'], 200, A),
];

const NOTHING: Fields = { "content-length": null, "content-type": null, "last-modified": null };

const CONDITIONALS: readonly Case[] = [
  ask("/a.txt", ["If-None-Match: {etag}"], 304, "", { ...NOTHING, etag: etag(10) }),
  ask("/a.txt", ["If-None-Match: W/{etag}"], 304),
  ask("/a.txt", ["If-None-Match: *"], 304),
  ask("/a.txt", ['If-None-Match: "x", {etag}, "y"'], 304),
  ask("/a.txt", ['If-None-Match: "x"', "If-None-Match: {etag}"], 304),
  ask("/a.txt", ['If-None-Match: "x"'], 200, A),
  ask("/a.txt", ["If-None-Match: x"], 200, A),
  ask("/nothing", ["If-None-Match: *"], 404),
  ask("/a.txt", ["If-Modified-Since: {modified}"], 304, "", NOTHING),
  ask("/a.txt", [`If-Modified-Since: ${AFTER}`], 304),
  ask("/a.txt", [`If-Modified-Since: ${BEFORE}`], 200, A),
  ask("/a.txt", ["If-Modified-Since: yesterday"], 200, A),
  ask("/a.txt", ["If-Modified-Since: Friday, 02-Jan-26 03:04:05 GMT"], 304),
  ask("/a.txt", ["If-Modified-Since: Fri Jan  2 03:04:05 2026"], 304),
  ask("/a.txt", ['If-None-Match: "x"', "If-Modified-Since: {modified}"], 200, A),
  ask("/a.txt", ["If-None-Match: {etag}", `If-Modified-Since: ${BEFORE}`], 304),
  ask("/a.txt", ["If-Match: {etag}"], 200, A),
  ask("/a.txt", ["If-Match: *"], 200, A),
  ask("/a.txt", ['If-Match: "x", {etag}'], 200, A),
  ask("/a.txt", ['If-Match: "x"'], 412, /^412 /),
  ask("/a.txt", ["If-Match: W/{etag}"], 412),
  ask("/nothing", ['If-Match: "x"'], 404),
  ask("/a.txt", ["If-Unmodified-Since: {modified}"], 200, A),
  ask("/a.txt", [`If-Unmodified-Since: ${AFTER}`], 200, A),
  ask("/a.txt", [`If-Unmodified-Since: ${BEFORE}`], 412),
  ask("/a.txt", ["If-Unmodified-Since: yesterday"], 200, A),
  ask("/a.txt", ["If-Match: {etag}", `If-Unmodified-Since: ${BEFORE}`], 200, A),
  ask("/a.txt", ['If-Match: "x"', "If-None-Match: {etag}"], 412),
  ask("/a.txt", ["If-Match: {etag}", "If-None-Match: {etag}"], 304),
  ask("/a.txt", ['If-Match: "x"', "Range: bytes=0-1"], 412),
  ask("/a.txt", ["If-None-Match: {etag}", "Range: bytes=50-"], 304),
  ask("/a.txt", ["If-Match: {etag}", "Range: bytes=0-1"], 206, "01"),
  ask("/huge.txt", ["If-None-Match: {etag}"], 304, ""),
  ask("/huge.txt", ['If-Match: "x"'], 412),
];

const coded = (coding: string | null): Fields => ({
  "content-encoding": coding,
  "vary": "Accept-Encoding",
  "content-type": "text/javascript; charset=utf-8",
});
const lib = (accept: string, coding: string | null) =>
  ask("/lib.js", [`Accept-Encoding: ${accept}`], 200, SCRIPT, coded(coding));

const ENCODINGS: readonly Case[] = [
  get("/lib.js", 200, SCRIPT, { ...coded(null), etag: etag(1_500) }),
  lib("gzip", "gzip"),
  lib("x-gzip", "gzip"),
  lib("GZIP", "gzip"),
  lib("br", "br"),
  lib("zstd", "zstd"),
  lib("gzip, deflate, br, zstd", "br"),
  lib("gzip, zstd", "zstd"),
  lib("br;q=0.5, gzip;q=0.9", "gzip"),
  lib("br;q=0, gzip", "gzip"),
  lib("gzip;q=0", null),
  lib("gzip;q=0.000", null),
  lib("identity", null),
  lib("identity, gzip;q=0.5", null),
  lib("identity;q=0.5, gzip", "gzip"),
  lib("identity;q=0", null),
  lib("identity;q=0, gzip;q=0.1", "gzip"),
  lib("*", "br"),
  lib("*;q=0", null),
  lib("*;q=0, gzip", "gzip"),
  lib("br;q=0, *;q=0.5", "zstd"),
  lib("deflate", null),
  lib("", null),
  ask("/lib.js", ["Accept-Encoding: gzip;q=0", "Accept-Encoding: br"], 200, SCRIPT, coded("br")),
  ask("/lib.js", ["Accept-Encoding: gzip", 'If-None-Match: "x"'], 200, SCRIPT, {
    etag: /^"[0-9a-f]+-[0-9a-f]+-gzip"$/,
  }),
  ask("/lib.js", ["Accept-Encoding: gzip", "If-None-Match: {etag}"], 304, "", {
    "vary": "Accept-Encoding",
    "etag": /-gzip"$/,
  }),
  ask("/lib.js", ["Accept-Encoding: br", `If-None-Match: ${etag(1_500)}`], 200, SCRIPT),
  ask("/one.txt", ["Accept-Encoding: br, gzip"], 200, SCRIPT, {
    "content-encoding": "gzip",
    "vary": "Accept-Encoding",
    "content-type": TEXT,
  }),
  ask("/one.txt", ["Accept-Encoding: br"], 200, SCRIPT, { "content-encoding": null, "vary": "Accept-Encoding" }),
  ask("/a.txt", ["Accept-Encoding: br, gzip"], 200, A, { "content-encoding": null, "vary": null }),
  get("/lib.js.gz", 200, undefined, { "content-type": "application/gzip", "content-encoding": null }),
  ask("/lib.js.gz", ["Accept-Encoding: gzip"], 200, undefined, { "content-encoding": null }),
  ask("/only.txt", ["Accept-Encoding: gzip"], 404),
];

/** All of these. */
export const FIELD_CASES: readonly Case[] = [...RANGES, ...CONDITIONALS, ...ENCODINGS];
