import { assertEquals } from "@std/assert";
import { directoryLocation, isDirectoryForm, parsePath } from "../../lib/static/paths.ts";

Deno.test("parsePath() gives the decoded names below the root", async (t) => {
  const cases: readonly (readonly [raw: string, names: readonly string[]])[] = [
    ["", []],
    ["/", []],
    ["/a", ["a"]],
    ["/a/b.txt", ["a", "b.txt"]],
    ["/a/", ["a"]],
    ["//a///b//", ["a", "b"]],
    ["/./a/./b/.", ["a", "b"]],
    ["/a/../b", ["b"]],
    ["/a/b/..", ["a"]],
    ["/a/%2e%2E/b", ["b"]],
    ["/a/.%2e/b", ["b"]],
    ["/.git/../b", ["b"]],
    ["/a%20b", ["a b"]],
    ["/%ED%95%9C%EA%B8%80.txt", ["한글.txt"]],
    ["/%F0%9F%A5%9E", ["🥞"]],
    ["/100%25", ["100%"]],
    ["/%252e%252e/x", ["%2e%2e", "x"]],
    ["/%252f", ["%2f"]],
    ["/a%3Fb%23c", ["a?b#c"]],
    ["/a+b", ["a+b"]],
    ["/a%0Ab", ["a\nb"]],
    ["/a;v=1/b", ["a;v=1", "b"]],
    ["/a.", ["a."]],
    ["/a..b", ["a..b"]],
    ["/.well-known/acme-challenge/x", [".well-known", "acme-challenge", "x"]],
    ["/a/../.well-known/x", [".well-known", "x"]],
    [`/"<>^|{}[]~!$&'()*,:=@_-\``, [`"<>^|{}[]~!$&'()*,:=@_-\``]],
  ];
  for (const [raw, names] of cases) {
    await t.step(JSON.stringify(raw), () => assertEquals(parsePath(raw), { kind: "segments", segments: names }));
  }
});

Deno.test("parsePath() refuses what names no file", async (t) => {
  const cases: readonly (readonly [raw: string, status: 400 | 404, why: string])[] = [
    ["/..", 400, "climbs above the root"],
    ["/../a", 400, "climbs above the root"],
    ["/a/../../b", 400, "climbs above the root"],
    ["/%2e%2e/a", 400, "climbs above the root, escaped"],
    ["/a/..//../b", 400, "climbs above the root over an empty segment"],
    ["/%00", 400, "NUL"],
    ["/a%00.txt", 400, "NUL"],
    ["/%", 400, "broken escape"],
    ["/%4", 400, "broken escape"],
    ["/%zz", 400, "broken escape"],
    ["/%u0041", 400, "broken escape"],
    ["/%ff", 400, "not UTF-8"],
    ["/%ED%95", 400, "cut UTF-8"],
    ["/%c0%ae%c0%ae/x", 400, "over-long dots"],
    ["/%c0%af", 400, "over-long slash"],
    ["/%e0%80%af", 400, "over-long slash, three octets"],
    ["/%c0%80", 400, "over-long NUL"],
    ["/%ed%a0%80", 400, "surrogate"],
    ["/%f4%90%80%80", 400, "above U+10FFFF"],
    ["/한글", 400, "not escaped"],
    ["/a b", 400, "space"],
    ["/a\tb", 400, "tab"],
    ["/a\r\nb", 400, "line break"],
    ["/a\x7f", 400, "DEL"],
    ["/a#b", 400, "fragment"],
    ["/a?b", 400, "query"],
    ["a", 400, "no slash in front"],
    ["*", 400, "asterisk-form"],
    ["/a%2fb", 404, "encoded slash"],
    ["/..%2fetc", 404, "encoded slash"],
    ["/%2F", 404, "encoded slash"],
    ["/a\\b", 404, "backslash"],
    ["/..\\..\\x", 404, "backslash"],
    ["/..%5c..%5cx", 404, "encoded backslash"],
    ["/.git/config", 404, "hidden"],
    ["/a/.env", 404, "hidden"],
    ["/%2egit", 404, "hidden, escaped"],
    ["/...", 404, "hidden"],
    ["/..a", 404, "hidden"],
    ["/.well-known/.secret", 404, "hidden below .well-known"],
    ["/a/.well-known/x", 404, ".well-known elsewhere than at the root"],
    ["/.well-known2", 404, "hidden"],
  ];
  for (const [raw, status, why] of cases) {
    await t.step(`${JSON.stringify(raw)}: ${status}, ${why}`, () => {
      assertEquals(parsePath(raw), { kind: "refused", status });
    });
  }
});

Deno.test("isDirectoryForm() tells a directory's path from a file's", async (t) => {
  const cases: readonly (readonly [raw: string, expected: boolean])[] = [
    ["", true],
    ["/", true],
    ["/a/", true],
    ["/a/.", true],
    ["/a/..", true],
    ["/a/%2e%2E", true],
    ["/a/.%2e", true],
    ["/a", false],
    ["/a.", false],
    ["/a..", false],
    ["/...", false],
    ["/.a", false],
  ];
  for (const [raw, expected] of cases) {
    await t.step(`${raw} → ${expected}`, () => assertEquals(isDirectoryForm(raw), expected));
  }
});

Deno.test("directoryLocation() stays on this host", async (t) => {
  const cases: readonly (readonly [path: string, query: string, location: string | null])[] = [
    ["/a", "", "/a/"],
    ["/a/b", "?x=1&y=%20", "/a/b/?x=1&y=%20"],
    ["/a%20b", "", "/a%20b/"],
    ["/a", "?to=//evil.example/", "/a/?to=//evil.example/"],
    ["//evil.example", "", "/evil.example/"],
    ["///evil.example/..", "", "/evil.example/../"],
    ["/\\evil.example", "", "/evil.example/"],
    ["\\\\evil.example", "", "/evil.example/"],
    ["//evil.example", "?q", "/evil.example/?q"],
    ["/a\r\nSet-Cookie: x", "", null],
    ["/\t/evil.example", "", null],
    ["/a", "?x\r\ny", null],
    ["/한글", "", null],
    ["/a#b", "", null],
  ];
  for (const [path, query, location] of cases) {
    await t.step(JSON.stringify(path + query), () => {
      assertEquals(directoryLocation(path, query), location);
      if (location !== null) assertEquals(new URL(location, "http://here.example/x/").host, "here.example");
    });
  }
});
