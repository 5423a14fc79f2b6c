/**
 * `stackd reload`, `upgrade`, `stop`, `status` and `workers`: what is said to a gateway, or proxy, that runs.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { RawOptions } from "../config/flags.ts";
import { Reader } from "../config/reader.ts";
import { parsePrefix } from "../config/routes.ts";
import { StackdError } from "../errors.ts";
import { askControl, type ControlDone, type ControlRequest } from "../process/control.ts";
import { readPid } from "../process/pidfile.ts";
import { isSupervisor, processOf } from "../process/whose_pid.ts";
import type { UwsgiStats } from "../process/status.ts";

/** How a process is told over its pid file, which cannot answer. */
const SIGNALS = { reload: "SIGHUP", upgrade: "SIGUSR2", stop: "SIGTERM" } as const;

/** Asks for a reload, and waits for its end where a control socket tells it; one line for people. */
export async function reload(raw: RawOptions): Promise<string> {
  if (isByPid(raw, "reload")) return signal(raw, "reload");
  await ask(raw, { command: "reload" });
  return "Reloaded";
}

/** Asks it to make way for the program that is on disk now, and waits until that serves where a control socket tells it. */
export async function upgrade(raw: RawOptions): Promise<string> {
  if (isByPid(raw, "upgrade")) return signal(raw, "upgrade");
  const { pid } = await ask(raw, { command: "upgrade" });
  return `Upgraded: process ${pid} serves`;
}

/** Asks for a graceful stop. */
export async function stop(raw: RawOptions): Promise<string> {
  if (isByPid(raw, "stop")) return signal(raw, "stop");
  await ask(raw, { command: "stop" });
  return "Stopping";
}

/** The state as JSON. */
export async function status(raw: RawOptions): Promise<string> {
  const { status } = await ask(raw, { command: "status" });
  return JSON.stringify(status satisfies UwsgiStats | undefined, null, 2);
}

/** One worker more, or one less. */
export async function changeWorkers(raw: RawOptions, change: 1 | -1): Promise<string> {
  const reader = new Reader(raw);
  const app = reader.one("app", parsePrefix, null); // in the form in which the gateway knows it
  reader.mistakes.throwIfAny();
  const request: ControlRequest = { command: "workers", change, ...(app === null ? {} : { app }) };
  const { workers } = await ask(raw, request);
  return `${workers} worker${workers === 1 ? "" : "s"}`;
}

/** Whether a pid file says who is meant. Throws when a control socket does, too: they may name two. */
function isByPid({ control, pidfile }: RawOptions, what: keyof typeof SIGNALS): boolean {
  if (control !== undefined && pidfile !== undefined) {
    const given = `--control "${control[0] ?? ""}" and --pidfile "${pidfile[0] ?? ""}" are given`;
    throw new StackdError("STACKD_USAGE", `Cannot ${what} by two ways: ${given}`);
  }
  return control === undefined;
}

async function ask(raw: RawOptions, request: ControlRequest): Promise<ControlDone> {
  const [path] = raw.control ?? [];
  if (path === undefined) {
    throw new StackdError("STACKD_USAGE", `Cannot ask anybody: name the gateway's control socket, --control PATH`);
  }
  const answer = await askControl(resolve(path), request);
  if (answer.ok) return answer;
  const { message, detail } = answer;
  throw new StackdError("STACKD_CONTROL", message, detail === null ? { exitCode: 1 } : { exitCode: 1, detail });
}

function signal(raw: RawOptions, what: keyof typeof SIGNALS): string {
  const [path] = raw.pidfile ?? [];
  if (path === undefined) {
    throw new StackdError("STACKD_USAGE", "Cannot ask anybody: name what runs by --control PATH or --pidfile FILE");
  }
  const pid = readPid(resolve(path));
  const refuse = (state: string) =>
    new StackdError("STACKD_CONTROL", `Cannot ${what} by "${path}": ${state}`, { exitCode: 1 });
  if (pid === null) throw refuse("it is no pid file, or is not there");
  const shown = processOf(pid), self = processOf("self");
  if (shown === null) throw refuse(`process ${pid} does not run`);
  if (shown !== "unseen" && self !== "unseen" && self !== null && !isSupervisor(shown, self)) {
    throw refuse(`process ${pid} is no gateway or proxy of stackd, but "${shown.args.join(" ").slice(0, 100)}"`);
  }
  try {
    Deno.kill(pid, SIGNALS[what]);
  } catch (thrown) {
    throw refuse(thrown instanceof Deno.errors.PermissionDenied ? "permission denied" : `process ${pid} does not run`);
  }
  return what === "stop"
    ? `Asked process ${pid} to stop`
    : `Asked process ${pid} to ${what}; its log says what came of it`;
}
