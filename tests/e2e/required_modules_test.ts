/** CommonJS modules that require ES modules, in the compiled binary. */
import { assertEquals } from "@std/assert";
import { runStackd, TestDirectory } from "../support/stackd.ts";

/** Writes a package of one file. */
function write(directory: TestDirectory, name: string, type: "module" | "commonjs", text: string): void {
  directory.write(`node_modules/${name}/package.json`, JSON.stringify({ type, exports: "./index.js" }));
  directory.write(`node_modules/${name}/index.js`, text);
}

Deno.test("ES modules that are required may need others that are required, in any order", async (t) => {
  using directory = new TestDirectory();
  write(directory, "outer", "module", 'import middle from "middle";\nexport default `outer ${middle}`;\n');
  write(directory, "middle", "commonjs", 'module.exports = `middle ${require("inner").default}`;\n');
  write(directory, "inner", "module", 'export default "inner";\n');
  const orders = {
    'require("outer"), require("inner")': "outer first",
    'require("inner"), require("outer")': "inner first",
  };
  for (const [required, name] of Object.entries(orders)) {
    await t.step(name, async () => {
      const text =
        `const said = [${required}].map((each) => each.default);\nmodule.exports = () => Response.json(said.sort());\n`;
      const { stdout, stderr } = await runStackd(["fetch", directory.write("app.cjs", text), "/"]);
      assertEquals(stderr, "");
      assertEquals(JSON.parse(stdout), ["inner", "outer middle inner"]);
    });
  }
});

Deno.test("what is required by a computed path may be JSON, and require some", async () => {
  using directory = new TestDirectory();
  directory.write("config.json", '{ "port": 1 }');
  directory.write("models/user.js", 'module.exports = require("../config.json").port + 1;\n');
  const text = `const path = require("path");
const load = (name) => require(path.join(__dirname, name));
const early = [load("config.json").port, load("models/user.js")];
module.exports = () => Response.json([...early, load("config.json").port, load("models/user")]);
`;
  for (const name of ["app.cjs", "app.js"]) {
    const { stdout, stderr } = await runStackd(["fetch", directory.write(name, text), "/"]);
    assertEquals([stdout, stderr], ["[1,2,1,2]", ""]);
  }
});

Deno.test("what compilers have made of an import finds an ES module's default export", async () => {
  using directory = new TestDirectory();
  write(directory, "one", "module", "export let count = 0;\nexport default () => ++count;\n");
  write(directory, "two", "module", "export const count = 2;\n");
  write(directory, "three", "module", 'export default 1;\nexport { three as "module.exports" };\nconst three = 3;\n');
  const app = directory.write(
    "app.cjs",
    `const interop = (module) => module?.__esModule ? module : { default: module };
const one = interop(require("one"));
one.default();
const said = [one.count, Object.keys(one), require("one") === one, interop(require("two")).default.count, require("three")];
module.exports = () => Response.json(said);
`,
  );
  const { stdout, stderr } = await runStackd(["fetch", app, "/"]);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), [1, ["__esModule", "count", "default"], true, 2, 3]);
});
