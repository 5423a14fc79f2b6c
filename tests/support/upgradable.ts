/** A stackd whose program on disk is replaced while it runs, and the processes that follow each other. @module */
import { assert } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { readPid } from "../../lib/process/pidfile.ts";
import { BINARY, Running, type StartOptions, TestDirectory } from "./stackd.ts";
import { until } from "./until.ts";

/** The programs that there are; they differ by their paths. */
export type Release = "one" | "two";

/** A stackd that is called by the path of a symbolic link, which leads to one program or the other. */
export class Upgradable implements AsyncDisposable {
  readonly directory = new TestDirectory();
  readonly program = this.directory.at("stackd");
  readonly pidfile = this.directory.at("pid");
  /** The first process. All that follow write to the same pipes, so their output is here. */
  running!: Running;

  constructor() {
    for (const release of ["one", "two"] as const) this.#put(release);
    this.install("one");
  }

  #put(release: Release): void {
    const path = this.directory.at(release);
    try {
      Deno.linkSync(BINARY, path);
    } catch {
      Deno.copyFileSync(BINARY, path); // another file system
    }
  }

  /** Lets the program's path lead to `target`, in one step. */
  install(target: Release | (string & Record<never, never>)): void {
    const next = this.directory.at("next");
    Deno.symlinkSync(this.directory.at(target), next);
    Deno.renameSync(next, this.program);
  }

  /** Starts the first process, and waits until it serves. */
  async start(args: readonly string[], options: StartOptions = {}): Promise<void> {
    const env = { TMPDIR: this.directory.path, ...options.env };
    const cwd = this.directory.path;
    this.running = new Running(this.program, [...args, "--pidfile", this.pidfile], { ...options, cwd, env });
    await this.running.untilPrinted(/^ +pid +\d+$/m);
  }

  /** The process that the pid file names. */
  get pid(): number {
    return readPid(this.pidfile) ?? 0;
  }

  /** Which program a process runs. */
  releaseOf(pid: number): string {
    return Deno.readLinkSync(`/proc/${pid}/exe`).split("/").at(-1) ?? "";
  }

  /** The port that it printed first, on 127.0.0.1. */
  get address(): ListenAddress {
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(this.running.stdout)?.[1];
    assert(port !== undefined, this.running.stdout);
    return { transport: "tcp", hostname: "127.0.0.1", port: Number(port) };
  }

  /** Asks by USR2, and waits until another process serves and the one before has ended. Gives the new pid. */
  async upgrade(release: Release): Promise<number> {
    this.install(release);
    const before = this.pid, length = this.running.stderr.length;
    Deno.kill(before, "SIGUSR2");
    const [, next] = await this.logged(/Upgraded: stackd \S+ \(pid (\d+)\) serves/, length);
    await until(`process ${before} ends`, () => !runs(before));
    assert(this.pid === Number(next), `the pid file names ${this.pid}`);
    return this.pid;
  }

  /** Waits until the log matches, from where it was `length` characters long. */
  async logged(pattern: RegExp, length = 0): Promise<RegExpExecArray> {
    return await until(`it logs ${pattern}\n${this.running.stderr}`, () => {
      return pattern.exec(this.running.stderr.slice(length));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const last = this.pid;
    if (last !== 0 && runs(last)) {
      Deno.kill(last, "SIGTERM");
      await until(`process ${last} ends`, () => !runs(last));
    }
    await (this.running as Running | undefined)?.[Symbol.asyncDispose](); // a test may have failed before
    this.directory[Symbol.dispose]();
  }
}

/** Whether a process runs; one that has ended and only waits to be collected does not. */
export function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}
