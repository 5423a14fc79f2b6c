/** What is to be said of each module in tests/fixtures/broken, of which the directory is DIR. @module */

/** What ends a gateway that is to serve the module. */
export interface Expected {
  readonly says: string;
  /** @default {2} */
  readonly code?: number;
}

/** By the module's path in the directory. */
export const BROKEN: Readonly<Record<string, Expected>> = {
  "await_outside.ts": {
    says: lines(
      `Cannot load "DIR/await_outside.ts": "await" stands in a function that is not async, at DIR/await_outside.ts:2:16`,
      `  |`,
      `2 |   const text = await fetch("http://localhost/");`,
      `  |                ^`,
    ),
  },
  "bad_hook.ts": {
    says: `Cannot serve "DIR/bad_hook.ts": its export "onStart" must be a function, found number`,
  },
  "bad_json.ts": {
    says: lines(
      `Cannot load "DIR/bad_json.ts": expected double-quoted property name, at DIR/bad.json:3:1`,
      `  |`,
      `3 | }`,
      `  | ^`,
    ),
  },
  "bare_import.ts": {
    says: lines(
      `Cannot load "DIR/bare_import.ts": "hono", imported at DIR/bare_import.ts:1:22, is a package, and not installed; run "npm install hono" in "DIR"`,
      `  |`,
      `1 | import { Hono } from "hono";`,
      `  |                      ^`,
    ),
  },
  "built_in.ts": {
    says: lines(
      `Cannot load "DIR/built_in.ts": "node:nope", imported at DIR/built_in.ts:1:22, is no built-in module`,
      `  |`,
      `1 | import { nope } from "node:nope";`,
      `  |                      ^`,
    ),
  },
  "common_typed.ts": {
    says: lines(
      `Cannot load "DIR/common_typed.ts": "./typed.cts", imported at DIR/common_typed.ts:1:19, is CommonJS in TypeScript, which is not understood: it has to be an ES module, .ts`,
      `  |`,
      `1 | import typed from "./typed.cts";`,
      `  |                   ^`,
    ),
  },
  "decorated.ts": {
    says: lines(
      `Cannot load "DIR/decorated.ts": decorators are not understood here, and must be bundled: deno bundle decorated.ts -o decorated.js, at DIR/decorated.ts:4:3`,
      `  |`,
      `4 |   @logged`,
      `  |   ^`,
    ),
  },
  "dynamic.ts": {
    says: lines(
      `Cannot load "DIR/dynamic.ts": "hono", imported at DIR/dynamic.ts:1:31, is a package, and not installed; run "npm install hono" in "DIR"`,
      `  |`,
      `1 | const { Hono } = await import("hono");`,
      `  |                               ^`,
    ),
  },
  "exits.ts": {
    says: `Cannot load "DIR/exits.ts": the worker exited with code 7`,
  },
  "hash_import.ts": {
    says: lines(
      `Cannot load "DIR/hash_import.ts": "#db", imported at DIR/hash_import.ts:1:20, is not in the "imports" of the package.json above it`,
      `  |`,
      `1 | import { db } from "#db";`,
      `  |                    ^`,
    ),
  },
  "imports_missing.ts": {
    says: lines(
      `Cannot load "DIR/imports_missing.ts": there is no file "./nothing.ts", imported at DIR/missing_import.ts:3:25`,
      `  |`,
      `3 | import { nothing } from "./nothing.ts";`,
      `  |                         ^`,
    ),
  },
  "imports_syntax.js": {
    says: lines(
      `Cannot load "DIR/imports_syntax.js": missing ) after argument list, at DIR/syntax.js:2:23`,
      `  |`,
      `2 |   return new Response("a";`,
      `  |                       ^`,
    ),
  },
  "imports_syntax.ts": {
    says: lines(
      `Cannot load "DIR/imports_syntax.ts": expected "," but found ";", at DIR/syntax.ts:2:26`,
      `  |`,
      `2 |   return new Response("a";`,
      `  |                          ^`,
    ),
  },
  "json_import.ts": {
    says: lines(
      `Cannot load "DIR/json_import.ts": "./data.json", imported at DIR/json_import.ts:1:18, needs with { type: "json" } behind it`,
      `  |`,
      `1 | import data from "./data.json";`,
      `  |                  ^`,
    ),
  },
  "jsr.ts": {
    says: lines(
      `Cannot load "DIR/jsr.ts": "jsr:@std/path@1", imported at DIR/jsr.ts:1:22, is a package of JSR, and not in Deno's cache "/deno-dir"; run "deno bundle jsr.ts -o jsr.js" in "DIR"`,
      `  |`,
      `1 | import { join } from "jsr:@std/path@1";`,
      `  |                      ^`,
    ),
  },
  "mapped/file.ts": {
    says: lines(
      `Cannot load "DIR/mapped/file.ts": there is no file "~/settings.ts", imported at DIR/mapped/file.ts:1:26`,
      `  |`,
      `1 | import { settings } from "~/settings.ts";`,
      `  |                          ^`,
    ),
  },
  "mapped/package.ts": {
    says: lines(
      `Cannot load "DIR/mapped/package.ts": "web", imported at DIR/mapped/package.ts:1:22, is a package, and not installed; run "npm install hono@^4.6" in "DIR/mapped"`,
      `  |`,
      `1 | import { Hono } from "web";`,
      `  |                      ^`,
    ),
  },
  "mapped/page.tsx": {
    says:
      `Cannot load "DIR/mapped/page.tsx": "preact/jsx-runtime", imported by DIR/mapped/page.tsx, is a package, and not installed; run "npm install preact" in "DIR/mapped"`,
  },
  "mapped/syntax.tsx": {
    says: lines(
      `Cannot load "DIR/mapped/syntax.tsx": expected "</p>", at DIR/mapped/syntax.tsx:2:13`,
      `  |`,
      `2 |   <p>Hello</b>`,
      `  |             ^`,
    ),
  },
  "mark.ts": {
    says: lines(
      `Cannot load "DIR/mark.ts": expected "," but found ";", at DIR/mark.ts:2:60`,
      `  |`,
      `2 | const é = "😀"; export default () => { return new Response(é; };`,
      `  |                                                            ^`,
    ),
  },
  "missing_import.ts": {
    says: lines(
      `Cannot load "DIR/missing_import.ts": there is no file "./nothing.ts", imported at DIR/missing_import.ts:3:25`,
      `  |`,
      `3 | import { nothing } from "./nothing.ts";`,
      `  |                         ^`,
    ),
  },
  "no_extension.ts": {
    says: lines(
      `Cannot load "DIR/no_extension.ts": there is no file "./no_handler", imported at DIR/no_extension.ts:1:24, did you mean "./no_handler.ts"?`,
      `  |`,
      `1 | import { answer } from "./no_handler";`,
      `  |                        ^`,
    ),
  },
  "no_handler.ts": {
    says:
      `Cannot serve "DIR/no_handler.ts": it exports no handler, found Thing (class), answer (number), default (object without fetch), list (list); accepted are default (a function, or an object with fetch), handler, fetch and application`,
  },
  "npm_range.ts": {
    says: lines(
      `Cannot load "DIR/npm_range.ts": "npm:zod@^4", imported at DIR/npm_range.ts:1:19, is a package, and not installed; run "npm install zod@^4" in "DIR"`,
      `  |`,
      `1 | import { z } from "npm:zod@^4";`,
      `  |                   ^`,
    ),
  },
  "package_gone.ts": {
    says: lines(
      `Cannot load "DIR/package_gone.ts": "half/gone", imported at DIR/package_gone.ts:1:22, is in the "exports" of the package "half", and its file is not there`,
      `  |`,
      `1 | import { gone } from "half/gone";`,
      `  |                      ^`,
    ),
  },
  "package_name.ts": {
    says: lines(
      `Cannot load "DIR/package_name.ts": the requested module 'half' does not provide an export named 'whole', at DIR/package_name.ts:1:10`,
      `  |`,
      `1 | import { whole } from "half";`,
      `  |          ^`,
    ),
  },
  "package_file.ts": {
    says: lines(
      `Cannot load "DIR/package_file.ts": there is no file "./inner.js", imported at DIR/node_modules/built/index.js:2:23, did you mean "./inner.ts"?`,
      `  |`,
      `2 | export { built } from "./inner.js";`,
      `  |                       ^`,
    ),
  },
  "package_needs.ts": {
    says: lines(
      `Cannot load "DIR/package_needs.ts": "peer-that-is-missing", imported at DIR/node_modules/needy/index.js:2:24, is a package, and not installed; run "npm install peer-that-is-missing" in "DIR"`,
      `  |`,
      `2 | exports.need = require("peer-that-is-missing");`,
      `  |                        ^`,
    ),
  },
  "package_subpath.ts": {
    says: lines(
      `Cannot load "DIR/package_subpath.ts": "half/lib/other", imported at DIR/package_subpath.ts:1:22, is not there: the "exports" of the package "half" have no "./lib/other"`,
      `  |`,
      `1 | import { half } from "half/lib/other";`,
      `  |                      ^`,
    ),
  },
  "package_version.ts": {
    says: lines(
      `Cannot load "DIR/package_version.ts": "npm:old@^4", imported at DIR/package_version.ts:1:21, is not what is installed, version 3.25.76; run "npm install old@^4" in "DIR"`,
      `  |`,
      `1 | import { old } from "npm:old@^4";`,
      `  |                     ^`,
    ),
  },
  "rejects.mjs": {
    says: lines(
      `Cannot load "DIR/rejects.mjs": it threw Error: no database`,
      `    at connect (DIR/rejects.mjs:2:9)`,
      `    at DIR/rejects.mjs:4:7`,
    ),
  },
  "remote.ts": {
    says: lines(
      `Cannot load "DIR/remote.ts": "https://deno.land/std@0.224.0/http/file_server.ts", imported at DIR/remote.ts:1:26, is a module of the net, and not in Deno's cache "/deno-dir"; run "deno bundle remote.ts -o remote.js" in "DIR"`,
      `  |`,
      `1 | import { serveDir } from "https://deno.land/std@0.224.0/http/file_server.ts";`,
      `  |                          ^`,
    ),
  },
  "required.cjs": {
    says: lines(
      `Cannot load "DIR/required.cjs": "hono", imported at DIR/required.cjs:1:26, is a package, and not installed; run "npm install hono" in "DIR"`,
      `  |`,
      `1 | const { Hono } = require("hono");`,
      `  |                          ^`,
    ),
  },
  "reserved.ts": {
    says: lines(
      `Cannot load "DIR/reserved.ts": expected a name, at DIR/reserved.ts:2:9`,
      `  |`,
      `2 |   const class = 1;`,
      `  |         ^`,
    ),
  },
  "said_commonjs/awaits.js": {
    says:
      'Cannot load "DIR/said_commonjs/awaits.js": "await" outside of functions belongs to ES modules, and "type" in the package.json above says CommonJS; write "module" there, or name the file "awaits.mjs", at DIR/said_commonjs/awaits.js',
  },
  "said_commonjs/main.mjs": {
    says: lines(
      `Cannot load "DIR/said_commonjs/main.mjs": "import" and "export" belong to ES modules, and a .cjs file is CommonJS; name it "app.mjs", at DIR/said_commonjs/app.cjs:2:1`,
      `  |`,
      `2 | export default () => new Response(greeting);`,
      `  | ^`,
    ),
  },
  "said_commonjs/meta.cjs": {
    says:
      'Cannot load "DIR/said_commonjs/meta.cjs": "import.meta" belongs to ES modules, and a .cjs file is CommonJS; name it "meta.mjs", at DIR/said_commonjs/meta.cjs',
  },
  "scoped_subpath.mts": {
    says: lines(
      `Cannot load "DIR/scoped_subpath.mts": "@trpc/server/adapters/fetch", imported at DIR/scoped_subpath.mts:1:37, is a package, and not installed; run "npm install @trpc/server" in "DIR"`,
      `  |`,
      `1 | import { fetchRequestHandler } from "@trpc/server/adapters/fetch";`,
      `  |                                     ^`,
    ),
  },
  "start_throws.ts": {
    says: lines(
      `Cannot start "DIR/start_throws.ts": onStart threw Error: cannot warm up`,
      `    at onStart (DIR/start_throws.ts:3:9)`,
    ),
    code: 1,
  },
  "syntax.cjs": {
    says: lines(
      `Cannot load "DIR/syntax.cjs": missing ) after argument list, at DIR/syntax.cjs:2:23`,
      `  |`,
      `2 |   return new Response("a";`,
      `  |                       ^`,
    ),
  },
  "syntax.js": {
    says: lines(
      `Cannot load "DIR/syntax.js": missing ) after argument list, at DIR/syntax.js:2:23`,
      `  |`,
      `2 |   return new Response("a";`,
      `  |                       ^`,
    ),
  },
  "syntax.jsx": {
    says: lines(
      `Cannot load "DIR/syntax.jsx": expected "</" but found ";", at DIR/syntax.jsx:3:20`,
      `  |`,
      `3 |   const page = <p>{;}</p>;`,
      `  |                    ^`,
    ),
  },
  "syntax.ts": {
    says: lines(
      `Cannot load "DIR/syntax.ts": expected "," but found ";", at DIR/syntax.ts:2:26`,
      `  |`,
      `2 |   return new Response("a";`,
      `  |                          ^`,
    ),
  },
  "text_import.ts": {
    says: lines(
      `Cannot load "DIR/text_import.ts": "./page.html", imported at DIR/text_import.ts:1:18, needs with { type: "text" } behind it`,
      `  |`,
      `1 | import page from "./page.html";`,
      `  |                  ^`,
    ),
  },
  "throws.cjs": {
    says: lines(
      `Cannot load "DIR/throws.cjs": it threw RangeError: no port`,
      `    at connect (DIR/throws.cjs:2:9)`,
      `    at Object.<anonymous> (DIR/throws.cjs:4:1)`,
    ),
  },
  "throws.ts": {
    says: lines(
      `Cannot load "DIR/throws.ts": it threw RangeError: no database here`,
      `    at connect (DIR/throws.ts:6:9)`,
      `    at DIR/throws.ts:8:1`,
    ),
  },
  "throws_string.ts": {
    says: `Cannot load "DIR/throws_string.ts": it threw "a string"`,
  },
  "twice.js": {
    says: lines(
      `Cannot load "DIR/twice.js": identifier 'shape' has already been declared, at DIR/twice.js:3:7`,
      `  |`,
      `3 | const shape = 4;`,
      `  |       ^`,
    ),
  },
  "twice.ts": {
    says: lines(
      `Cannot load "DIR/twice.ts": identifier 'shape' has already been declared, at DIR/twice.ts:5:42`,
      `  |`,
      `5 | const shape: Shape = { sides: 3 }; const shape = 4;`,
      `  |                                          ^`,
    ),
  },
  "twice_enum.ts": {
    says: `Cannot load "DIR/twice_enum.ts": identifier 'kind' has already been declared, at DIR/twice_enum.ts`,
  },
  "type_only.ts": {
    says: lines(
      `Cannot load "DIR/type_only.ts": the requested module './no_handler.ts' does not provide an export named 'nobody', at DIR/type_only.ts:1:24`,
      `  |`,
      `1 | import { type Nothing, nobody } from "./no_handler.ts";`,
      `  |                        ^`,
    ),
  },
  "unlinked.ts": {
    says: lines(
      `Cannot load "DIR/unlinked.ts": the requested module './no_handler.ts' does not provide an export named 'name', at DIR/unlinked.ts:1:10`,
      `  |`,
      `1 | import { name } from "./no_handler.ts";`,
      `  |          ^`,
    ),
  },
};

function lines(...all: readonly string[]): string {
  return all.join("\n");
}
