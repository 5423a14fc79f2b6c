/** What a role prints when it is ready. */
import { assertEquals } from "@std/assert";
import { printBanner, renderBanner } from "../../lib/observe/banner.ts";

Deno.test("renderBanner() puts the values in one column", () => {
  const text = renderBanner("stackd 1.2.3 gateway", [["socket", "/run/app.sock"], ["http", "http://*:8000"], [
    "pid",
    "1",
  ]]);
  assertEquals(text, "stackd 1.2.3 gateway\n  socket  /run/app.sock\n  http    http://*:8000\n  pid     1\n");
  assertEquals(renderBanner("title", []), "title\n");
});

Deno.test("printBanner() ends nothing when nobody reads", () => {
  const { writeSync } = Deno.stdout;
  Deno.stdout.writeSync = () => {
    throw new Deno.errors.BrokenPipe("closed");
  };
  try {
    printBanner("title", []);
  } finally {
    Deno.stdout.writeSync = writeSync;
  }
});
