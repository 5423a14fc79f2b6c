/** A program outside of the project that embeds both halves, as docs/embedding.md says. @module */
import { assertEquals } from "@std/assert";
import { ROOT, TestDirectory } from "../support/stackd.ts";

const PROGRAM = `
import { createProxy, loadHandler, serveGateway, StackdError } from "@stackd/stackd";

const module = new URL("app.ts", import.meta.url).pathname.replaceAll("%20", " ");
const path = Deno.makeTempDirSync() + "/app.sock";
{
  await using app = await loadHandler(module);
  console.log("called:", await (await app.fetch("/")).text());
}
{
  await using _gateway = await serveGateway({ module, socket: path });
  await using proxy = await createProxy({ listen: "127.0.0.1:0", upstream: { "/": "unix:" + path } });
  const [address] = proxy.addresses;
  if (address?.transport !== "tcp") throw new Error("no port");
  console.log("served:", await (await fetch(\`http://127.0.0.1:\${address.port}/\`)).text());
}
await createProxy({ listen: "x" }).catch((thrown) => console.log(thrown instanceof StackdError && thrown.code));
`;

Deno.test("a program with its own deno.json embeds a gateway and a proxy, and ends by itself", async () => {
  using directory = new TestDirectory();
  const config = { links: [ROOT], imports: { "@stackd/stackd": "jsr:@stackd/stackd@^0.1.0" } };
  directory.write("deno.json", JSON.stringify(config));
  directory.write("app.ts", 'export default () => new Response("Hello");\n');
  directory.write("main.ts", PROGRAM);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "main.ts"],
    cwd: directory.path,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(text(stdout), "called: Hello\nserved: Hello\nSTACKD_USAGE\n", text(stderr));
  assertEquals(code, 0);
});
