/** Signals that come while a gateway starts. With the compiled binary. @module */
import { assertEquals } from "@std/assert";
import { until } from "../support/until.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";

/** Notes that it starts, then waits until it may. */
const APP = `
export async function onStart() {
  Deno.writeTextFileSync("starts", "x", { append: true });
  while (true) try { Deno.statSync("go"); break; } catch { await new Promise((resolve) => setTimeout(resolve, 10)); }
}
export default () => new Response(String(Deno.pid));
`;

Deno.test("HUP during the start reloads once it is over, however often it came", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.ts", APP);
  await using gateway = new Running(BINARY, ["gateway", "--http", "127.0.0.1:0", "--access-log", "off", module], {
    cwd: directory.path,
  });
  await until("onStart runs", () => [...Deno.readDirSync(directory.path)].some(({ name }) => name === "starts"));
  for (let i = 0; i < 3; i++) gateway.kill("SIGHUP");
  assertEquals(gateway.stderr, "", "nothing is done before");
  directory.write("go", "");
  await gateway.until("it is reloaded", () => gateway.stderr.includes("Reloaded: generation 2 serves"));
  await gateway.until("the first generation is gone", () => Deno.readTextFileSync(directory.at("starts")) === "xx");
  const { stderr, code } = await gateway.stop();
  assertEquals([code, stderr.match(/Reloading/g)?.length], [0, 1]);
});

Deno.test("TERM ends a start, and what came before it is forgotten", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.ts", APP);
  await using gateway = new Running(BINARY, ["gateway", "--http", "127.0.0.1:0", "--access-log", "off", module], {
    cwd: directory.path,
  });
  await until("onStart runs", () => [...Deno.readDirSync(directory.path)].some(({ name }) => name === "starts"));
  gateway.kill("SIGHUP");
  const { code, stdout, stderr } = await gateway.stop();
  assertEquals([code, stdout, stderr], [0, "", ""]);
});
