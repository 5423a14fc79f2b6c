/** Which apps and files a gateway's command line names. */
import { assertEquals, assertThrows } from "@std/assert";
import { type MountedApp, readApps } from "../../lib/config/apps.ts";
import type { RawOptions } from "../../lib/config/flags.ts";
import { parseFlags } from "../../lib/config/flags.ts";
import { Reader } from "../../lib/config/reader.ts";
import { StackdError } from "../../lib/errors.ts";
import { fakeSystem } from "./fake_system.ts";

const system = fakeSystem({ "app.ts": "file", "api.ts": "file", "a=b.ts": "file", "public": "directory" });

/** What there is, as `prefix module export`. */
function read(raw: RawOptions): string[] {
  const reader = new Reader(raw);
  const { apps, staticMaps } = readApps(reader, system);
  reader.mistakes.throwIfAny();
  const spell = ({ prefix, module, exportName }: MountedApp) =>
    [prefix, module, ...(exportName === null ? [] : [exportName])].join(" ");
  return [...apps.map(spell), ...staticMaps.map(({ prefix, root }) => `${prefix} ${root}`)];
}

Deno.test("readApps() reads the module, mounts and static maps", async (t) => {
  const cases: [args: string[], expected: string[]][] = [
    [["app.ts"], ["/ /home/app/app.ts"]],
    [["--mount", "/api=api.ts"], ["/api /home/app/api.ts"]],
    [["--mount", "/=api.ts:x"], ["/ /home/app/api.ts x"]],
    [["--mount", "/api/=a=b.ts", "app.ts"], ["/ /home/app/app.ts", "/api /home/app/a=b.ts"]],
    [
      ["--mount", "/größe=api.ts", "--mount=/a/b=app.ts", "-m", "app.ts"],
      ["/ /home/app/app.ts", "/gr%C3%B6%C3%9Fe /home/app/api.ts", "/a/b /home/app/app.ts"],
    ],
    [["--mount", "/api=-:x", "app.ts"], ["/ /home/app/app.ts", "/api - x"]],
    [["-"], ["/ -"]],
    [["--static-map", "/static=public", "app.ts"], ["/ /home/app/app.ts", "/static /home/app/public"]],
    [["--static-map", "/=public", "--mount", "/api=api.ts"], ["/api /home/app/api.ts", "/ /home/app/public"]],
  ];
  for (const [args, expected] of cases) {
    await t.step(args.join(" "), () => assertEquals(read(parseFlags("gateway", args).options), expected));
  }
});

Deno.test("readApps() says what is wrong", async (t) => {
  const cases: [args: string[], message: string][] = [
    [[], "Cannot start the gateway: no handler module, give its path"],
    [["--static-map", "/s=public"], "Cannot start the gateway: no handler module, give its path"],
    [
      ["--mount", "api=api.ts"],
      'Cannot use --mount "api=api.ts": PREFIX=MODULE is needed, as /api=api.ts; a prefix begins with "/", write "/api=api.ts"',
    ],
    [["--mount", "api.ts"], 'Cannot use --mount "api.ts": PREFIX=MODULE is needed, as /api=api.ts'],
    [["--mount", "/api"], 'Cannot use --mount "/api": PREFIX=MODULE is needed, as /api=api.ts'],
    [["--mount", "/api="], 'Cannot use --mount "/api=": nothing follows the prefix "/api"'],
    [["--mount", "/a?=api.ts"], 'Cannot use --mount "/a?=api.ts": a prefix holds no spaces, "?", "#" or "%"'],
    [
      ["--mount", "/a/../b=api.ts"],
      'Cannot use --mount "/a/../b=api.ts": a prefix holds no empty, "." or ".." segments',
    ],
    [["--mount", "/api=nope.ts"], 'Cannot load handler "nope.ts": no such file'],
    [
      ["--mount", "/api=api.ts", "--mount", "/api/=app.ts"],
      'Cannot use --mount "/api/=app.ts": the prefix "/api" is taken by --mount "/api=api.ts"',
    ],
    [["app.ts", "--mount", "/=api.ts"], 'Cannot use --mount "/=api.ts": the prefix "/" is taken by "app.ts"'],
    [
      ["app.ts", "--static-map", "/=public"],
      'Cannot use --static-map "/=public": the prefix "/" is taken by "app.ts"',
    ],
    [["app.ts", "--static-map", "public"], 'Cannot use --static-map "public": PREFIX=DIR is needed, as /static=public'],
    [["app.ts", "--static-map", "/s=nope"], 'Cannot use --static-map "/s=nope": there is no directory "nope"'],
    [["app.ts", "--static-map", "/s=app.ts"], 'Cannot use --static-map "/s=app.ts": "app.ts" is no directory'],
    [["-", "--mount", "/api=-"], 'Cannot use --mount "/api=-": standard input can be read for one app only'],
    [["-", "--watch"], "Cannot use --watch: a module on standard input does not change"],
  ];
  for (const [args, message] of cases) {
    await t.step(message, () => {
      const error = assertThrows(() => read(parseFlags("gateway", args).options), StackdError);
      assertEquals([error.message, error.detail, error.exitCode], [message, undefined, 2]);
    });
  }
});
