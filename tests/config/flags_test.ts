import { assertEquals, assertThrows } from "@std/assert";
import { parseFlags, type RawOptions } from "../../lib/config/flags.ts";
import type { CommandName } from "../../lib/config/option_spec.ts";
import { StackdError } from "../../lib/errors.ts";

Deno.test("parseFlags() reads values", async (t) => {
  const cases: [CommandName, string[], RawOptions][] = [
    ["gateway", [], {}],
    ["gateway", ["-s", "/a.sock", "app.ts"], { socket: ["/a.sock"], module: ["app.ts"] }],
    ["gateway", ["-s=/a.sock"], { socket: ["/a.sock"] }],
    ["gateway", ["-s/a.sock"], { socket: ["/a.sock"] }],
    ["gateway", ["-sa.sock"], { socket: ["a.sock"] }],
    ["gateway", ["--socket", "/a.sock"], { socket: ["/a.sock"] }],
    ["gateway", ["--socket=/a.sock"], { socket: ["/a.sock"] }],
    ["gateway", ["--socket=/a=b"], { socket: ["/a=b"] }],
    ["gateway", ["-s=/a=b"], { socket: ["/a=b"] }],
    ["gateway", ["-s=a\nb"], { socket: ["a\nb"] }],
    ["gateway", ["--socket=-a"], { socket: ["-a"] }],
    ["gateway", ["-m", "app.ts"], { module: ["app.ts"] }],
    ["gateway", ["app.ts", "--http", "8080", "--http=:8081"], { module: ["app.ts"], http: ["8080", ":8081"] }],
    ["gateway", ["--", "-app.ts"], { module: ["-app.ts"] }],
    ["gateway", ["-s", "a", "--", "--help"], { socket: ["a"], module: ["--help"] }],
    ["gateway", ["8080"], { module: ["8080"] }],
    ["gateway", ["007"], { module: ["007"] }],
    ["gateway", ["-"], { module: ["-"] }],
    ["proxy", ["--access-log", "-"], { "access-log": ["-"] }],
    ["proxy", ["--access-log=-"], { "access-log": ["-"] }],
    ["proxy", ["--access-log", "off", "--max-body", "007"], { "access-log": ["off"], "max-body": ["007"] }],
    ["proxy", ["--upstream", "/a=unix:/x", "--upstream=unix:/y"], { upstream: ["/a=unix:/x", "unix:/y"] }],
    ["proxy", ["--listen", "true", "--listen", "[::1]:80"], { listen: ["true", "[::1]:80"] }],
  ];
  for (const [command, args, options] of cases) {
    await t.step(`${command} ${args.join(" ")}`, () => {
      assertEquals(parseFlags(command, args), { help: false, options });
    });
  }
});

Deno.test("parseFlags() stops at help", async (t) => {
  const cases = [["-h"], ["--help"], ["app.ts", "-h"], ["--nope", "--help"], ["--socket", "-h"], ["-h", "true"], [
    "-h",
    "-h",
  ]];
  for (const args of cases) {
    await t.step(args.join(" "), () => assertEquals(parseFlags("gateway", args), { help: true, options: {} }));
  }
});

Deno.test("parseFlags() names what is wrong", async (t) => {
  const unknown = (spelt: string, meant?: string) => {
    const advice = meant === undefined ? "" : `, did you mean "${meant}"?`;
    return `Cannot use "${spelt}": no such option of "stackd gateway"${advice}`;
  };
  const cases: [string[], string][] = [
    [["--sockett", "/a"], unknown("--sockett", "--socket")],
    [["--sokcet=/a"], unknown("--sokcet", "--socket")],
    [["--Socket", "/a"], unknown("--Socket", "--socket")],
    [["-socket", "/a"], unknown("-socket", "--socket")],
    [["--graceful", "1"], unknown("--graceful", "--graceful-timeout")],
    [["--verbose"], unknown("--verbose")],
    [["--verbose=very"], unknown("--verbose")],
    [["--no-socket"], unknown("--no-socket", "--socket")],
    [["-x"], unknown("-x")],
    [["-xyz"], unknown("-xyz")],
    [["-5"], unknown("-5")],
    [["--s", "/a"], unknown("--s")],
    [["--a.b", "1"], unknown("--a.b")],
    [["--socket.path=1"], unknown("--socket.path")],
    [["--_", "app.ts"], unknown("--_")],
    [["--__proto__=1"], unknown("--__proto__")],
    [["--constructor", "1"], unknown("--constructor")],
    [["--listen", ":80"], 'Cannot use "--listen" with "stackd gateway": it is an option of "stackd proxy"'],
    [["--static=x"], 'Cannot use "--static" with "stackd gateway": it is an option of "stackd proxy"'],
    [["--socket"], "Cannot use --socket: it needs a value, --socket PATH"],
    [["-s"], "Cannot use --socket: it needs a value, --socket PATH"],
    [["-s="], "Cannot use --socket: it needs a value, --socket PATH"],
    [["--socket="], "Cannot use --socket: it needs a value, --socket PATH"],
    [["--socket", ""], "Cannot use --socket: it needs a value, --socket PATH"],
    [["--socket", "--http", "80"], "Cannot use --socket: it needs a value, --socket PATH"],
    [["--socket", "--"], "Cannot use --socket: it needs a value, --socket PATH"],
    [["-s", "a", "--socket", "b"], 'Cannot use --socket more than once: "a" and "b" are given'],
    [["-s", "a", "-s", "a"], 'Cannot use --socket more than once: "a" and "a" are given'],
    [["--help=yes"], 'Cannot use "--help=yes": --help takes no value'],
    [["-h="], 'Cannot use "-h=": --help takes no value'],
    [["a.ts", "b.ts"], 'Cannot use more than one module: "a.ts", "b.ts" are given'],
    [["a.ts", "--", "b.ts"], 'Cannot use more than one module: "a.ts", "b.ts" are given'],
    [["-m", "a.ts", "b.ts"], 'Cannot use more than one module: "b.ts" is given, and --module "a.ts"'],
    [["-m", "a.ts", "a.ts"], 'Cannot use more than one module: "a.ts" is given, and --module "a.ts"'],
    [[""], "Cannot use an empty module: write its path"],
  ];
  for (const [args, message] of cases) {
    await t.step(args.join(" "), () => {
      const error = assertThrows(() => parseFlags("gateway", args), StackdError);
      assertEquals([error.code, error.message, error.detail], ["STACKD_USAGE", message, undefined]);
    });
  }
});

Deno.test("parseFlags() takes no arguments for the proxy", () => {
  const error = assertThrows(() => parseFlags("proxy", ["--listen", "80", "app.ts"]), StackdError);
  assertEquals(error.message, 'Cannot use "app.ts": "stackd proxy" takes options only');
});

Deno.test("parseFlags() gathers all mistakes", () => {
  const args = ["--socket", "--nope", "--http", "1", "--pidfile", "a", "--pidfile", "b", "x.ts", "y.ts"];
  const error = assertThrows(() => parseFlags("gateway", args), StackdError);
  assertEquals(error.message, "Cannot use --socket: it needs a value, --socket PATH");
  assertEquals(error.detail?.split("\n"), [
    'Cannot use "--nope": no such option of "stackd gateway"',
    'Cannot use --pidfile more than once: "a" and "b" are given',
    'Cannot use more than one module: "x.ts", "y.ts" are given',
  ]);
});
