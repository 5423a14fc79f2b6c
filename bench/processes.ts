/**
 * The processes of a benchmark: each pinned to a CPU, all ended with it.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** A file beside this one. */
export const HERE = (name: string) => fromFileUrl(new URL(name, import.meta.url));

/** The CPU that contestants run on, one at a time, and the one for wrk and the upstream. */
export const CPU = { contestant: "0", rest: "1" };
/** Contestants listen from here on; the upstream on the port before. */
export const FIRST_PORT = 18_100;

/** What a benchmark has started. */
export class Processes implements AsyncDisposable {
  /** For configurations, sockets and logs. */
  readonly directory = Deno.makeTempDirSync({ prefix: "stackd-bench-" });
  readonly #children: Deno.ChildProcess[] = [];

  constructor() {
    Deno.chmodSync(this.directory, 0o755); // nginx's worker runs as another user
  }

  /** Starts a program on a CPU. */
  start(cpu: string, [program, ...args]: readonly [string, ...string[]]): Deno.ChildProcess {
    const pinned = ["-c", cpu, program, ...args];
    const options = { args: pinned, stdin: "null", stdout: "null", stderr: "null" } satisfies Deno.CommandOptions;
    const child = new Deno.Command("taskset", options).spawn();
    this.#children.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended */ }
    }
    await Promise.all(this.#children.map(({ status }) => status));
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** The upstream of all contestants, on `sockets` unix sockets (`PATH`, `PATH.1` …) and on a port. */
export function upstreamCommand(path: string, port: number, sockets = 1): readonly [string, ...string[]] {
  const args = [HERE("upstream.ts"), path, String(port), String(sockets)];
  return [Deno.execPath(), "run", "-A", "--no-check", ...args];
}

/** Waits until something listens on a port. */
export function reachable(port: number): Promise<void> {
  return untilConnected(`port ${port}`, () => Deno.connect({ hostname: "127.0.0.1", port }));
}

/** Waits until something listens on a unix socket. */
export function reachableOnUnix(path: string): Promise<void> {
  return untilConnected(path, () => Deno.connect({ transport: "unix", path }));
}

async function untilConnected(where: string, connect: () => Promise<Deno.Conn>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      (await connect()).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`nothing listens on ${where}`);
}
