/**
 * Starting a contestant of `deno task bench gateway`, on a port or a socket that is its own.
 *
 * @module
 */
import type { Contestant } from "./gateway_contestants.ts";
import { treeOf } from "./gateway_tree.ts";
import { CPU, type Processes, reachable, reachableOnUnix } from "./processes.ts";

/** A contestant that runs. */
export interface OnTcp {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
}

/** A contestant that runs. */
export interface OnUnix {
  readonly name: string;
  readonly pid: number;
  readonly path: string;
}

/** Starts it on a free port, so that no other benchmark that runs just now is taken for it. */
export async function startOnTcp(processes: Processes, { name, command }: Contestant): Promise<OnTcp> {
  const port = freePort();
  const { pid } = processes.start(CPU.contestant, command(String(port)));
  await reachable(port);
  assertRunning(name, pid);
  return { name, pid, url: `http://127.0.0.1:${port}` };
}

/** Starts it on a unix socket. */
export async function startOnUnix(processes: Processes, { name, command }: Contestant): Promise<OnUnix> {
  const path = `${processes.directory}/${name}.sock`;
  const { pid } = processes.start(CPU.contestant, command(path));
  await reachableOnUnix(path);
  assertRunning(name, pid);
  return { name, pid, path };
}

/**
 * Makes sure that `measure` counts all of a contestant: it counts a process and its children.
 *
 * @throws {Error} It has ended, or there are grandchildren.
 */
export function assertCounted(name: string, pid: number): void {
  assertRunning(name, pid);
  const beyond = treeOf(pid).filter(({ depth }) => depth > 1).map(({ pid }) => pid);
  if (beyond.length > 0) throw new Error(`${name} has processes that are not counted: ${beyond.join(", ")}`);
}

function assertRunning(name: string, pid: number): void {
  if (treeOf(pid).length === 0) throw new Error(`${name} has ended`);
}

/** One that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
