/** The bundle that is compiled. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { bundle, ISOLATE } from "../../tools/bundle.ts";
import { ROOT } from "../../tools/tool.ts";

/** The files that are read with the one at `path`, which are not imported late. */
function readWith(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, file] of Deno.readTextFileSync(path).matchAll(/(?:\bfrom|^import) *"(\.\/[^"]+)"/gm)) {
    readWith(join(path, "..", file), found);
  }
  return found;
}

Deno.test("bundle() leaves what a start needs in a few files, none of which loads what it does not need", async () => {
  const directory = join(ROOT, "dist", ".bundle-test");
  try {
    const entry = await bundle(directory);
    assertEquals(entry, join(directory, "cli.ts"));
    assertStringIncludes(Deno.readTextFileSync(join(directory, ISOLATE)), "./isolate.js");
    const bundled = [...readWith(entry)].filter((path) => path !== entry);
    assertEquals(bundled.map((path) => basename(path)).filter((name) => name === "main.js"), ["main.js"]);
    const place = join(directory, "lib/bundled");
    const chunk = (name: string) => {
      const found = [...Deno.readDirSync(place)].find((file) => file.name.startsWith(`${name}-`));
      assert(found !== undefined, `there is no ${name}`);
      return join(place, found.name);
    };
    for (const { name } of Deno.readDirSync(place)) {
      const text = Deno.readTextFileSync(join(place, name));
      // A call for each closure that is made, of which a request makes many: its name is defined anew.
      assert(!text.includes("__name("), `${name} names functions while it runs`);
      assertEquals(/^(?:var \w+ = )?class \w+\d+ /m.exec(text)?.[0], undefined, `a class in ${name} has another name`);
    }
    const starts = [
      ["flags", "gateway_options", "gateway"],
      ["worker", "serving", "survive"],
      ["enter"],
      ["confined"],
      [
        ISOLATE,
      ],
    ];
    for (const names of starts) {
      const path = (name: string) => name === ISOLATE ? join(directory, name) : chunk(name);
      const read = new Set(names.flatMap((name) => [...readWith(path(name))]));
      assert(read.size < 80, `${names} come in ${read.size} files`);
      for (const path of read) {
        const [, loaded] = /\bfrom "((?:node|npm):[^"]+|[a-z][^":]*)"/.exec(Deno.readTextFileSync(path)) ?? [];
        assertEquals(loaded, undefined, `${basename(path)} of ${names} loads "${loaded}"`);
      }
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
