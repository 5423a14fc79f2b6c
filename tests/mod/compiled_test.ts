/** A program that embeds a gateway and is compiled itself: it must not start itself where it means to start a worker. @module */
import { assertEquals } from "@std/assert";
import { baseEnvironment } from "../../tools/compile.ts";
import { BINARY, ROOT, TestDirectory } from "../support/stackd.ts";

const PROGRAM = `
import { serveGateway } from "@stackd/stackd";

console.log("begun");
const [module, socket] = Deno.args;
try {
  await using _gateway = await serveGateway({ module, socket });
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  console.log(await (await fetch("http://localhost/", { client })).text());
} catch (thrown) {
  console.log(thrown.message);
}
`;

Deno.test("a compiled program runs workers by the stackd that it names, and none without", async () => {
  using directory = new TestDirectory();
  const config = { links: [ROOT], imports: { "@stackd/stackd": "jsr:@stackd/stackd@^0.1.0" } };
  directory.write("deno.json", JSON.stringify(config));
  directory.write("main.ts", PROGRAM);
  const module = directory.write("app.ts", 'export default () => new Response("Hello");\n');
  const compiled = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "-A", "--quiet", "--no-check", "--output", "program", "main.ts"],
    cwd: directory.path,
    env: await baseEnvironment({ target: Deno.build.target, release: false }),
  }).output();
  assertEquals(compiled.code, 0, new TextDecoder().decode(compiled.stderr));
  const run = async (env: Record<string, string>) => {
    const args = [module, directory.at("app.sock")];
    const { stdout } = await new Deno.Command(directory.at("program"), { args, env }).output();
    return new TextDecoder().decode(stdout);
  };
  assertEquals(await run({ STACKD_EXECUTABLE: BINARY }), "begun\nHello\n");
  assertEquals(
    await run({}),
    "begun\nCannot start workers: this program is compiled, and has no stackd in it; " +
      "name its executable in STACKD_EXECUTABLE\n",
  );
});
