/** What each option of a route with files does, through the whole front. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { NO_EDITS, plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { STATIC_DEFAULTS, type StaticOptions } from "../../lib/config/static_options.ts";
import { fieldOf } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { type Answered, askFor } from "./ask.ts";
import { makeSite, SCRIPT } from "./site.ts";
import type { Tree } from "./support.ts";

type Ask = (target: string, ...lines: string[]) => Promise<Answered>;

/** Runs `body` with a front for `options`, each request asked twice: from disk, and from memory. */
async function serving(
  site: Tree,
  options: Partial<StaticOptions>,
  body: (ask: Ask) => Promise<void>,
  route: Partial<RouteOptions> = {},
): Promise<void> {
  const action = { kind: "static", root: site.root, options: { ...STATIC_DEFAULTS, ...options } } as const;
  await using front = new TestFront({ routes: [{ ...plainRoute("/files", action), ...route }] });
  const client = await front.connect();
  await body(async (target, ...lines) => {
    const one = { name: target, method: "GET", target: `/files${target}`, lines, status: 0 };
    const first = await askFor(client, one), second = await askFor(client, one);
    assertEquals(second.status, first.status, "the same from memory");
    if (first.status < 400) assertEquals(second.text, first.text, "the same from memory");
    return second;
  });
}

Deno.test("index: the first that is there", async () => {
  using site = await makeSite();
  await serving(site, { index: ["page.html", "index.html"] }, async (ask) => {
    assertEquals((await ask("/docs/")).body, "<p>page</p>\n");
    assertEquals((await ask("/")).body, "<p>top</p>\n");
  });
  await serving(site, { index: [] }, async (ask) => assertEquals((await ask("/docs/")).status, 404));
});

Deno.test("try-files: in order, with a status or nothing at the end", async (t) => {
  using site = await makeSite();
  await t.step("clean names", () =>
    serving(site, { tryFiles: ["$uri", "$uri.html", "$uri/"] }, async (ask) => {
      assertEquals((await ask("/a.txt")).body, "0123456789");
      assertEquals((await ask("/docs/page")).body, "<p>page</p>\n");
      assertEquals(fieldOf(await ask("/docs"), "location"), "/files/docs/");
      assertEquals((await ask("/docs/")).body, "<p>docs</p>\n");
      for (const path of ["/nothing", "/.git/config", "/docs/.hidden", "/link-out", "/empty/"]) {
        assertEquals((await ask(path)).status, 404, path);
      }
    }));
  await t.step("a file for all the rest", () =>
    serving(site, { tryFiles: ["$uri", "/index.html"] }, async (ask) => {
      for (const path of ["/", "/nothing", "/nothing.js", "/docs/", "/docs"]) {
        assertEquals((await ask(path)).body, "<p>top</p>\n", path);
      }
      assertEquals((await ask("/%ff")).status, 400);
    }));
  await t.step("a status", () =>
    serving(site, { tryFiles: ["$uri", "=410"], spa: "/index.html" }, async (ask) => {
      assertEquals((await ask("/nothing")).status, 410);
    }));
  await t.step("a name with what replacements mean something by", async () => {
    site.write("$&$1.html", "dollars");
    await serving(site, { tryFiles: ["$uri.html"] }, async (ask) => assertEquals((await ask("/$&$1")).body, "dollars"));
  });
});

Deno.test("spa: what has no extension is the application's", async () => {
  using site = await makeSite();
  await serving(site, { spa: "/index.html" }, async (ask) => {
    for (const path of ["/users/1", "/users/", "/empty/", "/%ED%95%9C"]) {
      const { status, body } = await ask(path);
      assertEquals([status, body], [200, "<p>top</p>\n"], path);
    }
    assertEquals((await ask("/docs/")).body, "<p>docs</p>\n");
    for (const path of ["/app.js", "/users/a.png", "/.git"]) assertEquals((await ask(path)).status, 404, path);
    const etag = fieldOf(await ask("/"), "etag");
    assertEquals((await ask("/users/1", `If-None-Match: ${etag}`)).status, 304);
  });
});

Deno.test("listing: what can be had, as a page and as JSON", async (t) => {
  using site = await makeSite();
  site.write('names/<b>"&.txt', "x");
  site.write("names/javascript:alert(1)", "x");
  site.write("names/sub/a.txt", "a");
  Deno.mkdirSync(`${site.root}/nothing`);
  await serving(site, { listing: true }, async (ask) => {
    await t.step("every link leads to its file", async () => {
      const { body, fields } = await ask("/names/");
      assertEquals(fieldOf({ fields }, "content-type"), "text/html; charset=utf-8");
      const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
      assertEquals(links.slice(0, 2), ["../", "./sub/"]);
      assertEquals(links.length, 13);
      for (const link of links.slice(2)) {
        const { pathname, host } = new URL(link, "http://here.example/files/names/");
        assertEquals(host, "here.example");
        assertEquals((await ask(pathname.slice("/files".length))).status, 200, link);
      }
      assert(!body.includes("<b>"));
    });
    await t.step("JSON", async () => {
      const response = await ask("/names/", "Accept: application/json");
      assertEquals(fieldOf(response, "vary"), "Accept");
      const names = JSON.parse(new TextDecoder().decode(Uint8Array.from(response.body, (c) => c.charCodeAt(0))));
      assertEquals(names[0].type, "directory");
      const odd = names.find(({ name }: { name: string }) => name === "한글 이름.txt");
      assertEquals(odd, { name: "한글 이름.txt", type: "file", size: 17, mtime: "2026-01-02T03:04:05.000Z" });
    });
    await t.step("only what is served", async () => {
      site.write("mixed/a.txt", "a");
      site.write("mixed/.hidden", "a");
      Deno.symlinkSync("a.txt", `${site.root}/mixed/in`);
      Deno.symlinkSync("../dir-out", `${site.root}/mixed/out`);
      Deno.symlinkSync("/dev/null", `${site.root}/mixed/null`);
      Deno.symlinkSync("nowhere", `${site.root}/mixed/dangling`);
      const names = JSON.parse((await ask("/mixed/", "Accept: application/json")).body);
      assertEquals(names.map(({ name }: { name: string }) => name), ["a.txt", "in"]);
    });
    await t.step("an index comes first, and an empty directory is empty", async () => {
      assertEquals((await ask("/docs/")).body, "<p>docs</p>\n");
      assertEquals((await ask("/nothing/", "Accept: application/json")).body, "[]");
      assertEquals((await ask("/nothing")).status, 301);
      assertEquals((await ask("/dir-out/")).status, 404);
    });
  });
});

Deno.test("dotfiles: served when they are allowed", async () => {
  using site = await makeSite();
  await serving(site, { dotfiles: true, listing: true }, async (ask) => {
    assertEquals((await ask("/.git/config")).body, "[core]\n");
    assertEquals((await ask("/a/../.env")).body, "SECRET=1\n");
    assertMatch((await ask("/.well-known/")).body, /\.secret/);
  });
});

Deno.test("default-type and types", async () => {
  using site = await makeSite();
  const types = new Map([["nosuch", "text/x-strange; charset=utf-8"], ["txt", "text/html"]]);
  await serving(site, { defaultType: "text/plain", types }, async (ask) => {
    assertEquals(fieldOf(await ask("/Makefile"), "content-type"), "text/plain");
    assertEquals(fieldOf(await ask("/strange.nosuch"), "content-type"), "text/x-strange; charset=utf-8");
    assertEquals(fieldOf(await ask("/LOUD.TXT"), "content-type"), "text/html");
  });
});

Deno.test("precompressed: not when it is off", async () => {
  using site = await makeSite();
  await serving(site, { precompressed: false }, async (ask) => {
    const response = await ask("/lib.js", "Accept-Encoding: gzip, br");
    assertEquals([fieldOf(response, "content-encoding"), fieldOf(response, "vary")], [null, null]);
  });
});

Deno.test("compress: text, once, with a weak entity tag and no ranges", async () => {
  using site = await makeSite();
  site.write("text.txt", SCRIPT);
  site.write("noise.txt", crypto.getRandomValues(new Uint8Array(2_000)));
  site.write("image.png", SCRIPT);
  site.write("short.txt", "short");
  await serving(site, { compress: true }, async (ask) => {
    for (const [accept, coding] of [["gzip", "gzip"], ["gzip, br", "br"], ["zstd", null], ["", null]] as const) {
      const response = await ask("/text.txt", `Accept-Encoding: ${accept}`);
      assertEquals([fieldOf(response, "content-encoding"), fieldOf(response, "vary")], [coding, "Accept-Encoding"]);
      assertEquals(response.text, SCRIPT);
      if (coding === null) continue;
      const etag = fieldOf(response, "etag") ?? "";
      assertMatch(etag, new RegExp(`^W/"[0-9a-f]+-5dc-${coding}"$`));
      assertEquals((await ask("/text.txt", `Accept-Encoding: ${accept}`, `If-None-Match: ${etag}`)).status, 304);
      const part = await ask("/text.txt", `Accept-Encoding: ${accept}`, "Range: bytes=0-6");
      assertEquals([part.status, fieldOf(part, "content-encoding"), part.body], [206, null, "console"]);
    }
    for (const path of ["/image.png", "/short.txt", "/noise.txt"]) {
      assertEquals(fieldOf(await ask(path, "Accept-Encoding: gzip"), "content-encoding"), null, path);
    }
    assertEquals(fieldOf(await ask("/lib.js", "Accept-Encoding: gzip, br"), "etag")?.startsWith("W/"), false);
  });
});

Deno.test("cache-control by pattern, immutable by hash, and Expires", async () => {
  using site = await makeSite();
  for (const name of ["assets/app.3f2a91bc.js", "assets/index-BkH3x9aZ.css", "assets/photo-20240101.jpg"]) {
    site.write(name, "x");
  }
  const cacheControl = [
    { pattern: "*.html", value: "no-cache" },
    { pattern: "/docs/**", value: "public, max-age=60" },
    { pattern: "a.*", value: "max-age=5" },
  ];
  const immutable = "public, max-age=31536000, immutable";
  await serving(site, { cacheControl, immutable: true, expires: true }, async (ask) => {
    const cases = [
      ["/", "no-cache"],
      ["/docs/", "no-cache"],
      ["/a.txt", "max-age=5"],
      ["/style.css", null],
      ["/assets/app.3f2a91bc.js", immutable],
      ["/assets/index-BkH3x9aZ.css", immutable],
      ["/assets/photo-20240101.jpg", null],
    ] as const;
    for (const [path, value] of cases) {
      const response = await ask(path);
      assertEquals(fieldOf(response, "cache-control"), value, path);
      const seconds = /max-age=(\d+)/.exec(value ?? "")?.[1];
      const expires = Date.parse(fieldOf(response, "expires") ?? "") - Date.parse(fieldOf(response, "date") ?? "");
      if (seconds === undefined) assertEquals(fieldOf(response, "expires"), null, path);
      else assert(Math.abs(expires - Number(seconds) * 1_000) <= 1_000, `${path}: ${expires}`);
    }
    const etag = fieldOf(await ask("/a.txt"), "etag");
    assertEquals(fieldOf(await ask("/a.txt", `If-None-Match: ${etag}`), "cache-control"), "max-age=5");
  });
});

Deno.test("symlinks: wherever they lead, when all are followed", async () => {
  using site = await makeSite();
  await serving(site, { symlinks: "all" }, async (ask) => {
    assertEquals((await ask("/link-out")).body, "secret");
    assertEquals((await ask("/dir-out/secret")).body, "secret");
    for (const path of ["/null", "/fifo", "/loop"]) assertEquals((await ask(path)).status, 404, path);
  });
});

Deno.test("max-cache: nothing is kept when it is 0", async () => {
  using site = await makeSite();
  await serving(site, { maxCache: 0, compress: true }, async (ask) => {
    assertEquals((await ask("/a.txt")).body, "0123456789");
    assertEquals((await ask("/lib.js", "Accept-Encoding: br")).text, SCRIPT);
  });
});

Deno.test("a route's own fields and error pages", async (t) => {
  using site = await makeSite();
  const value = (...parts: RouteOptions["responseFields"]["set"][number]["value"]) => parts;
  const body = new TextEncoder().encode("<h1>none</h1>");
  const errorPages = [{ from: 404, to: 404, path: "/404.html", body, contentType: "text/html; charset=utf-8" }];
  for (const frame of [value("DENY"), value({ variable: "request_method" })]) {
    await t.step(JSON.stringify(frame), () => {
      const set = [{ name: "X-Frame-Options", value: frame }];
      const responseFields = { ...NO_EDITS, set, remove: ["last-modified"] };
      return serving(site, {}, async (ask) => {
        for (const path of ["/a.txt", "/nothing", "/docs", "/huge.txt"]) {
          const response = await ask(path);
          assertEquals(fieldOf(response, "x-frame-options"), frame[0] === "DENY" ? "DENY" : "GET", path);
          assertEquals(fieldOf(response, "last-modified"), null);
        }
        const missing = await ask("/nothing");
        assertEquals([missing.status, missing.body], [404, "<h1>none</h1>"]);
        assertEquals(fieldOf(missing, "content-type"), "text/html; charset=utf-8");
      }, { responseFields, errorPages });
    });
  }
});
