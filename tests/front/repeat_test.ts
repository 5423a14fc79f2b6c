import { assertEquals } from "@std/assert";
import { mayRepeat } from "../../lib/front/repeat.ts";

Deno.test("mayRepeat() allows what can do nothing twice and lose nothing", () => {
  const cases: [method: string, bodyConsumed: boolean, responding: boolean, allowed: boolean][] = [
    ["GET", false, false, true],
    ["HEAD", false, false, true],
    ["OPTIONS", false, false, true],
    ["PUT", false, false, true],
    ["DELETE", false, false, true],
    ["POST", false, false, false],
    ["PATCH", false, false, false],
    ["get", false, false, false], // methods are case-sensitive
    ["BREW", false, false, false],
    ["GET", true, false, false],
    ["PUT", true, false, false],
    ["GET", false, true, false],
    ["GET", true, true, false],
  ];
  for (const [method, bodyConsumed, responding, allowed] of cases) {
    assertEquals(mayRepeat({ method, bodyConsumed, responding }), allowed, `${method} ${bodyConsumed} ${responding}`);
  }
});
