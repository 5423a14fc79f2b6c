/** Modules that are found as the handler runs, and ES modules where package.json says CommonJS, in the compiled binary. */
import { assertEquals } from "@std/assert";
import { runStackd, TestDirectory } from "../support/stackd.ts";

const PACKAGE = { "package.json": '{ "type": "module", "exports": "./one.js" }', "one.js": "export default 'one';\n" };

/** By the file in routes/. */
const ROUTES: Readonly<Record<string, string>> = {
  "module.js": 'import one from "one";\nexport default `js ${one}`;\n',
  "typed.ts": 'import one from "one";\nexport default `ts ${one as string}`;\n',
  "old.cjs": 'module.exports = `cjs ${require("./inner.cjs")}`;\n',
};

Deno.test("a directory of modules is loaded while the handler is, with the packages that they import", async (t) => {
  for (const type of ["module", "commonjs"]) {
    await t.step(type, async () => {
      using directory = new TestDirectory();
      directory.write("package.json", JSON.stringify({ type }));
      for (const [name, text] of Object.entries(PACKAGE)) directory.write(`node_modules/one/${name}`, text);
      for (const [name, text] of Object.entries(ROUTES)) directory.write(`routes/${name}`, text);
      directory.write("routes/inner.cjs", 'module.exports = "inner";\n');
      const names = JSON.stringify(Object.keys(ROUTES));
      const text = `import { join } from "node:path";
const routes = [];
for (const name of ${names}) {
  const path = join(import.meta.dirname, "routes", name);
  routes.push((await import(path)).default);
}
export default () => Response.json(routes);
`;
      const { stdout, stderr } = await runStackd(["fetch", directory.write("app.mjs", text), "/"]);
      assertEquals(stderr, "");
      assertEquals(JSON.parse(stdout), ["js one", "ts one", "cjs inner"]);
    });
  }
});

Deno.test("ES modules load where package.json says CommonJS, as npm init has it", async (t) => {
  using directory = new TestDirectory();
  directory.write("package.json", '{ "type": "commonjs" }');
  for (const [name, text] of Object.entries(PACKAGE)) directory.write(`node_modules/one/${name}`, text);
  directory.write("lib.js", "export const lib = import.meta.url.split('/').pop();\n");
  const cases = {
    "alone.js": 'import { lib } from "./lib.js";\nexport default () => new Response(lib);\n',
    "packaged.js": 'import "one";\nimport { lib } from "./lib.js";\nexport default () => new Response(lib);\n',
  };
  for (const [name, text] of Object.entries(cases)) {
    await t.step(name, async () => {
      const { stdout, stderr } = await runStackd(["fetch", directory.write(name, text), "/"]);
      assertEquals([stdout, stderr], ["lib.js", ""]);
    });
  }
});
