/**
 * What a confined worker's process may do, in the kernel's words: its permissions, and what the process itself needs to run.
 *
 * @module
 */
import { allowsName, allowsSome } from "../config/grant.ts";
import { dirname } from "@std/path";
import type { Grant, Permissions } from "../config/permissions.ts";
import { FS, NET, type Rule, type Ruleset, SCOPE } from "./landlock.ts";

const READ = FS.readFile | FS.readDir;
const WRITE = FS.writeFile | FS.truncate | FS.makeReg | FS.makeDir | FS.makeSym | FS.makeFifo | FS.makeSock |
  FS.removeFile | FS.removeDir | FS.refer;
const ALL_FS = (FS.ioctlDev << 1n) - 1n;

/** What a process needs, beside what its handler may touch. */
export interface ProcessNeeds {
  /** Files that it has to map to run at all: the program, the loader, libraries. */
  readonly code: readonly string[];
  /** Directories and files that it reads for its own sake; nothing of them is secret. */
  readonly reads: readonly string[];
  /** Directories that it writes for its own sake: caches of a source run. */
  readonly caches: readonly string[];
  /** Directories in which it puts sockets. */
  readonly socketDirectories: readonly string[];
  /** The access log that it writes itself, or null. */
  readonly accessLog: string | null;
}

/** What is asked of the system to write rules. */
export interface Places {
  exists(path: string): boolean;
  /** The executable that a program's name stands for; null when there is none. */
  which(program: string): string | null;
}

/** Devices that everybody may use. */
const DEVICES = ["/dev/null", "/dev/zero", "/dev/full"], RANDOM = ["/dev/random", "/dev/urandom"];
/** For dates in other zones than UTC, in programs that the handler starts too. */
const ZONES = ["/etc/localtime", "/usr/share/zoneinfo"];
/** To find hosts by their names (nsswitch.conf(5), resolver(5)). */
const NAMES = [
  "/etc/resolv.conf",
  "/run/systemd/resolve",
  "/etc/hosts",
  "/etc/host.conf",
  "/etc/nsswitch.conf",
  "/etc/gai.conf",
  "/etc/services",
];
/** Whom to trust in TLS, which everybody may know: `fetch` reads it before it looks at the URL, which may be a file's. */
const TRUST = [
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/tls/certs",
  "/etc/pki/ca-trust/extracted",
  "/usr/share/ca-certificates",
  "/usr/local/share/ca-certificates",
];
/** Where libraries are. */
const LIBRARIES = [
  "/lib",
  "/lib32",
  "/lib64",
  "/usr/lib",
  "/usr/lib32",
  "/usr/lib64",
  "/usr/libexec",
  "/usr/local/lib",
];
/** Where programs are. */
const PROGRAMS = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
const LOADER = ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"];
/** glibc finds the bounds of the main thread's stack there, once, at the start. */
const MAPS = "/proc/self/maps";

/** Memory in use, of this process. */
const MEMORY = "/proc/self/statm";
/** Where the system tells what `--allow-sys` allows by these names; the others need no file. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  cpus: ["/proc/cpuinfo", "/proc/stat"],
  osRelease: ["/proc/sys/kernel/osrelease"],
  systemMemoryInfo: ["/proc/meminfo"],
};
/** The frequencies of CPUs. */
const CPUS = "/sys/devices/system/cpu";

/**
 * The files of proc(5) that a handler's process reads for what it may be told. A rule for one holds for as long as the kernel remembers
 * the file: they have to be kept open.
 */
export function systemFiles({ sys }: Pick<Permissions, "sys">): readonly string[] {
  const names = sys === "all" ? Object.keys(TOLD) : sys;
  return [MEMORY, ...names.flatMap((name) => TOLD[name] ?? [])];
}

/** The ruleset of a worker. */
export function rulesetFor(
  permissions: Permissions,
  readable: readonly string[],
  needs: ProcessNeeds,
  places: Places,
): Ruleset {
  const { read, write, net, run, sys, ffi } = permissions;
  const rules: Rule[] = [];
  const allow = (access: bigint, ...paths: readonly string[]) => {
    for (const path of paths) rules.push({ kind: "path", path, access });
  };
  allow(FS.readFile | FS.execute, ...needs.code);
  allow(READ, ...needs.reads, ...LOADER, ...ZONES, ...TRUST);
  allow(FS.readFile, MAPS, ...RANDOM, ...systemFiles(permissions));
  if (allowsName(sys, "cpus")) allow(READ, CPUS);
  allow(FS.readFile | FS.writeFile, ...DEVICES);
  allow(READ | WRITE, ...needs.caches);
  allow(FS.makeSock | FS.removeFile, ...needs.socketDirectories);
  // A log that was moved away is made anew.
  if (needs.accessLog !== null) allow(FS.makeReg | FS.writeFile, dirname(needs.accessLog));

  allow(READ, ...readable, ...(read === "all" ? ["/"] : read));
  // Links may lead out. Deno asks for everything before it makes one, but in node:wasi; programs may make them.
  const links = allowsSome(run) || (read === "all" && write === "all");
  allow(links ? WRITE : WRITE & ~FS.makeSym, ...writablePlaces(write, places));
  if (allowsSome(net)) allow(READ, ...NAMES, ...LIBRARIES);
  if (allowsSome(ffi)) allow(READ, ...LIBRARIES, ...(ffi === "all" ? [] : ffi));
  if (allowsSome(run)) {
    allow(READ | FS.execute, ...LIBRARIES);
    // A script is read by its interpreter.
    const programs = run === "all" ? PROGRAMS : run.flatMap((program) => places.which(program) ?? []);
    allow(FS.readFile | FS.execute, ...programs);
    if (run === "all") allow(FS.execute, "/");
  }
  const ports = tcpPorts(net);
  for (const port of ports ?? []) rules.push({ kind: "port", port, access: NET.bind | NET.connect });
  // Names are asked for over TCP when the answer is long.
  if (ports !== null && ports.length > 0) rules.push({ kind: "port", port: 53, access: NET.connect });
  return {
    fs: ALL_FS,
    net: ports === null ? 0n : NET.bind | NET.connect,
    scoped: SCOPE.abstractUnixSocket | SCOPE.signal,
    rules,
  };
}

/** What a process may do for its own sake only, and a handler, and what that starts, may not. */
const FOR_ITSELF = FS.makeSock | FS.removeFile | FS.makeReg | FS.writeFile;

/**
 * What is left of {@linkcode rulesetFor} when the sockets are in their places: beside what the handler may write, nothing is. Null where
 * it may write everything.
 */
export function rulesetAfterwards(
  { write }: Pick<Permissions, "write">,
  { caches }: Pick<ProcessNeeds, "caches">,
  places: Pick<Places, "exists">,
): Ruleset | null {
  if (write === "all") return null;
  const rule = (access: bigint) => (path: string): Rule => ({ kind: "path", path, access });
  const rules = [...DEVICES.map(rule(FS.writeFile)), ...[...caches, ...writablePlaces(write, places)].map(rule(WRITE))];
  // Moving between directories is denied by every ruleset that does not speak of it.
  return { fs: FOR_ITSELF | FS.refer, net: 0n, scoped: 0n, rules };
}

/** The directories and files that a grant lets write: the kernel allows only what is there. */
function writablePlaces(write: Grant, places: Pick<Places, "exists">): readonly string[] {
  return write === "all" ? ["/"] : write.map((path) => places.exists(path) ? path : parentOf(path, places));
}

/** The TCP ports of a grant, which is all that the kernel knows of it; null where one of its hosts is allowed with any port. */
export function tcpPorts(net: Grant): readonly number[] | null {
  if (net === "all") return null;
  const ports = new Set<number>();
  for (const host of net) {
    if (host.startsWith("unix:")) continue;
    const [, port] = /:(\d+)$/.exec(host.replace(/\[[^\]]*\]/, "")) ?? [];
    if (port === undefined) return null;
    ports.add(Number(port));
  }
  return [...ports];
}

/** The nearest directory above `path` that is there: what is not there yet has to be made in it. */
function parentOf(path: string, places: Pick<Places, "exists">): string {
  let parent = dirname(path);
  while (parent !== "/" && !places.exists(parent)) parent = dirname(parent);
  return parent;
}
