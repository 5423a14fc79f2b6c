import { assertEquals } from "@std/assert";
import { mediaType } from "../../lib/static/media_type.ts";

Deno.test("mediaType() knows what lies in a web root", async (t) => {
  const cases: readonly (readonly [name: string, type: string])[] = [
    ["index.html", "text/html; charset=utf-8"],
    ["style.css", "text/css; charset=utf-8"],
    ["app.js", "text/javascript; charset=utf-8"],
    ["app.mjs", "text/javascript; charset=utf-8"],
    ["app.cjs", "text/javascript; charset=utf-8"],
    ["app.js.map", "application/json; charset=utf-8"],
    ["data.json", "application/json; charset=utf-8"],
    ["site.webmanifest", "application/manifest+json; charset=utf-8"],
    ["a.txt", "text/plain; charset=utf-8"],
    ["README.md", "text/markdown; charset=utf-8"],
    ["a.xml", "application/xml"],
    ["a.wasm", "application/wasm"],
    ["a.svg", "image/svg+xml"],
    ["favicon.ico", "image/vnd.microsoft.icon"],
    ["a.png", "image/png"],
    ["a.jpg", "image/jpeg"],
    ["a.webp", "image/webp"],
    ["a.avif", "image/avif"],
    ["a.woff2", "font/woff2"],
    ["a.mp4", "video/mp4"],
    ["a.mp3", "audio/mpeg"],
    ["a.flac", "audio/flac"],
    ["a.pdf", "application/pdf"],
    ["a.tar.gz", "application/gzip"],
    ["a.zst", "application/zstd"],
    ["LOUD.HTML", "text/html; charset=utf-8"],
    ["한글.html", "text/html; charset=utf-8"],
    ["app.ts", "application/octet-stream"],
    ["app.mts", "application/octet-stream"],
    ["app.tsx", "application/octet-stream"],
    ["Makefile", "application/octet-stream"],
    ["html", "application/octet-stream"],
    ["a.", "application/octet-stream"],
    ["a.nosuch", "application/octet-stream"],
    ["a.constructor", "application/octet-stream"],
    ["a.__proto__", "application/octet-stream"],
    ["a.html; charset=utf-7", "application/octet-stream"],
    ["a.html\r\nX: y", "application/octet-stream"],
  ];
  for (const [name, type] of cases) {
    await t.step(JSON.stringify(name), () => {
      assertEquals(mediaType(name), type);
      assertEquals(mediaType(name), type, "the second look gives the same");
    });
  }
});
