/** What a route answers and what it changes in heads, each key by its effect on real sockets. */
import { assertEquals, assertMatch } from "@std/assert";
import { plainRoute, type RouteAction, type RouteOptions } from "../../lib/config/route_options.ts";
import { parseTemplate } from "../../lib/config/template.ts";
import { get, head, post } from "../http1/corpus/case.ts";
import { fieldOf, type RawResponse } from "../support/raw_http.ts";
import { edits, NOBODY, saying, toUpstream } from "../support/routes.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { answering, reply, type SeenRequest, TestUpstream } from "../support/test_upstream.ts";

/** One request to one route; gives its answer. */
async function ask(route: RouteOptions, request: string, options: TestFrontOptions = {}): Promise<RawResponse> {
  await using front = new TestFront({ routes: [route], ...options });
  const client = await front.connect();
  await client.send(request);
  return await client.response({ toHead: request.startsWith("HEAD") });
}

const to = (target: string, ...lines: string[]) => get(...lines).replace("/ ", `${target} `);

type Redirect = RouteAction & { kind: "redirect" };
const redirect = (location: string, status: Redirect["status"] = 301) =>
  plainRoute("/", { kind: "redirect", status, location: parseTemplate(location) });

Deno.test("redirect", async (t) => {
  const cases: [location: string, request: string, expected: string][] = [
    ["https://$host$request_uri", to("/a/b?c=d&e"), "https://a.example/a/b?c=d&e"],
    ["https://$host$request_uri", head("GET /x HTTP/1.1", "Host: A.Example:8080"), "https://a.example/x"],
    ["https://$http_host$request_uri", head("GET /x HTTP/1.1", "Host: a.example:8080"), "https://a.example:8080/x"],
    ["https://$host$request_uri", to("http://b.example/x?y"), "https://b.example/x?y"],
    ["/new$uri$is_args$args", to("/old//x/../y?z"), "/new/old/y?z"],
    ["/new", to("/old?x"), "/new"],
    // What is escaped stays so: nothing a client sends can end the line.
    ["https://$host$request_uri", to("/%0d%0aSet-Cookie:%20a=b"), "https://a.example/%0d%0aSet-Cookie:%20a=b"],
    ["https://$host$uri?$args", to("/%0d%0aX:y?%0a"), "https://a.example/%0D%0AX:y?%0a"],
    ["https://x/\r\nSet-Cookie: a=b", to("/"), "https://x/Set-Cookie: a=b"],
  ];
  for (const [location, request, expected] of cases) {
    await t.step(`${JSON.stringify(location)} of ${JSON.stringify(request.split("\r\n", 1)[0])}`, async () => {
      const response = await ask(redirect(location), request);
      assertEquals([response.status, fieldOf(response, "location")], [301, expected]);
      assertEquals(fieldOf(response, "set-cookie"), null);
      assertEquals(response.body, `301 ${expected}\n`);
    });
  }
  for (const status of [301, 302, 303, 307, 308] as const) {
    await t.step(`status ${status}, with a body that is passed over`, async () => {
      await using front = new TestFront({ routes: [redirect("/x", status)] });
      const client = await front.connect();
      await client.send(post("Content-Length: 2") + "hi" + get());
      assertEquals([(await client.response()).status, (await client.response()).status], [status, status]);
      assertEquals((await front.log.entry(2)).status, status);
    });
  }
  await t.step("HEAD", async () => {
    const response = await ask(redirect("/new"), get().replace("GET", "HEAD"));
    assertEquals([fieldOf(response, "location"), fieldOf(response, "content-length")], ["/new", "9"]);
  });
  await t.step("raw control characters in the path, the Host or a believed host are refused or ignored", async () => {
    const route = redirect("https://$host$request_uri"), trustedProxies = { unix: false, networks: ["127.0.0.1"] };
    for (const bad of ["\0", "\r", "\n", "\x0b", "\x7f", "\t"]) {
      assertEquals((await ask(route, to(`/a${bad}b`))).status, 400, JSON.stringify(bad));
      assertEquals((await ask(route, head("GET / HTTP/1.1", `Host: a${bad}b`))).status, 400, JSON.stringify(bad));
    }
    for (const host of ["b\tX", "b.example/x", "b.example\t", "a b", "é"]) {
      const response = await ask(route, get(`X-Forwarded-Host: ${host}`), { trustedProxies });
      const expected = host === "b.example\t" ? "https://b.example/" : "https://a.example/";
      assertEquals(fieldOf(response, "location"), expected, JSON.stringify(host));
    }
    const response = await ask(redirect("$scheme://$host/"), get("X-Forwarded-Proto: https"), { trustedProxies });
    assertEquals(fieldOf(response, "location"), "https://a.example/");
  });
});

Deno.test("respond", async (t) => {
  const route = plainRoute("/", { kind: "respond", status: 418, contentType: "text/html", body: "<p>é</p>" });
  await t.step("GET and POST", async () => {
    for (const request of [get(), post("Content-Length: 2") + "hi"]) {
      const response = await ask(route, request);
      assertEquals([response.status, response.body, response.framing], [418, "<p>\xc3\xa9</p>", "length"]);
      assertEquals(fieldOf(response, "content-type"), "text/html");
    }
  });
  await t.step("HEAD, and another request behind", async () => {
    await using front = new TestFront({ routes: [route] });
    const client = await front.connect();
    await client.send(get().replace("GET", "HEAD") + get());
    const response = await client.response({ toHead: true });
    assertEquals([response.status, fieldOf(response, "content-length")], [418, "9"]);
    assertEquals((await client.response()).body, "<p>\xc3\xa9</p>");
    assertEquals((await front.log.entry(1)).bytes, 0);
    assertEquals((await front.log.entry(2)).bytes, 9);
  });
  await t.step("204 and an empty 200", async () => {
    const empty = (status: number) =>
      ask(plainRoute("/", { kind: "respond", status, contentType: "text/plain", body: "" }), get());
    assertEquals(fieldOf(await empty(204), "content-length"), null);
    assertEquals(fieldOf(await empty(200), "content-length"), "0");
  });
});

Deno.test("strip-prefix", async (t) => {
  const api = (upstream: TestUpstream): RouteOptions => ({ ...toUpstream(upstream, "/api"), stripPrefix: true });
  const requests: [target: string, seen: string][] = [
    ["/api/x?q=1", "GET /x?q=1"],
    ["/api", "GET /"],
    ["/api/", "GET /"],
    ["/api?q", "GET /?q"],
    ["/%61pi/x", "GET /x"],
    ["/api//x", "GET /x"],
    ["http://a.example/api/x", "GET /x"],
  ];
  for (const [target, line] of requests) {
    await t.step(`${target} is ${line} for the upstream`, async () => {
      await using upstream = new TestUpstream();
      assertEquals((await ask(api(upstream), to(target, "X-Forwarded-Prefix: /forged"))).status, 200);
      assertEquals(upstream.seen, [line]);
      assertEquals(fieldOf(upstream.requests[0], "x-forwarded-prefix"), "/api");
      assertEquals(fieldOf(upstream.requests[0], "host"), "a.example");
    });
  }
  await t.step("a body goes along", async () => {
    await using upstream = new TestUpstream();
    await ask(api(upstream), post("Content-Length: 5").replace("/p ", "/api/p ") + "hello");
    assertEquals([upstream.seen, upstream.requests[0].body], [["POST /p"], "hello"]);
  });
  await t.step("/apix is another path, and without the key nothing is taken off", async () => {
    await using upstream = new TestUpstream();
    assertEquals((await ask(api(upstream), to("/apix"))).status, 404);
    await ask(toUpstream(upstream, "/api"), to("/api/x"));
    assertEquals(upstream.seen, ["GET /api/x"]);
    assertEquals(fieldOf(upstream.requests[0], "x-forwarded-prefix"), null);
  });

  const places: [field: string, expected: string][] = [
    ["Location: /x?y", "/api/x?y"],
    ["Location: /api/x", "/api/x"],
    ["Location: http://a.example/x", "http://a.example/api/x"],
    ["Location: https://a.example/x", "https://a.example/api/x"],
    ["Location: http://other.example/x", "http://other.example/x"],
    ["Location: x", "x"],
    ["Set-Cookie: a=b; Path=/; HttpOnly", "a=b; Path=/api/; HttpOnly"],
    ["Set-Cookie: a=b; Path=/x", "a=b; Path=/api/x"],
    ["Set-Cookie: a=b", "a=b"],
  ];
  for (const [field, expected] of places) {
    await t.step(`${field} is ${expected} for the client`, async () => {
      await using upstream = new TestUpstream(answering(reply("moved", "302 Found", `${field}\r\n`)));
      const response = await ask(api(upstream), to("/api/x"));
      assertEquals(fieldOf(response, field.split(":", 1)[0].toLowerCase()), expected);
      assertEquals([response.status, response.body], [302, "moved"]);
    });
  }
  await t.step("a Location with the upstream's own address", async () => {
    await using upstream = new TestUpstream(undefined, "tcp");
    const { target } = upstream;
    const origin = target.transport === "tcp" ? `http://${target.hostname}:${target.port}` : "";
    upstream.script = answering(reply("", "302 Found", `Location: ${origin}/x\r\n`));
    assertMatch(fieldOf(await ask(api(upstream), to("/api/y")), "location") ?? "", /\/api\/x$/);
  });
  await t.step("many cookies, more than a prefix's room was thought of", async () => {
    const cookies = Array.from({ length: 150 }, (_, i) => `Set-Cookie: c${i}=${"v".repeat(60)}; Path=/\r\n`).join("");
    await using upstream = new TestUpstream(answering(reply("x".repeat(3_000), "200 OK", cookies)));
    const long = `/${"p".repeat(200)}`;
    const response = await ask({ ...toUpstream(upstream, long), stripPrefix: true }, to(`${long}/x`));
    const paths = response.fields.filter(([name, value]) => name === "Set-Cookie" && value.endsWith(`Path=${long}/`));
    assertEquals([paths.length, response.body.length], [150, 3_000]);
  });
});

/** What the upstream is asked when `fields` are changed. */
async function changed(
  fields: Parameters<typeof edits>[0],
  request = get("X-A: 1", "Cookie: c"),
): Promise<SeenRequest> {
  await using upstream = new TestUpstream();
  const response = await ask({ ...toUpstream(upstream), requestFields: edits(fields) }, request);
  assertEquals(response.status, 200);
  return upstream.requests[0];
}

Deno.test("request-fields", async (t) => {
  const cases: [name: string, fields: Parameters<typeof edits>[0], field: string, value: string | null][] = [
    ["set replaces what the client sent", { set: [["X-A", "2"]] }, "x-a", "2"],
    ["set makes what was not there", { set: [["X-B", "2"]] }, "x-b", "2"],
    ["set to nothing removes", { set: [["X-A", ""]] }, "x-a", null],
    ["add leaves what was there", { add: [["X-A", "2"]] }, "x-a", "1, 2"],
    ["remove", { remove: ["cookie"] }, "cookie", null],
    ["remove what we write: X-Real-IP", { remove: ["x-real-ip"] }, "x-real-ip", null],
    ["remove what we write: X-Forwarded-For", { remove: ["x-forwarded-for"] }, "x-forwarded-for", null],
    ["remove what we write: X-Request-Id", { remove: ["x-request-id"] }, "x-request-id", null],
    ["set Host", { set: [["Host", "upstream.example"]] }, "host", "upstream.example"],
    ["X-Forwarded-Host is the client's all the same", { set: [["Host", "u"]] }, "x-forwarded-host", "a.example"],
    ["variables", { set: [["X-B", "$request_method $request_uri of $remote_addr"]] }, "x-b", "GET / of 127.0.0.1"],
    ["a variable of the host", { set: [["X-B", "$scheme://$http_host"]] }, "x-b", "http://a.example"],
    ["a variable that is empty", { set: [["X-B", "$args"]] }, "x-b", null],
  ];
  for (const [name, fields, field, value] of cases) {
    await t.step(name, async () => assertEquals(fieldOf(await changed(fields), field), value));
  }
  await t.step("$request_id is the one that the upstream is told", async () => {
    const seen = await changed({ set: [["X-B", "$request_id"]] });
    assertEquals(fieldOf(seen, "x-b"), fieldOf(seen, "x-request-id"));
  });
  await t.step("the Host of an absolute-form target can be set too", async () => {
    const seen = await changed({ set: [["Host", "u"]] }, to("http://b.example/x"));
    assertEquals([fieldOf(seen, "host"), fieldOf(seen, "x-forwarded-host")], ["u", "b.example"]);
  });
  await t.step("a body goes along, and a head as large as allowed", async () => {
    const long = "v".repeat(15_000);
    const request = post("Content-Length: 5", `X-Long: ${long}`).replace("/p ", `/${"p".repeat(900)} `) + "hello";
    const seen = await changed({ set: [["X-B", "$uri $uri $uri"]], add: [["X-C", "c"]] }, request);
    assertEquals([seen.body, fieldOf(seen, "x-long")?.length, fieldOf(seen, "x-c")], ["hello", 15_000, "c"]);
  });
});

Deno.test("response-fields", async (t) => {
  using directory = new TestDirectory();
  directory.write("a.txt", "hello");
  const responseFields = edits({
    remove: ["x-powered-by"],
    set: [["Cache-Control", "max-age=5"], ["X-From", "$host$uri"]],
    add: [["X-Id", "$request_id"]],
  });
  await using upstream = new TestUpstream(
    answering(reply("ok", "404 Not Found", "X-Powered-By: PHP\r\nCache-Control: private\r\nX-Id: theirs\r\n")),
  );
  await using front = new TestFront({
    routes: [
      toUpstream(upstream, "/up"),
      toUpstream(NOBODY, "/down"),
      plainRoute("/files", { kind: "static", root: directory.path }),
      { ...redirect("/x"), prefix: "/redirect" },
      saying("hello", "/respond"),
      { ...saying("hello", "/denied"), access: { allow: [], deny: ["127.0.0.1"] } },
      { ...saying("hello", "/small"), maxBody: 1 },
    ].map((route) => ({ ...route, responseFields })).concat(saying("plain", "/plain")),
  });
  const cases: [target: string, status: number, from: string][] = [
    ["/up/x", 404, "a.example/up/x"],
    ["/down", 502, "a.example/down"],
    ["/files/a.txt", 200, "a.example/files/a.txt"],
    ["/files/none", 404, "a.example/files/none"],
    ["/redirect", 301, "a.example/redirect"],
    ["/respond", 200, "a.example/respond"],
    ["/denied", 403, "a.example/denied"],
  ];
  const client = await front.connect();
  for (const [target, status, from] of cases) {
    await t.step(`${target} → ${status}`, async () => {
      await client.send(to(target));
      const response = await client.response();
      assertEquals([response.status, fieldOf(response, "x-from")], [status, from]);
      assertEquals(fieldOf(response, "cache-control"), "max-age=5");
      assertEquals(fieldOf(response, "x-powered-by"), null);
      assertMatch(fieldOf(response, "x-id") ?? "", target === "/up/x" ? /^theirs, [\da-f-]+$/ : /^[\da-f]+-[\da-f]+$/);
    });
  }
  await t.step("413, and HEAD", async () => {
    await client.send(post("Content-Length: 2").replace("/p ", "/small ") + "hi");
    assertEquals(fieldOf(await client.response(), "x-from"), "a.example/small");
    const other = await front.connect();
    await other.send(to("/respond").replace("GET", "HEAD"));
    assertEquals(fieldOf(await other.response({ toHead: true }), "x-from"), "a.example/respond");
  });
  await t.step("other routes have their own", async () => {
    const other = await front.connect();
    await other.send(to("/plain"));
    assertEquals(fieldOf(await other.response(), "x-from"), null);
  });
});

Deno.test("response-fields may set Server and Date of our own answers, too, which are not doubled then", async () => {
  const set = [{ name: "server", value: ["mine"] }, { name: "Date", value: ["never"] }];
  const route = plainRoute("/", { kind: "respond", status: 200, contentType: "text/plain", body: "x" });
  await using front = new TestFront({ routes: [{ ...route, responseFields: { remove: [], set, add: [] } }] });
  const client = await front.connect();
  await client.send(get());
  const { fields } = await client.response();
  const said = fields.filter(([name]) => /^(?:server|date)$/i.test(name));
  assertEquals(said.map(([, value]) => value), ["mine", "never"]);
});
