/**
 * From arguments to an exit code: finds the command, runs it, and prints what went wrong in words.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import { type Command, COMMANDS, listed, unknownCommand } from "./commands.ts";
import { type Output, terminal } from "./output.ts";

/**
 * Runs one command line.
 *
 * @param args The arguments, without the program's name.
 * @param output Where to write. @default {terminal}
 * @returns The exit code: 0 done; 2 wrong usage or configuration; 1 anything else. Never throws.
 */
export async function main(args: readonly string[], output: Output = terminal): Promise<number> {
  const [name, ...rest] = args;
  const following = Deno.env.has("STACKD_UPGRADE"); // another process waits to hear how this one starts
  const command = COMMANDS.find((candidate) => candidate.name === name || candidate.flags?.includes(name ?? ""));
  try {
    if (name === undefined) {
      const { renderOverview } = await import("./help.ts");
      output.err(renderOverview(listed(), false));
      return 2;
    }
    if (command === undefined) throw await complain(name);
    return await command.run(rest, output);
  } catch (thrown) {
    const { flushOutput } = await import("../observe/output.ts");
    await flushOutput(); // what was logged comes first
    if (following && thrown instanceof StackdError) {
      const { tellPredecessor } = await import("../process/takeover.ts");
      if (await tellPredecessor(thrown)) return thrown.exitCode;
    }
    return await report(thrown, command, output);
  }
}

/** The error for a first argument that is no command. */
async function complain(name: string): Promise<StackdError> {
  if (/\.[cm]?[jt]sx?(?::\w+)?$/.test(name)) {
    const state = `no such command; a module is served by "stackd gateway --http 8000 ${name}"`;
    return new StackdError("STACKD_USAGE", `Cannot run "${name}": ${state}`);
  }
  if (!name.startsWith("-")) return await unknownCommand("run", name);
  const state = 'a command comes first, as in "stackd proxy --listen :8080"';
  return new StackdError("STACKD_USAGE", `Cannot use "${name}": ${state}`);
}

/** Prints what was thrown and gives its exit code. */
async function report(thrown: unknown, command: Command | undefined, output: Output): Promise<number> {
  if (!(thrown instanceof StackdError)) {
    const stack = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
    output.err(`stackd: This is a bug in stackd\n${stack}`);
    return 1;
  }
  output.err(`stackd: ${thrown.message}`);
  if (thrown.detail !== undefined) output.err(thrown.detail);
  if (thrown.code === "STACKD_USAGE") {
    const { hasPage } = await import("./pages.ts");
    const optioned = command !== undefined && hasPage(command.name);
    output.err(optioned ? `Run "stackd help ${command.name}" for the options.` : 'Run "stackd help" for the commands.');
  }
  return thrown.exitCode;
}
