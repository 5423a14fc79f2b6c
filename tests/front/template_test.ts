/** What variables stand for in a request, and that none of them can end a line. */
import { assertEquals } from "@std/assert";
import { parseTemplate, VARIABLES } from "../../lib/config/template.ts";
import type { Client } from "../../lib/front/forwarded.ts";
import { isConstant, render } from "../../lib/front/template.ts";
import { get, head } from "../http1/corpus/case.ts";
import { clientOf, exchangeOf, type Facts } from "../support/exchange_of.ts";

const line = (target: string, host = "A.Example:81") => head(`POST ${target} HTTP/1.1`, `Host: ${host}`);
const PLAIN = line("/a/b?x=1&y");

const CASES: [template: string, request: string, value: string, client?: Client | null, facts?: Facts][] = [
  ["$args", PLAIN, "x=1&y"],
  ["$args", line("/a"), ""],
  ["$args", line("/a?"), ""],
  ["$args", line("/a?b?c"), "b?c"],
  ["$is_args", PLAIN, "?"],
  ["$is_args", line("/a"), ""],
  ["$is_args", line("/a?"), ""],
  ["$uri$is_args$args", PLAIN, "/a/b?x=1&y"],
  ["$host", PLAIN, "a.example"],
  ["$host", line("/", "a.example."), "a.example"],
  ["$host", line("/", "[::1]:8080"), "[::1]"],
  ["$host", line("/", "[::1]"), "[::1]"],
  ["$host", line("http://B.example:8080/p"), "b.example"],
  ["$host", head("GET / HTTP/1.0"), ""],
  ["$host", PLAIN, "c.example", clientOf({ host: "C.example:443" })],
  ["$http_host", PLAIN, "A.Example:81"],
  ["$http_host", line("http://B.example:8080/p"), "B.example:8080"],
  ["$http_host", PLAIN, "C.example:443", clientOf({ host: "C.example:443" })],
  ["$http_host", PLAIN, "A.Example:81", clientOf({ host: null })],
  ["$proxy_add_x_forwarded_for", PLAIN, "192.0.2.1"],
  ["$proxy_add_x_forwarded_for", PLAIN, "6.6.6.6, 192.0.2.1", clientOf({ chain: "6.6.6.6, 192.0.2.1" })],
  ["$proxy_add_x_forwarded_for", PLAIN, "", null, { peer: null }],
  ["$remote_addr", PLAIN, "192.0.2.1"],
  ["$remote_addr", PLAIN, "2001:db8::1", null, { clientAddress: "2001:db8::1" }],
  ["$remote_addr", PLAIN, "unix:", null, { peer: null }],
  ["$request_id", PLAIN, "id-1"],
  ["$request_method", PLAIN, "POST"],
  ["$request_uri", PLAIN, "/a/b?x=1&y"],
  ["$request_uri", line("/%61//b/../c?d"), "/%61//b/../c?d"],
  ["$request_uri", line("http://b.example/p?q"), "/p?q"],
  ["$request_uri", line("http://b.example?q"), "/?q"],
  ["$scheme", PLAIN, "http"],
  ["$scheme", PLAIN, "https", clientOf({ scheme: "https" })],
  ["$server_port", PLAIN, "8080"],
  ["$server_port", PLAIN, "", null, { port: null }],
  ["$uri", PLAIN, "/a/b"],
  ["$uri", line("/%61//b/../c?d"), "/a/c"],
  ["$uri", line("/a%0d%0ab"), "/a%0D%0Ab"],
  ["$uri", line("http://b.example/p?q"), "/p"],
  ["https://${host}$request_uri", PLAIN, "https://a.example/a/b?x=1&y"],
  ["$$5 of $host", PLAIN, "$5 of a.example"],
  ["é", PLAIN, "\xc3\xa9"],
  ["a\r\nSet-Cookie: x\0y\x7fz\tt", PLAIN, "aSet-Cookie: xyz\tt"],
];

Deno.test("render() fills in what a variable stands for", async (t) => {
  for (const [template, request, value, client = null, facts = {}] of CASES) {
    await t.step(`${template} of ${JSON.stringify(request.split("\r\n", 1)[0])} is ${JSON.stringify(value)}`, () => {
      assertEquals(render(parseTemplate(template), exchangeOf(request, facts), client), value);
    });
  }
});

Deno.test("every variable has a case of its own above", () => {
  const tried = CASES.map(([template]) => template);
  assertEquals(VARIABLES.filter((variable) => !tried.includes(`$${variable}`)), []);
});

Deno.test("isConstant() tells whether a template needs a request", () => {
  assertEquals(["", "plain", "$$", "$host", "a${uri}"].map((text) => isConstant(parseTemplate(text))), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assertEquals(render([], exchangeOf(get()), null), "");
});
