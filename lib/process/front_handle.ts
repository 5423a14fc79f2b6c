/**
 * A front of a gateway as its supervisor sees it. The code inside that process is gateway/front_main.ts.
 *
 * @module
 */
import { type AppWorkers, type FrontCommand, type FrontStart, isFrontMessage } from "./front_messages.ts";
import { FrontProcessHandle } from "./front_process.ts";
import type { PrivateDirectory } from "./private_dir.ts";

/** One front process of a gateway. */
export class FrontHandle extends FrontProcessHandle<FrontCommand> {
  readonly #start: FrontStart;
  #apps: readonly AppWorkers[];

  /** Starts the process, which is to send requests to the workers of `apps`. */
  constructor(start: FrontStart, directory: PrivateDirectory, apps: readonly AppWorkers[]) {
    super("front", "The front", directory, isFrontMessage, start.listen);
    this.#start = start;
    this.#apps = apps;
  }

  /** Sends requests to these workers from now on; settles when it does so, or has ended. */
  serve(apps: readonly AppWorkers[]): Promise<void> {
    this.#apps = apps;
    return this.state === "ready" ? this.ask({ type: "serve", apps }) : Promise.resolve();
  }

  /** Sends requests to others than these workers while there are any. */
  avoid(sockets: readonly string[]): void {
    this.send({ type: "avoid", sockets });
  }

  /** Asks what it does; {@linkcode counts} has the answer soon. */
  count(): void {
    if (this.state === "ready") this.send({ type: "count" });
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
    this.ask({ type: "serve", apps: this.#apps });
  }
}
