/** Running the compiled binary, and other programs, as a user would. @module */
import { fromFileUrl, resolve } from "@std/path";
import { until } from "./until.ts";

/** The project's directory. */
export const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** The compiled binary; `deno task test` makes it first. */
export const BINARY = Deno.env.get("STACKD_BINARY") ?? resolve(ROOT, "dist/stackd");

/** How a process ended, and everything it printed. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process is started with. */
export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** A running process whose output is collected. */
export class Running implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  hasEnded = false;
  readonly #child: Deno.ChildProcess;
  readonly #name: string;

  constructor(program: string, args: readonly string[], options: StartOptions = {}) {
    this.#name = [program, ...args].join(" ");
    this.#child = new Deno.Command(program, {
      args: [...args],
      ...options,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#collect();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #collect(): Promise<Ended> {
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
    };
    const [{ code, signal }] = await Promise.all([
      this.#child.status,
      read(this.#child.stdout, (text) => this.stdout += text),
      read(this.#child.stderr, (text) => this.stderr += text),
    ]);
    this.hasEnded = true;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits until `condition` holds for this process; fails at once, with its output, when it ends before. */
  async until<T>(what: string, condition: () => T | Promise<T>, timeout = 15_000): Promise<NonNullable<T>> {
    return await until(`${this.#name}: ${what}`, async () => {
      const result = await condition();
      if (!result && this.hasEnded) throw new Error(`${this.#name} ended early:\n${this.stdout}${this.stderr}`);
      return result;
    }, timeout);
  }

  /** Waits until standard output matches; returns the match. */
  untilPrinted(pattern: RegExp, timeout?: number): Promise<RegExpMatchArray> {
    return this.until(`it prints ${pattern}`, () => this.stdout.match(pattern), timeout);
  }

  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch { /* it has ended already */ }
  }

  /** Sends `signal` and waits for the end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Ended> {
    this.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) {
      this.kill("SIGTERM");
      const timer = setTimeout(() => this.kill("SIGKILL"), 5_000);
      await this.ended;
      clearTimeout(timer);
    }
  }
}

/** Starts the compiled binary. */
export function stackd(args: readonly string[], options: StartOptions = {}): Running {
  return new Running(BINARY, args, options);
}

/** Runs the compiled binary to its end. */
export async function runStackd(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  await using running = stackd(args, options);
  return await running.ended;
}

/** The gateway on a unix socket, ready to serve. */
export async function startGateway(
  socket: string,
  module: string,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<Running> {
  const gateway = stackd(["gateway", "--socket", socket, ...args, module], options);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  return gateway;
}

/** The proxy on a free port of 127.0.0.1, ready to serve, and its port. */
export async function startProxy(
  args: readonly string[],
  options: StartOptions = {},
): Promise<{ readonly proxy: Running; readonly port: number; readonly url: string }> {
  const proxy = stackd(["proxy", "--listen", "127.0.0.1:0", ...args], options);
  const [, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)\//);
  await proxy.untilPrinted(/^ +pid +\d+$/m);
  return { proxy, port: Number(port), url: `http://127.0.0.1:${port}` };
}

/** A directory for one test, removed after it. */
export class TestDirectory implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "stackd test " });

  /** The absolute path of `name` in it. */
  at(name: string): string {
    return resolve(this.path, name);
  }

  /** Writes a file, with the directories above it; returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = this.at(name);
    Deno.mkdirSync(resolve(path, ".."), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Whether a program of the system can be run; tests that need a missing one are skipped, and say so in their name. */
export function installed(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin", "/sbin").some((dir) => {
    try {
      return Deno.statSync(`${dir}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Resident memory of a process, KiB. */
export function residentMemory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}
