/** What kind of module a file is. */
import { assertEquals } from "@std/assert";
import { endingFor, formats } from "../../../lib/handler/code/format.ts";

const FILES: Record<string, string> = {
  "/srv/package.json": "{}",
  "/srv/esm/package.json": '{ "type": "module" }',
  "/srv/cjs/package.json": '{ "type": "commonjs" }',
  "/srv/node_modules/dual/package.json": '{ "name": "dual" }',
  "/srv/node_modules/esm/package.json": '{ "type": "module" }',
  "/srv/node_modules/esm/cjs/package.json": '{ "type": "commonjs" }',
  "/srv/node_modules/odd/package.json": "no JSON",
};

Deno.test("formats() follows names, package.json files and texts", async (t) => {
  const formatOf = formats((path) => FILES[path] ?? null);
  const cases: [path: string, text: string, format: string][] = [
    ["/srv/a.ts", "module.exports = 1", "module"],
    ["/srv/a.tsx", "", "module"],
    ["/srv/a.mjs", "", "module"],
    ["/srv/a.cjs", "export {}", "commonjs"],
    ["/srv/a.json", "{}", "data"],
    ["/srv/a.js", "export default 1", "module"],
    ["/srv/a.js", "console.log(1)", "module"],
    ["/srv/a.js", "module.exports = 1", "commonjs"],
    ["/srv/a.js", '#!/usr/bin/env node\nconst x = require("x")', "commonjs"],
    ["/srv/a.js", "import x from 'x'; module.exports = x", "module"],
    ["/srv/a.js", "const text = await f(); exports.x = text", "module"],
    ["/srv/esm/a.js", "module.exports = 1", "module"],
    ["/srv/cjs/deep/a.js", "var x = 1", "commonjs"],
    ["/srv/cjs/deep/a.js", "const no script = 1", "commonjs"],
    ["/srv/cjs/deep/a.js", "export default 1", "module"],
    ["/srv/cjs/deep/a.js", "exports.text = `\nexport default 1`", "commonjs"],
    ["/srv/node_modules/dual/a.js", "var x = 1", "commonjs"],
    ["/srv/node_modules/dual/b.js", "export var x = 1", "module"],
    ["/srv/node_modules/esm/a.js", "var x = 1", "module"],
    ["/srv/node_modules/esm/cjs/a.js", "var x = 1", "commonjs"],
    ["/srv/node_modules/odd/a.js", "var x = 1", "commonjs"],
    ["/srv/esm/node_modules/none/a.js", "var x = 1", "commonjs"],
  ];
  for (const [path, text, format] of cases) {
    await t.step(`${path} ${text}`, () => assertEquals(formatOf(path, text), format));
  }
  const endings = ["/srv/a.js", "/srv/cjs/a.js", "/srv/node_modules/dual/b.js", "/srv/esm/a.js", "/srv/cjs/a.ts"]
    .map((path) => endingFor(formatOf, path, "module"));
  assertEquals(endings, [".js", ".mjs", ".mjs", ".js", ".ts"]);
  assertEquals(formatOf("/cache/0123", "", ".ts"), "module", "a copy in a cache is what its URL says");
});
