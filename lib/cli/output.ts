/**
 * Where commands write what people read.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";

/** Standard output and standard error, a line or several at a time. */
export interface Output {
  /** Writes to standard output, and ends the line. */
  out(text: string): void;
  /** Writes to standard error, and ends the line. */
  err(text: string): void;
  /** Whether headings on standard output may be bold. */
  readonly color: boolean;
}

/** This process's own; plain when standard output is no terminal, or NO_COLOR is set (no-color.org). */
export const terminal: Output = {
  out(text) {
    try {
      console.log(text); // it goes on when nobody reads any more, as in `stackd help | head -1`
    } catch (cause) {
      const message = `Cannot write to standard output: ${messageOf(cause)}`;
      throw new StackdError("STACKD_OUTPUT", message, { exitCode: 1, cause });
    }
  },
  err: (text) => console.error(text),
  get color() {
    return Deno.stdout.isTerminal() && !Deno.noColor;
  },
};
