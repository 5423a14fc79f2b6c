/** Handlers with frameworks and packages from node_modules, as their own pages show them, in the compiled binary. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runStackd, startGateway, TestDirectory } from "../support/stackd.ts";
import { NPM, npmInstall } from "../support/npm_install.ts";

const PACKAGES = [
  "hono@4.13.19",
  "zod@4.6.7",
  "@oakserver/oak@14.1.0",
  "express@5.3.0",
  "@trpc/server@11.25.2",
  "lodash@4.18.1",
  "ms@2.1.3",
  "preact@11.2.0",
  "preact-render-to-string@6.8.2",
  "postgres@3.4.9",
  "bcrypt@6.0.0",
];

/** What each handler is, and what it answers to which path. */
interface Case {
  readonly files: Readonly<Record<string, string>>;
  /** @default {"/"} */
  readonly path?: string;
  readonly says: RegExp;
}

/** By the handler's file, which is the first of its files. */
const CASES: Readonly<Record<string, Case>> = {
  "Hono with zod": {
    files: {
      "hono.ts": `import { Hono } from 'hono'
import { z } from 'zod'
const app = new Hono()
const query = z.object({ name: z.string().min(2) })
app.get('/', (c) => {
  const parsed = query.safeParse(c.req.query())
  return parsed.success ? c.text('Hono! ' + parsed.data.name) : c.json(parsed.error.issues[0].path, 400)
})
export default app
`,
    },
    path: "/?name=Ada",
    says: /^Hono! Ada$/,
  },
  "npm: specifiers with ranges and subpaths": {
    files: {
      "npm.ts": `import { Hono } from "npm:hono@^4.6";
import { cors } from "npm:hono@4/cors";
export default new Hono().use(cors()).get("/", (c) => c.text("cors"));
`,
    },
    says: /^cors$/,
  },
  "oak": {
    files: {
      "oak.ts": `import { Application } from "@oakserver/oak";
const app = new Application();
app.use((ctx) => {
  ctx.response.body = "Hello World!";
});
export default { fetch: (request: Request) => app.handle(request) };
`,
    },
    says: /^Hello World!$/,
  },
  "Express behind its own server": {
    files: {
      "express.ts": `import express from "express";
import { createServer } from "node:http";
const app = express();
app.get("/", (req, res) => {
  res.json({ hello: "Express", host: req.headers.host });
});
const path = Deno.makeTempDirSync() + "/express.sock";
const server = createServer(app);
await new Promise<void>((resolve) => server.listen(path, resolve));
const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
export default ({ url, method, headers, body }: Request) =>
  fetch(url, { method, headers, body, client, redirect: "manual" });
export const onStop = () => {
  client.close();
  server.close();
};
`,
    },
    says: /^\{"hello":"Express","host":"localhost"\}$/,
  },
  "tRPC": {
    files: {
      "trpc.ts": `import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";
const t = initTRPC.create();
const router = t.router({
  greet: t.procedure.input(z.string()).query(({ input }) => "Hello " + input),
});
export default (req: Request) => fetchRequestHandler({ endpoint: "/trpc", req, router });
`,
    },
    path: `/trpc/greet?input=${encodeURIComponent('"Ada"')}`,
    says: /"data":"Hello Ada"/,
  },
  "lodash, and a package that is CommonJS alone": {
    files: {
      "lodash.ts": `import _ from "lodash";
import chunk from "lodash/chunk.js";
import ms from "ms";
export default () => Response.json([_.sum([1, 2]), chunk([1, 2, 3], 2), ms("2 days")]);
`,
    },
    says: /^\[3,\[\[1,2\],\[3\]\],172800000\]$/,
  },
  "a handler that is CommonJS itself": {
    files: {
      "old.cjs": `const ms = require("ms");
const { version } = require("./version");
const { z } = require("zod");
const { inner } = require("./inner.mjs");
module.exports = () => Response.json([ms("1s"), version, z.string().parse("z"), inner]);
`,
      "version.json": '{ "version": 7 }',
      "inner.mjs": 'import { deep } from "./deep.mjs";\nexport const inner = deep;\n',
      "deep.mjs": 'export const deep = "deep";\n',
    },
    says: /^\[1000,7,"z","deep"\]$/,
  },
  "packages that nobody could foresee": {
    files: {
      "late.ts": `export default async (request: Request) => {
  const name = new URL(request.url).searchParams.get("name") ?? "";
  const { default: ms } = await import(name);
  const refused = await import("no-such-" + name).catch((error) => error.message.split('"')[1]);
  return Response.json([ms("1s"), refused]);
};
import "hono";
`,
    },
    path: "/?name=ms",
    says: /^\[1000,"no-such-ms"\]$/,
  },
  "Preact by pragma": {
    files: {
      "preact.tsx": `/** @jsxImportSource preact */
import { render } from "preact-render-to-string";
const Page = ({ name }: { name: string }) => <main><h1>Don't panic, {name}</h1></main>;
export default () => new Response(render(<Page name="Ada" />), { headers: { "content-type": "text/html" } });
`,
    },
    says: /^<main><h1>Don't panic, Ada<\/h1><\/main>$/,
  },
  "Hono's JSX by deno.json": {
    files: {
      "jsx/app.tsx": `import { Hono } from "hono";
const app = new Hono();
const Page = (props: { name: string }) => <h1>Hello {props.name}</h1>;
app.get("/", (c) => c.html(<Page name="Ada" />));
export default app;
`,
      "jsx/deno.json": '{ "compilerOptions": { "jsx": "precompile", "jsxImportSource": "hono/jsx" } }',
    },
    says: /^<h1>Hello Ada<\/h1>$/,
  },
  "postgres, whose database is not there": {
    files: {
      "postgres.ts": `import postgres from "postgres";
const sql = postgres("postgres://localhost:1/none", { connect_timeout: 1, max: 1 });
export default async () => {
  try {
    await sql\`select 1\`;
    return new Response("connected");
  } catch (error) {
    return new Response(error.code);
  }
};
`,
    },
    says: /^ECONNREFUSED$/,
  },
  "bcrypt, which is machine code": {
    files: {
      "addon.ts": `import bcrypt from "bcrypt";
export default async () => Response.json(await bcrypt.compare("secret", await bcrypt.hash("secret", 4)));
`,
    },
    says: /^true$/,
  },
  "an import map with packages, folders and scopes": {
    files: {
      "mapped/app.ts": `import { Hono } from "web";
import { logger } from "web/logger";
import { greeting } from "~/greeting.ts";
import limits from "$limits" with { type: "json" };
import { inner } from "./inner/inner.ts";
export default new Hono().use(logger(() => {})).get("/", (c) => c.json([greeting, limits, inner]));
`,
      "mapped/deno.jsonc": `{
  // Comments are allowed.
  "imports": { "web": "npm:hono@^4", "~/": "./lib/", "$limits": "./limits.json" },
  "scopes": { "./inner/": { "~/": "./inner/lib/" } },
}`,
      "mapped/lib/greeting.ts": 'export const greeting: string = "hi";\n',
      "mapped/limits.json": '{ "most": 3 }',
      "mapped/inner/inner.ts": 'export { name as inner } from "~/name.ts";\n',
      "mapped/inner/lib/name.ts": 'export const name = "scoped";\n',
    },
    says: /^\["hi",\{"most":3\},"scoped"\]$/,
  },
  "a workspace's package by its link, #imports, and exports by condition": {
    files: {
      "space/app/app.ts": `import { shared, which } from "@space/shared";
import { db } from "#db";
export default () => Response.json([shared, which, db]);
`,
      "space/app/package.json": '{ "imports": { "#db": { "deno": "./db.deno.ts", "default": "./db.js" } } }',
      "space/app/db.deno.ts": 'export const db: string = "deno";\n',
      "space/app/db.js": 'export const db = "default";\n',
      "space/packages/shared/package.json": `{ "name": "@space/shared", "type": "module", "exports": {
        ".": { "browser": "./no.js", "import": "./index.ts", "default": "./no.js" } } }`,
      "space/packages/shared/index.ts":
        'import { which } from "./which.ts";\nconst shared: string = "shared";\nexport { shared, which };\n',
      "space/packages/shared/which.ts": "export const which = import.meta.url.split('/').slice(-3).join('/');\n",
      "space/link": "",
    },
    says: /^\["shared","packages\/shared\/which\.ts","deno"\]$/,
  },
  "what a module knows of itself, and what it imports as it runs": {
    files: {
      "meta/app.ts": `import text from "./note.txt" with { type: "text" };
import { readFileSync } from "fs";
const late = await import("./late.ts");
export default async () => {
  const name = "computed";
  const computed = await import(\`./late/\${name}.ts\`);
  return Response.json([
    text.trim(),
    import.meta.url.endsWith("/meta/app.ts"),
    import.meta.filename === import.meta.dirname + "/app.ts",
    import.meta.main,
    import.meta.resolve("./x").endsWith("/meta/x"),
    import.meta.resolve("hono").endsWith("/node_modules/hono/dist/index.js"),
    late.late, computed.value,
    readFileSync(new URL("./note.txt", import.meta.url), "utf8").trim(),
    typeof require,
  ]);
};
`,
      "meta/note.txt": "a note\n",
      "meta/late.ts": 'export const late = await Promise.resolve("late");\n',
      "meta/late/computed.ts": 'import { Hono } from "hono";\nexport const value: string = typeof Hono;\n',
    },
    says: /^\["a note",true,true,false,true,true,"late","function","a note","undefined"\]$/,
  },
};

Deno.test({
  name: "packages of npm, or where there is no npm: nothing",
  ignore: !NPM,
  async fn(t) {
    using directory = new TestDirectory();
    await npmInstall(directory.path, PACKAGES);
    for (const { files } of Object.values(CASES)) {
      for (const [name, text] of Object.entries(files)) if (!name.endsWith("/link")) directory.write(name, text);
    }
    Deno.mkdirSync(directory.at("node_modules/@space"));
    Deno.symlinkSync("../../space/packages/shared", directory.at("node_modules/@space/shared"));
    for (const [name, { files, path = "/", says }] of Object.entries(CASES)) {
      const [module = ""] = Object.keys(files);
      await t.step(name, async () => {
        await using gateway = await startGateway(directory.at("x.sock"), directory.at(module));
        using client = Deno.createHttpClient({ proxy: { transport: "unix", path: directory.at("x.sock") } });
        const answer = await fetch(`http://localhost${path}`, { client });
        assertMatch(await answer.text(), says);
        assertEquals((await gateway.stop()).code, 0);
      });
    }
    await t.step("a stack in the log has the places of the files as they were written", async () => {
      const lines = [
        'import { Hono } from "hono";',
        "interface Row { readonly id: number }",
        "enum Kind { One }",
        "const find = (row: Row | null, kind: Kind): number => row!.id + kind;",
        'export default new Hono().get("/", (c) => c.text(String(find(null, Kind.One))));',
      ];
      const module = directory.write("stack.ts", lines.join("\n"));
      const { stderr } = await runStackd(["fetch", module, "/"]);
      assertMatch(stderr, /TypeError: Cannot read properties of null/);
      assertStringIncludes(stderr, "/stack.ts:4:60");
      const page = directory.write(
        "jsx/stack.tsx",
        "type T = string;\nexport default () => {\n  throw new Error(<T/>);\n};\n",
      );
      assertMatch((await runStackd(["fetch", page, "/"])).stderr, /\/jsx\/stack\.tsx:3:\d+/);
    });
  },
});
