/** A user's mistakes: one clear sentence, exit code 2, nothing started, no stack of ours. With the compiled binary. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { BINARY, Running, runStackd, stackd, startGateway, startProxy, TestDirectory } from "../support/stackd.ts";

/** A directory with handlers that are wrong in one way each. */
function mistakes(): TestDirectory {
  const directory = new TestDirectory();
  directory.write("good.ts", `export default () => new Response("good");`);
  directory.write("syntax.ts", `// 한글 before it\nexport default () => {\n  return new Response("x";\n};\n`);
  directory.write("deep.ts", `import "./lib/broken.ts";\nexport default () => new Response("x");\n`);
  directory.write("lib/broken.ts", `const fine = 1;\nconst wrong = = 2;\n`);
  directory.write(
    "throws.ts",
    `function connect() {\n  throw new Error("no database here");\n}\nconnect();\nexport default 1;\n`,
  );
  directory.write("empty.ts", `export const answer = 42;\nexport class Thing {}\n`);
  directory.write("missing_import.ts", `import { x } from "./nowhere.ts";\nexport default () => new Response(x);\n`);
  directory.write("bare.ts", `import { Hono } from "hono";\nexport default new Hono();\n`);
  directory.write(
    "start.ts",
    `export default () => new Response("x");\nexport function onStart() { throw new Error("cannot warm up"); }\n`,
  );
  directory.write("a file", "not a directory");
  return directory;
}

interface Mistake {
  readonly args: readonly string[];
  /** What standard error must say. */
  readonly says: RegExp;
  readonly code?: number;
}

const MISTAKES: Record<string, Mistake> = {
  "unknown command": {
    args: ["gatway"],
    says: /^stackd: Cannot run "gatway": no such command, did you mean "gateway"\?\n/,
  },
  "unknown option": {
    args: ["gateway", "--sokcet", "x.sock", "good.ts"],
    says: /"?--sokcet"?.*did you mean "?--socket/i,
  },
  "missing value": { args: ["gateway", "good.ts", "--socket"], says: /--socket/ },
  "no module": { args: ["gateway", "--socket", "x.sock"], says: /module/i },
  "nowhere to listen": { args: ["gateway", "good.ts"], says: /--socket.*--http|--http.*--socket/ },
  "module not found": {
    args: ["gateway", "--socket", "x.sock", "nope.ts"],
    says: /Cannot load handler ".*nope\.ts": no such file/,
  },
  "bad port": { args: ["gateway", "--http", "127.0.0.1:99999", "good.ts"], says: /99999/ },
  "bad address": { args: ["proxy", "--listen", "what ever", "--static", "."], says: /"what ever"/ },
  "no --listen": { args: ["proxy", "--static", "."], says: /--listen/ },
  "nothing to do": { args: ["proxy", "--listen", ":0"], says: /--upstream.*--static/ },
  "unknown scheme": {
    args: ["proxy", "--listen", ":0", "--upstream", "ftp://x"],
    says: /"ftp:\/\/x".*http:\/\/.*unix:/,
  },
  "https upstream": { args: ["proxy", "--listen", ":0", "--upstream", "https://x"], says: /https/ },
  "static directory missing": { args: ["proxy", "--listen", ":0", "--static", "/s=./nope"], says: /nope/ },
  "static directory is a file": { args: ["proxy", "--listen", ":0", "--static", "./a file"], says: /a file/ },
  "syntax error": {
    args: ["gateway", "--socket", "x.sock", "syntax.ts"],
    says: /syntax\.ts:3:\d+[^]*3 \| +return new Response\("x";\n *\| +\^\n/,
  },
  "syntax error in an import": {
    args: ["gateway", "--socket", "x.sock", "deep.ts"],
    says: /lib\/broken\.ts:2:15[^]*2 \| const wrong = = 2;\n *\| {15}\^\n/,
  },
  "throws while loading": {
    args: ["gateway", "--socket", "x.sock", "throws.ts"],
    says: /no database here[^]*throws\.ts:2:\d+/,
  },
  "no handler": {
    args: ["gateway", "--socket", "x.sock", "empty.ts"],
    says: /found Thing \(class\), answer \(number\); accepted are default/,
  },
  "missing import": {
    args: ["gateway", "--socket", "x.sock", "missing_import.ts"],
    says: /nowhere\.ts[^]*missing_import\.ts/,
  },
  "bare import": { args: ["gateway", "--socket", "x.sock", "bare.ts"], says: /"hono"[^]*bare\.ts/ },
  "onStart throws": { args: ["gateway", "--socket", "x.sock", "start.ts"], says: /cannot warm up/, code: 1 },
  "socket in a directory that is not there": {
    args: ["gateway", "--socket", "no/x.sock", "good.ts"],
    says: /no\/x\.sock|"no"|\/no"/,
  },
  "socket path is a file": { args: ["gateway", "--socket", "a file", "good.ts"], says: /not a socket/, code: 1 },
};

for (const [name, { args, says, code = 2 }] of Object.entries(MISTAKES)) {
  Deno.test(`a mistake gets one clear sentence: ${name}`, async () => {
    using directory = mistakes();
    const before = [...Deno.readDirSync(directory.path)].map((entry) => entry.name).sort();
    const ended = await runStackd(args, { cwd: directory.path, env: { NO_COLOR: "1" } });
    assertMatch(ended.stderr, says);
    assertEquals(ended.code, code, ended.stderr);
    assertEquals(ended.stdout, "", "nothing was started");
    assert(
      !/\/lib\/(cli|config|gateway|handler|process|proxy|front)\/|deno-compile/.test(ended.stderr),
      `no stack of ours: ${ended.stderr}`,
    );
    assert(!ended.stderr.includes("\x1b["), "no colours when standard error is no terminal");
    assertEquals([...Deno.readDirSync(directory.path)].map((entry) => entry.name).sort(), before);
  });
}

Deno.test("a port that is taken is one sentence and exit code 1", async () => {
  using directory = mistakes();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  for (const args of [["proxy", "--listen", address, "--static", "."], ["gateway", "--http", address, "good.ts"]]) {
    const ended = await runStackd(args, { cwd: directory.path });
    assertEquals(ended.stderr.trim(), `stackd: Cannot listen on "${address}": the address is in use`);
    assertEquals([ended.code, ended.stdout], [1, ""]);
  }
});

Deno.test("a socket that another gateway serves is refused; a stale one is replaced", async () => {
  using directory = mistakes();
  const socket = directory.at("x.sock"), module = directory.at("good.ts");
  const first = await startGateway(socket, module);
  await using _first = first;
  const second = await runStackd(["gateway", "--socket", socket, module]);
  assertEquals([second.code, second.stderr.trim()], [
    1,
    `stackd: Cannot listen on "${socket}": another process serves it`,
  ]);
  // Killed, it leaves its socket behind.
  await first.stop("SIGKILL");
  assert(Deno.statSync(socket).isSocket);
  await using third = await startGateway(socket, module);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  assertEquals(await (await fetch("http://localhost/", { client })).text(), "good");
  assertEquals((await third.stop()).code, 0);
});

Deno.test("a gateway that may open too few files for its processes says so, and leaves no directory for good", async () => {
  using directory = mistakes();
  const temporary = directory.at("tmp");
  Deno.mkdirSync(temporary);
  const said: string[] = [];
  for (let limit = 13; limit < 32; limit++) {
    const command = `ulimit -n ${limit}; exec "$0" gateway --http 127.0.0.1:0 -w 2 "$1"`;
    await using gateway = new Running("sh", ["-c", command, BINARY, directory.at("good.ts")], {
      env: { TMPDIR: temporary },
    });
    await gateway.untilPrinted(/^ +pid +\d+$/m).catch(() => {}); // or it has ended
    const { code, stderr } = await gateway.stop();
    if (code === 134) continue; // too few for the runtime itself
    said.push(stderr);
  }
  assertMatch(said.join(""), /^stackd: Cannot start a process: .*Too many open files/m);
  assertEquals(said.filter((text) => text.includes("This is a bug")), []);
  const left = [...Deno.readDirSync(temporary)].map(({ name }) => [...Deno.readDirSync(`${temporary}/${name}`)]);
  assertEquals(
    left.filter((entries) => !entries.some(({ name }) => name === "lock")),
    [],
    "the next start removes them",
  );
});

Deno.test("INT stops at once, and a handler that never returns cannot hold it up", async () => {
  using directory = mistakes();
  const module = directory.write("hang.ts", `export default () => { while (true); };`);
  const socket = directory.at("x.sock");
  await using gateway = await startGateway(socket, module);
  using conn = await Deno.connect({ transport: "unix", path: socket });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  const { code } = await gateway.stop("SIGINT");
  assertEquals(code, 0);
  assertEquals([...Deno.readDirSync(directory.path)].some(({ name }) => name === "x.sock"), false);
});

Deno.test("help and version answer on standard output with exit code 0", async () => {
  for (
    const args of [["help"], ["--help"], ["help", "gateway"], ["gateway", "--help"], ["help", "proxy"], ["version"], [
      "-V",
    ]]
  ) {
    const ended = await runStackd(args);
    assertEquals([ended.code, ended.stderr], [0, ""], args.join(" "));
    assert(ended.stdout.length > 10 && !ended.stdout.includes("\x1b["));
  }
  assertEquals((await runStackd([])).code, 2);
});

Deno.test("the proxy prints where it listens and what answers where", async () => {
  using directory = mistakes();
  const { proxy, port } = await startProxy(["--upstream", "/api=unix:./x.sock", "--static", "."], {
    cwd: directory.path,
  });
  await using _ = proxy;
  assertMatch(
    proxy.stdout,
    new RegExp(
      `^stackd \\d+\\.\\d+\\.\\d+ proxy\n +listen +http://127\\.0\\.0\\.1:${port}/\n +route +/api → unix:.*/x\\.sock\n`,
    ),
  );
  await using other = stackd(["version"]);
  assertEquals((await other.ended).code, 0);
});

Deno.test({
  name: "a command whose output cannot be written says so, and is no bug",
  ignore: Deno.build.os !== "linux", // which has /dev/full
  async fn() {
    for (const command of ["version", "help", "help gateway", "fetch examples/hello/app.ts /"]) {
      const args = ["-c", `"$0" ${command} > /dev/full`, BINARY];
      const { code, stderr } = await new Deno.Command("sh", { args }).output();
      const said = new TextDecoder().decode(stderr);
      assertMatch(said, /^(?:stackd:|\S+ \[error\]) Cannot write to standard output: No space left on device.*\n$/);
      assertEquals(code, 1);
    }
  },
});
