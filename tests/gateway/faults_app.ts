/** What the tests of faults share: a handler that can do every kind of harm, a gateway that serves it, and who is who. @module */
import { fail } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { mayNote } from "../support/confinement.ts";
import { Load, type LoadOptions } from "../support/load.ts";
import { RawClient, type RawResponse } from "../support/raw_http.ts";
import { type Running, stackd, type StartOptions, TestDirectory } from "../support/stackd.ts";

/** How long a request of the load is in its worker, ms: long enough that there always are some in each. */
const TAKES = 15;
/** What may pass between a process's death and everybody's notice of it, ms. */
export const NOTICE = 200;

/**
 * A handler that answers with its version and its process, and does harm where it is asked to. What it does it notes in the
 * file that FAULTS_LOG names. `start` is what its onStart does.
 */
export function faultyApp(version = 1, start = ""): string {
  return `
const note = (what: string) => Deno.writeTextFileSync(Deno.env.get("FAULTS_LOG")!, what + " " + Deno.pid + "\\n", { append: true });
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const kept: unknown[] = [];

export async function onStart(): Promise<void> {
  ${start}
}

export default async (request: Request, info: { signal: AbortSignal }): Promise<Response> => {
  if (request.headers.get("upgrade") === "websocket") {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data + " ${version} " + Deno.pid);
    return response;
  }
  switch (new URL(request.url).pathname) {
    case "/length":
      return new Response(String((await request.bytes()).length));
    case "/loop":
      note("loops");
      for (;;);
    case "/hang":
      note("hangs");
      info.signal.addEventListener("abort", () => note("aborted"));
      return new Promise(() => {});
    case "/exit":
      note("exits");
      Deno.exit(3);
    case "/allocate":
      note("allocates");
      kept.push(new Uint8Array(2 ** 31).fill(1));
      break;
    case "/heap":
      note("grows");
      for (;;) kept.push(Array.from({ length: 1_000 }, (_, i) => ({ i })));
    case "/reject":
      Promise.reject(new Error("nobody waits for it"));
      break;
    case "/timer":
      setTimeout(() => {
        throw new Error("thrown by a timer");
      });
      break;
    case "/busy":
      await request.text();
      for (const begun = performance.now(); performance.now() < begun + 8;);
      break;
    case "/block":
      note("blocks");
      for (const begun = performance.now(); performance.now() < begun + 2_000;);
      break;
    case "/events": {
      const encoder = new TextEncoder();
      let timer = 0;
      const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        timer = setInterval(() => controller.enqueue(encoder.encode("data: ${version}\\n\\n")), 50);
      };
      return new Response(new ReadableStream({ start, cancel: () => clearInterval(timer) }));
    }
    case "/slow":
      await wait(1_000);
      break;
    default:
      await request.text();
      await wait(${TAKES});
  }
  return new Response("${version} " + Deno.pid);
};
`;
}

/** A gateway that serves {@linkcode faultyApp}. */
export class FaultyGateway implements AsyncDisposable {
  readonly directory = new TestDirectory();
  readonly module = this.directory.write("app.ts", faultyApp());
  readonly #log = this.directory.write("log", "");
  /** The process; replaced by {@linkcode start}. */
  running!: Running;
  /** Where the load goes. */
  address!: ListenAddress;

  /** Starts one on `--http`, with `args`. */
  static async start(args: readonly string[] = ["--workers", "2"]): Promise<FaultyGateway> {
    const gateway = new FaultyGateway();
    await gateway.start(["--http", "127.0.0.1:0", ...args]);
    return gateway;
  }

  /** Starts the process, by a program before it if there is to be one, and waits until it serves. */
  async start(args: readonly string[], options: StartOptions = {}): Promise<void> {
    const env = { FAULTS_LOG: this.#log, TMPDIR: this.directory.path, ...options.env };
    const log = args.includes("--access-log") ? [] : ["--access-log", "off"];
    this.running = stackd(["gateway", ...log, ...mayNote(this.#log, "FAULTS_LOG"), ...args, this.module], {
      ...options,
      env,
    });
    await this.running.untilPrinted(/^ +pid +\d+$/m);
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(this.running.stdout)?.[1];
    if (port !== undefined) this.address = { transport: "tcp", hostname: "127.0.0.1", port: Number(port) };
  }

  /** Another version of the handler, in place in one step. */
  write(source: string): void {
    Deno.renameSync(this.directory.write("next.ts", source), this.module);
  }

  /** Clients that ask it, when some have been answered; fails when that is no load: less than `least` a second. */
  async load(options?: LoadOptions, least = 200): Promise<Load> {
    const load = new Load(this.address, options);
    await load.answers(200);
    if (load.rate > least) return load;
    await load.stop();
    fail(`${load.rate} requests a second are no load`);
  }

  /** One request on a connection of its own. */
  async ask(path: string, method = "GET", timeout?: number): Promise<RawResponse> {
    using client = await RawClient.connect(this.address);
    await client.send(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\n${method === "POST" ? "Content-Length: 0\r\n" : ""}\r\n`,
    );
    return await client.response(timeout === undefined ? {} : { timeout });
  }

  /** What handlers have noted: `loops 123`. */
  get notes(): string[] {
    return Deno.readTextFileSync(this.#log).split("\n").filter((line) => line !== "");
  }

  /** Its processes of one kind that run. */
  children(kind: "worker" | "front"): number[] {
    return childrenOf(this.running.pid, kind);
  }

  /** Waits until the log matches, from where it was `length` characters long. */
  async logged(pattern: RegExp, length = 0, timeout?: number): Promise<RegExpExecArray> {
    const { running } = this;
    return await running.until(`it logs ${pattern}`, () => pattern.exec(running.stderr.slice(length)), timeout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

/** Whether a process runs; one that has ended and only waits to be collected does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** The processes of one kind that `parent` has started, and that run. */
export function childrenOf(parent: number, kind: "worker" | "front"): number[] {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, state, ppid] = /^\d+ \(.*\) (\S) (\d+)/.exec(Deno.readTextFileSync(`/proc/${name}/stat`)) ?? [];
      if (Number(ppid) !== parent || state === "Z" || state === "X") continue;
      if (Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0")[1] === kind) found.push(Number(name));
    } catch { /* it has ended meanwhile */ }
  }
  return found;
}

/** The process that an answer of the load came from. */
export function pidIn(body: string): number {
  return Number(body.split(" ")[1]);
}

/** What a test measured, for docs/reliability.md: `deno test … --filter faults` prints it. */
export function report(fault: string, load: Load, more = ""): void {
  const counts = Object.entries(load.counts).sort(([a], [b]) => a < b ? -1 : 1);
  console.log(`${fault}: ${counts.map(([what, n]) => `${n} × ${what}`).join(", ")}${more === "" ? "" : `; ${more}`}`);
}
