import { assertEquals } from "@std/assert";
import { hasHash } from "../../lib/static/freshness.ts";
import { compileGlob } from "../../lib/static/glob.ts";
import { sizeText } from "../../lib/static/listing.ts";

Deno.test("compileGlob() compares paths below the root", async (t) => {
  const cases: readonly (readonly [pattern: string, fitting: readonly string[], other: readonly string[]])[] = [
    ["*.css", ["/a.css", "/a/b.css", "/.css"], ["/a.css/b", "/a.cssx", "/acss"]],
    ["a.txt", ["/a.txt", "/b/a.txt"], ["/ba.txt", "/a.txt2", "/aXtxt"]],
    ["/a.txt", ["/a.txt"], ["/b/a.txt"]],
    ["/assets/*", ["/assets/a", "/assets/"], ["/assets/a/b", "/assets"]],
    ["/assets/**", ["/assets/a", "/assets/a/b"], ["/assets", "/other/assets/a"]],
    ["assets/**", ["/assets/a/b"], ["/other/assets/a"]],
    ["/**/x.js", ["/x.js", "/a/x.js", "/a/b/x.js"], ["/ax.js"]],
    ["**", ["/", "/a", "/a/b"], []],
    ["?.txt", ["/a.txt", "/한.txt", "/🥞.txt"], ["/ab.txt", "/.txt"]],
    ["a+(b)[c]{d}^$|\\.txt", ["/a+(b)[c]{d}^$|\\.txt"], ["/aab.txt"]],
    ["*", ["/a", "/a/b"], []],
  ];
  for (const [pattern, fitting, other] of cases) {
    await t.step(pattern, () => {
      const fits = compileGlob(pattern);
      for (const path of fitting) assertEquals(fits(path), true, path);
      for (const path of other) assertEquals(fits(path), false, path);
    });
  }
});

Deno.test("hasHash() knows bundlers' names from others", () => {
  const hashed = [
    "/app.3f2a91bc.js",
    "/assets/index-BkH3x9aZ.css",
    "/assets/index-Bk_3x9aZ.css",
    "/static/base.27e20196a850.css",
    "/main.0a1b2c3d4e5f60718293.chunk.js",
    "/app.3f2a91bc.js.map",
    "/font_3f2a91bc.woff2",
    "/my-app-BkH3x9aZ.js",
  ];
  const others = [
    "/app.js",
    "/photo-20240101.jpg",
    "/deadbeef.js",
    "/x-deadbeef.js",
    "/my-document.pdf",
    "/jquery-3.7.1.min.js",
    "/report-Version1.pdf/x",
    "/index-3f2a91b.js",
    "/3f2a91bc.js",
    "/app.3f2a91bc",
    "/a-release10.txt",
  ];
  assertEquals(hashed.filter((path) => !hasHash(path)), []);
  assertEquals(others.filter(hasHash), []);
});

Deno.test("sizeText() is short", () => {
  const sizes = [0, 1_023, 1_024, 1_536, 10_240, 1_048_576, 5e9, 9e15];
  assertEquals(sizes.map(sizeText), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "10 KiB",
    "1.0 MiB",
    "4.7 GiB",
    "8185 TiB",
  ]);
});
