/** Where a confined handler's imports need a gate. @module */
import { assertEquals } from "@std/assert";
import { prepareCode } from "../../lib/handler/code/prepare.ts";
import { needsGate } from "../../lib/handler/gated.ts";
import { TestDirectory } from "../support/stackd.ts";

Deno.test("needsGate() is false only where the kernel holds the handler, and all that it imports is known", async () => {
  using directory = new TestDirectory();
  directory.write("own/part.ts", "export const text = 'part';");
  let count = 0;
  const gated = async (text: string, landlock: number) => {
    const module = directory.write("own/app.ts", text), code = directory.at(`code-${++count}`);
    const prepared = await prepareCode(module, code, { text: null, cache: null });
    try {
      return needsGate({ code }, landlock);
    } finally {
      prepared.remove();
    }
  };
  const plain = `import { text } from "./part.ts"; export default () => new Response(text);`;
  assertEquals(await gated(plain, 7), false);
  assertEquals(await gated(plain, 0), true);
  assertEquals(await gated(`${plain} export const late = () => import("./part.ts");`, 7), false);
  assertEquals(await gated(`${plain} export const late = (name: string) => import(name);`, 7), true);
  assertEquals(await gated(`${plain} export const late = () => eval("1");`, 7), true);
  assertEquals(await gated(`${plain} export const late = () => new Function("return 1");`, 7), true);
  assertEquals(await gated(`${plain} export const late = () => import("data:text/javascript,");`, 7), true);
  assertEquals(await gated(`import "node:fs"; ${plain}`, 7), true);
  assertEquals(needsGate({ code: null }, 7), true);
});
