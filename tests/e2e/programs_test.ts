/**
 * Programs that open a server of their own, as the first pages of frameworks show them, unchanged; and applications for node:http as
 * handlers. In the compiled binary, with packages of npm.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runStackd, startGateway, TestDirectory } from "../support/stackd.ts";
import { NPM, npmInstall } from "../support/npm_install.ts";

const PACKAGES = [
  "express@5.3.0",
  "express4@npm:express@4.22.3",
  "koa@3.3.0",
  "connect@3.7.0",
  "fastify@5.12.8",
  "multer@2.5.0",
  "hono@4.13.19",
  "@hono/node-server@2.1.9",
  "@oakserver/oak@14.1.0",
  "itty-router@5.0.24",
];

/** By the name of the file: what it is, what it answers, and what of it is served. */
const PROGRAMS: Readonly<Record<string, readonly [text: string, says: string, served: string]>> = {
  // https://expressjs.com/en/starter/hello-world.html
  "express.js": [
    `const express = require('express')
const app = express()
const port = 3000

app.get('/', (req, res) => {
  res.send('Hello World!')
})

app.listen(port, () => {
  console.log(\`Example app listening on port \${port}\`)
})
`,
    "Hello World!",
    "the server that it opens, node:http",
  ],
  // https://nodejs.org/en/learn/getting-started/introduction-to-nodejs
  "node.mjs": [
    `import { createServer } from 'node:http';

const hostname = '127.0.0.1';
const port = 3000;

const server = createServer((req, res) => {
  res.statusCode = 200;
  res.setHeader('Content-Type', 'text/plain');
  res.end('Hello World');
});

server.listen(port, hostname, () => {
  console.log(\`Server running at http://\${hostname}:\${port}/\`);
});
`,
    "Hello World",
    "the server that it opens, node:http",
  ],
  "koa.mjs": [
    `import Koa from 'koa';
const app = new Koa();

app.use(async ctx => {
  ctx.body = 'Hello World';
});

app.listen(3000);
`,
    "Hello World",
    "the server that it opens, node:http",
  ],
  "fastify.mjs": [
    `import Fastify from 'fastify'
const fastify = Fastify({ logger: false })

fastify.get('/', async function handler (request, reply) {
  return { hello: 'world' }
})

try {
  await fastify.listen({ port: 3000 })
} catch (err) {
  fastify.log.error(err)
  process.exit(1)
}
`,
    '{"hello":"world"}',
    "the server that it opens, node:http",
  ],
  "hono_node.ts": [
    `import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.get('/', (c) => c.text('Hello Node.js!'))

serve(app)
`,
    "Hello Node.js!",
    "the server that it opens, node:http",
  ],
  "hono_deno.ts": [
    `import { Hono } from 'hono'

const app = new Hono()

app.get('/', (c) => c.text('Hello Deno!'))

Deno.serve({ port: 8787 }, app.fetch)
`,
    "Hello Deno!",
    "the server that it opens, Deno.serve()",
  ],
  "oak.ts": [
    `import { Application } from "@oakserver/oak";

const app = new Application();

app.use((ctx) => {
  ctx.response.body = "Hello World!";
});

await app.listen({ port: 8000 });
`,
    "Hello World!",
    "the server that it opens, node:http",
  ],
  "itty.ts": [
    `import { AutoRouter } from 'itty-router'

const router = AutoRouter()

router
  .get('/hello/:name', ({ name }) => \`Hello, \${name}!\`)
  .get('/', () => 'Success!')

export default router
`,
    '"Success!"',
    "default export, object with fetch",
  ],
  "exported.mjs": [
    "import express from 'express';\nexport default express().get('/', (req, res) => res.send('exported'));\n",
    "exported",
    "default export, Express application",
  ],
  "exported.cjs": [
    "const app = require('connect')();\napp.use((req, res) => res.end('connected'));\nmodule.exports = app;\n",
    "connected",
    "default export, Express application",
  ],
  "exported_koa.mjs": [
    "import Koa from 'koa';\nexport default new Koa().use((ctx) => { ctx.body = 'koa'; });\n",
    "koa",
    "default export, Koa application",
  ],
  "exported_fastify.mjs": [
    "import Fastify from 'fastify';\nconst app = Fastify();\napp.get('/', async () => 'fast');\nexport default app;\n",
    "fast",
    "default export, Fastify application",
  ],
  "exported_server.mjs": [
    "import { createServer } from 'node:http';\nexport const handler = createServer((req, res) => res.end('listened to'));\n",
    "listened to",
    "export handler, node:http server",
  ],
};

const EXPRESS = (name: string) =>
  `import express from "${name}";
import multer from "multer";
const app = express();
app.use(express.json(), express.urlencoded({ extended: false }), express.static("public"));
app.post("/json", (req, res) => res.json({ got: req.body, ip: req.ip, protocol: req.protocol }));
app.post("/form", (req, res) => res.json(req.body));
app.post("/upload", multer().single("file"), (req, res) => res.json([req.file.originalname, req.file.size, req.body.note]));
app.post("/length", (req, res) => {
  let length = 0;
  req.on("data", (piece) => length += piece.length).on("end", () => res.send(String(length)));
});
app.get("/stream", async (req, res) => {
  for (const word of ["one ", "two ", "three"]) {
    res.write(word);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  res.end();
});
app.get("/throws", () => { throw new Error("in a route"); });
app.get("/redirect", (req, res) => res.cookie("a", "1").cookie("b", "2").redirect("/there"));
app.get("/file", (req, res) => res.sendFile(process.cwd() + "/public/big.txt"));
export default app;
`;

async function withPackages(t: Deno.TestContext, steps: (directory: TestDirectory) => Promise<void>): Promise<void> {
  using directory = new TestDirectory();
  await t.step("npm install", () => npmInstall(directory.path, PACKAGES));
  await steps(directory);
}

Deno.test({
  name: "frameworks' first pages run unchanged, and their applications are handlers; or there is no npm: nothing",
  ignore: !NPM,
  fn: (t) =>
    withPackages(t, async (directory) => {
      for (const [name, [text, says, served]] of Object.entries(PROGRAMS)) {
        await t.step(name, async () => {
          const module = directory.write(name, text);
          await using gateway = await startGateway(directory.at("x.sock"), module);
          assertStringIncludes(gateway.stdout, `${name} (${served})`);
          using client = Deno.createHttpClient({ proxy: { transport: "unix", path: directory.at("x.sock") } });
          assertEquals(await (await fetch("http://localhost/", { client })).text(), says);
          const { code, stderr } = await gateway.stop();
          assertEquals(code, 0);
          assert(!stderr.includes("[error]"), stderr);
        });
      }
      await t.step("two workers, and two more at a reload, are in nobody's way", async () => {
        await using gateway = await startGateway(directory.at("w.sock"), directory.at("express.js"), [
          "--workers",
          "2",
        ]);
        using client = Deno.createHttpClient({ proxy: { transport: "unix", path: directory.at("w.sock") } });
        gateway.kill("SIGHUP");
        await gateway.until("it is reloaded", () => /\[info\] Reloaded: generation 2/.test(gateway.stderr));
        assertEquals(await (await fetch("http://localhost/", { client })).text(), "Hello World!");
        const { code, stderr } = await gateway.stop();
        assertEquals([code, stderr.includes("[error]")], [0, false], stderr);
      });
      for (const name of ["express", "express4"]) {
        await t.step(`${name}: what a site needs`, () => site(directory, name));
      }
    }),
});

async function site(directory: TestDirectory, name: string): Promise<void> {
  const module = directory.write(`${name}_site.mjs`, EXPRESS(name));
  directory.write("public/big.txt", "static file\n".repeat(20_000));
  const options = { cwd: directory.path, env: { NODE_ENV: "production" } };
  await using gateway = await startGateway(directory.at("s.sock"), module, ["--front"], options);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: directory.at("s.sock") } });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://localhost${path}`, { client, redirect: "manual", ...init });
  const json = async (path: string, body: BodyInit, headers: HeadersInit = {}) =>
    await (await ask(path, { method: "POST", body, headers })).json();
  const got = await json("/json", '{"a":1}', { "content-type": "application/json" });
  assertEquals([got.got, got.protocol], [{ a: 1 }, "http"]);
  assertEquals(await json("/form", new URLSearchParams({ b: "2" })), { b: "2" });
  const form = new FormData();
  form.set("note", "three");
  form.set("file", new File([new Uint8Array(300_000)], "photo.jpg"));
  assertEquals(await json("/upload", form), ["photo.jpg", 300_000, "three"]);
  assertEquals(await json("/length", new Uint8Array(900_000)), 900_000);
  assertEquals(await (await ask("/stream")).text(), "one two three");
  const refused = await ask("/json", { method: "POST", body: "{", headers: { "content-type": "application/json" } });
  assertEquals([refused.status, await refused.text() !== ""], [400, true]);
  const thrown = await ask("/throws");
  assertEquals([thrown.status, (await thrown.text()).includes("Internal Server Error")], [500, true]);
  await gateway.until("it is logged", () => /Error: in a route\n.*_site\.mjs:/.test(gateway.stderr));
  const redirect = await ask("/redirect");
  assertEquals([redirect.status, redirect.headers.get("location"), redirect.headers.getSetCookie().length], [
    302,
    "/there",
    2,
  ]);
  await redirect.body?.cancel();
  const whole = await ask("/big.txt");
  assertEquals((await whole.text()).length, 240_000);
  const part = await ask("/big.txt", { headers: { range: "bytes=0-5" } });
  assertEquals([part.status, await part.text()], [206, "static"]);
  const fresh = await ask("/big.txt", { headers: { "if-none-match": whole.headers.get("etag") ?? "" } });
  assertEquals([fresh.status, await fresh.text()], [304, ""]);
  assertEquals((await (await ask("/file")).text()).length, 240_000);
  const missing = await ask("/none");
  assertEquals([missing.status, (await missing.text()).includes("Cannot GET /none")], [404, true]);
  assertEquals((await gateway.stop()).code, 0);
}

/** Programs without packages. */
Deno.test("programs: what they wait for, and what goes wrong", async (t) => {
  using directory = new TestDirectory();
  const cases: readonly [name: string, text: string, stdout: string, stderr: RegExp][] = [
    [
      "one that is told where it listens",
      `import { createServer } from "node:http"; import { once } from "node:events";
const server = createServer((_, response) => response.end(JSON.stringify(server.address())));
server.listen(4000, "127.0.0.1");
await once(server, "listening");
await once(server, "close");
`,
      '{"address":"127.0.0.1","family":"IPv4","port":4000}',
      /^$/,
    ],
    [
      "one that opens its server late",
      'setTimeout(() => Deno.serve({ onListen: ({ port }) => console.log("at", port) }, () => new Response("late")), 50);',
      "late",
      /^at 8000\n$/,
    ],
    [
      "one that answers its own mistakes",
      `Deno.serve({ handler() { throw new Error("x"); }, onError: (error) => new Response("so " + error.message) });`,
      "so x",
      /^$/,
    ],
    [
      "one that waits for its server's end",
      `await Deno.serve(() => new Response("served")).finished;`,
      "served",
      /^$/,
    ],
    [
      "one that fails after it has opened its server",
      `Deno.serve(() => new Response("no"));\nthrow new Error("after all");`,
      "",
      /^stackd: Cannot load ".*": it threw Error: after all\n/,
    ],
    [
      "one that exports types alone, and opens its server in a function of its own",
      `export type Router = { greet(): string };
export {};
class Server {
  start = () => Deno.serve(() => new Response("typed"));
}
new Server().start();
`,
      "typed",
      /^$/,
    ],
    [
      "one that imports another, which exports something",
      `import "./built.mjs";`,
      "built",
      /^$/,
    ],
    [
      "one that exports something opens its own",
      `import { createServer } from "node:http";
const server = createServer((_, response) => response.end("inner"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
export default async () => {
  const response = await fetch(\`http://127.0.0.1:\${server.address().port}/\`);
  return new Response("outer " + await response.text());
};
export const onStop = () => server.close();
`,
      "outer inner",
      /^$/,
    ],
  ];
  directory.write("built.mjs", 'Deno.serve(() => new Response("built"));\nexport default {};\n');
  for (const [name, text, stdout, stderr] of cases) {
    await t.step(name, async () => {
      const ended = await runStackd(["fetch", directory.write("program.ts", text), "/"]);
      assertEquals(ended.stdout, stdout, ended.stderr);
      assertMatch(ended.stderr, stderr);
    });
  }
  await t.step("stackd check says what is served", async () => {
    const { code, stdout } = await runStackd([
      "check",
      directory.write("check.ts", "Deno.serve(() => new Response());"),
    ]);
    assertEquals(code, 0);
    assertMatch(stdout, /check\.ts is fine: the server that it opens, Deno\.serve\(\)\nexports: nothing\n/);
  });
});
