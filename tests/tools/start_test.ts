import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { parsePort } from "../../tools/start.ts";
import { ROOT, ToolError } from "../../tools/tool.ts";

Deno.test("parsePort() reads the port", () => {
  assertEquals(parsePort([]), 8080);
  assertEquals(parsePort(["--port", "1"]), 1);
  assertEquals(parsePort(["--port=65535"]), 65_535);
});

Deno.test("parsePort() refuses what is no port", () => {
  for (const args of [["--port", "0"], ["--port", "65536"], ["--port", "1e3"], ["--port"], ["--prot", "80"], ["80"]]) {
    assertEquals(assertThrows(() => parsePort(args), ToolError, "Cannot use").exitCode, 2);
  }
});

Deno.test("tools/start.ts says in one sentence that the port is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const args = ["run", "--allow-all", join(ROOT, "tools", "start.ts"), "--port", String(port)];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  const decoder = new TextDecoder();
  assertEquals(
    decoder.decode(stderr),
    `error: Cannot start: the address "127.0.0.1:${port}" is in use; choose another port with --port\n`,
  );
  assertEquals(decoder.decode(stdout), "");
  assertEquals(code, 1);
});
