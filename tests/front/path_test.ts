import { assertEquals } from "@std/assert";
import { normalizePath } from "../../lib/front/path.ts";

const CASES: [path: string, normal: string | null][] = [
  ["/", "/"],
  ["/a/b", "/a/b"],
  ["/a/b/", "/a/b/"],
  ["//", "/"],
  ["//a///b//", "/a/b/"],
  ["/./a/./b", "/a/b"],
  ["/a/.", "/a/"],
  ["/a/..", "/"],
  ["/a/b/..", "/a/"],
  ["/a/b/../c", "/a/c"],
  ["/a/../b/../c", "/c"],
  ["/..", null],
  ["/a/../..", null],
  ["/a/../../b", null],
  ["/%2e%2E/a", null],
  ["/a/%2e%2e/b", "/b"],
  ["/a/%2e/b", "/a/b"],
  ["/%61%7E%2D", "/a~-"],
  ["/a%2fb", "/a%2Fb"],
  ["/a%2F..%2Fb", "/a%2F..%2Fb"],
  ["/%c3%a9", "/%C3%A9"],
  ["/%00", null],
  ["/a%00b/c", null],
  ["/a/%00/../b", null],
  ["/%2500", "/%2500"],
  ["/%252e", "/%252e"],
  ["/a.b/..c/d..", "/a.b/..c/d.."],
  ["/...", "/..."],
  ["/a%", null],
  ["/a%2", null],
  ["/a%zz", null],
  ["/a%2g", null],
  ["/\\..\\a", "/\\..\\a"],
];

Deno.test("normalizePath() gives one spelling to paths that mean the same, null to those that mean none", () => {
  for (const [path, normal] of CASES) assertEquals(normalizePath(path), normal, path);
});

Deno.test("normalizePath() changes nothing of what it gave", () => {
  for (const [, normal] of CASES) if (normal !== null) assertEquals(normalizePath(normal), normal, normal);
});
