/** The compiled proxy before a real uWSGI with the Django project of examples/django: what a browser does, and what clients do to it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ADMIN, copy, DjangoProject, missingForDjango } from "../support/django.ts";
import { freePort } from "../support/free_port.ts";
import { noise } from "../support/noise.ts";
import { RawClient } from "../support/raw_http.ts";
import { runPage } from "../support/shell_blocks.ts";
import { installed, ROOT, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

const missing = await missingForDjango();
/** Of all tests; never used where something is missing. */
const made = missing.length === 0 ? await DjangoProject.make() : null;
globalThis.addEventListener("unload", () => made?.[Symbol.dispose]());

function test(name: string, fn: (project: DjangoProject) => Promise<void>, others: readonly string[] = []): void {
  const all = [...missing, ...others.filter((program) => !installed(program))];
  const what = all.length === 0 ? name : `${name} (no ${all.join(", no ")} here)`;
  Deno.test({
    name: what,
    ignore: all.length > 0,
    async fn() {
      if (made !== null) await fn(made);
    },
  });
}

/** An answer as text, and the cookies it sets. */
async function ask(url: string, options: RequestInit = {}) {
  const response = await fetch(url, { redirect: "manual", ...options });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]);
  return {
    status: response.status,
    headers: response.headers,
    body: await response.text(),
    cookie: cookies.join("; "),
  };
}

/** The token in a page's form. */
function tokenIn(page: string): string {
  return /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1] ?? "";
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

test("a browser's day: the tutorial's URL, a form, uploads, a stream, the admin's pages", async (project) => {
  await using uwsgi = await project.startUwsgi();
  const { proxy, url } = await project.startProxy();
  await using _proxy = proxy;

  const hello = await ask(`${url}/hello/say/`);
  assertEquals([hello.status, hello.headers.get("content-type"), hello.body], [
    200,
    "application/json",
    '{"res": "Hello"}',
  ]);
  assertEquals((await ask(`${url}/hello/say`)).headers.get("location"), "/hello/say/");

  // A form: without its token 403, with it the session remembers.
  const form = await ask(`${url}/hello/greet/`);
  assertStringIncludes(form.body, "Hello, you!");
  const body = new URLSearchParams({ name: "Ada", csrfmiddlewaretoken: tokenIn(form.body) });
  assertEquals((await ask(`${url}/hello/greet/`, { method: "POST", body })).status, 403);
  const posted = await ask(`${url}/hello/greet/`, { method: "POST", body, headers: { cookie: form.cookie } });
  assertEquals([posted.status, posted.headers.get("location")], [302, "/hello/greet/"]);
  const cookie = `${form.cookie}; ${posted.cookie}`;
  assertStringIncludes((await ask(`${url}/hello/greet/`, { headers: { cookie } })).body, "Hello, Ada!");

  // Uploads: one with a length, one in chunks.
  const file = noise(5_000_000), sha256 = await digestOf(file);
  const expected = { name: "noise.bin", size: file.length, sha256 };
  const data = new FormData();
  data.append("file", new Blob([file]), "noise.bin");
  assertEquals(JSON.parse((await ask(`${url}/hello/upload/`, { method: "POST", body: data })).body), expected);
  const whole = new Request(url, { method: "POST", body: data });
  const type = whole.headers.get("content-type") ?? "";
  const streamed = await ask(`${url}/hello/upload/`, {
    method: "POST",
    body: whole.body,
    headers: { "content-type": type },
  });
  assertEquals(JSON.parse(streamed.body), expected);

  const lines = await ask(`${url}/hello/count/200000/`);
  assertEquals(lines.body.length, 200_000 * 64);
  assert(lines.body.endsWith(`${"199999".padStart(63, "0")}\n`));

  // The admin: its page, everything that it links to, and a login.
  const login = await ask(`${url}/admin/login/?next=/admin/`);
  assertStringIncludes(login.body, "Django administration");
  const linked = [...login.body.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path);
  assert(linked.some((path) => path.endsWith(".css")) && linked.some((path) => path.endsWith(".js")), linked.join());
  const styles = await Promise.all(linked.map(async (path) => {
    const { status, headers, body } = await ask(`${url}${path}`);
    assertEquals(status, 200, path);
    assertMatch(headers.get("content-type") ?? "", path.endsWith(".css") ? /^text\/css/ : /javascript/);
    assertEquals(body, Deno.readTextFileSync(project.directory.at(`data${path}`)));
    return path.endsWith(".css") ? body : "";
  }));
  assertStringIncludes(styles.join(""), "#header");
  const entered = await ask(`${url}/admin/login/?next=/admin/`, {
    method: "POST",
    headers: { cookie: login.cookie },
    body: new URLSearchParams({
      username: ADMIN.name,
      password: ADMIN.password,
      csrfmiddlewaretoken: tokenIn(login.body),
    }),
  });
  assertEquals([entered.status, entered.headers.get("location")], [302, "/admin/"]);
  assertStringIncludes(
    (await ask(`${url}/admin/`, { headers: { cookie: entered.cookie } })).body,
    "Site administration",
  );

  assert(!uwsgi.stderr.includes("/static/"), "files are stackd's work");
  assert(!proxy.stderr.includes("[error]"), proxy.stderr);
});

test("Django's own server gives the same answers behind the same proxy", async (project) => {
  await using _uwsgi = await project.startUwsgi();
  const runserver = await project.startRunserver();
  await using _runserver = runserver.running;
  const one = await project.startProxy();
  await using _one = one.proxy;
  const other = await project.startProxy("--upstream", `http://127.0.0.1:${runserver.port}`);
  await using _other = other.proxy;
  const requests: readonly (readonly [path: string, options?: RequestInit])[] = [
    ["/hello/say/"],
    ["/hello/say/", { method: "HEAD" }],
    ["/hello/say/", { method: "POST", body: "a=1" }],
    ["/hello/say?a=%2F&b=ü"],
    ["/hello/upload/"],
    ["/hello/upload/", { method: "POST", body: form("ä ö.txt", "some text") }],
    ["/hello/count/3/"],
    ["/hello/greet/"],
    ["/hello/greet/", { method: "POST", body: "name=x" }],
    ["/nowhere/%C3%A4/"],
    ["/admin/", { headers: { "accept-language": "de" } }],
    ["/admin/login/"],
    ["/admin/login/", {
      headers: { "x-forwarded-proto": "https", "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT" },
    }],
    ["/static/admin/css/base.css"],
  ];
  const fields = ["content-type", "content-length", "location", "vary", "allow", "x-frame-options", "cache-control"];
  const answers = async (url: string) =>
    await Promise.all(requests.map(async ([path, options]) => {
      const { status, headers, body } = await ask(`${url}${path}`, options);
      const secret = tokenIn(body);
      return {
        path,
        status,
        fields: fields.map((name) => `${name}: ${headers.get(name)}`),
        body: secret === "" ? body : body.replaceAll(secret, "TOKEN"),
      };
    }));
  assertEquals(await answers(one.url), await answers(other.url));
});

function form(name: string, content: string): FormData {
  const data = new FormData();
  data.append("file", new Blob([content]), name);
  return data;
}

test("20 slow uploads and 20 slow readers leave the two processes to others, and lose nothing", async (project) => {
  const many = 20, lines = 100_000, size = 200_000;
  await using uwsgi = await project.startUwsgi();
  const { proxy, port, url } = await project.startProxy();
  await using _proxy = proxy;
  const clients = await Promise.all(Array.from({ length: 2 * many }, async () => {
    return await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  }));
  const uploads = clients.slice(0, many), readers = clients.slice(many);
  const body = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${
    "x".repeat(size)
  }\r\n--b--\r\n`;
  const head = `POST /hello/upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  await Promise.all(uploads.map((client) => client.send(head + body.slice(0, -10))));
  await Promise.all(
    readers.map((client) => client.send(`GET /hello/count/${lines}/ HTTP/1.1\r\nHost: localhost\r\n\r\n`)),
  );

  const begun = performance.now();
  const slowest = await Promise.all(Array.from({ length: 5 }, async () => {
    let longest = 0;
    for (let i = 0; i < 10; i++) {
      const asked = performance.now();
      assertEquals((await ask(`${url}/hello/say/`)).status, 200);
      longest = Math.max(longest, performance.now() - asked);
    }
    return longest;
  }));
  assert(
    Math.max(...slowest) < 10_000 && performance.now() - begun < 30_000,
    `others waited ${Math.max(...slowest)} ms`,
  );
  const count = (what: string) => uwsgi.stderr.split(what).length - 1;
  await until(
    "uWSGI is done with all readers, of whom none has read",
    () => count(`GET /hello/count/${lines}/`) === many,
    60_000,
  );
  assertEquals(count("POST /hello/upload/"), 0, "uWSGI has not heard of the uploads");

  await Promise.all(uploads.map(async (client) => {
    await client.send(body.slice(-10));
    assertEquals(JSON.parse((await client.response()).body).size, size);
  }));
  for (const client of readers) {
    const { status, body } = await client.response();
    assertEquals([status, body.length], [200, lines * 64]);
    assert(body.endsWith(`${String(lines - 1).padStart(63, "0")}\n`));
  }
  for (const client of clients) client.close();
  assert(!proxy.stderr.includes("[error]"), proxy.stderr);
});

test("examples/django does what its page says", async () => {
  using directory = new TestDirectory();
  const port = freePort();
  for (const name of ["django", "hello"]) copy(`${ROOT}examples/${name}`, directory.at(name));
  for (const name of ["README.md", "stackd.toml", "nginx.conf"]) {
    const path = directory.at(`django/${name}`), text = Deno.readTextFileSync(path);
    assertStringIncludes(text, "127.0.0.1:8000");
    Deno.writeTextFileSync(path, text.replaceAll("127.0.0.1:8000", `127.0.0.1:${port}`));
  }
  const page = Deno.readTextFileSync(directory.at("django/README.md"));
  const { printed, expected, code, log } = await runPage(page, directory.at("django"));
  assertEquals(printed, expected, log);
  assertEquals(code, 0, log);
}, ["nginx", "curl"]);
