import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import type { StaticFiles } from "../../lib/static/files.ts";
import { openStaticRoot } from "../../lib/static/root.ts";
import { openFiles, read, request, serve, Tree } from "./support.ts";

/** The answer to a GET, or to what `options` say. */
async function get(root: StaticFiles, path: string) {
  return read(await serve(root, request(path)));
}

Deno.test("openStaticRoot() resolves the directory, and says what is wrong with it", async (t) => {
  using tree = new Tree();
  tree.write("a.txt", "a");
  Deno.symlinkSync(tree.root, `${tree.outside}/current`);
  await t.step("a symlink", async () => {
    assertEquals(openStaticRoot(`${tree.outside}/current`).path, tree.root);
    assertEquals((await get(openFiles(`${tree.outside}/current`), "/a.txt")).text, "a");
  });
  await t.step("nothing there", () => {
    const error = assertThrows(() => openStaticRoot(`${tree.root}/nothing`), StackdError);
    assertEquals(error.code, "STACKD_CONFIG_INVALID");
    assertEquals(error.message, `Cannot serve files from "${tree.root}/nothing": there is no such directory`);
  });
  await t.step("a file", () => {
    const error = assertThrows(() => openStaticRoot(`${tree.root}/a.txt`), StackdError);
    assertEquals(error.message, `Cannot serve files from "${tree.root}/a.txt": it is not a directory`);
  });
});

Deno.test("serve() serves everything that the example site's page refers to", async (t) => {
  const root = openFiles(new URL("../../examples/site", import.meta.url).pathname);
  const page = await get(root, "/");
  const targets = [...page.text.matchAll(/(?:href|src)="([^"/][^"]*)"/g)].map((match) => match[1]);
  assertEquals(new Set(targets), new Set(["favicon.ico", "stack.svg", "style.css"]));
  for (const target of targets) {
    await t.step(target, async () => {
      const { status, fields } = await get(root, `/${target}`);
      assertEquals(status, 200);
      assertMatch(fields["Content-Type"], /^(?:image|text)\//);
    });
  }
  assertMatch(page.text, /href="\/hello\/say\/"/);
});
