import { assertEquals } from "@std/assert";
import { latin1 } from "../../lib/http1/bytes.ts";
import { Cached, PathCache } from "../../lib/static/path_cache.ts";

const entry = (path: string, cost = 10) => new Cached(latin1(path), cost);
const find = (cache: PathCache<Cached>, path: string) => {
  const bytes = latin1(`GET ${path} HTTP/1.1`);
  return cache.find(bytes, 4, 4 + path.length);
};

Deno.test("PathCache finds what was added by the bytes of a request", () => {
  const cache = new PathCache<Cached>(1_000), a = entry("/a"), b = entry("/a/b");
  cache.add(a);
  cache.add(b);
  assertEquals([find(cache, "/a") === a, find(cache, "/a/b") === b], [true, true]);
  assertEquals([find(cache, "/"), find(cache, "/a/"), find(cache, "/A")], [null, null, null]);
  cache.delete(a);
  cache.delete(a);
  assertEquals([find(cache, "/a"), find(cache, "/a/b") === b, cache.size], [null, true, 10]);
});

Deno.test("PathCache tells paths with one hash apart", () => {
  // Two strings with the same 32 bits of FNV-1a.
  const cache = new PathCache<Cached>(1_000), a = entry("costarring"), b = entry("liquid"), c = entry("c");
  assertEquals(a.hash, b.hash);
  for (const value of [a, b, c]) cache.add(value);
  assertEquals([find(cache, "costarring") === a, find(cache, "liquid") === b], [true, true]);
  cache.delete(a);
  assertEquals([find(cache, "costarring"), find(cache, "liquid") === b], [null, true]);
  cache.add(a);
  cache.delete(a);
  cache.delete(b);
  assertEquals([find(cache, "costarring"), find(cache, "liquid")], [null, null]);
});

Deno.test("PathCache keeps its limit, and what was used", () => {
  const cache = new PathCache<Cached>(100);
  for (let i = 0; i < 10; i++) cache.add(entry(`/${i}`));
  find(cache, "/0");
  find(cache, "/3");
  for (let i = 10; i < 17; i++) cache.add(entry(`/${i}`));
  assertEquals(cache.size, 100);
  assertEquals(["/0", "/3", "/1", "/2", "/16"].map((path) => find(cache, path) !== null), [
    true,
    true,
    false,
    false,
    true,
  ]);
});

Deno.test("PathCache leaves out what is too large, and counts what grows", () => {
  const cache = new PathCache<Cached>(100), a = entry("/a", 40), b = entry("/b", 40), large = entry("/large", 101);
  cache.add(a);
  cache.add(b);
  cache.add(large);
  assertEquals([find(cache, "/large"), cache.size], [null, 80]);
  cache.charge(b, 50);
  assertEquals([find(cache, "/a"), find(cache, "/b") === b, cache.size], [null, true, 90]);
  cache.charge(b, 50);
  assertEquals([find(cache, "/b"), cache.size], [null, 0]);
  cache.charge(b, 50);
  assertEquals(cache.size, 0);
});
