import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { realSystem } from "../../lib/config/system.ts";

Deno.test("realSystem() sees what stands where", async (t) => {
  const system = realSystem();
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    await Deno.symlink(file, join(directory, "link"));
    await Deno.symlink("loop", join(directory, "loop"));
    const cases: [string, string][] = [
      [directory, "directory"],
      [file, "file"],
      [join(directory, "link"), "file"],
      [join(directory, "loop"), "missing"],
      [join(directory, "nope"), "missing"],
      [join(file, "below"), "missing"],
      ["/dev/null", "other"],
    ];
    for (const [path, kind] of cases) {
      await t.step(path.slice(directory.length), () => assertEquals(system.kindOf(path), kind));
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("realSystem() has the working directory and the accounts", () => {
  const system = realSystem();
  assertEquals(system.cwd, Deno.cwd());
  assert(system.passwd().includes("root:"));
  assert(system.group().includes("root:"));
});
