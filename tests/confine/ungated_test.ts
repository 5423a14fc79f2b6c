/** A confined handler whose imports nobody looks at, because all of them are known: what holds is the kernel. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { toFileUrl } from "@std/path";
import { start, Surroundings } from "./world.ts";

/** In disguise, so that nothing in its text speaks of an import. */
const HANDLER = `
  const make = (() => {}).constructor as (...texts: string[]) => (url: string) => Promise<unknown>;
  export default async (request: Request): Promise<Response> => {
    const [url, options] = await request.json();
    try {
      await make("url", "return imp" + "ort(url" + options + ")")(url);
      return new Response("imported");
    } catch (thrown) {
      return new Response(String(thrown));
    }
  };
`;
/** What the kernel's error becomes; from source, Deno asks itself. */
const DENIED = /Permission denied|Requires read access to /;

for (const mode of ["compiled", "source"] as const) {
  Deno.test(`${mode}: code in which nobody looked for imports imports nothing from outside`, async () => {
    await using surroundings = await Surroundings.make();
    const { own, outside } = surroundings.world;
    Deno.mkdirSync(`${own}/plain`);
    Deno.writeTextFileSync(`${own}/plain/app.ts`, HANDLER);
    Deno.writeTextFileSync(`${own}/plain/part.ts`, "export {};");
    const socket = `${outside}/plain.sock`;
    const flags = ["--socket", socket, "--access-log", "off", "--allow-env=NOTHING"];
    await using running = start(mode, ["gateway", ...flags, `${own}/plain/app.ts`]);
    await running.untilPrinted(/^ +pid +\d+$/m);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const ask = async (path: string, options = "") => {
      const body = JSON.stringify([toFileUrl(path).href, options]);
      return await (await fetch("http://localhost/", { method: "POST", body, client })).text();
    };
    assertEquals(await ask(`${own}/plain/part.ts`), "imported");
    assertMatch(await ask(`${outside}/secret.ts`), DENIED);
    assertMatch(await ask(`${outside}/secret.json`, ", { with: { type: 'json' } }"), DENIED);
    if (mode === "compiled") assertMatch(await ask(`${outside}/secret.txt`, ", { with: { type: 'text' } }"), DENIED);
  });
}
