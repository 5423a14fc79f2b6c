import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { renderOverview, renderPage } from "../../lib/cli/help.ts";
import { main } from "../../lib/cli/main.ts";
import { VERSION } from "../../lib/version.ts";

/** Runs a command line and keeps what it prints. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written: { out: string[]; err: string[] } = { out: [], err: [] };
  const code = await main(args, {
    out: (text) => written.out.push(text),
    err: (text) => written.err.push(text),
    color: false,
  });
  return { code, out: written.out.join("\n"), err: written.err.join("\n") };
}

const listed = COMMANDS.filter((command) => command.hidden === undefined);
const overview = renderOverview(listed, false);
const COMMANDS_HINT = 'Run "stackd help" for the commands.';

Deno.test("main() prints help", async (t) => {
  const cases: [string[], string][] = [
    [["help"], overview],
    [["-h"], overview],
    [["--help"], overview],
    [["help", "gateway"], renderPage("gateway", false)],
    [["help", "proxy"], renderPage("proxy", false)],
    [["gateway", "--help"], renderPage("gateway", false)],
    [["gateway", "--nope", "-h"], renderPage("gateway", false)],
    [["proxy", "-h"], renderPage("proxy", false)],
  ];
  for (const [args, expected] of cases) {
    await t.step(args.join(" "), async () => assertEquals(await run(...args), { code: 0, out: expected, err: "" }));
  }
});

Deno.test("main() prints help of every listed command", async () => {
  for (const { name } of listed) {
    const { code, out } = await run("help", name);
    assertEquals(code, 0);
    assertStringIncludes(out, `Usage: stackd ${name}`);
  }
});

Deno.test("main() prints the overview as an error when nothing is asked for", async () => {
  assertEquals(await run(), { code: 2, out: "", err: overview });
});

Deno.test("main() hides commands for the program's own use", () => {
  assertEquals(COMMANDS.filter((command) => command.hidden).map((command) => command.name), [
    "front",
    "proxy-front",
    "inspector",
    "worker",
  ]);
  assert(!/^ {2}(?:front|worker)\s/m.test(overview));
});

Deno.test("main() prints the version", async () => {
  for (const spelt of ["version", "-V", "--version"]) {
    const { code, out } = await run(spelt);
    assertEquals(code, 0);
    assert(out.startsWith(`stackd ${VERSION} (deno ${Deno.version.deno}, v8 ${Deno.version.v8}, `));
    assertMatch(out, /, [\w-]+\)$/);
  }
});

Deno.test("main() prints a mistake without a stack", async (t) => {
  const cases: [string[], string][] = [
    [["prox"], 'stackd: Cannot run "prox": no such command, did you mean "proxy"?\n' + COMMANDS_HINT],
    [["serve"], 'stackd: Cannot run "serve": no such command\n' + COMMANDS_HINT],
    [
      ["src/app.ts:api", "--workers", "2"],
      'stackd: Cannot run "src/app.ts:api": no such command; a module is served by "stackd gateway --http 8000 src/app.ts:api"\n' +
      COMMANDS_HINT,
    ],
    [[""], 'stackd: Cannot run "": no such command\n' + COMMANDS_HINT],
    [
      ["help", "gatway"],
      'stackd: Cannot print help of "gatway": no such command, did you mean "gateway"?\n' + COMMANDS_HINT,
    ],
    [
      ["help", "worker"],
      'stackd: Cannot print help of "worker": no such command, did you mean "workers"?\n' + COMMANDS_HINT,
    ],
    [["help", "proxy", "x"], 'stackd: Cannot use "x": "stackd help" takes one command\'s name\n' + COMMANDS_HINT],
    [["version", "x"], 'stackd: Cannot use "x": "stackd version" takes no arguments\n' + COMMANDS_HINT],
    [
      ["--listen", ":80"],
      'stackd: Cannot use "--listen": a command comes first, as in "stackd proxy --listen :8080"\n' + COMMANDS_HINT,
    ],
    [
      ["gateway", "--sockett=/a", "app.ts"],
      'stackd: Cannot use "--sockett": no such option of "stackd gateway", did you mean "--socket"?\n' +
      'Run "stackd help gateway" for the options.',
    ],
    [
      ["proxy"],
      "stackd: Cannot start the proxy: no address to listen on, give --listen [HOST:]PORT\n" +
      "Cannot start the proxy: no route, give --upstream TARGET or --static DIR\n" +
      'Run "stackd help proxy" for the options.',
    ],
    [
      ["proxy", "--listen", "x", "--static", "/", "--max-body", "1x"],
      'stackd: Cannot use --listen "x": it has no port; an address is [HOST:]PORT\n' +
      'Cannot use --max-body "1x": a size is a number of bytes, or one with k, m or g, as 512k',
    ],
    [["gateway", "--http", "0", "./nope.ts"], 'stackd: Cannot load handler "./nope.ts": no such file'],
    ...["2", "+2", "-2", "0"].map((by): [string[], string] => [
      ["workers", by, "--control", "1"],
      `stackd: Cannot change the number of workers by "${by}": say +1 or -1\nRun "stackd help workers" for the options.`,
    ]),
    [
      ["workers", "--control", "1"],
      'stackd: Cannot change the number of workers: say +1 or -1\nRun "stackd help workers" for the options.',
    ],
    [
      ["workers", "+1", "-1", "--control=1"],
      'stackd: Cannot use "-1": no such option of "stackd workers"\nRun "stackd help workers" for the options.',
    ],
  ];
  for (const [args, err] of cases) {
    await t.step(args.join(" "), async () => assertEquals(await run(...args), { code: 2, out: "", err }));
  }
});

Deno.test("main() shows the stack of an error that is no user's", async () => {
  let printed = "";
  const code = await main(["version"], {
    out: () => {
      throw new TypeError("unforeseen");
    },
    err: (text) => printed += text,
    color: false,
  });
  assertEquals(code, 1);
  assertMatch(printed, /^stackd: This is a bug in stackd\nTypeError: unforeseen\n {4}at /);
});
