/** A gateway whose output nobody reads any more. With the compiled binary. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { BINARY, runStackd, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

const LINES = 100;
/** Writes 400 KB for each request. */
const APP = `
let count = 0;
export default () => {
  for (let i = 0; i < ${LINES}; i++) console.log(++count, "x".repeat(4000));
  return new Response(String(Deno.pid));
};
`;

/** The gateway, whose standard output is read as far as the banner, and no further. */
async function start(directory: TestDirectory) {
  const socket = directory.at("app.sock"), control = directory.at("control"), module = directory.write("app.ts", APP);
  const args = ["gateway", "--socket", socket, "--front", "--access-log", "off", "--control", control, module];
  const child = new Deno.Command(BINARY, { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  await until("it serves", async () => (await runStackd(["status", "--control", control])).stdout.includes('"ready"'));
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const get = async () => await (await within("it answers", fetch("http://x/", { client }))).text();
  return { child, control, get, [Symbol.dispose]: () => client.close() };
}

Deno.test("a gateway whose output nobody reads serves, tells its status, and says later what was dropped", async () => {
  using directory = new TestDirectory();
  using gateway = await start(directory);
  const { child, get, control } = gateway;
  const pid = await get();
  for (let i = 1; i < 20; i++) assertEquals(await get(), pid, "the worker is not taken for stuck");
  await until("the status counts the requests", async () => {
    return JSON.parse((await runStackd(["status", "--control", control])).stdout).workers[0].requests === 20;
  });
  child.kill("SIGTERM");
  const text = await new Response(child.stdout).text();
  assertEquals((await child.status).code, 0);
  const numbers = [...text.matchAll(/^\[worker 1\] (\d+) x{4000}$/gm)].map(([, number]) => Number(number));
  assertEquals(numbers.slice(0, 200), Array.from({ length: 200 }, (_, i) => i + 1), "what was kept is in order");
  const [, dropped] = /^\d{4}\S+Z \[warn\] (\d+) lines were dropped here: nobody read them$/m.exec(text) ?? [];
  assertEquals(numbers.length + Number(dropped), 20 * LINES);
});

Deno.test("a gateway whose output nobody reads ends when it is told to", async () => {
  using directory = new TestDirectory();
  using gateway = await start(directory);
  const { child, get } = gateway;
  for (let i = 0; i < 3; i++) assertMatch(await get(), /^\d+$/);
  const begun = performance.now();
  child.kill("SIGTERM");
  const { code } = await within("it ends", child.status);
  const took = performance.now() - begun;
  assertEquals(code, 0);
  assert(took < 5_000, `${took} ms`);
  await child.stdout.cancel();
});
