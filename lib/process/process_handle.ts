/**
 * A process of ours as its supervisor sees it: started, told what to do, heard out, and ended. What it is told and what it
 * says is its kind's business.
 *
 * @module
 */
import type { RunAs } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { standardError, standardOutput } from "../observe/output.ts";
import { Channel, type Guard } from "./channel.ts";
import { inheriting } from "./descriptors.ts";
import { type EarlyStart, takeEarly } from "./early.ts";
import { prefixLines } from "./lines.ts";
import { mayEnter } from "./may_read.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { environmentOf, nameOf } from "./privileges.ts";
import { selfCommand } from "./self.ts";
import { startHere, startIn } from "./start_in.ts";
import { within } from "./within.ts";

/** The stages of a process's life. */
export type ProcessState = "starting" | "ready" | "draining" | "exited";

/** How a process ended. */
export interface ProcessExit {
  readonly code: number;
  /** The signal that killed it, or null. */
  readonly signal: Deno.Signal | null;
  /** From its start to its end, ms. */
  readonly lived: number;
}

/** What every kind of process is started with. */
export interface ProcessStart<Message> {
  /** The hidden command, which is also what `ps` shows. */
  readonly command: "worker" | "front" | "proxy-front" | "inspector";
  /** For log lines: "Worker 1". */
  readonly name: string;
  /** The private directory, for the channel. */
  readonly directory: PrivateDirectory;
  /** How long it may take to be ready once it is told to start, ms. Beyond, it is killed. */
  readonly bootTimeout: number;
  /**
   * What there has to be before it is told to start: until then it only gets itself ready for that. Rejects when there never will be:
   * then it is killed.
   *
   * @default nothing
   */
  readonly after?: Promise<unknown>;
  readonly isMessage: Guard<Message>;
  /** What is set in its environment beside our own. @default {{}} */
  readonly env?: Readonly<Record<string, string>>;
  /** The user that it is started as; null: our own. @default {null} */
  readonly runAs?: RunAs | null;
  /** Its working directory; null: our own. Where it is gone, the root. @default {null} */
  readonly cwd?: string | null;
  /** Descriptors that it inherits, under the same numbers. @default {[]} */
  readonly inherit?: readonly number[];
  /** What a process that was started early must have been started with to be taken for this one; null: none can be. @default {null} */
  readonly early?: EarlyStart | null;
  /** Whether it writes to our standard output itself, as it is, because that is where its access log goes. @default {false} */
  readonly logsToStdout?: boolean;
  /** Whether what it writes to its standard output is handed on without its name. @default {false} */
  readonly untagged?: boolean;
}

/** Counts the processes, so that no channel has a name twice. */
let started = 0;

/** How long the output of a process that has ended is waited for, ms. */
const LAST_WORDS = 200;
/** How long after the end of its drain a process is killed, ms: the time that `onStop` always has, and a bit. */
const KILL_MARGIN = 1_500;

/** One process. `Ready` is what it says when it serves, `Command` what it is told, `Message` what it says. */
export abstract class ProcessHandle<Ready, Command, Message> {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #listener: Deno.UnixListener;
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #isMessage: Guard<Message>;
  #channel: Channel<Message, Command> | null = null;
  #state: ProcessState = "starting";
  #killer: ReturnType<typeof setTimeout> | undefined;

  /** Settles when the process serves; rejects with a `StackdError` when it never will. */
  readonly ready: Promise<Ready> = this.#ready.promise;
  /** Settles when the process has ended and nothing of it is left. */
  readonly exited: Promise<ProcessExit>;
  /** When it was started, epoch ms. */
  readonly startedAt = Date.now();
  readonly #begun = performance.now();

  /** Starts the process. Throws `STACKD_LISTEN` (exit 1) when the system does not allow another one. */
  constructor(
    start: ProcessStart<Message>,
  ) {
    const { command, name, directory, bootTimeout, isMessage, after = Promise.resolve() } = start;
    const { env = {}, runAs = null, inherit = [], logsToStdout = false, untagged = false, early = null } = start;
    this.name = name;
    this.#isMessage = isMessage;
    this.ready.catch(() => {}); // whoever does not wait for it is told by `exited`
    directory.restore();
    const path = `${directory.path}/${command}-${++started}`;
    try {
      this.#listener = listenWithin(path);
    } catch (thrown) {
      throw notStarted(messageOf(thrown), runAs, thrown);
    }
    const { program, args } = selfCommand([command, path]);
    const cwd = startIn(start.cwd ?? null);
    const taken = command === "worker" ? takeEarly(early) : null;
    try {
      const stdio = { stdin: "piped", stdout: logsToStdout ? "inherit" : "piped", stderr: "piped" } as const;
      const spawn = (cwd: string | null) =>
        new Deno.Command(program, {
          args: [...args],
          env: { ...environmentOf(runAs), ...env },
          ...stdio,
          ...(cwd === null ? {} : { cwd }),
          ...(runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid }),
        }).spawn();
      this.#child = taken ?? inheriting(inherit, () => cwd === null ? startHere(spawn, runAs) : spawn(cwd));
    } catch (thrown) {
      this.#closeListener();
      // What root may do another user often may not.
      const denied = runAs !== null && thrown instanceof Deno.errors.PermissionDenied;
      throw notStarted(denied ? deniedTo(runAs, cwd, program) : messageOf(thrown), runAs, thrown);
    }
    if (taken !== null) this.#write(path);
    const tag = `[${name.charAt(0).toLowerCase()}${name.slice(1)}] `;
    const said = Promise.all([
      logsToStdout ? null : prefixLines(this.#child.stdout, standardOutput, untagged ? "" : tag),
      prefixLines(this.#child.stderr, standardError, tag),
    ]);
    const ended = this.#child.status;
    const begins = Promise.race([after.then(() => true, () => false), ended.then(() => false)]);
    begins.then((is) => is ? this.#begin(bootTimeout) : this.kill());
    const talk = this.#talk(begins);
    this.exited = ended.then(async ({ code, signal }) => {
      const exit = { code, signal, lived: this.age };
      clearTimeout(this.#killer);
      this.#closeListener();
      await talk; // what it said before it ended counts
      await within(said, LAST_WORDS); // but a child of its own may hold its output open for ever
      await this.#child.stdin.abort().catch(() => {});
      this.#state = "exited";
      this.ended(exit);
      this.#ready.reject(this.neverReady(exit));
      return exit;
    });
  }

  /** Tells it the first words, and kills it when it is not ready within `timeout` ms. */
  #begin(timeout: number): void {
    if (this.#state !== "starting") return;
    const words = this.firstWords();
    if (words !== null) this.#write(words);
    this.#killer = setTimeout(() => {
      this.fail(this.late(timeout));
      this.kill();
    }, timeout);
  }

  /** Writes a line to its standard input. */
  #write(line: string): void {
    const writer = this.#child.stdin.getWriter();
    writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {}); // it has ended
    writer.releaseLock();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** How long ago it was started, ms, whatever becomes of the system's clock. */
  get age(): number {
    return performance.now() - this.#begun;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** A line that it gets on its standard input, when there is to be one, before it connects; null for none. */
  protected firstWords(): string | null {
    return null;
  }

  /** The first thing that it is told. */
  protected abstract startCommand(): Command;
  /** What it is told to drain. */
  protected abstract drainCommand(timeout: number): Command;
  /** It said something. */
  protected abstract hear(message: Message): void;
  /** Why it is not ready when the boot timeout of `ms` is over. */
  protected abstract late(ms: number): StackdError;
  /** Why it never will be, when it has ended. */
  protected abstract neverReady(exit: ProcessExit): StackdError;

  /** The process has ended. */
  protected ended(_exit: ProcessExit): void {}

  /** It serves. */
  protected becomeReady(ready: Ready): void {
    if (this.#state !== "starting") return;
    this.#state = "ready";
    clearTimeout(this.#killer);
    this.#ready.resolve(ready);
  }

  /** It never will serve; counts once. */
  protected fail(error: StackdError): void {
    this.#ready.reject(error);
  }

  /** Tells it something; nothing happens when it is not there to hear it. */
  protected send(command: Command): void {
    this.#channel?.send(command);
  }

  /** Takes the one connection, tells it what to do, when that is, and hears it out. */
  async #talk(begins: Promise<boolean>): Promise<void> {
    let channel: Channel<Message, Command>;
    try {
      channel = new Channel(await this.#listener.accept(), this.#isMessage);
    } catch {
      return; // it ended without a word
    } finally {
      this.#closeListener();
    }
    try {
      if (!await begins) return;
      channel.send(this.startCommand());
      this.#channel = channel;
      for await (const message of channel.messages()) this.hear(message);
    } catch (thrown) {
      logError(`${this.name} (pid ${this.pid}) is killed: ${messageOf(thrown)}`);
      this.kill();
    } finally {
      channel.close();
    }
  }

  /** Lets the requests in flight end within `timeout` ms and ends the process; kills it when it does not end in time. */
  drain(timeout: number): Promise<ProcessExit> {
    if (this.#state === "exited") return this.exited;
    if (this.#state === "starting" || this.#channel === null) this.kill(); // nothing is in flight
    else {
      this.#state = "draining";
      this.#channel.send(this.drainCommand(timeout));
      clearTimeout(this.#killer);
      this.#killer = setTimeout(() => this.kill(), timeout + KILL_MARGIN);
    }
    return this.exited;
  }

  /** Ends the process now. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
  }

  #closeListener(): void {
    try {
      this.#listener.close();
    } catch { /* closed before */ }
  }
}

function notStarted(why: string, user: RunAs | null, cause: unknown): StackdError {
  const message = `Cannot start a process${user === null ? "" : ` as ${nameOf(user)}`}: ${why}`;
  return new StackdError("STACKD_LISTEN", message, { exitCode: 1, cause });
}

/** What another user than root may not, of entering the directory and running the program. */
function deniedTo(user: RunAs, cwd: string | null, program: string): string {
  return cwd !== null && !mayEnter(cwd, user) ? `it may not enter "${cwd}"` : `it may not run "${program}"`;
}

/** Listens in the private directory: who gets that far may connect, whoever owns the socket. */
function listenWithin(path: string): Deno.UnixListener {
  const umask = Deno.umask(0);
  try {
    return Deno.listen({ transport: "unix", path });
  } finally {
    Deno.umask(umask);
  }
}

/** How a process ended, as a phrase behind its name. */
export function describeExit({ code, signal }: Pick<ProcessExit, "code" | "signal">): string {
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
}
