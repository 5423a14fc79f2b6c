/** `stackd fetch` with the compiled binary: what it prints, where, and how it ends. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { BINARY, type Ended, TestDirectory } from "../support/stackd.ts";

const APP = `
export const onStart = () => console.error("started");
export const onStop = () => console.error("stopped");
export default async (request, info) => {
  console.log("seen", request.method);
  const { pathname } = new URL(request.url);
  if (pathname === "/echo") {
    return Response.json({
      method: request.method,
      type: request.headers.get("content-type"),
      length: request.headers.get("content-length"),
      host: request.headers.get("host"),
      client: info.remoteAddr.hostname,
      body: await request.text(),
    });
  }
  if (pathname === "/bytes") return new Response(new Uint8Array([0, 255, 10, 13]));
  if (pathname === "/missing") return new Response("not here\\n", { status: 404, headers: [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]] });
  if (pathname === "/busy") return new Response("busy\\n", { status: 503 });
  if (pathname === "/throw") throw new Error("no luck");
  if (pathname === "/work") info.waitUntil(new Promise((done) => setTimeout(done, 50)).then(() => console.error("worked")));
  if (pathname === "/break") {
    return new Response(new ReadableStream({
      start(body) { body.enqueue(new TextEncoder().encode("half\\n")); },
      pull(body) { body.error(new Error("cut off")); },
    }));
  }
  if (pathname === "/clock") {
    let tick = 0;
    return new Response(new ReadableStream({
      async pull(body) {
        await new Promise((done) => setTimeout(done, 10));
        body.enqueue(new TextEncoder().encode(\`tick \${++tick}\\n\`));
      },
      cancel() { console.error("left"); },
    }));
  }
  setInterval(() => {}, 1_000);
  return new Response("Hello\\n");
};
`;

/** Runs `stackd fetch`, with something on its standard input. */
async function run(
  args: readonly string[],
  directory: TestDirectory,
  input = "",
): Promise<Ended & { bytes: Uint8Array }> {
  const child = new Deno.Command(BINARY, {
    args: ["fetch", ...args],
    cwd: directory.path,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, signal, stdout, stderr } = await output;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, stdout: text(stdout), stderr: text(stderr), bytes: stdout };
}

function withApp(): TestDirectory {
  const directory = new TestDirectory();
  directory.write("app.ts", APP);
  return directory;
}

Deno.test("stackd fetch prints the body alone, and ends though the handler keeps a timer", async () => {
  using directory = withApp();
  const { code, stdout, stderr } = await run(["app.ts", "/"], directory);
  assertEquals([code, stdout, stderr], [0, "Hello\n", "started\nseen GET\nstopped\n"]);
  assertEquals((await run(["app.ts", "/bytes"], directory)).bytes, new Uint8Array([0, 255, 10, 13]));
});

Deno.test("stackd fetch --include prints the head as curl does; a 404 is an answer", async () => {
  using directory = withApp();
  const { code, stdout } = await run(["-i", "app.ts", "/missing"], directory);
  assertEquals(code, 0);
  assertEquals(
    stdout,
    "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain;charset=UTF-8\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\r\nnot here\n",
  );
});

Deno.test("stackd fetch prints no body for HEAD, and takes a WebSocket for a failure", async () => {
  using directory = withApp();
  directory.write("socket.ts", "export default (request) => Deno.upgradeWebSocket(request).response;\n");
  const head = await run(["-i", "app.ts", "/", "-X", "head"], directory);
  assertEquals([head.code, head.stdout], [0, "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\n\r\n"]);
  const upgrade = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  const socket = await run(["socket.ts", "/", ...upgrade.flatMap((field) => ["-H", field])], directory);
  assertEquals([socket.code, socket.stdout], [1, ""]);
  assertMatch(socket.stderr, /a WebSocket, which needs a connection\n$/);
});

Deno.test("stackd fetch sends the method, fields and body that it is told", async () => {
  using directory = withApp();
  directory.write("body.json", '{"a":1}\n');
  const ask = async (args: readonly string[], input?: string) =>
    JSON.parse((await run(["app.ts", "/echo", ...args], directory, input)).stdout);
  const nobody = { host: "localhost", client: "unix:", type: null, length: null, body: "" };
  assertEquals(await ask([]), { ...nobody, method: "GET" });
  assertEquals(await ask(["-X", "DELETE", "-H", "Host: example.org", "-H", "X-Forwarded-For: 203.0.113.9"]), {
    ...nobody,
    method: "DELETE",
    host: "example.org",
    client: "203.0.113.9",
  });
  const form = "application/x-www-form-urlencoded";
  assertEquals(await ask(["-d", "a=1", "-d", "b=2"]), {
    ...nobody,
    method: "POST",
    type: form,
    length: "7",
    body: "a=1&b=2",
  });
  assertEquals(await ask(["-X", "PUT", "-H", "content-type: application/json", "-d", "@body.json"]), {
    ...nobody,
    method: "PUT",
    type: "application/json",
    length: "8",
    body: '{"a":1}\n',
  });
  assertEquals(await ask(["-d", "@-"], "from a pipe"), {
    ...nobody,
    method: "POST",
    type: form,
    length: "11",
    body: "from a pipe",
  });
});

Deno.test("stackd fetch exits with 1 for 500 and more, for what is thrown, and for half a body", async () => {
  using directory = withApp();
  const busy = await run(["app.ts", "/busy"], directory);
  assertEquals([busy.code, busy.stdout], [1, "busy\n"]);
  const thrown = await run(["app.ts", "/throw", "-i"], directory);
  assertEquals(thrown.code, 1);
  assertMatch(thrown.stdout, /^HTTP\/1\.1 500 Internal Server Error\r\n/);
  assertMatch(thrown.stderr, /The handler threw for GET "\/throw".*: Error: no luck\n {4}at .*app\.ts:\d+:\d+/);
  const half = await run(["app.ts", "/break"], directory);
  assertEquals([half.code, half.stdout], [1, "half\n"]);
  assertMatch(half.stderr, /The response's body failed: Error: cut off[^]*stopped\n$/);
});

Deno.test("stackd fetch waits for work after the answer, then runs onStop", async () => {
  using directory = withApp();
  const { code, stderr } = await run(["app.ts", "/work"], directory);
  assertEquals([code, stderr], [0, "started\nseen GET\nworked\nstopped\n"]);
});

Deno.test("stackd fetch prints as it comes; the handler sees a reader that has enough leave", async () => {
  using directory = withApp();
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `'${BINARY}' fetch app.ts /clock | head -n 3; echo`],
    cwd: directory.path,
  }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "tick 1\ntick 2\ntick 3\n\n"]);
  assertEquals(new TextDecoder().decode(stderr), "started\nseen GET\nleft\nstopped\n");
});

Deno.test("stackd fetch gives up a handler that does not answer, and one that does not load", async () => {
  using directory = withApp();
  directory.write("hang.ts", "export default () => new Promise(() => {});\n");
  directory.write("slow.ts", "await new Promise(() => {});\n");
  const hung = await run(["hang.ts", "/", "--request-timeout", "0.2"], directory);
  assertEquals(hung.code, 1);
  assertMatch(hung.stdout, /^504 Gateway Timeout\n/);
  const slow = await run(["slow.ts", "/", "--boot-timeout", "0.2"], directory);
  assertEquals([slow.code, slow.stdout], [1, ""]);
  assertMatch(slow.stderr, /^stackd: Cannot load ".*slow\.ts": it took longer than 0\.2 s\n$/);
});

Deno.test("stackd fetch sets the handler's surroundings, and takes a module on standard input", async () => {
  using directory = withApp();
  const source = 'export default () => new Response(`${Deno.env.get("WHO")} in ${Deno.cwd()}\\n`);\n';
  const args = ["-", "/", "--env", "WHO=me", "--chdir", "/usr"];
  const { code, stdout } = await run(args, directory, source);
  assertEquals([code, stdout], [0, "me in /usr\n"]);
});

Deno.test("stackd fetch says what is wrong in one sentence, exit code 2", async (t) => {
  using directory = withApp();
  directory.write("broken.ts", "const wrong = = 2;\n");
  const cases: readonly [args: readonly string[], says: RegExp][] = [
    [[], /^stackd: Cannot fetch from a handler: no handler module, give its path\n/],
    [["app.ts"], /^stackd: Cannot fetch from a handler: nothing to ask for, give a path as \/\n/],
    [["nope.ts", "/"], /^stackd: Cannot load handler "nope\.ts": no such file\n$/],
    [["broken.ts", "/"], /^stackd: Cannot load ".*broken\.ts": .*broken\.ts:1:15\n/],
    [["app.ts", "/", "--inclde"], /did you mean "--include"\?/],
  ];
  for (const [args, says] of cases) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await run(args, directory);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, says);
      assert(!stderr.includes("    at "), "no stack");
    });
  }
});
