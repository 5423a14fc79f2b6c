import { assert, assertEquals } from "@std/assert";
import { Admission } from "../../lib/front/admission.ts";

Deno.test("admit() counts all connections, and those of one address", () => {
  const admission = new Admission(3, 2);
  assert(admission.admit("a"));
  assert(admission.admit("a"));
  assertEquals(admission.admit("a"), false, "two of one address are enough");
  assert(admission.admit("b"));
  assertEquals(admission.admit("c"), false, "three are enough");
  admission.leave("a");
  assertEquals(admission.admit("b"), true);
  admission.leave("b");
  admission.leave("b");
  assert(admission.admit("a"));
});

Deno.test("admit() counts unix sockets in no client's count", () => {
  const admission = new Admission(3, 1);
  assertEquals([null, null, null, null].map((peer) => admission.admit(peer)), [true, true, true, false]);
  admission.leave(null);
  assertEquals(admission.admit(null), true);
});

Deno.test("admit() has no limit for one address when it is 0", () => {
  const admission = new Admission(100, 0);
  for (let i = 0; i < 100; i++) assert(admission.admit("a"));
  assertEquals(admission.admit("b"), false);
});
