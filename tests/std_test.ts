import { assertEquals, assertThrows } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { bold } from "@std/fmt/colors";
import { ifNoneMatch } from "@std/http/etag";
import { STATUS_TEXT } from "@std/http/status";
import { contentType } from "@std/media-types/content-type";
import { join } from "@std/path";
Deno.test("std loads", () => {
  assertEquals(join("a", "b"), "a/b");
  assertEquals(contentType(".css"), "text/css; charset=UTF-8");
  assertEquals(STATUS_TEXT[404], "Not Found");
  assertEquals(ifNoneMatch('"a"', '"a"'), false);
  assertEquals(parseArgs(["--a=b"], { string: ["a"] }).a, "b");
  assertThrows(() => { throw new TypeError("x"); }, TypeError);
  bold("x");
});
