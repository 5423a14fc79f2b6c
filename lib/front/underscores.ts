/**
 * What becomes of fields with "_" in their names: they are dropped, as nginx does, because a CGI-like server reads `_` as `-`.
 *
 * @module
 */
import type { Exchange } from "../http1/exchange.ts";
import { FIELD } from "../http1/fields.ts";
import { logWarn } from "../observe/log.ts";

/** The rule of one front. */
export class Underscores {
  #warned = false;

  /** Settles what becomes of those of `exchange`, which has some. The first one that is dropped is told. */
  settle({ head, bytes }: Exchange, allowed: boolean): void {
    const { fields } = head;
    // Even then nobody may speak in the fields that say who the client is.
    if (allowed && !fields.releaseUnderscores(bytes)) return;
    if (this.#warned) return;
    this.#warned = true;
    const name = fields.name(bytes, FIELD.UNDERSCORE);
    logWarn(`Dropped the field "${name}" of a request: names with "_" can be mistaken for others; said once`);
  }
}
