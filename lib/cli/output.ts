/**
 * Where commands write what people read.
 *
 * @module
 */

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
  // console, because it goes on when nobody reads any more, as in `stackd help | head -1`.
  out: (text) => console.log(text),
  err: (text) => console.error(text),
  get color() {
    return Deno.stdout.isTerminal() && !Deno.noColor;
  },
};
