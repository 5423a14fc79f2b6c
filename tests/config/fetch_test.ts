import { assertEquals, assertThrows } from "@std/assert";
import { validateCheck, validateFetch } from "../../lib/config/fetch.ts";
import { parseFlags } from "../../lib/config/flags.ts";
import { StackdError } from "../../lib/errors.ts";
import { fakeSystem } from "./fake_system.ts";

const system = fakeSystem({
  "/home/app/app.ts": "file",
  "/home/app/body.json": "file",
  "/srv": "directory",
  "/tmp": "directory",
});

function fetchOptions(...args: string[]) {
  return validateFetch(parseFlags("fetch", args).options, system);
}

function mistakes(...args: string[]): string[] {
  const { message, detail } = assertThrows(() => fetchOptions(...args), StackdError);
  return [message, ...detail?.split("\n") ?? []];
}

Deno.test("validateFetch() fills in every default", () => {
  assertEquals(fetchOptions("app.ts", "/a?b=c"), {
    module: { path: "/home/app/app.ts", exportName: null },
    bootTimeout: 30_000,
    env: {},
    chdir: null,
    url: "http://localhost/a?b=c",
    method: "GET",
    headers: [],
    data: null,
    include: false,
    requestTimeout: 60_000,
  });
});

Deno.test("validateFetch() reads what curl would be told", () => {
  const { method, headers, data, include, url } = fetchOptions(
    "-i",
    ...[
      "app.ts:api",
      "/x",
      "-X",
      "PUT",
      "-H",
      "Host: example.org",
      "-HX-A:  b ",
      "-d",
      "a=1",
      "-d@body.json",
      "-d",
      "@-",
    ],
  );
  assertEquals({ method, headers, data, include, url }, {
    method: "PUT",
    headers: [["Host", "example.org"], ["X-A", "b"]],
    data: [{ kind: "text", text: "a=1" }, { kind: "file", path: "/home/app/body.json" }, { kind: "stdin" }],
    include: true,
    url: "http://example.org/x",
  });
  assertEquals(fetchOptions("app.ts", "/", "-d", "x").method, "POST");
  assertEquals(fetchOptions("app.ts", "/", "-X", "put").method, "PUT");
  assertEquals(fetchOptions("app.ts", "https://example.org:8443/a").url, "https://example.org:8443/a");
  assertEquals(fetchOptions("app.ts", "--url", "/a").url, "http://localhost/a");
});

Deno.test("validateFetch() says what is wrong with each value", async (t) => {
  const cases: readonly [args: readonly string[], says: string][] = [
    [["app.ts"], "Cannot fetch from a handler: nothing to ask for, give a path as /"],
    [["--url", "/"], "Cannot fetch from a handler: no handler module, give its path"],
    [["no.ts", "/"], 'Cannot load handler "no.ts": no such file'],
    [["app.ts", "a"], 'Cannot use --url "a": a path begins with "/"; a whole URL with http:// or https://'],
    [["app.ts", "http://[/"], 'Cannot use --url "http://[/": it is no URL'],
    [["app.ts", "/", "-X", "A B"], 'Cannot use --request "A B": a method is one word, as PUT'],
    [["app.ts", "/", "-X", "connect"], 'Cannot use --request "connect": no handler is given such a request'],
    [["app.ts", "/", "-H", "a b: c"], 'Cannot use --header "a b: c": a field is "NAME: VALUE"'],
    [["app.ts", "/", "-H", "a: b\r\nc: d"], 'Cannot use --header "a: b\r\nc: d": a field is "NAME: VALUE"'],
    [["app.ts", "/", "-d", "@nope"], 'Cannot use --data "@nope": there is no such file'],
    [["app.ts", "/", "-d", "@/tmp"], 'Cannot use --data "@/tmp": it is a directory'],
    [["app.ts", "/", "-d", "a", "-X", "GET"], "Cannot use --data: a GET request has no body"],
    [["-", "/", "-d", "@-"], "Cannot use standard input: it can be read once only"],
    [["app.ts", "/", "-d", "@-", "-d", "@-"], "Cannot use standard input: it can be read once only"],
    [["app.ts", "/", "c"], 'Cannot use more than a module and a url: "app.ts", "/", "c" are given'],
    [["app.ts", ""], "Cannot use an empty url: write its path"],
  ];
  for (const [args, says] of cases) await t.step(args.join(" "), () => assertEquals(mistakes(...args), [says]));
});

Deno.test("validateCheck() wants nothing where no module is named", () => {
  assertEquals(validateCheck({ config: ["stackd.toml"] }, system), null);
  assertEquals(validateCheck({ module: ["app.ts:api"], chdir: ["/tmp"], env: ["A=b"] }, system), {
    module: { path: "/home/app/app.ts", exportName: "api" },
    bootTimeout: 30_000,
    env: { A: "b" },
    chdir: "/tmp",
  });
});
