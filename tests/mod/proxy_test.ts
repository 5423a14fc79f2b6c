/** createProxy(): a proxy inside another program. @module */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createProxy, type ProxyHandle, StackdError } from "../../mod.ts";
import { PROXY_FIELDS } from "../../lib/embed/fields.ts";
import { optionsOf } from "../../lib/config/table.ts";
import { fileCalls } from "../../lib/http1/file_calls.ts";
import { libc } from "../../lib/http1/libc.ts";
import { canInherit } from "../../lib/process/descriptors.ts";
import { TestDirectory } from "../support/stackd.ts";
import { accepts } from "../support/until.ts";
import "../support/quiet_loop.ts";

// These stay open; opened within a test, they would count as leaks.
libc();
fileCalls();
canInherit();

function urlOf({ addresses: [address] }: ProxyHandle): string {
  assert(address?.transport === "tcp");
  return `http://${address.hostname}:${address.port}`;
}

/** The body of a page, on a connection that is not kept. */
async function get(url: string): Promise<string> {
  return await (await fetch(url, { headers: { Connection: "close" } })).text();
}

Deno.test("createProxy() relays to servers and serves files, until it is closed", async () => {
  using directory = new TestDirectory();
  directory.write("public/a.txt", "a file");
  await using upstream = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => new Response(`upstream ${new URL(request.url).pathname}`),
  );
  const proxy = await createProxy({
    listen: "127.0.0.1:0",
    upstream: { "/": [`http://127.0.0.1:${upstream.addr.port}`] },
    static: { "/files": directory.at("public") },
  });
  const url = urlOf(proxy);
  assertEquals([await get(`${url}/x`), await get(`${url}/files/a.txt`)], ["upstream /x", "a file"]);
  await proxy.close();
  const { port } = new URL(url);
  assertEquals(await accepts({ hostname: "127.0.0.1", port: Number(port) }), false);
  await proxy.close(); // again does nothing
});

Deno.test("a proxy that has an access log can be drained and closed again, and is not reloaded any more", async () => {
  using directory = new TestDirectory();
  directory.write("a.txt", "a");
  const options = { listen: "127.0.0.1:0", static: { "/": directory.path }, accessLog: directory.at("log") };
  await using proxy = await createProxy(options); // closes once more
  await get(`${urlOf(proxy)}/a.txt`);
  await proxy.drain(1_000);
  await proxy.close();
  await proxy.drain();
  assertMatch(Deno.readTextFileSync(directory.at("log")), /"GET \/a\.txt HTTP\/1\.1" 200 /);
  const error = await assertRejects(() => proxy.reload(), StackdError);
  assertEquals([error.code, error.message], ["STACKD_CONTROL", "Cannot reload the proxy: it is closed"]);
});

Deno.test("createProxy() listens on a unix socket, and removes it", async () => {
  using directory = new TestDirectory();
  directory.write("public/a.txt", "a file");
  const path = directory.at("web.sock");
  {
    await using proxy = await createProxy({ listen: `unix:${path}`, static: { "/": directory.at("public") } });
    assertEquals(proxy.addresses, [{ transport: "unix", path }]);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    assertEquals(await (await fetch("http://localhost/a.txt", { client })).text(), "a file");
  }
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

Deno.test("reload() serves by other options on the same port; faulty ones change nothing", async () => {
  using directory = new TestDirectory();
  for (const name of ["one", "two"]) directory.write(`${name}/a.txt`, name);
  await using proxy = await createProxy({ listen: "127.0.0.1:0", static: { "/": directory.at("one") } });
  const page = `${urlOf(proxy)}/a.txt`;
  assertEquals(await get(page), "one");
  await proxy.reload({ static: { "/": directory.at("two") } });
  assertEquals(await get(page), "two");
  const error = await assertRejects(() => proxy.reload({ static: { "/": directory.at("none") } }), StackdError);
  assertEquals(error.code, "STACKD_CONFIG_INVALID");
  assertEquals(await get(page), "two");
});

Deno.test("reload() without options reads the file anew", async () => {
  using directory = new TestDirectory();
  for (const name of ["one", "two"]) directory.write(`${name}/a.txt`, name);
  const write = (root: string) => directory.write("stackd.toml", `[[proxy.route]]\npath = "/"\nstatic = "${root}"\n`);
  await using proxy = await createProxy({ listen: "127.0.0.1:0", config: write("one") });
  assertEquals(await get(`${urlOf(proxy)}/a.txt`), "one");
  write("two");
  await proxy.reload();
  assertEquals(await get(`${urlOf(proxy)}/a.txt`), "two");
});

Deno.test("drain() lets the request in flight end, and refuses new clients", async () => {
  const arrived = Promise.withResolvers<void>(), release = Promise.withResolvers<void>();
  await using upstream = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    arrived.resolve();
    await release.promise;
    return new Response("late");
  });
  const proxy = await createProxy({
    listen: "127.0.0.1:0",
    upstream: { "/": `http://127.0.0.1:${upstream.addr.port}` },
  });
  const answer = get(urlOf(proxy));
  await arrived.promise;
  const drained = proxy.drain(10_000);
  release.resolve();
  assertEquals(await answer, "late");
  await drained;
  assertEquals(await accepts({ hostname: "127.0.0.1", port: Number(new URL(urlOf(proxy)).port) }), false);
});

Deno.test("createProxy() rejects with every mistake, in the command line's sentences", async () => {
  const error = await assertRejects(
    () =>
      createProxy({
        listen: "x",
        static: { "/": "/nope" },
        maxBody: "3x",
        headerTimeout: 0,
        trustedProxies: ["10.0.0.0/8", "here"],
      }),
    StackdError,
  );
  assertEquals(error.code, "STACKD_CONFIG_INVALID");
  assertEquals([error.message, ...error.detail?.split("\n") ?? []].sort(), [
    'Cannot use --header-timeout "0": it must be at least 0.001 seconds',
    'Cannot use --listen "x": it has no port; an address is [HOST:]PORT',
    'Cannot use --max-body "3x": a size is a number of bytes, or one with k, m or g, as 512k',
    'Cannot use --static "/=/nope": there is no directory "/nope"',
    'Cannot use --trusted-proxies "10.0.0.0/8,here": "here" is no address, no network as 10.0.0.0/8, and not unix',
  ]);
  const misspelt = { listen: "127.0.0.1:0", static: { "/": "." }, maxBdy: 3 };
  const unknown = await assertRejects(() => createProxy(misspelt), StackdError);
  assertEquals(
    [unknown.code, unknown.message],
    ["STACKD_USAGE", 'Cannot use the option "maxBdy": there is no such option, did you mean "maxBody"?'],
  );
});

Deno.test("createProxy() tells a program in JavaScript which types its options have", async () => {
  const options: object = {
    listen: 8080,
    static: ".",
    upstream: { "/": 8000 },
    headerTimeout: "5s",
    maxBody: null,
    keepaliveRequests: "many",
    trustedProxies: "unix",
    allowUnderscoreHeaders: "no",
  };
  const error = await assertRejects(() => createProxy(options), StackdError);
  assertEquals([error.code, error.message, ...error.detail?.split("\n") ?? []], [
    "STACKD_USAGE",
    'Cannot use the option "listen", 8080: a string, or an array of them, is needed',
    'Cannot use the option "static", ".": an object of strings by prefix, as { "/": "…" }, is needed',
    'Cannot use the option "upstream", { "/": 8000 }: an object of strings, or arrays of them, by prefix, as { "/": "…" }, is needed',
    'Cannot use the option "headerTimeout", "5s": a number of milliseconds is needed',
    'Cannot use the option "maxBody", null: a number or a string is needed',
    'Cannot use the option "keepaliveRequests", "many": a number is needed',
    'Cannot use the option "trustedProxies", "unix": an array of strings is needed',
    'Cannot use the option "allowUnderscoreHeaders", "no": true or false is needed',
  ]);
});

Deno.test("createProxy() rejects for a port that is taken, and leaves nothing open", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listen = ["127.0.0.1:0", `127.0.0.1:${taken.addr.port}`];
  const error = await assertRejects(() => createProxy({ listen, static: { "/": "." } }), StackdError);
  assertEquals([error.code, error.exitCode], ["STACKD_ADDRESS_IN_USE", 1]);
});

Deno.test("every option of stackd proxy can be given, but those of a process of its own", () => {
  const own = new Set(["workers", "pidfile", "uid", "gid", "help"]);
  const flags = optionsOf("proxy").map(({ name }) => name).filter((name) => !own.has(name));
  assertEquals(Object.values(PROXY_FIELDS).map(({ flag }) => flag).sort(), flags.sort());
});
