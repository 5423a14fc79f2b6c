/**
 * A front of a proxy as its supervisor sees it. The code inside that process is proxy/front_main.ts.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { ListenAddress } from "../config/options.ts";
import { workingDirectory } from "../config/working_directory.ts";
import { FrontProcessHandle } from "./front_process.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { isProxyMessage, type ProxyCommand } from "./proxy_messages.ts";

/** One front process of a proxy. */
export class ProxyFrontHandle extends FrontProcessHandle<ProxyCommand> {
  readonly #raw: RawOptions;
  readonly #listen: readonly ListenAddress[];
  /** Whether it was asked to read its file again while it started, and may have read it before. */
  #mayBeLate = false;

  constructor(name: string, raw: RawOptions, listen: readonly ListenAddress[], directory: PrivateDirectory) {
    super("proxy-front", name, directory, isProxyMessage, listen);
    this.#raw = raw;
    this.#listen = listen;
  }

  /** Lets it read its file again; settles when it has, or has ended. It logs what is wrong itself. */
  reload(): Promise<void> {
    if (this.state === "ready") return this.ask({ type: "reload" });
    this.#mayBeLate = true;
    return Promise.resolve();
  }

  protected override listens(): void {
    if (this.#mayBeLate) this.ask({ type: "reload" });
  }

  protected override startCommand(): ProxyCommand {
    return { type: "start", raw: this.#raw, cwd: workingDirectory(), listen: this.#listen };
  }
}
