/**
 * A directory with everything in it that requests for files are tried on, always the same.
 *
 * @module
 */
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { makeFifo, Tree } from "./support.ts";

/** When every file was last modified. */
export const MODIFIED = Date.UTC(2026, 0, 2, 3, 4, 5);

/** 1,500 bytes that compress well. */
export const SCRIPT = "console.log('a line of a script');\n".repeat(43).slice(0, 1_500);
/** Larger than what is kept in memory. */
export const HUGE = Array.from({ length: 150_000 }, (_, i) => String(i).padStart(10)).join("");

/** Names that have to be escaped, each the content of its file. */
export const ODD_NAMES = [
  "한글 이름.txt",
  "a b.txt",
  "a#b.txt",
  "a?b.txt",
  "50%.txt",
  "%2e%2e",
  "a+b.txt",
  "naïve.txt",
  "a;b=c.txt",
];

/** Writes the directory; its root is readable for everybody, for servers that run as another user. */
export async function makeSite(): Promise<Tree> {
  const tree = new Tree();
  const bytes = new TextEncoder().encode(SCRIPT);
  const files: Record<string, string | Uint8Array> = {
    "index.html": "<p>top</p>\n",
    "a.txt": "0123456789",
    "empty.txt": "",
    "style.css": "body {}\n",
    "data.json": "{}\n",
    "LOUD.TXT": "loud",
    "Makefile": "all:\n",
    "strange.nosuch": "?",
    "docs/index.html": "<p>docs</p>\n",
    "docs/page.html": "<p>page</p>\n",
    "empty/a.txt": "a",
    "odd/index.html/a.txt": "a",
    "lib.js": bytes,
    "lib.js.gz": gzipSync(bytes),
    "lib.js.br": brotliCompressSync(bytes),
    "lib.js.zst": zstdCompressSync(bytes),
    "one.txt": SCRIPT,
    "one.txt.gz": gzipSync(bytes),
    "only.txt.gz": gzipSync(bytes),
    "huge.txt": HUGE,
    ".env": "SECRET=1\n",
    ".git/config": "[core]\n",
    "docs/.hidden": "hidden",
    ".well-known/security.txt": "Contact: x\n",
    ".well-known/.secret": "hidden",
    ...Object.fromEntries(ODD_NAMES.map((name) => [`names/${name}`, name])),
  };
  for (const [name, content] of Object.entries(files)) tree.write(name, content);
  Deno.writeTextFileSync(`${tree.outside}/secret`, "secret");
  Deno.symlinkSync("a.txt", `${tree.root}/link-in`);
  Deno.symlinkSync(`${tree.root}/docs`, `${tree.root}/dir-in`);
  Deno.symlinkSync("../outside/secret", `${tree.root}/link-out`);
  Deno.symlinkSync("../outside", `${tree.root}/dir-out`);
  Deno.symlinkSync("nowhere", `${tree.root}/dangling`);
  Deno.symlinkSync("loop", `${tree.root}/loop`);
  Deno.symlinkSync("/dev/null", `${tree.root}/null`);
  await makeFifo(`${tree.root}/fifo`);
  for (const name of Object.keys(files)) Deno.utimeSync(`${tree.root}/${name}`, MODIFIED / 1_000, MODIFIED / 1_000);
  for (const path of [tree.root, `${tree.root}/..`, tree.outside]) Deno.chmodSync(path, 0o755);
  return tree;
}
