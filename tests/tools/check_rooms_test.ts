import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { findFaults, readLib } from "../../tools/check_rooms.ts";
import { ToolError } from "../../tools/tool.ts";

/** Writes a project of these files, checks its lib/, and removes it again. */
async function faultsOf(files: Record<string, string>): Promise<string[]> {
  const root = await Deno.makeTempDir({ prefix: "stackd-rooms-" });
  try {
    for (const [path, content] of Object.entries({ "deno.json": "{}", ...files })) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), content);
    }
    return findFaults(await readLib(root));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("findFaults() is content when every import points downward or sideways", async () => {
  assertEquals(
    await faultsOf({
      "lib/cli/commands.ts": 'export const run = () => import("../proxy/proxy.ts");\n',
      "lib/proxy/proxy.ts": 'import "../process/supervisor.ts";\nexport * from "./router.ts";\n',
      "lib/proxy/router.ts": 'import "../http1/head.ts";\n',
      "lib/process/supervisor.ts": 'import "../config/options.ts";\n',
      "lib/handler/contract.ts": 'import "../uwsgi/packet.ts";\n',
      "lib/uwsgi/packet.ts": 'import "../http1/head.ts";\n',
      "lib/http1/head.ts": 'import "../config/options.ts";\n',
      "lib/config/options.ts": 'import "../version.ts";\n',
      "lib/version.ts": 'import config from "../deno.json" with { type: "json" };\nexport { config };\n',
    }),
    [],
  );
});

Deno.test("findFaults() names an import that points upward", async (t) => {
  const cases: [string, string, string, string][] = [
    ["an import", "lib/http1/a.ts", 'import "../proxy/b.ts";', "lib/proxy/b.ts"],
    ["a type's import", "lib/config/a.ts", 'import type { B } from "../handler/b.ts";', "lib/handler/b.ts"],
    ["an export", "lib/process/a.ts", 'export * from "../handler/b.ts";', "lib/handler/b.ts"],
    ["an import at run time", "lib/process/a.ts", 'await import("../gateway/b.ts");', "lib/gateway/b.ts"],
  ];
  for (const [what, path, statement, target] of cases) {
    await t.step(what, async () => {
      const [from, to] = [path.split("/")[1], target.split("/")[1]];
      assertEquals(await faultsOf({ [path]: `\n${statement}\n`, [target]: "export type B = string;\n" }), [
        `${path}:2 imports "${target}": "${to}" stands above "${from}"`,
      ]);
    });
  }
  await t.step("a file in lib/ itself", async () => {
    assertEquals(await faultsOf({ "lib/errors.ts": 'import "./std/a.ts";\n', "lib/std/a.ts": "" }), [
      'lib/errors.ts:1 imports "lib/std/a.ts": "std" stands above "errors.ts"',
    ]);
  });
  await t.step("out of lib/", async () => {
    assertEquals(await faultsOf({ "lib/cli/a.ts": 'import "../../cli.ts";\n', "cli.ts": "" }), [
      'lib/cli/a.ts:1 imports "cli.ts", which stands above lib/',
    ]);
  });
});

Deno.test("findFaults() keeps the proxy and the gateway apart", async () => {
  assertEquals(
    await faultsOf({
      "lib/gateway/a.ts": 'import "../proxy/a.ts";\nimport "./b.ts";\n',
      "lib/gateway/b.ts": "",
      "lib/proxy/a.ts": "",
    }),
    ['lib/gateway/a.ts:1 imports "lib/proxy/a.ts": "gateway" and "proxy" must not know each other'],
  );
});

Deno.test("findFaults() finds files that import each other", async (t) => {
  await t.step("in a circle of three", async () => {
    assertEquals(
      await faultsOf({
        "lib/http1/a.ts": 'import "./b.ts";\n',
        "lib/http1/b.ts": 'import "../static/c.ts";\n',
        "lib/static/c.ts": 'import "../http1/a.ts";\n',
      }),
      ["lib/http1/a.ts -> lib/http1/b.ts -> lib/static/c.ts -> lib/http1/a.ts: these files import each other"],
    );
  });
  await t.step("but not when only a type closes it", async () => {
    assertEquals(
      await faultsOf({
        "lib/http1/a.ts": 'import "./b.ts";\nexport type A = string;\n',
        "lib/http1/b.ts": 'import type { A } from "./a.ts";\nexport const b: A = "b";\n',
      }),
      [],
    );
  });
});

Deno.test("findFaults() limits a file's length and a room's name", async () => {
  assertEquals(
    await faultsOf({
      "lib/http1/long.ts": "//\n".repeat(321),
      "lib/http1/full.ts": "//\n".repeat(320),
      "lib/attic/a.ts": "",
    }),
    [
      'lib/attic/a.ts: no floor in tools/check_rooms.ts has the room "attic"',
      "lib/http1/long.ts: it has 321 lines, and 320 are allowed",
    ],
  );
});

Deno.test("readLib() refuses what it cannot follow", async (t) => {
  await t.step("a syntax error", async () => {
    await assertRejects(
      () => faultsOf({ "lib/http1/a.ts": "export const = 1;\n" }),
      ToolError,
      "Cannot read the imports",
    );
  });
  await t.step("an import that leads nowhere", async () => {
    await assertRejects(() => faultsOf({ "lib/http1/a.ts": 'import "./b.ts";\n' }), ToolError, "Module not found");
    await assertRejects(() => faultsOf({ "lib/http1/a.ts": 'import "@std/nope";\n' }), ToolError, "Cannot follow");
  });
});
