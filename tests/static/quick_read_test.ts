import { assert, assertEquals } from "@std/assert";
import { look, lookSlowly } from "../../lib/static/file_state.ts";
import { readQuickly } from "../../lib/static/quick_read.ts";
import { asNobody } from "../support/as_nobody.ts";
import { countDescriptors, makeFifo, Tree } from "./support.ts";

/** What is read of `path` when it had the state of a moment ago, before `change`. */
function readAfter(tree: Tree, name: string, change: (path: string) => void = () => {}): string | null {
  const path = `${tree.root}/${name}`, state = look(path);
  assert(state !== null);
  change(path);
  const bytes = readQuickly(tree.root, path, state);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

Deno.test("readQuickly() reads what is still what was seen, inside the root", async () => {
  using tree = new Tree();
  tree.write("a.txt", "inside");
  tree.write("empty.txt", "");
  tree.write("한글/이름.txt", "korean");
  Deno.symlinkSync("a.txt", `${tree.root}/link-in`);
  Deno.writeTextFileSync(`${tree.outside}/secret`, "secret");
  Deno.symlinkSync("../outside/secret", `${tree.root}/link-out`);
  Deno.symlinkSync("../outside", `${tree.root}/dir-out`);
  await makeFifo(`${tree.outside}/fifo`);
  const before = countDescriptors();
  assertEquals(readAfter(tree, "a.txt"), "inside");
  assertEquals(readAfter(tree, "empty.txt"), "");
  assertEquals(readAfter(tree, "한글/이름.txt"), "korean");
  assertEquals(readAfter(tree, "link-in"), "inside");
  assertEquals(readAfter(tree, "link-out"), null);
  assertEquals(readAfter(tree, "dir-out/secret"), null);
  assertEquals(readAfter(tree, "a.txt", (path) => Deno.writeTextFileSync(path, "INSIDE")), null, "written");
  assertEquals(readAfter(tree, "a.txt", (path) => Deno.truncateSync(path, 2)), null, "cut");
  assertEquals(readAfter(tree, "a.txt", (path) => Deno.writeTextFileSync(path, "+", { append: true })), null, "grown");
  assertEquals(readAfter(tree, "a.txt", (path) => Deno.renameSync(tree.write("b.txt", "in"), path)), null, "replaced");
  assertEquals(readAfter(tree, "a.txt", (path) => Deno.renameSync(`${tree.outside}/fifo`, path)), null, "a FIFO now");
  assertEquals(readAfter(tree, "empty.txt", (path) => Deno.removeSync(path)), null, "gone");
  assertEquals(countDescriptors(), before);
});

Deno.test("look() sees what Deno sees", () => {
  using tree = new Tree();
  tree.write("a.txt", "0123456789");
  Deno.symlinkSync("a.txt", `${tree.root}/link`);
  Deno.symlinkSync("nowhere", `${tree.root}/dangling`);
  Deno.utimeSync(`${tree.root}/a.txt`, 5_000_000_000, 5_000_000_000.25);
  for (const name of ["a.txt", "link", "", "dangling", "nothing", "a.txt/b", "a\0b"]) {
    const quick = look(`${tree.root}/${name}`), slow = lookSlowly(`${tree.root}/${name}`);
    assertEquals(quick === null, slow === null, name);
    if (quick === null || slow === null) continue;
    assertEquals({ ...quick, identity: "" }, { ...slow, identity: "" }, name);
  }
  assertEquals(look("/dev/null")?.kind, "other");
});

Deno.test("look() is not sure of what it may not see", () => {
  using tree = new Tree();
  for (const path of [tree.root, `${tree.root}/..`]) Deno.chmodSync(path, 0o755);
  tree.write("closed/a.txt", "a");
  Deno.chmodSync(`${tree.root}/closed`, 0o000);
  for (const by of [look, lookSlowly]) {
    const seen = asNobody(() => ["closed/a.txt", "closed/none", "none"].map((name) => by(`${tree.root}/${name}`)));
    assertEquals(seen.map((state) => state?.kind), ["unseen", "unseen", undefined], by.name);
  }
});

Deno.test("every change of a file gives it another identity", () => {
  using tree = new Tree();
  const path = tree.write("a.txt", "inside"), seen = new Set<string | undefined>();
  const note = () => seen.add(look(path)?.identity);
  note();
  Deno.utimeSync(path, 1, 1);
  note();
  Deno.utimeSync(path, 1, 1 + 0x1_0000_0000);
  note();
  Deno.truncateSync(path, 2);
  note();
  Deno.renameSync(tree.write("b.txt", "in"), path);
  note();
  assertEquals(look(path)?.identity, look(path)?.identity);
  assertEquals(seen.size, 5);
});
