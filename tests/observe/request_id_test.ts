/** Request ids. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { acceptRequestId, randomPrefix, requestIds } from "../../lib/observe/request_id.ts";

Deno.test("requestIds() counts behind a prefix", () => {
  const next = requestIds("abc");
  assertEquals(Array.from({ length: 17 }, next).filter((_, index) => index === 0 || index > 14), [
    "abc-1",
    "abc-10",
    "abc-11",
  ]);
});

Deno.test("randomPrefix() is another one each time", () => {
  assertMatch(randomPrefix(), /^[0-9a-f]{12}$/);
  assertNotEquals(randomPrefix(), randomPrefix());
});

Deno.test("acceptRequestId() takes what can stand in a log", () => {
  for (const value of ["a", "0f-1/x:y=+", "x".repeat(128)]) assertEquals(acceptRequestId(value), value);
  for (const value of [null, "", " ", "a b", "a\n", "é", "x".repeat(129)]) assertEquals(acceptRequestId(value), null);
});
