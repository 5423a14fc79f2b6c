/** README's shell blocks, run as written. @module */
import { assertEquals } from "@std/assert";
import { runPage } from "../support/shell_blocks.ts";
import { ROOT, TestDirectory } from "../support/stackd.ts";

Deno.test("README's steps work as written, in order, in an empty directory", async () => {
  using directory = new TestDirectory();
  const { printed, expected, code, log } = await runPage(Deno.readTextFileSync(`${ROOT}README.md`), directory.path);
  // The handlers' JSON ends without a line's end.
  assertEquals(printed.replaceAll("}--- ", "}\n--- ").replace(/\}(?=body)/g, "}\n"), expected, log);
  assertEquals(code, 0, log);
});
