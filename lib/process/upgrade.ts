/**
 * Making way for the program that is on disk now: it is started on the same sockets, and when it serves, this process is to end.
 * Whatever goes wrong before, this process goes on as if nothing had been.
 *
 * @module
 */
import { standSomewhere, workingDirectory } from "../config/working_directory.ts";
import { explain, messageOf, StackdError } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { Channel } from "./channel.ts";
import { canInherit, inheriting } from "./descriptors.ts";
import { type Inheritance, VARIABLE } from "./inheritance.ts";
import { makePrivateDirectory } from "./private_dir.ts";
import { describeExit } from "./process_handle.ts";
import { programOnDisk, selfCommand } from "./self.ts";
import type { ServiceManager } from "./service_manager.ts";
import type { ListeningSockets } from "./sockets.ts";
import { isSuccessorMessage, type PredecessorMessage, type SuccessorMessage } from "./takeover.ts";
import { keepSocket } from "./unix_path.ts";
import { within } from "./within.ts";

const PREFIX = "Cannot upgrade: ", TOLD_TO_END = "this process is told to end";
/** How long the program on disk may take to tell its version, ms. */
const VERSION_TIMEOUT = 10_000;
/** How long after a successor's end its last words may come, and after its start the end of the talk, ms. */
const LAST_WORDS = 200;
/** What a successor that is told to end may take over it, ms, before it is killed. */
const PATIENCE = 2_000;
/** What a successor may take beyond the boot timeout of what it runs, ms. */
const MARGIN = 10_000;

/** What an upgrade hands over, and whom it tells. */
export interface UpgradeOptions {
  readonly sockets: readonly ListeningSockets[];
  /** Paths of unix sockets that the successor takes by putting its own there. */
  readonly paths: readonly string[];
  /** What the successor is to find on its standard input; null: nothing. @default {null} */
  readonly input?: string | null;
  readonly service: ServiceManager;
  /** Settles when nothing of this process is about to take those paths; gives what is called when it may again. @default nothing is */
  readonly hold?: () => Promise<() => void>;
  /** How long what is served may take to start, ms. */
  readonly bootTimeout: number;
}

/** A process that serves in our place. */
export interface Successor {
  readonly pid: number;
  /** The descriptors that it goes on with. */
  readonly used: readonly number[];
}

/** The upgrades of a process, of which one at most comes about. */
export class Upgrades {
  readonly #options: UpgradeOptions;
  #running: Promise<Successor> | null = null;
  #started: Deno.ChildProcess | null = null;
  #cancelled = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /**
   * Starts the program that is on disk now. When this settles it serves, and this process has to finish its requests and end. Asked
   * again meanwhile, it comes to the same.
   *
   * @throws {StackdError} `STACKD_UPGRADE` (exit 1) when it does not serve; the log has it, too.
   */
  ask(): Promise<Successor> {
    if (this.#running !== null) return this.#running;
    const running = this.#running = this.#upgrade();
    running.catch((thrown) => {
      this.#running = null;
      if (this.#cancelled) return;
      logError(`Cannot upgrade, process ${Deno.pid} goes on: ${explain(thrown).replace(PREFIX, "")}`);
    });
    return running;
  }

  /** What an upgrade that is under way comes to: who serves in our place then. Null when there is none, or it has failed. */
  async outcome(): Promise<Successor | null> {
    return await this.#running?.catch(() => null) ?? null;
  }

  /** Gives an upgrade up that has not come about: this process is told to end. Settles when nothing is left of it. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    if (this.#started === null) return;
    end(this.#started);
    if (this.#running !== null) await within(this.#running.then(() => {}, () => {}), PATIENCE + LAST_WORDS);
  }

  async #upgrade(): Promise<Successor> {
    if (!canInherit()) {
      throw refusal("sockets cannot be handed over here, it takes Linux with glibc and /proc");
    }
    // Its end would be the end of everything in its container.
    if (Deno.pid === 1) throw refusal("this is process 1, with which its container ends; start another container");
    // Its arguments may be relative: elsewhere they would name other files.
    if (!standSomewhere()) {
      throw refusal(`the working directory "${workingDirectory()}" is gone; make it again, or start anew`);
    }
    const program = programOnDisk(), version = await versionOf(program);
    const release = await this.#options.hold?.();
    if (this.#cancelled) throw refusal(TOLD_TO_END);
    const kept = this.#options.paths.flatMap((path) => keepSocket(path) ?? []);
    try {
      return await this.#follow(program, version);
    } catch (thrown) {
      for (const socket of kept) socket.restore();
      release?.();
      throw thrown;
    } finally {
      for (const socket of kept) socket.discard();
    }
  }

  async #follow(program: string, version: string): Promise<Successor> {
    const directory = makePrivateDirectory(null);
    try {
      const path = `${directory.path}/successor`;
      using listener = Deno.listen({ transport: "unix", path });
      const child = this.#started = this.#spawn(program, path);
      logInfo(`Upgrading: stackd ${version} is started (pid ${child.pid})`);
      const used = await this.#hear(program, child, listener);
      this.#started = null;
      logInfo(`Upgraded: stackd ${version} (pid ${child.pid}) serves, this process finishes its requests`);
      return { pid: child.pid, used };
    } finally {
      directory.remove();
    }
  }

  /** Waits until the successor serves, and gives way to it. Gives the descriptors that it uses. When it fails, it has ended. */
  async #hear(program: string, child: Deno.ChildProcess, listener: Deno.UnixListener): Promise<readonly number[]> {
    const { service, bootTimeout } = this.#options;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end(child);
    }, bootTimeout + MARGIN);
    const ended = child.status.then((status): never => {
      const how = late ? `took longer than ${(bootTimeout + MARGIN) / 1_000} s` : describeExit(status);
      throw refusal(`"${program}" (pid ${child.pid}) ${how}`);
    });
    ended.catch(() => {}); // of interest while it is not ready only
    try {
      const accepted = listener.accept();
      // What it said before it ended counts, and may be heard of later than its end.
      using conn = await Promise.race([accepted, ended.catch(() => within(accepted, LAST_WORDS))]);
      if (conn === undefined) return await ended;
      const channel = new Channel<SuccessorMessage, PredecessorMessage>(conn, isSuccessorMessage);
      const messages = channel.messages();
      const { value: said } = await messages.next();
      if (said === undefined) return await ended;
      if (said.type === "failed") throw refusal(said.message, said.detail);
      if (this.#cancelled) throw refusal(TOLD_TO_END);
      await service.handOver(child.pid);
      await channel.send({ type: "yours" });
      await within(messages.next(), LAST_WORDS); // it hangs up when the pid file names it
      return said.used;
    } catch (thrown) {
      await end(child);
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  #spawn(program: string, channel: string): Deno.ChildProcess {
    const { paths, service, input = null } = this.#options;
    const sockets = this.#options.sockets.flatMap((sockets) => sockets.toHandOver());
    const handed: Inheritance = { sockets, predecessor: { pid: Deno.pid, channel, paths } };
    const line = selfCommand(Deno.args, program);
    const command = new Deno.Command(line.program, {
      args: [...line.args],
      env: { ...service.environment, [VARIABLE]: JSON.stringify(handed) },
      stdin: input === null ? "null" : "piped",
      stdout: "inherit",
      stderr: "inherit",
    });
    try {
      const child = inheriting(sockets.map(({ descriptor }) => descriptor), () => command.spawn());
      if (input !== null) give(input, child);
      return child;
    } catch (thrown) {
      throw refusal(`"${program}" cannot be run: ${messageOf(thrown)}`);
    }
  }
}

/** What the program says of its version. Throws when it is no stackd: then it is not asked to serve. */
async function versionOf(program: string): Promise<string> {
  const { program: file, args } = selfCommand(["version"], program);
  const command = new Deno.Command(file, { args: [...args], stdin: "null", stdout: "piped", stderr: "null" });
  let output: Deno.CommandOutput;
  try {
    const child = command.spawn();
    const timer = setTimeout(() => kill(child), VERSION_TIMEOUT);
    output = await child.output().finally(() => clearTimeout(timer));
  } catch (thrown) {
    const missing = thrown instanceof Deno.errors.NotFound;
    throw refusal(missing ? `there is no "${program}"` : `"${program}" cannot be run: ${messageOf(thrown)}`);
  }
  const [, version] = /^stackd (\S{1,64})[ \n]/.exec(new TextDecoder().decode(output.stdout)) ?? [];
  if (version === undefined || !output.success) throw refusal(`"${program}" is no stackd`);
  return version;
}

/** Writes all of `text` to a process's standard input. That it ends before it has read it shows elsewhere. */
async function give(text: string, { stdin }: Deno.ChildProcess): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch { /* it has ended */ }
}

function refusal(state: string, detail: string | null = null): StackdError {
  const message = `${PREFIX}${state}`;
  return new StackdError("STACKD_UPGRADE", message, detail === null ? { exitCode: 1 } : { exitCode: 1, detail });
}

/** Ends a process that is not to serve: in its own way, in which it takes away what it has made, unless that takes long. */
async function end(child: Deno.ChildProcess): Promise<void> {
  kill(child, "SIGTERM");
  if (await within(child.status, PATIENCE) === undefined) kill(child);
  await child.status;
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal = "SIGKILL"): void {
  try {
    child.kill(signal);
  } catch { /* it has ended */ }
}
