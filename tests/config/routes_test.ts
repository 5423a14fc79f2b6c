import { assertEquals, assertThrows } from "@std/assert";
import { lacksSlash, parsePrefix, splitRoute } from "../../lib/config/routes.ts";
import { ValueError } from "../../lib/config/values.ts";

Deno.test("splitRoute() takes the prefix off", async (t) => {
  const cases: [string, string, string][] = [
    ["./public", "/", "./public"],
    ["/srv/www", "/", "/srv/www"],
    ["/static=./public", "/static", "./public"],
    ["/static/=./public", "/static", "./public"],
    ["/=./public", "/", "./public"],
    ["/a/b=/srv/c=d", "/a/b", "/srv/c=d"],
    ["/=/srv/a=b", "/", "/srv/a=b"],
    ["a=b", "/", "a=b"],
    ["./a=b", "/", "./a=b"],
    ["unix:/a=b", "/", "unix:/a=b"],
    ["/api=http://localhost:80", "/api", "http://localhost:80"],
  ];
  for (const [text, prefix, rest] of cases) {
    await t.step(text, () => assertEquals(splitRoute(text), { prefix, rest }));
  }
  await t.step("and refuses one that nothing follows", () => {
    assertThrows(() => splitRoute("/static="), ValueError, 'nothing follows the prefix "/static"');
  });
});

Deno.test("parsePrefix() encodes, normalises the end, and refuses what no path begins with", async (t) => {
  const good: [string, string][] = [
    ["/", "/"],
    ["//", "/"],
    ["/a", "/a"],
    ["/a/", "/a"],
    ["/a//", "/a"],
    ["/a.b/..c", "/a.b/..c"],
    ["/größe/~a", "/gr%C3%B6%C3%9Fe/~a"],
    ["/a:@!$&'()*+,;-._~", "/a:@!$&'()*+,;-._~"],
  ];
  for (const [text, prefix] of good) await t.step(text, () => assertEquals(parsePrefix(text), prefix));
  const bad: [string, string][] = [
    ["", 'a prefix begins with "/"'],
    ["a", 'a prefix begins with "/"'],
    ["/a b", 'a prefix holds no spaces, "?", "#" or "%"'],
    ["/a?b", 'a prefix holds no spaces, "?", "#" or "%"'],
    ["/a%20b", 'a prefix holds no spaces, "?", "#" or "%"'],
    ["/a#b", 'a prefix holds no spaces, "?", "#" or "%"'],
    ["/a\x00", 'a prefix holds no spaces, "?", "#" or "%"'],
    ["/a//b", 'a prefix holds no empty, "." or ".." segments'],
    ["/a/../b", 'a prefix holds no empty, "." or ".." segments'],
    ["/.", 'a prefix holds no empty, "." or ".." segments'],
    ["/a/..", 'a prefix holds no empty, "." or ".." segments'],
  ];
  for (const [text, message] of bad) {
    await t.step(`"${text}"`, () => void assertThrows(() => parsePrefix(text), ValueError, message));
  }
});

Deno.test("lacksSlash() knows a prefix that was meant as one", () => {
  for (const text of ["api=unix:/a", "static=./public", "a/b=c"]) assertEquals(lacksSlash(text), true, text);
  for (const text of ["/api=unix:/a", "unix:/a=b", "http://h?a=b", "public", "=a"]) {
    assertEquals(lacksSlash(text), false, text);
  }
});
