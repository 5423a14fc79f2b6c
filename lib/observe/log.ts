/**
 * The error log: one line on standard error for people, never a client's secret.
 *
 * @module
 */
import type { LogLevel } from "../config/options.ts";
import { logTime, standardError } from "./output.ts";

const encoder = new TextEncoder();
const LEVELS: readonly LogLevel[] = ["error", "warn", "info"];
let most = LEVELS.length - 1;

/** From now on, lines of `level` and of what is graver are written. All are before the first call. */
export function setLogLevel(level: LogLevel): void {
  most = LEVELS.indexOf(level);
}

/** Writes one line (or several, for a stack) to standard error; a closed standard error ends nothing. */
export function logError(text: string): void {
  write(0, text);
}

/** As {@linkcode logError}, for what an operator should look at but nobody lost anything by. */
export function logWarn(text: string): void {
  write(1, text);
}

/** As {@linkcode logError}, for what happened as intended. */
export function logInfo(text: string): void {
  write(2, text);
}

function write(level: number, text: string): void {
  if (level > most) return;
  standardError.write(encoder.encode(`${logTime()} [${LEVELS[level]}] ${text}\n`));
}
