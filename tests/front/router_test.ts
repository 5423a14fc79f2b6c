import { assertEquals } from "@std/assert";
import { Router } from "../../lib/front/router.ts";
import { latin1 } from "../../lib/http1/bytes.ts";

const CASES: [prefixes: string[], path: string, prefix: string | null][] = [
  [["/"], "/", "/"],
  [["/"], "/a/b", "/"],
  [["/static"], "/static", "/static"],
  [["/static"], "/static/", "/static"],
  [["/static"], "/static/a/b", "/static"],
  [["/static"], "/staticfoo", null],
  [["/static"], "/stati", null],
  [["/static"], "/", null],
  [["/", "/static"], "/staticfoo", "/"],
  [["/", "/a", "/a/b"], "/a/b/c", "/a/b"],
  [["/a/b", "/a", "/"], "/a/bc", "/a"],
  [["/a", "/a/b"], "/a/", "/a"],
  [["/a", "/a/b/c"], "/a/b", "/a"],
  [["/a/b"], "/a", null],
  [["/A"], "/a", null],
  [[], "/", null],
];

Deno.test("match() and matchPath() give the longest prefix, segment by segment", () => {
  for (const [prefixes, path, prefix] of CASES) {
    const router = new Router(prefixes.map((prefix) => ({ prefix })));
    const bytes = latin1(`GET ${path}?q=/static HTTP/1.1`);
    const name = `${path} of ${prefixes}`;
    assertEquals(router.match(bytes, 4, 4 + path.length)?.prefix ?? null, prefix, name);
    assertEquals(router.matchPath(path)?.prefix ?? null, prefix, name);
  }
});
