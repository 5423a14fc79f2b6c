/** What the compiled binary says of each module in tests/fixtures/broken, word for word. */
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { copy } from "../support/copy.ts";
import { runStackd, TestDirectory } from "../support/stackd.ts";
import { BROKEN } from "../support/broken_modules.ts";

const FIXTURES = fromFileUrl(new URL("../fixtures/broken", import.meta.url));
/** How many are tried at a time. */
const TOGETHER = 4;

Deno.test("each broken module has its message, with the place, the line and what to do", async (t) => {
  using directory = new TestDirectory();
  copy(FIXTURES, directory.path, (name) => name === "packages" ? "node_modules" : name);
  const started = new Map<string, ReturnType<typeof runStackd>>();
  const names = Object.keys(BROKEN);
  const start = () => {
    const [name] = names.splice(0, 1);
    if (name === undefined) return;
    const args = [
      "gateway",
      "--boot-timeout",
      "60",
      "--socket",
      directory.at(`${started.size}.sock`),
      directory.at(name),
    ];
    const ended = runStackd(args, { env: { NO_COLOR: "1", DENO_DIR: "/deno-dir" }, cwd: directory.path });
    started.set(name, ended);
    ended.then(start);
  };
  for (let lane = 0; lane < TOGETHER; lane++) start();
  for (const [name, { says, code = 2 }] of Object.entries(BROKEN)) {
    await t.step(name, async () => {
      while (!started.has(name)) await Promise.race(started.values());
      const ended = await started.get(name);
      const expected = says.replaceAll("DIR", directory.path);
      assertEquals([ended?.stderr.trimEnd(), ended?.code, ended?.stdout], [`stackd: ${expected}`, code, ""]);
    });
  }
});
