/** stackd.toml for a gateway. With the compiled binary. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { BINARY, Running, runStackd, TestDirectory } from "../support/stackd.ts";

const APP = "export default () => new Response(`${Deno.env.get('NAME')} ${Deno.cwd()}`);\n";

function write(directory: TestDirectory, more = ""): string {
  directory.write("srv/app.ts", APP);
  return directory.write(
    "conf/stackd.toml",
    `[gateway]
module = "../srv/app.ts"
http = "127.0.0.1:0"
workers = 2
chdir = "../srv"
access-log = "off"
env = { NAME = "from the file" }
${more}`,
  );
}

Deno.test("stackd gateway -c serves by [gateway]; flags win over it", async () => {
  using directory = new TestDirectory();
  const file = write(directory);
  for (
    const [args, name, workers] of [[[], "from the file", 2], [["-w", "1", "--env", "NAME=flag"], "flag", 1]] as const
  ) {
    await using gateway = new Running(BINARY, ["gateway", "-c", file, ...args], { cwd: "/" });
    const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
    await gateway.untilPrinted(new RegExp(`^ +workers +${workers}$`, "m"));
    await gateway.untilPrinted(/^ +pid +\d+$/m);
    const answer = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    assertEquals(answer, `${name} ${directory.at("srv")}`);
    assertEquals((await gateway.stop()).code, 0);
  }
});

Deno.test("stackd gateway -c says every mistake with its line, and starts nothing", async () => {
  using directory = new TestDirectory();
  const file = write(directory, 'ping-timeout = 0\nsokcet = "x"\n');
  const { code, stdout, stderr } = await runStackd(["gateway", "-c", file, "--max-requests", "x"]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /--max-requests "x": a whole number/);
  assertMatch(stderr, /stackd\.toml:8: ping-timeout = 0: it must be at least 0.001 seconds/);
  assertMatch(stderr, /stackd\.toml:9: "sokcet" is no key of \[gateway\], did you mean "socket"\?/);
});

Deno.test("stackd check -c checks both roles that a file is for", async () => {
  using directory = new TestDirectory();
  const file = write(directory);
  assertEquals((await runStackd(["check", "-c", file])).stdout, `${file} is fine: 1 app with 2 workers\n`);
  const both = write(directory, '[proxy]\nlisten = 8080\n[[proxy.route]]\npath = "/"\nrespond = { status = 204 }\n');
  assertEquals(
    (await runStackd(["check", "-c", both])).stdout,
    `${both} is fine: 1 app with 2 workers; 1 listener, 1 route, 0 upstreams\n`,
  );
  write(directory, "workrs = 1\n");
  const { code, stderr } = await runStackd(["check", "-c", file]);
  assertEquals(code, 2);
  assertMatch(stderr, /"workrs" is no key of \[gateway\], did you mean "workers"\?/);
});
