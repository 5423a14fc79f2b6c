/**
 * Stacks for the author of a handler: their own frames, with paths as a terminal can open them.
 *
 * @module
 */

/** Where stackd's own code lies; its frames say nothing about a handler. */
const OWN = ["lib/", "cli.ts"].map((name) => decoded(new URL(`../../${name}`, import.meta.url).href));
/** Causes of causes are told up to this depth. */
const MAX_CAUSES = 4;
/** So many of the errors of an AggregateError are told. */
const MAX_ERRORS = 8;

/** What was thrown, with its own frames and its causes, over several lines. */
export function describeThrown(thrown: unknown): string {
  const parts = [];
  let current = thrown;
  for (let depth = 0; depth < MAX_CAUSES; depth++) {
    parts.push(`${depth === 0 ? "" : "caused by "}${withFrames(current)}`);
    // Its own message may well be empty: that of a connection to a name with several addresses is.
    const errors: readonly unknown[] = current instanceof AggregateError && Array.isArray(current.errors)
      ? current.errors
      : [];
    for (const error of errors.slice(0, MAX_ERRORS)) parts.push(`one of its errors: ${withFrames(error)}`);
    if (!(current instanceof Error) || current.cause === undefined) break;
    current = current.cause;
  }
  return parts.join("\n");
}

function withFrames(thrown: unknown): string {
  const frames = userFrames(thrown);
  return `${headline(thrown)}${frames === "" ? "" : `\n${frames}`}`;
}

/** The name and message of what was thrown; strings in quotes. */
export function headline(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === "" ? thrown.name : `${thrown.name}: ${thrown.message}`;
  if (typeof thrown === "string") return JSON.stringify(thrown);
  return Deno.inspect(thrown, { colors: false, depth: 2 });
}

/** The frames of a stack that are neither stackd's nor Deno's; empty when there are none. */
export function userFrames(thrown: unknown): string {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") return "";
  return thrown.stack.split("\n")
    .filter((line) => /^\s+at /.test(line) && !/\b(?:ext|node|deno):/.test(line))
    .map(decoded)
    .filter((line) => !OWN.some((prefix) => line.includes(prefix)))
    .map((line) => line.replaceAll("file://", ""))
    .join("\n");
}

function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
