/** A prefix that is taken off a request and put back into its response. */
import { assertEquals } from "@std/assert";
import { cookieWith, locationWith, restorePrefix, withoutPrefix } from "../../lib/front/prefix.ts";
import { head } from "../http1/corpus/case.ts";
import { exchangeOf } from "../support/exchange_of.ts";
import { fromLatin1, latin1 } from "../support/raw_http.ts";

Deno.test("withoutPrefix() gives what is behind the prefix, and the query as it came", async (t) => {
  const cases: [prefix: string, target: string, left: string][] = [
    ["/api", "/api/x", "/x"],
    ["/api", "/api/x/y/", "/x/y/"],
    ["/api", "/api", "/"],
    ["/api", "/api/", "/"],
    ["/api", "/api?q=/api/x", "/?q=/api/x"],
    ["/api", "/api/?", "/?"],
    ["/api", "/api/x?a=%2f//..&b?c", "/x?a=%2f//..&b?c"],
    ["/api", "/%61pi/x", "/x"],
    ["/api", "/%61pi?%61", "/?%61"],
    ["/api", "/api//x", "/x"],
    ["/api", "//api/x", "/x"],
    ["/api", "/api//", "/"],
    ["/api", "/api/../api/x", "/x"],
    ["/api", "/x/../api/y/./z", "/y/z"],
    ["/api", "/api/a%20b%2fc", "/a%20b%2Fc"],
    ["/api", "/api/%2e%2e%2f", "/..%2F"],
    ["/api", "/api/api/x", "/api/x"],
    ["/api/v1", "/api/v1/x", "/x"],
    ["/api", "http://a.example/api/x?q", "/x?q"],
    ["/api", "http://a.example/api", "/"],
    ["/", "/api/x?q", "/api/x?q"],
    ["/", "/", "/"],
  ];
  for (const [prefix, target, left] of cases) {
    await t.step(`${target} without ${prefix}`, () => {
      const exchange = exchangeOf(head(`GET ${target} HTTP/1.1`, "Host: a.example"));
      assertEquals(withoutPrefix(exchange, prefix), left);
    });
  }
});

const HOSTS = ["a.example", "127.0.0.1:8000"];

Deno.test("locationWith() puts the prefix into places of this server alone", async (t) => {
  const cases: [location: string, expected: string][] = [
    ["/x", "/api/x"],
    ["/", "/api/"],
    ["/x?a=/api#/b", "/api/x?a=/api#/b"],
    ["/?q", "/api/?q"],
    // The upstream was told its prefix and has written it itself.
    ["/api", "/api"],
    ["/api/x", "/api/x"],
    ["/api?q", "/api?q"],
    ["/api#f", "/api#f"],
    ["/apix", "/api/apix"],
    ["/API/x", "/api/API/x"],
    ["http://a.example/x", "http://a.example/api/x"],
    ["https://a.example/x", "https://a.example/api/x"],
    ["HTTP://A.Example/x", "HTTP://A.Example/api/x"],
    ["http://a.example", "http://a.example/api/"],
    ["http://a.example?q", "http://a.example/api/?q"],
    ["http://a.example/api/x", "http://a.example/api/x"],
    ["http://a.example:81/x", "http://a.example:81/x"],
    ["http://b.example/x", "http://b.example/x"],
    ["http://a.example@b.example/x", "http://a.example@b.example/x"],
    ["http://a.example.b.example/x", "http://a.example.b.example/x"],
    ["//a.example/x", "//a.example/x"],
    ["ftp://a.example/x", "ftp://a.example/x"],
    ["mailto:a@a.example", "mailto:a@a.example"],
    ["x", "x"],
    ["../x", "../x"],
    ["?q", "?q"],
    ["", ""],
  ];
  for (const [location, expected] of cases) {
    await t.step(`${location} → ${expected}`, () => {
      assertEquals(locationWith("/api", location, HOSTS), expected);
      assertEquals(locationWith("/", location, HOSTS), location.replace(/^(https?:\/\/a\.example)(?=\?|$)/, "$1/"));
    });
  }
});

Deno.test("cookieWith() puts the prefix into an absolute Path", async (t) => {
  const cases: [cookie: string, expected: string][] = [
    ["a=b; Path=/", "a=b; Path=/api/"],
    ["a=b; Path=/x; HttpOnly", "a=b; Path=/api/x; HttpOnly"],
    ["a=b;path=/x", "a=b;path=/api/x"],
    ["a=b; PATH = /x; Secure", "a=b; PATH = /api/x; Secure"],
    ["a=b; HttpOnly; Path=/x", "a=b; HttpOnly; Path=/api/x"],
    ["a=b; Path=/api", "a=b; Path=/api"],
    ["a=b; Path=/api/x", "a=b; Path=/api/x"],
    ["a=b; Path=/apix", "a=b; Path=/api/apix"],
    ["a=b", "a=b"],
    ["a=b; Path=", "a=b; Path="],
    ["a=b; Path=x", "a=b; Path=x"],
    ["a=b; Domain=a.example", "a=b; Domain=a.example"],
    ["path=/x; Secure", "path=/x; Secure"],
    ["a=$1$&; Path=/$1", "a=$1$&; Path=/api/$1"],
  ];
  for (const [cookie, expected] of cases) {
    await t.step(`${cookie} → ${expected}`, () => {
      assertEquals(cookieWith("/api", cookie), expected);
      assertEquals(cookieWith("/", cookie), cookie);
    });
  }
});

Deno.test("locationWith() leaves only the path of the upstream's own address", () => {
  assertEquals(locationWith("/api", "http://10.0.0.2:8000/x?a", ["a.org"], "10.0.0.2:8000"), "/api/x?a");
  assertEquals(
    locationWith("/api", "http://10.0.0.3:8000/x?a", ["a.org"], "10.0.0.2:8000"),
    "http://10.0.0.3:8000/x?a",
  );
  assertEquals(locationWith("/api", "http://a.org/x", ["a.org"], "a.org"), "http://a.org/api/x");
});

Deno.test("restorePrefix() changes the lines that name places, and no others", async (t) => {
  const cases: [lines: string, expected: string][] = [
    ["", ""],
    ["A: /x|Content-Location: /x|Location-X: /y|", "A: /x|Content-Location: /x|Location-X: /y|"],
    ["Location: /x|A: 1|", "A: 1|Location: /api/x|"],
    ["A: 1|location:/x|B: 2|", "A: 1|B: 2|location: /api/x|"],
    ["Location: http://b.example/x|", "Location: http://b.example/x|"],
    [
      "Set-Cookie: a=1; Path=/|A: 1|SET-COOKIE: b=2; path=/b|Set-Cookie: c=3|",
      "A: 1|Set-Cookie: a=1; Path=/api/|SET-COOKIE: b=2; path=/api/b|Set-Cookie: c=3|",
    ],
    ["Location: \t /x \t|", "Location: /api/x|"],
    ["Location: /\xe9|", "Location: /api/\xe9|"],
  ];
  for (const [lines, expected] of cases) {
    await t.step(lines, () => {
      const bytes = latin1(lines.replaceAll("|", "\r\n")), out = new Uint8Array(bytes.length + 120);
      out.set(bytes, 20);
      const end = restorePrefix(out, 20, 20 + bytes.length, "/api", HOSTS);
      assertEquals(fromLatin1(out.subarray(20, end)).replaceAll("\r\n", "|"), expected);
      assertEquals(out.subarray(0, 20), new Uint8Array(20));
    });
  }
});
