/** Imports whose paths are computed. */
import { assertEquals } from "@std/assert";
import { toFileUrl } from "@std/path";
import { TestDirectory } from "../../support/stackd.ts";
import { computedTargets, isComputed } from "../../../lib/handler/code/computed.ts";

Deno.test("computedTargets() finds the files that a computed path could mean", async (t) => {
  using directory = new TestDirectory();
  for (const name of ["a.ts", "b.ts", "b.test.ts", "c.js", "x y.ts"]) directory.write(`routes/${name}`, "");
  directory.write("routes/deep/d.ts", "");
  const cases: [text: string, names: string[]][] = [
    ["import(`./routes/${name}.ts`)", ["a.ts", "b.test.ts", "b.ts", "x y.ts"]],
    ["import(`./routes/${name}.${kind}.ts`)", ["b.test.ts"]],
    ["import(`./routes/b${rest}`)", ["b.test.ts", "b.ts"]],
    ['import("./routes/" + name + ".js")', ["c.js"]],
    ["import('./routes/' + name)", ["a.ts", "b.test.ts", "b.ts", "c.js", "x y.ts"]],
    ["import(`./${dir}/a.ts`)", []],
    ["import(`./nowhere/${name}.ts`)", []],
    ["import(`${name}.ts`)", []],
    ['import("./routes/a.ts")', []],
  ];
  for (const [text, names] of cases) {
    await t.step(text, () => {
      const found = computedTargets(text, toFileUrl(directory.at("app.ts")).href);
      assertEquals(found.sort(), names.map((name) => toFileUrl(directory.at(`routes/${name}`)).href).sort());
    });
  }
  assertEquals(computedTargets("import(`./routes/${name}.ts`)", "https://example.org/app.ts"), []);
});

Deno.test("isComputed() tells imports by computed names from those that are written down", () => {
  assertEquals(["import(name)", "import( `x${y}` )", "await import(a + b)"].map(isComputed), [true, true, true]);
  assertEquals(['import("x")', "import x from 'x'", "import.meta.url"].map(isComputed), [false, false, false]);
});
