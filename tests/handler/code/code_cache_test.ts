/** What is known of code between starts. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { CodeCache, userCodeCache } from "../../../lib/handler/code/code_cache.ts";
import { type CodeGraph, traceCode } from "../../../lib/handler/code/trace.ts";
import { TestDirectory } from "../../support/stackd.ts";

/** An application with two packages, one of which says where its parts are and wants one that is not installed. */
const APP = {
  "app/app.ts": 'import { a } from "a";\nimport "./own.ts";\nexport default () => new Response(a);\n',
  "app/own.ts": "export {};\n",
  "app/node_modules/a/package.json": '{ "name": "a", "type": "module", "exports": "./a.js" }',
  "app/node_modules/a/a.js": 'export { b as a } from "b";\nimport("optional").catch(() => {});\n',
  "app/node_modules/b/package.json": '{ "name": "b", "type": "module", "main": "b.js" }',
  "app/node_modules/b/b.js": 'export const b = "b";\n',
};
/** Long after all files were written. */
const LATER = Date.now() + 60_000;

class Application extends TestDirectory {
  readonly entry = this.at("app/app.ts");
  readonly url = toFileUrl(this.entry).href;
  readonly cache = new CodeCache(this.at("cache"));

  constructor() {
    super();
    for (const [path, text] of Object.entries(APP)) this.write(path, text);
  }

  async keep(): Promise<CodeGraph> {
    const graph = await traceCode(this.entry);
    await this.cache.keep(graph, LATER);
    return graph;
  }

  records(): string[] {
    return [...Deno.readDirSync(this.at("cache"))].map(({ name }) => this.at(`cache/${name}`));
  }
}

Deno.test("what was found out is known again, with the files as they are", async () => {
  using app = new Application();
  assertEquals(await app.cache.recall(app.url), null, "nothing is known at first");
  const graph = await app.keep(), known = await app.cache.recall(app.url);
  assert(known !== null);
  assertEquals(known.graph.files, graph.files);
  assertEquals(known.graph.edges, graph.edges);
  assertEquals(known.graph.missing.map(({ specifier }) => specifier), ["optional"]);
  assertEquals(known.graph.missing, graph.missing);
  const { files } = known.graph;
  assertEquals(
    known.contents.map(([{ path }, bytes]) => [path, new TextDecoder().decode(bytes)]),
    [...files.values()].map(({ path }) => [path, Deno.readTextFileSync(path)]),
  );
  for (const [path, identity] of graph.seen) assertEquals(known.graph.seen.get(path), identity);
});

Deno.test("nothing is known once anything has changed that decided it", async (t) => {
  const changes: Record<string, (app: Application) => unknown> = {
    "the module": (app) => app.write("app/app.ts", APP["app/app.ts"].replace("Response(a)", "Response(a )")),
    "a file of a package": (app) => app.write("app/node_modules/b/b.js", 'export const b = "c";\n'),
    "a package's exports": (app) =>
      app.write("app/node_modules/a/package.json", '{ "name": "a", "type": "module", "exports": "./b.js" }'),
    "a package that was missing": (app) =>
      app.write("app/node_modules/optional/package.json", '{ "name": "optional", "main": "x.js" }'),
    "a package that lies nearer": (app) =>
      app.write("app/node_modules/a/node_modules/b/package.json", '{ "name": "b", "main": "b.js" }'),
    "an import map": (app) => app.write("app/deno.json", '{ "imports": { "a": "./own.ts" } }'),
    "a package.json above": (app) => app.write("app/package.json", '{ "type": "commonjs" }'),
    "a link in a package's place": (app) => {
      Deno.renameSync(app.at("app/node_modules/b"), app.at("elsewhere"));
      Deno.symlinkSync(app.at("elsewhere"), app.at("app/node_modules/b"));
    },
    "a file that is gone": (app) => Deno.removeSync(app.at("app/own.ts")),
  };
  for (const [what, change] of Object.entries(changes)) {
    await t.step(what, async () => {
      using app = new Application();
      await app.keep();
      assert(await app.cache.recall(app.url) !== null);
      change(app);
      assertEquals(await app.cache.recall(app.url), null);
    });
  }
});

Deno.test("what is written again as it was is still known", async () => {
  using app = new Application();
  await app.keep();
  for (const [path, text] of Object.entries(APP)) {
    Deno.removeSync(app.at(path));
    app.write(path, text);
  }
  assert(await app.cache.recall(app.url) !== null);
});

Deno.test("what may have changed as it was read, or depends on more than files, is not kept", async (t) => {
  await t.step("a file of just now", async () => {
    using app = new Application();
    await app.cache.keep(await traceCode(app.entry), Date.now());
    assertEquals(await app.cache.recall(app.url), null);
  });
  const texts: Record<string, string> = {
    "a computed name": 'import { a } from "a";\nexport const b = (name: string) => import(name + a);\n',
    "a computed path": 'import "a";\nexport const b = (name: string) => import(`./${name}.ts`);\n',
    "the end of a path is computed": 'import "a";\nexport const b = (name: string) => import("./x/" + name);\n',
    "a module of the net": 'import "a";\nimport "https://nowhere.invalid/x.ts";\n',
    "paths alone, which take no time": 'import "./own.ts";\n',
  };
  for (const [what, text] of Object.entries(texts)) {
    await t.step(what, async () => {
      using app = new Application();
      app.write("app/app.ts", text);
      await app.keep();
      assertEquals(await app.cache.recall(app.url), null);
    });
  }
});

Deno.test("a cache that is broken, another user's, or cannot be written is as good as none", async (t) => {
  await t.step("broken", async () => {
    using app = new Application();
    await app.keep();
    for (const text of ["", "{", "null", "[]", '{"entry":1}']) {
      for (const path of app.records()) Deno.writeTextFileSync(path, text);
      assertEquals(await app.cache.recall(app.url), null, text);
    }
    await app.keep();
    assert(await app.cache.recall(app.url) !== null, "and is written anew");
  });
  await t.step("a record in another one's place", async () => {
    using app = new Application();
    await app.keep();
    const [path = ""] = app.records();
    Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace(app.url, `${app.url}x`));
    assertEquals(await app.cache.recall(app.url), null);
  });
  await t.step("others may write to it", async () => {
    using app = new Application();
    await app.keep();
    for (const path of app.records()) Deno.chmodSync(path, 0o620);
    assertEquals(await app.cache.recall(app.url), null);
  });
  await t.step("it cannot be written", async () => {
    using app = new Application();
    app.write("cache", "a file");
    await app.keep();
    assertEquals(await app.cache.recall(app.url), null);
  });
  await t.step("it was removed", async () => {
    using app = new Application();
    await app.keep();
    Deno.removeSync(app.at("cache"), { recursive: true });
    assertEquals(await app.cache.recall(app.url), null);
    await app.keep();
    assert(await app.cache.recall(app.url) !== null);
  });
});

Deno.test("records that were not used for longest are removed beyond a size", async () => {
  using app = new Application();
  await app.keep();
  const [mine = ""] = app.records();
  const filler = " ".repeat(1_048_576);
  for (let i = 0; i < 20; i++) {
    const path = app.write(`cache/${String(i).padStart(16, "0")}.json`, filler);
    Deno.utimeSync(path, new Date(1_000_000 + i * 1_000), new Date(1_000_000 + i * 1_000));
  }
  app.write("cache/note.txt", "is not ours");
  assert(await app.cache.recall(app.url) !== null, "which makes it the one that was used last");
  await app.keep();
  const left = app.records(), size = left.reduce((sum, path) => sum + Deno.statSync(path).size, 0);
  assert(size <= 16 * 1_048_576, `${size} bytes are left`);
  assert(left.includes(mine) && left.includes(app.at("cache/note.txt")));
  assert(left.includes(app.at(`cache/${"19".padStart(16, "0")}.json`)), "the newest of the others");
  assert(!left.includes(app.at(`cache/${"0".padStart(16, "0")}.json`)), "the oldest");
});

Deno.test("the user's cache is in XDG_CACHE_HOME or ~/.cache, and nobody else's", async () => {
  using app = new Application();
  const graph = await traceCode(app.entry);
  const place = async (env: Record<string, string>) => {
    const cache = userCodeCache((name) => env[name]);
    await cache?.keep(graph, LATER);
    return cache !== null;
  };
  assert(await place({ XDG_CACHE_HOME: app.path, HOME: "/nowhere" }));
  assertStringIncludes([...Deno.readDirSync(app.at("stackd/code"))].map(({ name }) => name).join(), ".json");
  assert(await place({ XDG_CACHE_HOME: "relative", HOME: app.path }));
  assert(Deno.statSync(app.at(".cache/stackd/code")).isDirectory);
  assertEquals(await place({}), false);
  assertEquals(await place({ HOME: app.at("nowhere") }), false);
  // Root can give a directory away; for everybody else there is one that is root's.
  if (Deno.uid() === 0) Deno.chownSync(app.at("stackd"), 65_534, null);
  assertEquals(await place({ HOME: Deno.uid() === 0 ? app.at("stackd") : "/" }), false);
});
