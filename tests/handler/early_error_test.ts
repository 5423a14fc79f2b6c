/** V8's own syntax errors in TypeScript. Where they are found is tested with the binary: a source run sees them before V8. */
import { assertEquals } from "@std/assert";
import { findEarlyError } from "../../lib/handler/early_error.ts";

Deno.test("findEarlyError() gives up on what cannot be blanked out, and on what is too long", async () => {
  assertEquals(await findEarlyError("enum A { B }\nlet a; let a;"), null);
  assertEquals(await findEarlyError(`let a; let a;${" ".repeat(1_000_000)}`), null);
});

Deno.test("findEarlyError() runs nothing of the module", async () => {
  Reflect.set(globalThis, "wasRun", false);
  assertEquals(await findEarlyError("globalThis.wasRun = true as boolean;"), null);
  assertEquals(Reflect.get(globalThis, "wasRun"), false);
  Reflect.deleteProperty(globalThis, "wasRun");
});
