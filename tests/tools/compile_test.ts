import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { type BaseFacts, chooseBase, parseCompileArgs, TARGETS } from "../../tools/compile.ts";
import { ROOT, ToolError } from "../../tools/tool.ts";

const LINUX = "x86_64-unknown-linux-gnu";
const MAC = "aarch64-apple-darwin";

/** Facts of a machine that can reach nothing and has nothing, with some of them changed. */
function facts(changes: { [Name in keyof BaseFacts]?: BaseFacts[Name] }): BaseFacts {
  const no = () => Promise.resolve(false);
  return { denortBin: undefined, target: LINUX, release: false, downloaded: no, reachable: no, ...changes };
}
const yes = () => Promise.resolve(true);
const unasked = () => Promise.reject(new Error("it was asked"));

Deno.test("chooseBase() picks the first base binary that can be had", async (t) => {
  await t.step("DENORT_BIN wins over everything, unasked", async () => {
    const named = { denortBin: "/denort", downloaded: unasked, reachable: unasked };
    assertEquals(await chooseBase(facts({ ...named, release: true, target: MAC })), "named");
  });
  await t.step("Deno's own needs no network once it is downloaded", async () => {
    assertEquals(await chooseBase(facts({ downloaded: yes, reachable: unasked, release: true })), "deno");
  });
  await t.step("Deno's own is taken when its host answers", async () => {
    assertEquals(await chooseBase(facts({ reachable: yes, release: true, target: MAC })), "deno");
  });
  await t.step("the restored one is the last resort", async () => {
    assertEquals(await chooseBase(facts({})), "restored");
  });
});

Deno.test("chooseBase() refuses a restored base binary with a cure", async (t) => {
  await t.step("for a release", async () => {
    const error = await assertRejects(() => chooseBase(facts({ release: true })), ToolError);
    assertStringIncludes(error.message, "Cannot compile a release: Deno's download host cannot be reached");
    assertStringIncludes(error.message, '"DENORT_BIN"');
    assertEquals(error.exitCode, 1);
  });
  await t.step("for another target", async () => {
    const error = await assertRejects(() => chooseBase(facts({ target: MAC })), ToolError);
    assertStringIncludes(error.message, `Cannot compile for "${MAC}": Deno's download host cannot be reached`);
    assertStringIncludes(error.message, '"DENORT_BIN"');
    assertEquals(error.exitCode, 1);
  });
});

Deno.test("parseCompileArgs() reads the command line", async (t) => {
  await t.step("without options: this platform, dist/stackd", () => {
    const options = parseCompileArgs([], "/elsewhere");
    assertEquals(options.target, Deno.build.target);
    assertEquals(options.output, join(ROOT, "dist", Deno.build.os === "windows" ? "stackd.exe" : "stackd"));
    assertEquals(options.release, false);
  });
  await t.step("a target is part of the name", () => {
    assertEquals(parseCompileArgs(["--target", MAC], "/").output, join(ROOT, "dist", `stackd-${MAC}`));
    const windows = parseCompileArgs(["--target=x86_64-pc-windows-msvc", "--release"], "/");
    assertEquals(windows.output, join(ROOT, "dist", "stackd-x86_64-pc-windows-msvc.exe"));
    assertEquals(windows.release, true);
  });
  await t.step("a relative output starts from the caller's directory", () => {
    assertEquals(parseCompileArgs(["--output", "out/app"], "/elsewhere").output, "/elsewhere/out/app");
    assertEquals(parseCompileArgs(["--output", "/abs"], "/elsewhere").output, "/abs");
  });
});

Deno.test("parseCompileArgs() says what is allowed", async (t) => {
  const cases: [string, string[], string][] = [
    ["an unknown target", ["--target", "sparc"], `Cannot compile for "sparc": the targets are ${TARGETS.join(", ")}`],
    ["a target without a value", ["--target"], 'Cannot compile for "": the targets are'],
    ["an output without a value", ["--output"], "Cannot compile: --output needs a path"],
    ["an unknown option", ["--fast"], 'Cannot use "--fast": allowed are --target TARGET, --release and --output PATH'],
    ["an argument", ["cli.ts"], 'Cannot use "cli.ts": allowed are'],
  ];
  for (const [what, args, message] of cases) {
    await t.step(what, () => {
      const error = assertThrows(() => parseCompileArgs(args, "/"), ToolError, message);
      assertEquals(error.exitCode, 2);
    });
  }
});

Deno.test("TARGETS is what deno compile offers", async () => {
  const command = new Deno.Command(Deno.execPath(), { args: ["compile", "--help"], env: { NO_COLOR: "1" } });
  const help = new TextDecoder().decode((await command.output()).stdout);
  const [, offered] = /--target <target>.*\[possible values: ([^\]]+)\]/.exec(help) ?? [];
  assert(offered !== undefined);
  assertEquals(TARGETS, offered.split(", "));
});
