import { assertEquals, assertThrows } from "@std/assert";
import { parseFlags } from "../../lib/config/flags.ts";
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

Deno.test("the handler sees what --env sets, confined or not", () => {
  assertEquals(permissionsOf("--allow-net", "--env", "A=1"), [{ ...NOTHING, net: "all", env: ["A"] }]);
});

Deno.test("permissions hold for every app", () => {
  const both = permissionsOf("--allow-net", "--mount", "/api=api.ts");
  assertEquals(both.map((each) => each?.net), ["all", "all"]);
});

for (
  const [flags, message] of [
    [["--allow-read="], 'Cannot use "--allow-read=": the list is empty, leave out "=" to allow everything'],
    [["--allow-read=a,,b"], 'Cannot use --allow-read "a,,b": there is an empty name in the list'],
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
  assertEquals(error.message.startsWith('Cannot use --allow-sys "shoes": "shoes" is unknown, known are cpus, '), true);
});
