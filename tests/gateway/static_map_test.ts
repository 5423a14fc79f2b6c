/** Files that the gateway's front serves beside its apps. With the compiled binary. @module */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fieldOf, RawClient, type RawResponse } from "../support/raw_http.ts";
import { runStackd, startGateway, TestDirectory } from "../support/stackd.ts";
import { childrenOf } from "./faults_app.ts";

const APP = `export default (request: Request) => new Response("app " + new URL(request.url).pathname);`;

async function ask(path: string, target: string, ...fields: string[]): Promise<RawResponse> {
  using client = await RawClient.connect({ transport: "unix", path });
  const [method = "GET"] = fields.splice(0, 1);
  await client.send([`${method} ${target} HTTP/1.1`, "Host: x", ...fields, "", ""].join("\r\n"));
  return await client.response({ toHead: method === "HEAD" });
}

Deno.test("static map: files are served below their prefix, and the worker sees none of it", async (t) => {
  using directory = new TestDirectory();
  const module = directory.write("app.ts", APP), socket = directory.at("app.sock");
  directory.write("public/hello.txt", "hello, world");
  directory.write("public/sub/index.html", "<p>index");
  directory.write("deep/x.css", "a{}");
  directory.write("secret.txt", "secret");
  directory.write("public/.hidden", "hidden");
  Deno.symlinkSync(directory.at("secret.txt"), directory.at("public/link.txt"));
  const maps = [
    "--static-map",
    `/static=${directory.at("public")}`,
    "--static-map",
    `/static/deep=${directory.at("deep")}`,
  ];
  await using gateway = await startGateway(socket, module, [...maps, "--access-log", "off"]);
  assertMatch(gateway.stdout, /^ {2}static {3}\/static .*\/public$/m);
  assertEquals(childrenOf(gateway.pid, "front").length, 1, "a socket's one worker has a front before it");

  const cases: [target: string, status: number, body: string][] = [
    ["/static/hello.txt", 200, "hello, world"],
    ["/static/sub/", 200, "<p>index"],
    ["/static/deep/x.css", 200, "a{}"],
    ["/x/../static/hello.txt", 200, "hello, world"],
    ["/statics/hello.txt", 200, "app /statics/hello.txt"],
    ["/", 200, "app /"],
  ];
  for (const [target, status, body] of cases) {
    await t.step(target, async () => {
      const answer = await ask(socket, target);
      assertEquals([answer.status, answer.body], [status, body]);
    });
  }
  await t.step("what is not there is 404, not the app's", async () => {
    const statuses: [target: string, status: number][] = [];
    for (const target of ["/static/none", "/static/link.txt", "/static/.hidden", "/static/..%2fsecret.txt"]) {
      statuses.push([target, (await ask(socket, target)).status]);
    }
    assertEquals(statuses.filter(([, status]) => status !== 404), []);
  });
  await t.step("conditions, ranges and HEAD", async () => {
    const whole = await ask(socket, "/static/hello.txt", "HEAD");
    const etag = fieldOf(whole, "etag") ?? "";
    assertEquals([whole.status, fieldOf(whole, "content-length"), fieldOf(whole, "content-type")], [
      200,
      "12",
      "text/plain; charset=utf-8",
    ]);
    assertEquals((await ask(socket, "/static/hello.txt", "GET", `If-None-Match: ${etag}`)).status, 304);
    const part = await ask(socket, "/static/hello.txt", "GET", "Range: bytes=7-");
    assertEquals([part.status, part.body], [206, "world"]);
    assertEquals((await ask(socket, "/static/hello.txt", "POST", "Content-Length: 0")).status, 405);
  });
  await t.step("they are there while the app is not", async () => {
    for (const pid of childrenOf(gateway.pid, "worker")) Deno.kill(pid, "SIGSTOP");
    assertEquals((await ask(socket, "/static/hello.txt")).status, 200);
    for (const pid of childrenOf(gateway.pid, "worker")) Deno.kill(pid, "SIGCONT");
  });
});

Deno.test("static map: one that cannot be is an error before anything starts", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.ts", APP);
  const { code, stderr } = await runStackd(["gateway", "--http", "127.0.0.1:0", "--static-map", "/s=/nope", module]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Cannot use --static-map "/s=/nope": there is no directory "/nope"');
});
