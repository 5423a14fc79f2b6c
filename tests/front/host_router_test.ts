/** Which route answers for a host: as a table, and through a front. */
import { assertEquals } from "@std/assert";
import { bareHost, HostRouter } from "../../lib/front/host_router.ts";
import { head } from "../http1/corpus/case.ts";
import { saying } from "../support/routes.ts";
import { TestFront } from "../support/test_front.ts";

/** Routes as `host,host prefix`; `-` for any host. */
function hosted(written: string): { name: string; hosts: string[]; prefix: string } {
  const [hosts, prefix] = written.split(" ");
  return { name: written, hosts: hosts === "-" ? [] : hosts.split(","), prefix };
}

const ALL = ["- /", "a.example /", "*.example /", "*.b.example /", "x.b.example /x"];

const CASES: [routes: string[], host: string, path: string, route: string | null][] = [
  [["- /"], "a.example", "/", "- /"],
  [["- /"], "", "/", "- /"],
  [["a.example /"], "a.example", "/x", "a.example /"],
  [["a.example /"], "b.example", "/x", null],
  [["a.example /"], "", "/", null],
  [["a.example /"], "x.a.example", "/", null],
  [["a.example /"], "a.example:8080", "/", "a.example /"],
  [["a.example /"], "a.example:", "/", "a.example /"],
  [["a.example /"], "A.EXAMPLE", "/", "a.example /"],
  [["a.example /"], "a.example.", "/", "a.example /"],
  [["a.example /"], "A.Example.:443", "/", "a.example /"],
  [["a.example /"], "a.example..", "/", null],
  [["a.example,b.example /"], "b.example", "/", "a.example,b.example /"],
  [["[::1] /"], "[::1]:8080", "/", "[::1] /"],
  [["[::1] /"], "[::1]", "/", "[::1] /"],
  [["127.0.0.1 /"], "127.0.0.1:80", "/", "127.0.0.1 /"],
  [["*.example /"], "a.example", "/", "*.example /"],
  [["*.example /"], "a.b.example", "/", "*.example /"],
  [["*.example /"], "example", "/", null],
  [["*.example /"], "aexample", "/", null],
  [["*.example /"], "a.example.org", "/", null],
  [["*.example /"], "A.EXAMPLE.:1", "/", "*.example /"],
  [ALL, "a.example", "/", "a.example /"],
  [ALL, "b.example", "/", "*.example /"],
  [ALL, "y.b.example", "/", "*.b.example /"],
  [ALL, "z.y.b.example", "/", "*.b.example /"],
  [ALL, "x.b.example", "/x/1", "x.b.example /x"],
  [ALL, "x.b.example", "/y", "*.b.example /"],
  [ALL, "other.org", "/", "- /"],
  [ALL, "", "/", "- /"],
  // A less exact host is asked only when no path of a more exact one fits, however long its prefix.
  [["a.example /", "- /deep/er"], "a.example", "/deep/er", "a.example /"],
  [["a.example /p", "*.example /q", "- /r"], "a.example", "/p", "a.example /p"],
  [["a.example /p", "*.example /q", "- /r"], "a.example", "/q/1", "*.example /q"],
  [["a.example /p", "*.example /q", "- /r"], "a.example", "/r", "- /r"],
  [["a.example /p", "*.example /q", "- /r"], "a.example", "/pp", null],
  [["a.example /", "a.example /p"], "a.example", "/p/", "a.example /p"],
];

Deno.test("matchHost() takes the most exact host that has the path", () => {
  for (const [routes, host, path, route] of CASES) {
    const router = new HostRouter(routes.map(hosted));
    assertEquals(router.matchHost(host, path)?.name ?? null, route, `${host} ${path} of ${routes.join(", ")}`);
    const reversed = new HostRouter(routes.toReversed().map(hosted));
    assertEquals(reversed.matchHost(host, path)?.name ?? null, route, `the order does not matter for ${host} ${path}`);
  }
});

Deno.test("named tells whether the host matters at all", () => {
  assertEquals(new HostRouter([hosted("- /"), hosted("- /x")]).named, false);
  assertEquals(new HostRouter([hosted("- /"), hosted("a.example /x")]).named, true);
  assertEquals(new HostRouter([]).named, false);
});

Deno.test("bareHost() is lower case, without port and root", () => {
  const hosts = ["A.b:80", "a.b.:80", "a.b.", "a.b:", "[::1]:1", "[::1]", "[::A]", "", "localhost"];
  assertEquals(hosts.map(bareHost), ["a.b", "a.b", "a.b", "a.b", "[::1]", "[::1]", "[::a]", "", "localhost"]);
});

Deno.test("a front serves by host", async (t) => {
  const on = (hosts: string[], prefix: string, body: string) => ({ ...saying(body, prefix), hosts });
  await using front = new TestFront({
    routes: [
      on([], "/", "any"),
      on(["a.example"], "/", "exact"),
      on(["a.example"], "/deep", "exact deep"),
      on(["*.example"], "/", "wild"),
      on(["*.w.example"], "/only", "longer wild"),
    ],
    trustedProxies: { unix: false, networks: ["127.0.0.1"] },
  });
  const client = await front.connect();
  const cases: [line: string, host: string, body: string, ...fields: string[]][] = [
    ["GET / HTTP/1.1", "a.example", "exact"],
    ["GET /x HTTP/1.1", "A.Example.:8080", "exact"],
    ["GET /deep/x HTTP/1.1", "a.example", "exact deep"],
    ["GET /deep/../x HTTP/1.1", "a.example", "exact"],
    ["GET /%64eep HTTP/1.1", "a.example", "exact deep"],
    ["GET /deeper?/deep HTTP/1.1", "a.example", "exact"],
    ["GET / HTTP/1.1", "b.example", "wild"],
    ["GET /only HTTP/1.1", "x.w.example", "longer wild"],
    ["GET / HTTP/1.1", "x.w.example", "wild"],
    ["GET /deep HTTP/1.1", "other.org", "any"],
    ["GET / HTTP/1.1", "127.0.0.1", "any"],
    ["GET http://a.example/deep HTTP/1.1", "other.org", "exact deep"],
    ["GET http://B.example:81 HTTP/1.1", "a.example", "wild"],
    ["GET http://other.org/ HTTP/1.1", "a.example", "any"],
    ["OPTIONS * HTTP/1.1", "a.example", "exact"],
    ["GET / HTTP/1.1", "other.org", "exact", "X-Forwarded-Host: a.example"],
    ["GET / HTTP/1.1", "a.example", "wild", "X-Forwarded-Host: x.example:443"],
    ["GET / HTTP/1.1", "a.example", "exact", "X-Forwarded-Host: not a host"],
    ["GET http://a.example/ HTTP/1.1", "a.example", "any", "X-Forwarded-Host: other.org"],
  ];
  for (const [line, host, body, ...fields] of cases) {
    await t.step(`${[line, host, ...fields].join(", ")} is answered by ${JSON.stringify(body)}`, async () => {
      await client.send(head(line, `Host: ${host}`, ...fields));
      assertEquals((await client.response()).body, body);
    });
  }
  await t.step("HTTP/1.0 without a host", async () => {
    const old = await front.connect();
    await old.send(head("GET / HTTP/1.0"));
    assertEquals((await old.response()).body, "any");
  });
});

Deno.test("a host that nothing answers for is a 404, and a stranger's X-Forwarded-Host is nothing", async () => {
  await using front = new TestFront({ routes: [{ ...saying("exact"), hosts: ["a.example"] }] });
  const client = await front.connect();
  await client.send(head("GET / HTTP/1.1", "Host: other.org", "X-Forwarded-Host: a.example"));
  assertEquals((await client.response()).status, 404);
  await client.send(head("GET / HTTP/1.1", "Host: a.example", "X-Forwarded-Host: other.org"));
  assertEquals((await client.response()).body, "exact");
});
