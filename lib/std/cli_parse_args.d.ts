export interface ParseOptions {
  alias?: Record<string, string | readonly string[]>;
  boolean?: readonly string[];
  string?: readonly string[];
  collect?: readonly string[];
  negatable?: readonly string[];
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}
/** The flags by name, and the positional arguments under `_`. */
export type Args = Record<string, unknown> & { _: (string | number)[] };
export function parseArgs(args: readonly string[], options?: ParseOptions): Args;
