/**
 * What the tools share: where the project stands, which Deno it is pinned to, and how a tool says no.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** The project's root directory. */
export const ROOT: string = fromFileUrl(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/** The one Deno that stackd is run, tested and compiled with. */
export const DENO_VERSION = "2.9.4";

/** A refusal that whoever runs the tool can act on: its message is printed alone, without a stack. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  /** 2 for wrong usage, 1 for anything else. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a tool's main function to its exit code; a {@linkcode ToolError} becomes one line on stderr. */
export async function runTool(main: (args: string[]) => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}

/** Settles after a time in milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Sends a signal to a child process that may have ended already. */
export function send(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch {
    // It has ended.
  }
}
