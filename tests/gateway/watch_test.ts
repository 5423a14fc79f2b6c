/** `--watch`: every file that a handler depends on reloads it, and a browser is shown what is wrong. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stackd, TestDirectory } from "../support/stackd.ts";

/** How long a change may take to be seen, ms: a second, and slack for a machine that does more. */
const SEEN = 3_000;

async function start(directory: TestDirectory, args: readonly string[] = ["--watch"], module = "app.ts") {
  const line = ["gateway", "--http", "127.0.0.1:0", "--access-log", "off", ...args, directory.at(module)];
  const gateway = stackd(line, { env: { NO_COLOR: "1" } });
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/^ +pid /m);
  const url = `http://127.0.0.1:${port}/`;
  const get = async () => await (await fetch(url)).text();
  return { gateway, get, url };
}

async function page(url: string, headers: Record<string, string> = { accept: "text/html,*/*" }) {
  const response = await fetch(url, { headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

Deno.test("--watch: a file three imports deep is followed, and no request is lost", async () => {
  using directory = new TestDirectory();
  directory.write("app.ts", 'import { a } from "./lib/a.ts";\nexport default () => new Response(a());\n');
  directory.write("lib/a.ts", 'import { b } from "./b/b.ts";\nexport const a = () => b();\n');
  directory.write("lib/b/b.ts", 'import { c } from "../c.ts";\nexport const b = () => c;\n');
  directory.write("lib/c.ts", 'export const c = "one";\n');
  const { gateway, get } = await start(directory);
  await using _ = gateway;
  const seen = new Set<string>(), failures: unknown[] = [];
  let asking = true;
  const load = Promise.all([1, 2, 3, 4].map(async () => {
    while (asking) await get().then((text) => seen.add(text), (thrown) => failures.push(thrown));
  }));
  await gateway.until("the old answer", () => seen.has("one"));
  const begun = performance.now();
  directory.write("lib/c.ts", 'export const c = "two";\n');
  await gateway.until("the new answer", () => seen.has("two"));
  const took = performance.now() - begun;
  asking = false;
  await load;
  assertEquals([failures, [...seen].sort()], [[], ["one", "two"]]);
  assert(took < SEEN, `seen after ${took} ms`);
});

Deno.test("--watch: files that are imported since, are missing yet, or decide where imports lead are followed as well", async () => {
  using directory = new TestDirectory();
  directory.write("app.ts", 'export default () => new Response("one");\n');
  const { gateway, get } = await start(directory);
  await using _ = gateway;
  directory.write("app.ts", 'import { x } from "./later/x.ts";\nexport default () => new Response(x);\n');
  await gateway.until("it is missed", () => gateway.stderr.includes('there is no file "./later/x.ts"'));
  Deno.mkdirSync(directory.at("later"));
  directory.write("app.ts", 'import { x } from "./later/x.ts";\nexport default () => new Response(x);\n\n');
  await gateway.until("it is missed again", () => gateway.stderr.split('there is no file "./later/x.ts"').length > 2);
  directory.write("later/x.ts", 'export const x = "two";\n');
  await gateway.until("it is found", async () => await get() === "two");
  directory.write("later/x.ts", 'export const x = "three";\n');
  await gateway.until("it is followed", async () => await get() === "three");
  directory.write("y.ts", 'export const x = "four";\n');
  directory.write("app.ts", 'import { x } from "./y.ts";\nimport "~/y.ts";\nexport default () => new Response(x);\n');
  await gateway.until("nothing maps it", () => gateway.stderr.includes('"~/y.ts"'));
  directory.write("deno.json", '{ "imports": { "~/": "./" } }\n');
  await gateway.until("the map is followed", async () => await get() === "four");
});

Deno.test("--watch: a directory that is replaced, removed or made anew is followed", async () => {
  using directory = new TestDirectory();
  const build = (name: string, text: string) => {
    directory.write(`${name}/app.js`, 'import { x } from "./lib/x.js";\nexport default () => new Response(x);\n');
    directory.write(`${name}/lib/x.js`, `export const x = "${text}";\n`);
  };
  build("dist", "one");
  const { gateway, get } = await start(directory, ["--watch"], "dist/app.js");
  await using _ = gateway;
  build("next", "two");
  Deno.renameSync(directory.at("dist"), directory.at("before"));
  Deno.renameSync(directory.at("next"), directory.at("dist"));
  await gateway.until("the new directory's answer", async () => await get() === "two");
  directory.write("dist/lib/x.js", 'export const x = "three";\n');
  await gateway.until("a file in it is followed", async () => await get() === "three");
  Deno.removeSync(directory.at("dist"), { recursive: true });
  await gateway.until("it is missed", () => gateway.stderr.includes("Cannot reload"));
  build("dist", "four");
  await gateway.until("it is found", async () => await get() === "four");
});

Deno.test("--watch: a package that was missing is found when it is installed", async () => {
  using directory = new TestDirectory();
  directory.write("package.json", "{}");
  directory.write("app.ts", 'export default () => new Response("none");\n');
  const { gateway, get } = await start(directory);
  await using _ = gateway;
  directory.write("app.ts", 'import one from "one";\nexport default () => new Response(one);\n');
  await gateway.until("it is missed", () => gateway.stderr.includes('run "npm install one"'));
  directory.write("node_modules/one/package.json", '{ "main": "one.js" }');
  directory.write("node_modules/one/one.js", 'module.exports = "one";\n');
  directory.write("node_modules/.package-lock.json", "{}");
  await gateway.until("it is found", async () => await get() === "one");
});

Deno.test("--watch: a file that changes before anybody watches it is seen as well", async () => {
  using directory = new TestDirectory();
  directory.write(
    "app.ts",
    `import { lib } from "./lib.ts";
export const onStart = () => {
  // The code is read by now, and the watch has not begun.
  if (lib === "one") Deno.writeTextFileSync(import.meta.dirname + "/lib.ts", 'export const lib: string = "two";');
};
export default () => new Response(lib);
`,
  );
  directory.write("lib.ts", 'export const lib: string = "one";');
  const { gateway, get } = await start(directory);
  await using _ = gateway;
  await gateway.until("the new code serves", async () => await get() === "two");
  assertEquals(gateway.stderr.split("is started").length, 2, "it was reloaded once");
});

Deno.test("--watch: a browser is shown why the new code does not load, and hears when it does", async () => {
  using directory = new TestDirectory();
  directory.write("app.ts", 'export default () => new Response("one");\n');
  const { gateway, get, url } = await start(directory);
  await using _ = gateway;
  assertEquals((await page(url)).text, "one");
  directory.write("app.ts", 'export default () => <new Response("two");\n');
  await gateway.until("the page", async () => (await page(url)).status === 500);
  const { text, headers } = await page(url);
  assertMatch(text, /<h1>Cannot load &quot;.*\/app\.ts&quot;: .*app\.ts:1:\d+<\/h1>/);
  assertStringIncludes(text, "1 | export default () =&gt; &lt;new Response(&quot;two&quot;);");
  assertEquals(headers.get("cache-control"), "no-store");
  assertEquals(await get(), "one", "programs get what serves");
  const [, state = ""] = /"X-Stackd-Watch": "([^"]+)"/.exec(text) ?? [];
  const ask = async () => (await page(url, { "x-stackd-watch": state })).headers.get("x-stackd-watch");
  assertEquals(await ask(), state);
  directory.write("app.ts", 'export default () => new Response("three");\n');
  await gateway.until("the page hears of it", async () => await ask() !== state);
  assertEquals((await page(url)).text, "three");
});

Deno.test("--watch: a browser is shown what the handler threw; never without --watch", async () => {
  using directory = new TestDirectory();
  directory.write(
    "app.ts",
    'type Name = string;\nexport default (): Response => {\n  throw new Error("<boom>");\n};\n',
  );
  for (const args of [["--watch"], []]) {
    const { gateway, url } = await start(directory, args);
    await using _ = gateway;
    const { status, text } = await page(url);
    assertEquals(status, 500);
    if (args.length === 0) {
      assert(!text.includes("boom"), text);
      assertEquals((await page(url, { "x-stackd-watch": "1.0" })).headers.get("x-stackd-watch"), null);
      continue;
    }
    assertStringIncludes(text, "The handler threw Error: &lt;boom&gt;");
    assertMatch(text, /<pre> +at .*\/app\.ts:3:9\)?/);
    assert(!(await page(url, {})).text.includes("boom"), "programs are not");
  }
});
