/**
 * What this process was given by who started it: open sockets by systemd (sd_listen_fds(3)), and more by the stackd that it is to
 * follow in an upgrade.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { logWarn } from "../observe/log.ts";
import type { Guard } from "./channel.ts";
import { boundAddress, keepToOurselves, kindOf } from "./descriptors.ts";
import { flag, list, number, object, orNull, record, text } from "./guards.ts";

/** A listening socket that is open already. */
export interface InheritedSocket {
  readonly descriptor: number;
  /** Its `FileDescriptorName=`; empty without one. */
  readonly name: string;
  /** Whether the service manager opened it, and keeps it when we end. */
  readonly passed: boolean;
  /** What a predecessor used it for; null when it comes straight from the service manager. */
  readonly opened: string | null;
  /** Where it is bound to. */
  readonly address: ListenAddress;
}

/** The process that this one is to follow. */
export interface Predecessor {
  readonly pid: number;
  /** The path of the socket on which it waits to hear how the start goes. */
  readonly channel: string;
  /** Paths of unix sockets that it serves, and that may be taken from it. */
  readonly paths: readonly string[];
}

/** All that was given. */
export interface Inheritance {
  readonly sockets: readonly InheritedSocket[];
  readonly predecessor: Predecessor | null;
}

/** Environment variables, as `Deno.env` has them. */
export interface Environment {
  get(name: string): string | undefined;
  delete(name: string): void;
}

/** The variable in which a predecessor says everything. */
export const VARIABLE = "STACKD_UPGRADE";
/** The first descriptor that systemd passes; SD_LISTEN_FDS_START. */
const FIRST = 3;
/** The highest count that is believed: descriptors beyond are seldom allowed to be opened. */
const MOST = 1_024;

const isInheritance: Guard<Inheritance> = record({
  sockets: list(record<InheritedSocket>({
    descriptor: number,
    name: text,
    passed: flag,
    opened: orNull(text),
    address: object<ListenAddress>(),
  })),
  predecessor: orNull(record<Predecessor>({ pid: number, channel: text, paths: list(text) })),
});

let taken: Inheritance | null = null;

/** What this process was given. The first call takes it out of the environment, which children inherit. */
export function inheritance(): Inheritance {
  return taken ??= takeInheritance(Deno.env, Deno.pid);
}

/** Reads what `env` says for process `pid` and takes it out; children do not inherit the sockets either. */
export function takeInheritance(env: Environment, pid: number): Inheritance {
  const [handed, count, meant, names] = [VARIABLE, "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"].map((name) => {
    const value = env.get(name);
    env.delete(name);
    return value;
  });
  const found = handed === undefined
    ? { sockets: meant === String(pid) ? passedSockets(count ?? "", names ?? "") : [], predecessor: null }
    : parse(handed);
  for (const { descriptor } of found.sockets) keepToOurselves(descriptor);
  return found;
}

function parse(handed: string): Inheritance {
  try {
    const value: unknown = JSON.parse(handed);
    if (isInheritance(value)) return value;
  } catch { /* said below */ }
  logWarn(`The variable ${VARIABLE} is for this program's own use, and is ignored`);
  return { sockets: [], predecessor: null };
}

function passedSockets(count: string, names: string): InheritedSocket[] {
  if (!/^[1-9]\d{0,5}$/.test(count)) return [];
  const called = names === "" ? [] : names.split(":");
  const sockets: InheritedSocket[] = [];
  for (let i = 0; i < Math.min(Number(count), MOST); i++) {
    const descriptor = FIRST + i, name = called[i] ?? "";
    const address = kindOf(descriptor) === "listener" ? boundAddress(descriptor) : null;
    if (address !== null) sockets.push({ descriptor, name, passed: true, opened: null, address });
    else logWarn(`Descriptor ${descriptor}${name === "" ? "" : ` ("${name}")`} was passed, and is no stream listener`);
  }
  return sockets;
}
