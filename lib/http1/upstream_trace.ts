/**
 * Which servers a request was given to, and for how long, for access logs that say so.
 *
 * @module
 */
import type { UpstreamUse } from "../observe/log_record.ts";

/** The servers of one request. */
export class UpstreamTrace {
  readonly #uses: UpstreamUse[] = [];
  #address = "";
  #begun = 0;

  /** It is given to the server at `address`, and to no other any more. */
  begin(address: string): void {
    this.end();
    this.#address = address;
    this.#begun = performance.now();
  }

  /** It is with no server any more. */
  end(): void {
    if (this.#address === "") return;
    this.#uses.push({ address: this.#address, duration: performance.now() - this.#begun });
    this.#address = "";
  }

  get uses(): readonly UpstreamUse[] {
    return this.#uses;
  }
}
