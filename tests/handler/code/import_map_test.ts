/** Import maps, as the standard and as deno.json have them. */
import { assertEquals } from "@std/assert";
import { applyImportMap, readImportMap } from "../../../lib/handler/code/import_map.ts";

const BASE = "file:///srv/deno.json";

Deno.test("applyImportMap() maps names, folders and packages", async (t) => {
  const map = readImportMap(
    {
      imports: {
        "hono": "npm:hono@^4",
        "@std/": "jsr:/@std/",
        "@std/path": "jsr:@std/path@1",
        "~/": "./lib/",
        "~/special.ts": "./other.ts",
        "./old.ts": "./new.ts",
        "db": "https://example.org/db.ts",
        "not a text": 1,
      },
      scopes: { "./vendor/": { "hono": "./vendor/hono.ts" } },
    },
    BASE,
    true,
  );
  const cases: [specifier: string, target: string | null, parent?: string][] = [
    ["hono", "npm:hono@^4"],
    ["hono/cors", "npm:hono@^4/cors"],
    ["honoo", null],
    ["@std/path", "jsr:@std/path@1"],
    ["@std/path/posix", "jsr:@std/path@1/posix"],
    ["@std/fs", "jsr:/@std/fs"],
    ["~/a/b.ts", "file:///srv/lib/a/b.ts"],
    ["~/special.ts", "file:///srv/other.ts"],
    ["./old.ts", "file:///srv/new.ts"],
    ["../old.ts", "file:///srv/new.ts", "file:///srv/lib/a.ts"],
    ["./old.ts", null, "file:///srv/lib/a.ts"],
    ["db", "https://example.org/db.ts"],
    ["hono", "file:///srv/vendor/hono.ts", "file:///srv/vendor/x/a.ts"],
    ["~/c.ts", "file:///srv/lib/c.ts", "file:///srv/vendor/x/a.ts"],
    ["constructor", null],
  ];
  for (const [specifier, target, parent = "file:///srv/app.ts"] of cases) {
    await t.step(`${specifier} in ${parent}`, () => assertEquals(applyImportMap(map, specifier, parent), target));
  }
});

Deno.test("in a map of its own file, a package is no folder", () => {
  const map = readImportMap({ imports: { hono: "npm:hono@4" } }, BASE, false);
  assertEquals(applyImportMap(map, "hono/cors", "file:///srv/app.ts"), null);
  assertEquals(applyImportMap(readImportMap({ imports: [], scopes: null }, BASE, true), "x", BASE), null);
});
