/** Whether another user could read a file. */
import { assertEquals } from "@std/assert";
import { mayRead } from "../../lib/process/may_read.ts";
import { TestDirectory } from "../support/stackd.ts";

Deno.test("mayRead() goes by the modes of the file and of the directories above it", () => {
  using directory = new TestDirectory();
  Deno.chmodSync(directory.path, 0o755);
  const path = directory.write("app/a.ts", "");
  const { uid, gid } = Deno.statSync(path);
  const somebody = { uid: 54_321, gid: 54_321 }, ours = { uid: uid ?? 0, gid: 54_321 };
  const group = { uid: 54_321, gid: gid ?? 0 };
  const ask = (file: number, parent: number) => {
    Deno.chmodSync(path, file);
    Deno.chmodSync(directory.at("app"), parent);
    return [somebody, group, ours].map((user) => mayRead(path, user));
  };
  assertEquals(ask(0o644, 0o755), [true, true, true]);
  assertEquals(ask(0o640, 0o755), [false, true, true]);
  assertEquals(ask(0o600, 0o755), [false, false, true]);
  assertEquals(ask(0o644, 0o700), [false, false, true]);
  assertEquals(ask(0o644, 0o750), [false, true, true]);
  assertEquals(mayRead(directory.at("nowhere"), somebody), false);
});
