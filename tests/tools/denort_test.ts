import { assertEquals, assertThrows } from "@std/assert";
import { userCacheDirectory } from "../../tools/denort.ts";
import { ToolError } from "../../tools/tool.ts";

Deno.test("userCacheDirectory() follows the XDG specification", async (t) => {
  const directory = (env: Record<string, string>) => userCacheDirectory((name) => env[name]);
  await t.step("XDG_CACHE_HOME wins", () => {
    assertEquals(directory({ XDG_CACHE_HOME: "/caches", HOME: "/home/me" }), "/caches");
  });
  await t.step("HOME stands in when it is unset, empty or relative", () => {
    assertEquals(directory({ HOME: "/home/me" }), "/home/me/.cache");
    assertEquals(directory({ XDG_CACHE_HOME: "", HOME: "/home/me" }), "/home/me/.cache");
    assertEquals(directory({ XDG_CACHE_HOME: "caches", HOME: "/home/me" }), "/home/me/.cache");
  });
  await t.step("neither is an error", () => {
    assertThrows(() => directory({}), ToolError, "Cannot find the cache directory");
  });
});
