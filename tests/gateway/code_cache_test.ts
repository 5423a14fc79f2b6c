/** A gateway remembers where a handler's imports lead. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { stackd, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

/** What is younger than this is not remembered, ms, and a bit. */
const SETTLED = 2_100;

class Deployment extends TestDirectory {
  readonly #socket = this.at("app.sock");

  constructor() {
    super();
    this.write("app.ts", 'import { a } from "a";\nexport default () => new Response(a);\n');
    this.write("node_modules/a/package.json", '{ "name": "a", "type": "module", "exports": "./a.js" }');
    this.write("node_modules/a/a.js", 'export const a = "one";\n');
  }

  /** Waits until nothing has been written for a while. */
  async settle(): Promise<void> {
    const written = Date.now();
    await until("the files have settled", () => Date.now() - written > SETTLED);
  }

  /** The records, and when each was used last. */
  records(): Map<string, number> {
    try {
      const found = [...Deno.readDirSync(this.at("stackd/code"))].filter(({ name }) => name.endsWith(".json"));
      return new Map(
        found.map(({ name }) => [name, Deno.statSync(this.at(`stackd/code/${name}`)).mtime?.getTime() ?? 0]),
      );
    } catch {
      return new Map();
    }
  }

  /** Starts a gateway, asks it, does what is to be done then, and stops it; gives the answer. */
  async answer(args: readonly string[] = [], then: () => void = () => {}): Promise<string> {
    const line = ["gateway", "--socket", this.#socket, ...args, this.at("app.ts")];
    await using gateway = stackd(line, { env: { XDG_CACHE_HOME: this.path } });
    await gateway.untilPrinted(/^ +pid /m);
    const text = await this.ask();
    then();
    Deno.kill(gateway.pid, "SIGTERM");
    assertEquals((await gateway.ended).code, 0, gateway.stderr);
    return text;
  }

  async ask(): Promise<string> {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.#socket } });
    return await (await fetch("http://localhost/", { client })).text();
  }
}

Deno.test("the second start knows what the first found out, and sees what has changed", async () => {
  using app = new Deployment();
  await app.settle();
  assertEquals(await app.answer(), "one");
  const [[name, made] = ["", 0]] = app.records();
  assert(made > 0, "it is kept by the end of the first gateway");
  assertEquals(await app.answer(), "one");
  const used = app.records();
  assert((used.get(name) ?? 0) > made, "and used by the second");
  app.write("node_modules/a/a.js", 'export const a = "two";\n');
  assertEquals(await app.answer(), "two");
  assertEquals(app.records(), used, "what is written just now is not kept");
});

Deno.test("a cache that goes, is broken or unwritable while a gateway runs makes no difference", async () => {
  using app = new Deployment();
  await app.settle();
  await app.answer();
  const text = await app.answer([], () => {
    // The next worker is of the generation's snapshot, and needs no cache.
    Deno.removeSync(app.at("stackd"), { recursive: true });
    app.write("node_modules/a/a.js", "export const a = ");
  });
  assertEquals(text, "one");
  app.write("node_modules/a/a.js", 'export const a = "three";\n');
  app.write("stackd", "a file, where the cache's directory would be");
  await app.settle();
  assertEquals(await app.answer(), "three");
  assertEquals(app.records().size, 0);
});

Deno.test("--code-cache says where, or off; of a confined handler nothing is kept", async () => {
  using app = new Deployment();
  await app.settle();
  assertEquals(await app.answer(["--code-cache=off"]), "one");
  assertEquals(await app.answer(["--allow-env=NOTHING"]), "one");
  assertEquals(app.records().size, 0);
  assertEquals(await app.answer(["--code-cache", app.at("elsewhere")]), "one");
  assertEquals(app.records().size, 0);
  assertEquals([...Deno.readDirSync(app.at("elsewhere"))].length, 1);
});
