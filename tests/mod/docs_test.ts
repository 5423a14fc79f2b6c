/** What a program sees of stackd is documented, names no type that it cannot import, and the examples of docs are right. @module */
import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../support/stackd.ts";

async function deno(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { NO_COLOR: "1" } })
    .output();
  return { code, said: new TextDecoder().decode(stderr) };
}

Deno.test("deno doc has nothing to say against mod.ts", async () => {
  const { code, said } = await deno("doc", "--lint", "mod.ts");
  assertEquals(code, 0, said);
});

Deno.test("the examples of docs/embedding.md have the right types", async () => {
  const { code, said } = await deno("check", "--frozen", "--doc-only", "docs/embedding.md");
  assertEquals(code, 0, said);
  // What was checked before is not named again.
  assert(Deno.readTextFileSync(`${ROOT}docs/embedding.md`).includes("```ts\n"), "it has examples");
});
