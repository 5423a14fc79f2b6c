/**
 * A front of a gateway as its supervisor sees it. The code inside that process is gateway/front_main.ts.
 *
 * @module
 */
import { type FrontCommand, type FrontStart, isFrontMessage } from "./front_messages.ts";
import { FrontProcessHandle } from "./front_process.ts";
import type { PrivateDirectory } from "./private_dir.ts";

/** One front process of a gateway. */
export class FrontHandle extends FrontProcessHandle<FrontCommand> {
  readonly #start: FrontStart;
  #sockets: readonly string[];

  /** Starts the process, which is to send requests to the workers at `sockets`. */
  constructor(start: FrontStart, directory: PrivateDirectory, sockets: readonly string[]) {
    super("front", "The front", directory, isFrontMessage);
    this.#start = start;
    this.#sockets = sockets;
  }

  /** Sends requests to these workers from now on; settles when it does so, or has ended. */
  serve(sockets: readonly string[]): Promise<void> {
    this.#sockets = sockets;
    return this.state === "ready" ? this.ask({ type: "serve", sockets }) : Promise.resolve();
  }

  /** Lets it log which requests the worker on `socket` has. */
  logInside(socket: string, name: string): void {
    this.send({ type: "inside", socket, name });
  }

  protected override startCommand(): FrontCommand {
    return { type: "start", start: this.#start };
  }

  /** What changed while it started is made up for before anybody hears that it serves. */
  protected override listens(): void {
    this.ask({ type: "serve", sockets: this.#sockets });
  }
}
