import { assertEquals } from "@std/assert";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { type Coding, preferredCodings } from "../../lib/http1/content_coding.ts";
import { ask } from "../../lib/static/asked.ts";

function asked(lines: readonly string[]) {
  const bytes = latin1(`GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`);
  const { special, codings, tagStart, tagEnd } = ask(bytes, 16, bytes.length - 2);
  return { special, codings, tag: text(bytes, tagStart, tagEnd) };
}

Deno.test("ask() finds preconditions, ranges and codings among other fields", async (t) => {
  const cases: readonly (readonly [lines: readonly string[], special: boolean, codings: readonly Coding[]])[] = [
    [[], false, []],
    [["Host: x", "Accept: */*", "Referer: if-match", "Cookie: range: bytes=0-"], false, []],
    [["Accept-Encoding: gzip"], false, ["gzip"]],
    [["accept-encoding:\t gzip;q=1 , br \t"], false, ["br", "gzip"]],
    [["ACCEPT-ENCODING: br", "X: y", "Accept-Encoding: gzip;q=0.1"], false, ["br", "gzip"]],
    [["Accept-Encoding:"], false, []],
    [["Accept-Encodings: gzip"], false, []],
    [["Accept-Encodin: gzip"], false, []],
    [["Range: bytes=0-"], true, []],
    [["rANGE:bytes=0-"], true, []],
    [["Ranges: x", "Rang: x", "Range-X: y"], false, []],
    [["If-None-Match: *", "Accept-Encoding: br"], true, ["br"]],
    [["if-range: x"], true, []],
    [["IF-MATCH: x"], true, []],
    [["If: x", "I: f-"], false, []],
  ];
  for (const [lines, special, codings] of cases) {
    await t.step(lines.join(" | "), () => {
      assertEquals(asked(lines), { special, codings, tag: "" });
    });
  }
});

Deno.test("ask() finds the one entity tag of a browser's question", async (t) => {
  const cases: readonly (readonly [lines: readonly string[], tag: string | null])[] = [
    [['If-None-Match: "a-1"'], '"a-1"'],
    [['if-none-match:W/"a-1"\t '], '"a-1"'],
    [['If-None-Match: ""'], '""'],
    [["If-Modified-Since: x", 'If-None-Match: "a"', "Accept: y"], '"a"'],
    [['If-None-Match: "a"', "If-Modified-Since: x"], '"a"'],
    [["If-Modified-Since: x"], null],
    [["If-None-Match: *"], null],
    [["If-None-Match: a"], null],
    [["If-None-Match:"], null],
    [['If-None-Match: "a'], null],
    [['If-None-Match: w/"a"'], null],
    [['If-None-Match: "a", "b"'], null],
    [['If-None-Match: "a,b"'], null],
    [['If-None-Match: "a"b'], null],
    [['If-None-Match: "a"', 'If-None-Match: "b"'], null],
    [['If-None-Match: "a"', 'If-Match: "a"'], null],
    [['If-None-Match: "a"', "If-Unmodified-Since: x"], null],
    [['If-None-Match: "a"', "Range: bytes=0-"], null],
  ];
  for (const [lines, tag] of cases) {
    await t.step(lines.join(" | "), () => {
      const found = asked(lines);
      assertEquals(found.special ? null : found.tag, tag);
    });
  }
});

Deno.test("preferredCodings() goes by q-values, then by size", async (t) => {
  const cases: readonly (readonly [value: string, codings: readonly Coding[]])[] = [
    ["", []],
    ["gzip", ["gzip"]],
    ["gzip, br, zstd", ["br", "zstd", "gzip"]],
    ["gzip;q=1.0, br;q=0.8", ["gzip", "br"]],
    ["gzip; q=0.2, br ;q=0.3", ["br", "gzip"]],
    ["gzip;q=0", []],
    ["*", ["br", "zstd", "gzip"]],
    ["*;q=0.1, gzip", ["gzip", "br", "zstd"]],
    ["*, br;q=0", ["zstd", "gzip"]],
    ["identity", []],
    ["identity;q=0.5, gzip;q=0.4, br;q=0.6", ["br"]],
    ["identity;q=0", []],
    ["identity, gzip", ["gzip"]],
    ["gzip;q=2", ["gzip"]],
    [",,gzip,,", ["gzip"]],
    ["gzippy, brr", []],
  ];
  for (const [value, codings] of cases) await t.step(value, () => assertEquals(preferredCodings(value), codings));
});
