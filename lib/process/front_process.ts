/**
 * What the fronts of a gateway and of a proxy have in common, as their supervisor sees them.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { type ErrorCode, StackdError } from "../errors.ts";
import type { Guard } from "./channel.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { describeExit, type ProcessExit, ProcessHandle } from "./process_handle.ts";

/** Where a front listens. */
export interface FrontReady {
  readonly addresses: readonly ListenAddress[];
}

/** What a front does at a moment. */
export interface FrontCounts {
  /** Open connections of clients. */
  readonly connections: number;
  /** Requests that have begun and are not answered yet, those that wait included. */
  readonly inFlight: number;
  /** Requests that wait for a server. */
  readonly queued: number;
}

/** What every front is told. */
export type CommonCommand =
  /** Open log files anew. */
  | { readonly type: "reopen" }
  /** Refuse new clients, finish the requests in flight within `timeout` ms, then end. */
  | { readonly type: "drain"; readonly timeout: number };

/** What every front says. */
export type CommonMessage =
  | ({ readonly type: "ready" } & FrontReady)
  /** What it was asked to do holds. */
  | { readonly type: "done" }
  | { readonly type: "counts"; readonly counts: FrontCounts }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string };

/** How long a front may take to listen, ms. */
const BOOT_TIMEOUT = 10_000;

/** One front process. */
export abstract class FrontProcessHandle<Command>
  extends ProcessHandle<FrontReady, Command | CommonCommand, CommonMessage> {
  /** What it said last of what it does. */
  counts: FrontCounts = { connections: 0, inFlight: 0, queued: 0 };
  /** What was asked for and is not done yet. */
  readonly #asked: (() => void)[] = [];

  constructor(
    command: "front" | "proxy-front",
    name: string,
    directory: PrivateDirectory,
    isMessage: Guard<CommonMessage>,
    listen: readonly ListenAddress[],
  ) {
    const inherit = listen.flatMap(({ descriptor }) => descriptor ?? []);
    super({ command, name, directory, bootTimeout: BOOT_TIMEOUT, isMessage, logsToStdout: true, inherit });
    this.exited.then(() => {
      for (const done of this.#asked.splice(0)) done();
    });
  }

  /** Tells it something that it answers with "done"; settles then, or when it has ended. */
  protected ask(command: Command): Promise<void> {
    this.send(command);
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  /** Opens log files anew. */
  reopen(): void {
    this.send({ type: "reopen" });
  }

  protected override drainCommand(timeout: number): CommonCommand {
    return { type: "drain", timeout };
  }

  protected override hear(message: CommonMessage): void {
    switch (message.type) {
      case "ready":
        this.listens();
        this.becomeReady({ addresses: message.addresses });
        break;
      case "counts":
        this.counts = message.counts;
        break;
      case "done":
        this.#asked.shift()?.();
        break;
      case "failed":
        this.fail(new StackdError(message.code, message.message, { exitCode: 1 }));
    }
  }

  /** It listens; nobody has heard of it yet. */
  protected listens(): void {}

  protected override late(ms: number): StackdError {
    return notStarted(`took longer than ${ms / 1_000} s`);
  }

  protected override neverReady(exit: ProcessExit): StackdError {
    return notStarted(describeExit(exit));
  }
}

function notStarted(why: string): StackdError {
  return new StackdError("STACKD_LISTEN", `Cannot start a front: it ${why}`, { exitCode: 1 });
}
