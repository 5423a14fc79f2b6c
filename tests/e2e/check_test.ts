/** `stackd check` with the compiled binary: what it says of a module, and that it always ends. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { runStackd, TestDirectory } from "../support/stackd.ts";

function modules(): TestDirectory {
  const directory = new TestDirectory();
  directory.write(
    "app.ts",
    `import { greeting } from "./lib/greeting.ts";
import data from "./data.json" with { type: "json" };
import { join } from "node:path"; import { pour } from "tea";
export class Thing {}
export const onStart = () => { throw new Error("onStart ran"); };
export const api = { fetch: () => new Response(greeting + data.name + join("a", "b") + pour) };
export default () => new Response("x");
export const later = () => import("./not_yet.ts");
`,
  );
  directory.write("lib/greeting.ts", `export { greeting } from "../words.ts";\n`);
  directory.write("words.ts", `export const greeting = "hello ";\n`);
  directory.write("data.json", `{"name":"you"}`);
  directory.write(
    "node_modules/tea/package.json",
    `{"name":"tea","version":"2.1.0","type":"module","exports":"./main.js"}`,
  );
  directory.write(
    "node_modules/tea/main.js",
    `import part from "@scope/part"; export { pour } from "./pour.js"; part;`,
  );
  directory.write("node_modules/tea/pour.js", `export const pour = "tea";`);
  directory.write("node_modules/@scope/part/package.json", `{"name":"@scope/part","version":"1.0.0","main":"i.cjs"}`);
  directory.write("node_modules/@scope/part/i.cjs", `module.exports = 1;`);
  return directory;
}

const REPORT =
  `exports: Thing (class), api (object with fetch), default (function), later (function), onStart (function)
imports: 3 files, 2 packages
  lib/greeting.ts
  data.json
  words.ts
  @scope/part 1.0.0 (1 file)
  tea 2.1.0 (2 files)
leads nowhere, though nothing has asked for it yet:
  "./not_yet.ts", imported at app.ts:8:35, leads to no file
`;

Deno.test("stackd check says what is in a module, what is served, and what it imports", async () => {
  using directory = modules();
  const cwd = directory.path;
  assertEquals(await runStackd(["check", "app.ts"], { cwd }), {
    code: 0,
    signal: null,
    stdout: `app.ts is fine: default export, function\n${REPORT}`,
    stderr: "",
  });
  const { stdout } = await runStackd(["check", "app.ts:api"], { cwd });
  assertEquals(stdout, `app.ts is fine: export api, object with fetch\n${REPORT}`);
});

Deno.test("stackd check checks a module and a file in one go, and tells the mistakes of both", async () => {
  using directory = modules();
  const cwd = directory.path;
  directory.write("stackd.toml", `[proxy]\nlisten = ":8080"\n[[proxy.route]]\npath = "/"\nstatic = "."\n`);
  directory.write("wrong.toml", `[proxy]\nlisten = "x"\n[[proxy.route]]\npath = "/"\nstatic = "."\n`);
  directory.write("wrong.ts", "export const a = 1;\n");
  const fine = await runStackd(["check", "app.ts", "-c", "stackd.toml"], { cwd });
  assertEquals([fine.code, fine.stderr], [0, ""]);
  assertMatch(fine.stdout, /^app\.ts is fine: [^]*\nstackd\.toml is fine: 1 listener, 1 route, 0 upstreams\n$/);
  const both = await runStackd(["check", "wrong.ts", "-c", "wrong.toml"], { cwd });
  assertEquals([both.code, both.stdout], [2, ""]);
  assertMatch(
    both.stderr,
    /^stackd: Cannot serve ".*wrong\.ts": it exports no handler, found a \(number\).*\nCannot use wrong\.toml:2: /,
  );
  const one = await runStackd(["check", "app.ts", "-c", "wrong.toml"], { cwd });
  assertEquals(one.code, 2);
  assertMatch(one.stdout, /^app\.ts is fine/);
  assertMatch(one.stderr, /^stackd: Cannot use wrong\.toml:2: /);
});

Deno.test("stackd check tells every import that leads nowhere, with its line", async () => {
  using directory = modules();
  directory.write(
    "wrong.ts",
    `import "./a.ts";\nimport "./lib/greeting.ts";\n  import "nope";\nexport default () => 1;\n`,
  );
  const { code, stdout, stderr } = await runStackd(["check", "wrong.ts"], { cwd: directory.path });
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^stackd: Cannot load ".*wrong\.ts": "nope", imported at .*wrong\.ts:3:10, .*npm install nope/);
  assertMatch(
    stderr,
    /\nThese imports lead nowhere:\n {2}"\.\/a\.ts", imported at wrong\.ts:1:8, leads to no file\n {2}"nope", imported at wrong\.ts:3:10, is a package, and not installed\n$/,
  );
});

Deno.test("stackd check ends, whatever the module does", async (t) => {
  using directory = modules();
  const cwd = directory.path;
  const cases: readonly [what: string, source: string, code: number, says: RegExp][] = [
    [
      "keeps timers and sockets",
      "setInterval(() => {}, 10); Deno.listen({ port: 0 }); export default () => 1;",
      0,
      /^$/,
    ],
    ["never settles", "await new Promise(() => {});", 2, /: it took longer than 0\.7 s\n$/],
    ["loops for ever", "while (true);", 2, /: it took longer than 0\.7 s\n$/],
    ["ends its process", "Deno.exit(0);", 2, /: its process exited with code 0 while it was loaded\n$/],
    ["throws", 'throw new Error("no db");', 2, /: it threw Error: no db\n {4}at .*case4\.ts:1:7\n$/],
  ];
  for (const [index, [what, source, code, says]] of cases.entries()) {
    await t.step(what, async () => {
      directory.write(`case${index}.ts`, source);
      // Short only where it is what ends the module.
      const timeout = says.source.includes("longer") ? "0.7" : "20";
      const ended = await runStackd(["check", `case${index}.ts`, "--boot-timeout", timeout], { cwd });
      assertEquals(ended.code, code, ended.stderr);
      assertMatch(ended.stderr, says);
    });
  }
});

Deno.test("stackd check wants something to check", async () => {
  const { code, stderr } = await runStackd(["check"]);
  assertEquals([code, stderr.split("\n")[0]], [
    2,
    "stackd: Cannot check anything: name a handler module, or a configuration file with -c stackd.toml",
  ]);
});
