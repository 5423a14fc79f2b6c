/**
 * One error type with a stable code. Everything a user can cause ends as a {@linkcode StackdError}: `cli.ts` prints its
 * message alone and exits with its exit code; the engine answers with its HTTP status.
 *
 * @module
 */

/** Stable names of what can go wrong; docs/errors.md lists each with its cure. */
export type ErrorCode =
  | "STACKD_USAGE" // the command line is wrong
  | "STACKD_CONFIG_INVALID" // an option's value cannot be used
  | "STACKD_HANDLER_NOT_FOUND" // no file where the module should be
  | "STACKD_HANDLER_LOAD" // the module does not parse, or throws while loading
  | "STACKD_HANDLER_CHANGED" // a file of the module changed while it was loaded
  | "STACKD_HANDLER_INVALID" // the module loads, but exports no handler
  | "STACKD_HANDLER_START" // onStart threw
  | "STACKD_BOOT_TIMEOUT" // the worker was not ready in time
  | "STACKD_ADDRESS_IN_USE" // a port or socket path is taken
  | "STACKD_LISTEN" // listening, or starting a process, failed for another reason
  | "STACKD_SOCKET_PATH" // the socket's path holds something that is no socket
  | "STACKD_PIDFILE" // the pid file cannot be written, or names a living process
  | "STACKD_CONFINEMENT" // the system cannot confine the handler
  | "STACKD_UPGRADE" // the program on disk did not take over
  | "STACKD_OUTPUT" // standard output cannot be written
  | "STACKD_CONTROL"; // nobody answers on the control socket, or what was asked for failed

/** What only some errors carry. */
export interface StackdErrorOptions {
  /** The process's exit code: 2 (default) for wrong usage or a handler that cannot be loaded, 1 for anything else. */
  exitCode?: 1 | 2;
  /** Lines printed below the message as they are: the source line and caret, or the handler's own stack. */
  detail?: string;
  /** What caused it; never printed. */
  cause?: unknown;
}

/**
 * An error that a user can act on. Its message follows `Cannot <verb> <thing>: <state>`, with values quoted, and is
 * complete without a stack.
 *
 * @example
 * ```ts ignore
 * throw new StackdError("STACKD_ADDRESS_IN_USE", 'Cannot listen on ":8080": the address is in use', { exitCode: 1 });
 * ```
 */
export class StackdError extends Error {
  /** What it is called in a stack. */
  override readonly name = "StackdError";
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** The exit code of a process that ends with it. */
  readonly exitCode: 1 | 2;
  /** Lines to print below the message, or undefined for none. */
  readonly detail: string | undefined;

  /** Makes one; `message` reads `Cannot <verb> <thing>: <state>`, with values quoted. */
  constructor(code: ErrorCode, message: string, options: StackdErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = options.exitCode ?? 2;
    this.detail = options.detail;
  }
}

/** The message of anything thrown with the detail that a {@linkcode StackdError} may have below it, for the log. */
export function explain(thrown: unknown): string {
  const detail = thrown instanceof StackdError && thrown.detail !== undefined ? `\n${thrown.detail}` : "";
  return `${messageOf(thrown)}${detail}`;
}

/** The message of anything thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
