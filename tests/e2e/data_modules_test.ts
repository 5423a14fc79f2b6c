/** What a handler imports that is no code, in the compiled binary: with help of hooks, and without. */
import { assertEquals } from "@std/assert";
import { runStackd, TestDirectory } from "../support/stackd.ts";

/** `(i32, i32) -> i32` that adds them by what it imports as "./env.js" "add", and a constant of 42. */
const MODULE = Uint8Array.fromHex(
  "0061736d01000000" + // magic, version 1
    "0107" + "0160027f7f017f" + // type 0: (i32, i32) -> i32
    "0210" + "01" + "082e2f656e762e6a73" + "03616464" + "0000" + // import "./env.js" "add", type 0
    "0302" + "0100" + // function 1 of type 0
    "0606" + "01" + "7f00" + "412a0b" + // global 0: i32, 42
    "070e" + "02" + "0373756d" + "0001" + "04736978" + "73" + "0300" + // exports "sum" and "sixs"
    "0a0a" + "01" + "08" + "00" + "20002001" + "10000b", // calls the import
);

const IMPORTS = `import json from "./data.json" with { type: "json" };
import text from "./note.txt" with { type: "text" };
import bytes from "./bytes.bin" with { type: "bytes" };
import { sixs, sum } from "./sum.wasm";
const { default: late } = await import("./data.json", { with: { type: "json" } });
const { sum: lateSum } = await import("./sum.wasm");
export default () => Response.json([json, text, [...bytes], sum(40, 2), sixs, late, lateSum(1, 2)]);
`;

Deno.test("JSON, text, bytes and WebAssembly are imported", async (t) => {
  using directory = new TestDirectory();
  directory.write("data.json", '{ "a": 1 }');
  directory.write("note.txt", "a note");
  directory.write("bytes.bin", new Uint8Array([0, 255, 10]));
  directory.write("sum.wasm", MODULE);
  directory.write("env.js", "export const add = (a, b) => a + b;\n");
  directory.write("node_modules/one/package.json", '{ "type": "module", "exports": "./one.js" }');
  directory.write("node_modules/one/one.js", "export default 1;\n");
  const app = directory.write("app.ts", IMPORTS);
  const packaged = directory.write("packaged.ts", `import "one";\n${IMPORTS}`);
  for (const module of [app, packaged]) {
    await t.step(module, async () => {
      const { stdout, stderr } = await runStackd(["fetch", module, "/"]);
      assertEquals(stderr, "");
      assertEquals(JSON.parse(stdout), [{ a: 1 }, "a note", [0, 255, 10], 42, 42, { a: 1 }, 3]);
    });
  }
});

Deno.test("import.meta.resolve() finds packages that are asked for in no other way", async () => {
  using directory = new TestDirectory();
  directory.write("node_modules/one/package.json", '{ "type": "module", "exports": "./one.js" }');
  const one = directory.write("node_modules/one/one.js", "export default 1;\n");
  const text = 'const place = import.meta.resolve("one");\nexport default () => new Response(place);\n';
  const { stdout } = await runStackd(["fetch", directory.write("app.ts", text), "/"]);
  assertEquals(stdout, `file://${encodeURI(one)}`);
});

Deno.test("createRequire() requires JSON, CommonJS and ES modules", async () => {
  using directory = new TestDirectory();
  directory.write("package.json", '{ "version": "1.2.3" }');
  directory.write("broken.json", "{ broken");
  directory.write("old.cjs", 'module.exports = require("./package.json").version;\n');
  directory.write("new.mjs", "export const fresh = 1;\n");
  const app = directory.write(
    "app.ts",
    `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const thrown = () => { try { require("./broken.json"); } catch (error) { return error.name; } };
const said = [require("./package.json").version, require("./old.cjs"), require("./new.mjs").fresh, thrown()];
export default () => Response.json(said);
`,
  );
  const { stdout, stderr } = await runStackd(["fetch", app, "/"]);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), ["1.2.3", "1.2.3", 1, "SyntaxError"]);
});
