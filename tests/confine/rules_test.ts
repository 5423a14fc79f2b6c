/** The kernel's half of a confinement as data, and what people are told of it. @module */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { EVERYTHING, type Permissions } from "../../lib/config/permissions.ts";
import { environmentFor, trustedPlaces } from "../../lib/confine/environment.ts";
import { capabilitiesToDrop } from "../../lib/confine/capabilities.ts";
import { gapsOf, requireLandlock } from "../../lib/confine/gaps.ts";
import { filterFor } from "../../lib/confine/hidden_descriptor.ts";
import { hostLibraries, loaderIn } from "../../lib/confine/no_libraries.ts";
import { programLimits } from "../../lib/confine/program_limits.ts";
import type { Instruction } from "../../lib/confine/bpf.ts";
import { abiOf, FS, NET } from "../../lib/confine/landlock.ts";
import { type ProcessNeeds, rulesetAfterwards, rulesetFor, tcpPorts } from "../../lib/confine/ruleset.ts";
import { isolatePermissions } from "../../lib/confine/worker_permissions.ts";
import { StackdError } from "../../lib/errors.ts";
import { readDenial } from "../../lib/handler/denials.ts";

const NOTHING: Permissions = { read: [], write: [], net: [], env: [], run: [], sys: [], ffi: [] };
const NEEDS: ProcessNeeds = {
  code: ["/usr/bin/stackd"],
  reads: [],
  caches: [],
  socketDirectories: ["/run/stackd"],
  accessLog: null,
};
const PLACES = {
  exists: (path: string) => path !== "/out/new/file" && path !== "/out/new",
  which: () => "/usr/bin/git",
};

function accessTo(path: string, permissions: Partial<Permissions>, needs: Partial<ProcessNeeds> = {}): bigint {
  const { rules } = rulesetFor({ ...NOTHING, ...permissions }, ["/srv/app"], { ...NEEDS, ...needs }, PLACES);
  return rules.reduce((sum, rule) => rule.kind === "path" && rule.path === path ? sum | rule.access : sum, 0n);
}

Deno.test("rulesetFor() lets a handler read its own directory, and write nothing", () => {
  assertEquals(accessTo("/srv/app", {}), FS.readFile | FS.readDir);
  assertEquals(accessTo("/", {}), 0n);
  assertEquals(accessTo("/usr/bin/stackd", {}), FS.readFile | FS.execute);
  assertEquals(accessTo("/run/stackd", {}), FS.makeSock | FS.removeFile);
});

Deno.test("what the system tells in files is readable with --allow-sys, by its names", () => {
  for (const file of ["/proc/cpuinfo", "/proc/sys/kernel/osrelease", "/proc/meminfo"]) {
    assertEquals(accessTo(file, {}), 0n);
    assertEquals(accessTo(file, { sys: ["hostname"] }), 0n);
    assertEquals(accessTo(file, { sys: "all" }), FS.readFile);
  }
  assertEquals(accessTo("/proc/stat", { sys: ["cpus"] }), FS.readFile);
  const home = (sys: Permissions["sys"]) => environmentFor({ ...NOTHING, sys }, { HOME: "/root" }, false);
  assertEquals([home([]), home(["homedir"]), home("all")], [{}, { HOME: "/root" }, { HOME: "/root" }]);
});

Deno.test("trustedPlaces() is where the system's certificates are, where they are asked for", () => {
  const places = (env: Record<string, string>) => trustedPlaces((name) => env[name]);
  const named = { SSL_CERT_FILE: "/ca/ca.pem", SSL_CERT_DIR: "/ca/a:/ca/b:c" };
  assertEquals(places({ ...named, DENO_TLS_CA_STORE: "system,mozilla" }), ["/ca/ca.pem", "/ca/a", "/ca/b"]);
  assertEquals([places(named), places({ DENO_TLS_CA_STORE: "system" })], [[], []]);
  assertEquals(environmentFor(NOTHING, named, false), named);
});

Deno.test("rulesetAfterwards() leaves what may be written, and nothing that the process needs for its sockets", () => {
  const nothing = rulesetAfterwards({ write: [] }, { caches: [] }, PLACES);
  assert(nothing !== null);
  const { makeSock, removeFile, makeReg, writeFile, refer } = FS;
  assertEquals(nothing.fs, makeSock | removeFile | makeReg | writeFile | refer);
  assertEquals(nothing.rules.map((rule) => rule.kind === "path" && rule.path), ["/dev/null", "/dev/zero", "/dev/full"]);
  const data = rulesetAfterwards({ write: ["/out/new/file"] }, { caches: ["/cache"] }, PLACES);
  assertEquals(data?.rules.slice(3).map((rule) => rule.kind === "path" && rule.path), ["/cache", "/out"]);
  assertEquals(rulesetAfterwards({ write: "all" }, { caches: [] }, PLACES), null);
});

Deno.test("programs do not have what root may do to the machine, and read what others send only with all of the net", () => {
  const [admin, raw, dacOverride] = [21, 13, 1];
  const dropped = capabilitiesToDrop({ net: ["127.0.0.1:80"] });
  assertEquals([admin, raw, dacOverride].map((capability) => dropped.includes(capability)), [true, true, false]);
  assertEquals(capabilitiesToDrop({ net: "all" }).includes(raw), false);
});

Deno.test("loaderIn() finds the dynamic loader's code, and hostLibraries() what finds hosts", () => {
  const line = (from: string, to: string, path: string) => `${from}-${to} r-xp 00001000 fe:00 12   /usr/lib/${path}\n`;
  const maps = line("7f00fffff000", "7f0100001000", "libc.so.6") +
    line("7fb1a0001000", "7fb1a0027000", "ld-linux-x86-64.so.2");
  assertEquals(loaderIn(maps), { upper: 0x7fb1, from: 0xa0001000, to: 0xa0026fff });
  assertEquals(loaderIn(line("7f00fffff000", "7f0100001000", "ld-linux-aarch64.so.1"))?.to, 0xffff_ffff);
  assertEquals(loaderIn(""), null);
  const text = "passwd: files\nhosts:  files mdns4_minimal [NOTFOUND=return] dns myhostname # resolve\n";
  assertEquals(hostLibraries(text), ["libnss_mdns4_minimal.so.2", "libnss_myhostname.so.2"]);
});

Deno.test("rulesetFor() follows the permissions", () => {
  assertEquals(accessTo("/data", { read: ["/data"] }), FS.readFile | FS.readDir);
  assertEquals(accessTo("/", { read: "all" }), FS.readFile | FS.readDir);
  assertEquals(accessTo("/out", { write: ["/out"] }) & FS.readFile, 0n);
  assert(
    (accessTo("/out", { write: ["/out/new/file"] }) & FS.makeReg) !== 0n,
    "what is not there is made in its parent",
  );
  const linksIn = (path: string, permissions: Partial<Permissions>) =>
    (accessTo(path, permissions) & FS.makeSym) !== 0n;
  assert(!linksIn("/out", { write: ["/out"], read: "all" }) && !linksIn("/", { write: "all" }), "a link may lead out");
  assert(linksIn("/out", { write: ["/out"], run: ["git"] }) && linksIn("/", { write: "all", read: "all" }));
  assertEquals(accessTo("/usr/bin/git", { run: ["git"] }), FS.readFile | FS.execute);
  assertEquals(accessTo("/", { run: "all" }), FS.execute, "to run everything is not to read everything");
  assertEquals(accessTo("/etc/hosts", {}), 0n);
  assertEquals(accessTo("/etc/hosts", { net: ["db:5432"] }), FS.readFile | FS.readDir);
  assertEquals(accessTo("/var/log", {}, { accessLog: "/var/log/access.log" }), FS.makeReg | FS.writeFile);
});

Deno.test("rulesetFor() takes TCP away, but for the ports that are named", () => {
  const none = rulesetFor(NOTHING, [], NEEDS, PLACES);
  assertEquals([none.net, none.rules.some(({ kind }) => kind === "port")], [NET.bind | NET.connect, false]);
  const some = rulesetFor({ ...NOTHING, net: ["db:5432", "[::1]:80"] }, [], NEEDS, PLACES);
  assertEquals(some.rules.flatMap((rule) => rule.kind === "port" ? rule.port : []), [5_432, 80, 53]);
  assertEquals(rulesetFor(EVERYTHING, [], NEEDS, PLACES).net, 0n);
});

Deno.test("tcpPorts() knows no ports where a host is allowed with any", () => {
  assertEquals(tcpPorts("all"), null);
  assertEquals(tcpPorts(["db:5432", "example.com"]), null);
  assertEquals(tcpPorts(["[::1]"]), null);
  assertEquals(tcpPorts(["unix:/run/db:1"]), []);
  assertEquals(tcpPorts(["a:1", "b:1", "[::1]:2", "10.0.0.0/8:3"]), [1, 2, 3]);
});

Deno.test("abiOf() knows what each version has brought", () => {
  assertEquals(abiOf(0), { version: 0, fs: 0n, net: 0n, scoped: 0n });
  assertEquals(abiOf(1).fs, 0x1fffn);
  assertEquals(abiOf(3).fs, 0x7fffn);
  assertEquals([abiOf(3).net, abiOf(4).net, abiOf(5).scoped, abiOf(6).scoped], [0n, 3n, 0n, 3n]);
  assertEquals(abiOf(7).fs, 0xffffn);
});

Deno.test("gapsOf() says what the kernel does not hold", () => {
  assertEquals(gapsOf({ version: 7 }), null);
  assertMatch(
    gapsOf({ version: 5 }) ?? "",
    /^the kernel is too old to confine signals and abstract unix sockets, so Deno/,
  );
  assertMatch(gapsOf({ version: 2 }) ?? "", /to confine TCP ports, signals/);
  assertMatch(gapsOf({ version: 0 }) ?? "", /^there is no Landlock here, so Deno alone confines the handler/);
  requireLandlock({ version: 1 });
  const error = assertThrows(() => requireLandlock({ version: 0 }), StackdError);
  assertEquals([error.code, error.exitCode], ["STACKD_CONFINEMENT", 1]);
});

Deno.test("environmentFor() keeps what is allowed, and what says nothing", () => {
  const env = { HOME: "/root", AWS_KEY: "k", AWS_ID: "i", DB: "d", TZ: "UTC", PATH: "/bin", STACKD_CONFINE: "{}" };
  assertEquals(environmentFor(NOTHING, env, false), { TZ: "UTC" });
  assertEquals(environmentFor({ ...NOTHING, env: ["AWS_*", "DB"] }, env, false), {
    AWS_KEY: "k",
    AWS_ID: "i",
    DB: "d",
    TZ: "UTC",
  });
  assertEquals(environmentFor({ ...NOTHING, run: ["git"] }, env, false), { TZ: "UTC", PATH: "/bin" });
  assertEquals("STACKD_CONFINE" in environmentFor({ ...NOTHING, env: "all" }, env, false), false);
});

Deno.test("isolatePermissions() adds what the start needs, and nothing that the handler has already", () => {
  const needs = { readable: ["/srv/app"], sockets: ["/run/.a.sock.1"], libc: "/lib/libc.so.6" };
  const added = isolatePermissions(NOTHING, needs);
  assertEquals(added.read, ["/srv/app", "/run/.a.sock.1"]);
  assertEquals([added.write, added.net, added.ffi], [["/run/.a.sock.1"], ["unix:/run/.a.sock.1"], ["/lib/libc.so.6"]]);
  assertEquals([added.env, added.run, added.sys, added.import], [false, false, false, false]);
  const had = isolatePermissions({ ...NOTHING, read: ["/run"], ffi: ["/lib"], net: "all" }, needs);
  assertEquals([had.read, had.ffi, had.net], [["/run", "/srv/app"], ["/lib"], true]);
});

Deno.test("readDenial() names the option", () => {
  assertEquals(readDenial('Requires read access to "/etc/passwd", run again with the --allow-read flag', "/tmp"), {
    what: 'read access to "/etc/passwd"',
    cure: "--allow-read=/etc/passwd would allow it",
  });
  const cureOf = (message: string) => readDenial(message, "/scratch")?.cure;
  assertEquals(cureOf("Requires env access, specify the required permissions"), "--allow-env would allow it");
  assertEquals(cureOf("Requires write access to <TMP>, specify the"), "--allow-write=/scratch would allow it");
  const none = "no option allows it to a confined handler";
  assertEquals(cureOf('Requires all access to "/proc/self/exe", run again with the --allow-all flag'), none);
  assertEquals(cureOf('Requires read access to "/proc/self/exe", run again with the --allow-read flag'), none);
  assertEquals(cureOf("Can't escalate parent thread permissions"), undefined);
});

/** Runs a filter as the kernel would, for one call. */
function verdict(program: readonly Instruction[], call: number, args: readonly number[], audit: number): number {
  const data: Record<number, number> = { 0: call, 4: audit, 16: args[0] ?? 0, 24: args[1] ?? 0, 32: args[2] ?? 0 };
  let loaded = 0;
  for (let at = 0; at < program.length; at++) {
    const [code, ifTrue, ifFalse, value] = program[at] ?? [0, 0, 0, 0];
    if (code === 0x20) loaded = data[value] ?? 0;
    else if (code === 0x15) at += loaded === value ? ifTrue : ifFalse;
    else if (code === 0x35) at += loaded >= value ? ifTrue : ifFalse;
    else return value;
  }
  throw new Error("the program has no end");
}

Deno.test("filterFor() hides one descriptor, from every call that takes one", () => {
  const ALLOWED = 0x7fff0000, BAD_DESCRIPTOR = 0x50009, X86_64 = 0xc000003e;
  const program = filterFor(11, "x86_64");
  const of = (call: number, ...args: number[]) => verdict(program, call, args, X86_64);
  for (const call of [0, 1, 3, 32, 44, 45, 46, 47, 72, 292]) assertEquals(of(call, 11), BAD_DESCRIPTOR, `call ${call}`);
  for (const call of [0, 1, 3, 32, 44, 45, 46, 47, 72, 292]) assertEquals(of(call, 12), ALLOWED, `call ${call}`);
  assertEquals([of(233, 5, 1, 11), of(233, 5, 1, 12), of(233, 11, 1, 5)], [BAD_DESCRIPTOR, ALLOWED, ALLOWED]);
  assertEquals(of(13, 11), ALLOWED); // rt_sigaction(SIGSEGV)
  assertEquals(verdict(program, 0, [11], 0x4000_0003), ALLOWED); // another architecture's numbers mean something else
});

Deno.test("programLimits() refuses what neither Deno nor Landlock holds of programs, unless it is allowed", () => {
  const ALLOWED = 0x7fff0000, REFUSED = 0x50001, X86_64 = 0xc000003e, UNIX = 1, INET = 2, NETLINK = 16, PACKET = 17;
  const SOCKET = 41, PTRACE = 101, IO_URING = 425, ATTRIBUTES = [90, 92, 132, 188, 268, 280, 469];
  assertEquals(programLimits(NOTHING, "x86_64"), null);
  const limitsOf = (permissions: Partial<Permissions>) => {
    const program = programLimits({ ...NOTHING, run: ["git"], ...permissions }, "x86_64") ?? [];
    return (call: number, ...args: number[]) => verdict(program, call, args, X86_64);
  };
  const none = limitsOf({ net: ["db:5432"] });
  for (const call of [...ATTRIBUTES, PTRACE, IO_URING]) assertEquals(none(call), REFUSED, `call ${call}`);
  assertEquals([none(SOCKET, UNIX), none(SOCKET, INET), none(0), none(59)], [REFUSED, ALLOWED, ALLOWED, ALLOWED]);
  assertEquals(none(0x4000_0000 + 59), REFUSED, "calls of x32 have other numbers");
  assertEquals(verdict(programLimits({ ...NOTHING, run: "all" }, "x86_64") ?? [], 0, [], 0x4000_0003), REFUSED);
  const PRLIMIT = 302, SET_AFFINITY = 203, SET_PRIORITY = 141, CLOCK = 227, KEYS = 250;
  for (const call of [PRLIMIT, SET_AFFINITY]) assertEquals([none(call, 0), none(call, 7)], [ALLOWED, REFUSED]);
  for (const call of [SET_PRIORITY, CLOCK, KEYS]) assertEquals(none(call), REFUSED, `call ${call}`);
  assertEquals(limitsOf({ sys: ["setPriority"] })(SET_PRIORITY), ALLOWED);
  const writes = limitsOf({ write: ["/out"] });
  for (const call of ATTRIBUTES) assertEquals(writes(call), ALLOWED, `call ${call}`);
  assertEquals([writes(PTRACE), writes(SOCKET, UNIX)], [REFUSED, REFUSED]);
  const families = [UNIX, INET, NETLINK, PACKET];
  const allowed = (net: Permissions["net"]) => families.filter((each) => limitsOf({ net })(SOCKET, each) === ALLOWED);
  assertEquals(allowed([]), [NETLINK]);
  assertEquals(allowed(["unix:/run/db.sock"]), [UNIX, NETLINK]);
  assertEquals(allowed(["db:5432"]), [INET, NETLINK]);
  assertEquals(allowed(["db:5432", "unix:/run/db.sock"]), [UNIX, INET, NETLINK]);
  assertEquals(allowed("all"), families);
  const arm = programLimits({ ...NOTHING, run: ["git"] }, "aarch64") ?? [];
  assertEquals([52, 198, 64].map((call) => verdict(arm, call, [UNIX], 0xc000_00b7)), [REFUSED, REFUSED, ALLOWED]);
});
