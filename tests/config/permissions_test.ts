import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FileMistakes } from "../../lib/config/file/file_mistakes.ts";
import { parseFlags, type RawOptions } from "../../lib/config/flags.ts";
import { validateGateway } from "../../lib/config/validate.ts";
import { StackdError } from "../../lib/errors.ts";
import { fakeSystem } from "./fake_system.ts";

const system = fakeSystem({ "app.ts": "file", "api.ts": "file" });

function permissionsOf(...flags: string[]) {
  const { options } = parseFlags("gateway", ["--socket", "/run/app.sock", ...flags, "app.ts"]);
  return validateGateway(options, system).apps.map(({ permissions }) => permissions);
}

const NOTHING = { read: [], write: [], net: [], env: [], run: [], sys: [], ffi: [] };

Deno.test("without any --allow option nothing is confined", () => {
  assertEquals(permissionsOf(), [null]);
  assertEquals(permissionsOf("--env", "A=1"), [null]);
});

Deno.test("an --allow option without a list allows all of its kind, and takes no word behind it", () => {
  assertEquals(permissionsOf("--allow-read"), [{ ...NOTHING, read: "all" }]);
  assertEquals(permissionsOf("--allow-read=data", "--allow-read"), [{ ...NOTHING, read: "all" }]);
});

Deno.test("lists are separated by commas, and add up", () => {
  assertEquals(
    permissionsOf(
      "--allow-read=data,/etc/hosts",
      "--allow-read=data",
      "--allow-write=../out",
      "--allow-net=db.internal:5432,[::1]:80,10.0.0.0/8,*.example.com,unix:db.sock",
      "--allow-env=HOME,AWS_*",
      "--allow-run=git,./tool",
      "--allow-sys=hostname",
      "--allow-ffi=./lib.so",
    ),
    [{
      read: ["/home/app/data", "/etc/hosts"],
      write: ["/home/out"],
      net: ["db.internal:5432", "[::1]:80", "10.0.0.0/8", "*.example.com", "unix:/home/app/db.sock"],
      env: ["HOME", "AWS_*"],
      run: ["git", "/home/app/tool"],
      sys: ["hostname"],
      ffi: ["/home/app/lib.so"],
    }],
  );
});

Deno.test("a doubled comma is part of a name, as Deno has it", () => {
  assertEquals(permissionsOf("--allow-read=a,,b,c"), [{ ...NOTHING, read: ["/home/app/a,b", "/home/app/c"] }]);
});

Deno.test("the handler sees what --env sets, confined or not", () => {
  assertEquals(permissionsOf("--allow-net", "--env", "A=1"), [{ ...NOTHING, net: "all", env: ["A"] }]);
});

Deno.test("permissions hold for every app", () => {
  const both = permissionsOf("--allow-net", "--mount", "/api=api.ts");
  assertEquals(both.map((each) => each?.net), ["all", "all"]);
});

/** What `raw` and a mount of api.ts with `keys` come to. */
function mounted(raw: RawOptions, keys: Readonly<Record<string, string[]>>) {
  const place = { line: 3, column: 1, subject: "", proxyProtocol: false };
  const allow = new Map(Object.entries(keys).map(([key, texts]) => [key, texts.map((text) => ({ ...place, text }))]));
  const values = new Map([["mount", [{ ...place, text: "/api=api.ts", allow }]]]);
  const file = { values, mistakes: new FileMistakes("stackd.toml") };
  return validateGateway({ socket: ["/run/app.sock"], module: ["app.ts"], ...raw }, system, file);
}

Deno.test("a mount's own permissions are in place of those of all, and flags for all do not change them", () => {
  const { apps } = mounted({ "allow-net": [""], env: ["A=1"] }, { "allow-read": ["data"], "allow-net": [] });
  assertEquals(apps.map(({ permissions }) => permissions), [
    { ...NOTHING, net: "all", env: ["A"] },
    { ...NOTHING, read: ["/home/app/data"], env: ["A"] },
  ]);
  assertEquals(mounted({}, { "allow-read": [] }).apps.map(({ permissions }) => permissions), [null, NOTHING]);
});

Deno.test("--learn and --require-confinement are refused where a mount says otherwise", () => {
  for (
    const [raw, message] of [
      [
        { learn: ["true"], "allow-net": [""] },
        'Cannot use --learn: the handler runs unconfined then, leave out --allow-net, the allow keys of the mount "/api"',
      ],
      [
        { "require-confinement": ["true"] },
        'Cannot use --require-confinement: the app at "/" is not to be confined, give it allow-read or another allow key',
      ],
    ] as const
  ) assertEquals(assertThrows(() => mounted(raw, { "allow-net": ["db:1"] }), StackdError).message, message);
  const required = mounted({ "require-confinement": ["true"], "allow-sys": [""] }, { "allow-net": ["db:1"] });
  assertEquals(required.requireConfinement, true);
});

for (
  const [flags, message] of [
    [["--allow-read="], 'Cannot use "--allow-read=": the list is empty, leave out "=" to allow everything'],
    [["--allow-read=a,"], 'Cannot use --allow-read "a,": there is an empty name in the list'],
    [["--allow-read=,,,b,,,"], 'Cannot use --allow-read ",,,b,,,": there is an empty name in the list'],
    [
      ["--allow-net=http://db"],
      'Cannot use --allow-net "http://db": "http://db" is no HOST[:PORT], as db.internal:5432, nor unix:PATH',
    ],
    [
      ["--allow-net=db:70000"],
      'Cannot use --allow-net "db:70000": "db:70000" is no HOST[:PORT], as db.internal:5432, nor unix:PATH',
    ],
    [["--allow-env=A B"], 'Cannot use --allow-env "A B": "A B" is no variable\'s name'],
    [
      ["--require-confinement"],
      "Cannot use --require-confinement: nothing is to be confined, give --allow-read or another --allow option",
    ],
    [["--learn", "--allow-net"], "Cannot use --learn: the handler runs unconfined then, leave out --allow-net"],
  ] as const
) {
  Deno.test(`refused: ${flags.join(" ")}`, () => {
    const error = assertThrows(() => permissionsOf(...flags), StackdError);
    assertEquals(error.message, message);
  });
}

Deno.test("an unknown --allow-sys name is refused with the known ones", () => {
  const error = assertThrows(() => permissionsOf("--allow-sys=shoes"), StackdError);
  assertMatch(error.message, /^Cannot use --allow-sys "shoes": "shoes" is unknown, known are ca, cpus, /);
});

Deno.test("the --allow-sys names are those that Deno knows", () => {
  const { message } = assertThrows(() => permissionsOf("--allow-sys=shoes"), StackdError);
  const names = message.replace(/^.*known are /, "").split(", ");
  for (const kind of names) Deno.permissions.querySync({ name: "sys", kind: kind as "hostname" });
  // What Deno's own messages ask for.
  for (const name of ["ca", "getegid", "inspector", "uid", "umask"]) assertEquals(names.includes(name), true, name);
});
