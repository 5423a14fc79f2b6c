/** How this program starts itself. */
import { assert, assertEquals } from "@std/assert";
import { programOnDisk, selfCommand } from "../../lib/process/self.ts";
import { ROOT, Running } from "../support/stackd.ts";

Deno.test("selfCommand() runs cli.ts from any directory in a source run", async () => {
  const { program, args } = selfCommand(["version"]);
  assertEquals(program, Deno.execPath());
  assert(args.includes(`${ROOT}cli.ts`), args.join(" "));
  await using running = new Running(program, args, { cwd: "/" });
  const { code, stdout, stderr } = await running.ended;
  assertEquals([code, stderr], [0, ""]);
  assert(stdout.startsWith("stackd "), stdout);
});

Deno.test("selfCommand() runs another program when one is named; a source run knows none but Deno", () => {
  const { program, args } = selfCommand(["version"], "/opt/deno");
  assertEquals([program, args.at(-1)], ["/opt/deno", "version"]);
  assertEquals(programOnDisk(), Deno.execPath());
});
