/**
 * Reloads that are asked for while another process is about to take this one's place: they wait until it is known who serves. The other
 * one may have loaded its code before it was changed, so it is asked as well.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import { logInfo } from "../observe/log.ts";
import { askControl } from "./control.ts";
import type { Upgrades } from "./upgrade.ts";

/** The reloads of a process. */
export class HeldReloads {
  readonly #upgrades: Pick<Upgrades, "outcome">;
  readonly #here: () => Promise<void>;

  /** `here`: loads anew in this process. */
  constructor(upgrades: Pick<Upgrades, "outcome">, here: () => Promise<void>) {
    this.#upgrades = upgrades;
    this.#here = here;
  }

  /** As it is asked for by a signal, or by a file that has changed: nobody waits for an answer. Never rejects. */
  async signal(): Promise<void> {
    const successor = await this.#upgrades.outcome();
    if (successor === null) return await this.#here().catch(() => {}); // the log has it
    try {
      logInfo(`Process ${successor.pid} is told to reload, because it serves now`);
      Deno.kill(successor.pid, "SIGHUP");
    } catch { /* it has ended: whoever comes next loads anew */ }
  }

  /**
   * As it is asked for by a client of the control socket. Settles when whoever serves has done it.
   *
   * @param control The control socket's path, which is the successor's when there is one.
   * @throws {StackdError} When its new generation cannot serve.
   */
  async ask(control: string): Promise<void> {
    const successor = await this.#upgrades.outcome();
    if (successor === null) return await this.#here();
    logInfo(`Process ${successor.pid} is asked to reload, because it serves now`);
    const answer = await askControl(control, { command: "reload" });
    if (answer.ok) return;
    const { message, detail } = answer;
    throw new StackdError("STACKD_CONTROL", message, detail === null ? { exitCode: 1 } : { exitCode: 1, detail });
  }
}
