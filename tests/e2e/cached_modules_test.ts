/** Modules of the net and packages of JSR that Deno itself has cached or vendored, in the compiled binary and without a net. */
import { assertEquals, assertMatch } from "@std/assert";
import { runStackd, TestDirectory } from "../support/stackd.ts";

/** A net of two hosts' worth of modules on one: URLs, and a registry like JSR. */
function serveModules(): Deno.HttpServer<Deno.NetAddr> & AsyncDisposable {
  const files: Record<string, string> = {
    "/lib/mod.ts":
      'import { dep } from "./dep.ts?v=1";\nexport const mod = (): string => dep + import.meta.url.slice(-6);\n',
    "/lib/dep.ts": "enum Dep { One = 'dep ' }\nexport const dep: string = Dep.One;\n",
    "/@me/pkg/meta.json": JSON.stringify({
      scope: "me",
      name: "pkg",
      latest: "2.0.0",
      versions: { "1.0.0": {}, "1.2.0": {}, "2.0.0": {} },
    }),
    "/@me/pkg/1.2.0/mod.ts": 'import { sub } from "./sub.ts";\nexport const version = "1.2.0" + sub;\n',
    "/@me/pkg/1.2.0/sub.ts": 'export const sub: string = " sub";\n',
  };
  const manifest: Record<string, { size: number; checksum: string }> = {};
  const sha = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const ready = (async () => {
    for (const [path, text] of Object.entries(files).filter(([path]) => path.startsWith("/@me/pkg/1.2.0/"))) {
      const checksum = `sha256-${new Uint8Array(await sha(text)).toHex()}`;
      manifest[path.slice("/@me/pkg/1.2.0".length)] = { size: new TextEncoder().encode(text).length, checksum };
    }
    files["/@me/pkg/1.2.0_meta.json"] = JSON.stringify({ manifest, exports: { ".": "./mod.ts", "./sub": "./sub.ts" } });
  })();
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    await ready;
    const { pathname } = new URL(url);
    if (pathname === "/latest.ts") return new Response(null, { status: 302, headers: { location: "/lib/mod.ts" } });
    const text = files[pathname];
    if (text === undefined) return new Response(null, { status: 404 });
    const type = pathname.endsWith(".json") ? "application/json" : "application/typescript";
    return new Response(text, { headers: { "content-type": type } });
  });
}

async function deno(args: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd, env, stdin: "null" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`deno ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test("https: and jsr: are taken from Deno's cache, or from vendor/; what is not there is named", async (t) => {
  using directory = new TestDirectory();
  const server = serveModules();
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const env = { DENO_DIR: directory.at("deno dir"), JSR_URL: `${origin}/` };
  const app = [
    `import { mod } from "${origin}/latest.ts";`,
    'import { version } from "jsr:@me/pkg@^1.0.0";',
    'import { sub } from "jsr:@me/pkg@1/sub";',
    "export default () => Response.json([mod(), version, sub]);",
    "",
  ].join("\n");
  directory.write("cached/app.ts", app);
  directory.write("vendored/app.ts", app.replace(/^import.*jsr.*$/gm, "").replace(", version, sub", ""));
  directory.write("vendored/deno.json", '{ "vendor": true }');
  directory.write("missing/app.ts", app.replace("latest.ts", "other.ts"));
  directory.write("missing/jsr.ts", 'import { x } from "jsr:@me/pkg@^2";\nexport default x;\n');
  await deno(["cache", "--no-lock", "--allow-import", "app.ts"], directory.at("cached"), env);
  await deno(["cache", "--no-lock", "--allow-import", "app.ts"], directory.at("vendored"), env);
  await server.shutdown();

  await t.step("the cache", async () => {
    const { stdout, stderr } = await runStackd(["fetch", directory.at("cached/app.ts"), "/"], { env });
    assertEquals([stdout, stderr], [JSON.stringify(["dep mod.ts", "1.2.0 sub", " sub"]), ""]);
  });
  await t.step("vendor/", async () => {
    const elsewhere = { ...env, DENO_DIR: directory.at("nowhere") };
    const { stdout, stderr } = await runStackd(["fetch", directory.at("vendored/app.ts"), "/"], { env: elsewhere });
    assertEquals([stdout, stderr], [JSON.stringify(["dep mod.ts"]), ""]);
  });
  await t.step("neither", async () => {
    const { stderr, code } = await runStackd(["fetch", directory.at("missing/app.ts"), "/"], { env });
    assertMatch(
      stderr,
      /"http:\/\/127\.0\.0\.1:\d+\/other\.ts", imported at .*app\.ts:1:21, is a module of the net, and not in Deno's cache ".*deno dir"; run "deno bundle app\.ts -o app\.js" in ".*missing"/,
    );
    assertEquals(code, 2);
    const jsr = await runStackd(["fetch", directory.at("missing/jsr.ts"), "/"], { env });
    assertMatch(
      jsr.stderr,
      /"jsr:@me\/pkg@\^2", imported at .*jsr\.ts:1:19, is a package of JSR, and not in Deno's cache/,
    );
  });
});
