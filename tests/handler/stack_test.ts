/** Stacks for the author of a handler. */
import { assertEquals, assertMatch } from "@std/assert";
import { describeThrown, headline, userFrames } from "../../lib/handler/stack.ts";

Deno.test("headline() names what was thrown", async (t) => {
  const cases: [thrown: unknown, text: string][] = [
    [new TypeError("x"), "TypeError: x"],
    [new Error(""), "Error"],
    ["text", '"text"'],
    [undefined, "undefined"],
    [{ code: 1 }, "{ code: 1 }"],
    [42n, "42n"],
  ];
  for (const [thrown, text] of cases) await t.step(text, () => assertEquals(headline(thrown), text));
});

Deno.test("userFrames() leaves out stackd's frames and Deno's", () => {
  const error = new Error("x");
  error.stack = `Error: x\n    at first (file:///srv/a%20b.ts:1:2)\n    at ${new URL(
    "../../lib/handler/adapt.ts",
    import.meta.url,
  )}:1:1\n` +
    "    at node:internal/x:1:1\n    at async Promise.all (index 0)\n    at ext:deno_web/x.js:1:1";
  assertEquals(userFrames(error), "    at first (/srv/a b.ts:1:2)\n    at async Promise.all (index 0)");
  assertEquals(userFrames("no error"), "");
  delete error.stack;
  assertEquals(userFrames(error), "");
});

Deno.test("describeThrown() tells causes, but not without end", () => {
  const inner = new RangeError("inner");
  const outer = new Error("outer", { cause: inner });
  inner.cause = outer;
  const lines = describeThrown(outer).split("\n").filter((line) => !line.startsWith(" "));
  assertEquals(lines, [
    "Error: outer",
    "caused by RangeError: inner",
    "caused by Error: outer",
    "caused by RangeError: inner",
  ]);
  const several = new AggregateError([new Error("::1 refused"), "text"], "");
  assertEquals(describeThrown(several).split("\n").filter((line) => !line.startsWith(" ")), [
    "AggregateError",
    "one of its errors: Error: ::1 refused",
    'one of its errors: "text"',
  ]);
  assertMatch(describeThrown(new Error("outer", { cause: "text" })), /^Error: outer\n(?: .*\n)*caused by "text"$/);
});
