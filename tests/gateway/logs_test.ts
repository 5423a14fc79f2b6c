/** --log-format and --log-level, in every process that logs. With the compiled binary. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawClient } from "../support/raw_http.ts";
import { BINARY, Running, startProxy, TestDirectory } from "../support/stackd.ts";

const APP = `
export default (request: Request) => {
  if (new URL(request.url).pathname === "/throw") throw new Error("thrown on purpose");
  return new Response("hello");
};
`;

async function start(directory: TestDirectory, args: readonly string[]) {
  const module = directory.write("app.ts", APP), socket = directory.at("app.sock");
  const gateway = new Running(BINARY, ["gateway", "--socket", socket, ...args, module]);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  const ask = async (path: string) => {
    using client = await RawClient.connect({ transport: "unix", path: socket });
    await client.send(`GET ${path} HTTP/1.1\r\nHost: a.example\r\nUser-Agent: "quoted"\r\n\r\n`);
    return (await client.response()).status;
  };
  return { gateway, ask };
}

for (const who of ["a worker", "a front"]) {
  Deno.test(`--log-format: ${who} writes an object of JSON a line`, async () => {
    using directory = new TestDirectory();
    const log = directory.at("access.log");
    const more = who === "a front" ? ["--front"] : [];
    const { gateway, ask } = await start(directory, ["--access-log", log, "--log-format", "json", ...more]);
    await using _ = gateway;
    assertEquals(await ask("/a?b"), 200);
    assertEquals((await gateway.stop()).code, 0);
    const lines = Deno.readTextFileSync(log).trimEnd().split("\n");
    const found = JSON.parse(lines[0] ?? "");
    assertEquals(lines.length, 1);
    assertEquals(
      [found.request_method, found.request_uri, found.host, found.status, found.body_bytes_sent, found.http_user_agent],
      ["GET", "/a?b", "a.example", 200, who === "a front" ? 5 : null, '"quoted"'],
    );
    assert(found.request_time >= 0 && found.request_time < 5, `${found.request_time}`);
    assertMatch(found.request_id, /^[0-9a-f]{12}-[0-9a-f]+$/);
    if (who === "a front") assertMatch(found.upstream_addr, /^unix:.*\.sock$/);
    else assertEquals(found.upstream_addr, null);
  });
}

Deno.test("--log-level: a level has what is graver, in all processes, and stays after a reload", async () => {
  using directory = new TestDirectory();
  const { gateway, ask } = await start(directory, ["--access-log", "off", "--front", "--log-level", "error"]);
  await using _ = gateway;
  assertEquals(await ask("/throw"), 500);
  await gateway.until("the worker logs its failure", () => gateway.stderr.includes("thrown on purpose"));
  directory.write("app.ts", "export default {{");
  gateway.kill("SIGHUP");
  await gateway.until("the supervisor logs its failure", () => gateway.stderr.includes("Cannot reload"));
  directory.write("app.ts", APP);
  const before = gateway.stderr.length;
  gateway.kill("SIGHUP");
  await gateway.until("it answers again", async () => await ask("/throw") === 500);
  const { code, stderr } = await gateway.stop();
  assertEquals(code, 0);
  assertEquals(stderr.match(/\[(info|warn)\].*/g), null);
  assertMatch(stderr.slice(before), /thrown on purpose/);
});

Deno.test("--log-format and --log-level: a proxy takes changed ones from its file", async () => {
  using directory = new TestDirectory();
  const log = directory.at("access.log");
  const configure = (more: string) =>
    directory.write(
      "stackd.toml",
      `[proxy]\naccess-log = "access.log"\n${more}\n[[proxy.route]]\npath = "/"\nrespond = { status = 200, body = "x" }\n`,
    );
  const file = configure('log-format = "1 $status $http_x_n"\nlog-level = "warn"');
  const { proxy, port } = await startProxy(["-c", file]);
  await using _ = proxy;
  const ask = async (n: number) => {
    using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\nX-N: ${n}\r\n\r\n`);
    assertEquals((await client.response()).status, 200);
  };
  await ask(1);
  configure('log-format = "2 $status $http_x_n"\nlog-level = "info"');
  proxy.kill("SIGHUP");
  await proxy.until("it says so", () => proxy.stderr.includes("[info] Reloaded"));
  await ask(2);
  await proxy.stop();
  assertEquals(Deno.readTextFileSync(log), "1 200 1\n2 200 2\n");
});
