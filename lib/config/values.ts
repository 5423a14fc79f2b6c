/**
 * Single values as people write them, sizes, seconds, counts, modes, turned into numbers, and back for help and docs.
 *
 * @module
 */

/**
 * Why a value cannot be used. Its message is only the state part ("a number of seconds is needed …"); whoever reads the
 * option puts the option's name and the value in front.
 */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/** The longest time a timer can hold, ms; beyond it, timers fire at once. */
const MAX_TIMER = 2_147_483_647;

const UNITS: Readonly<Record<string, number>> = Object.freeze({ "": 1, k: 1_024, m: 1_048_576, g: 1_073_741_824 });

/**
 * A size in bytes: plain, or with `k`, `m`, `g` for powers of 1024, as nginx writes them.
 *
 * @param least The smallest size allowed, bytes.
 * @param most The largest size allowed, bytes.
 * @throws {ValueError} When it is no size, or out of these bounds.
 */
export function parseSize(text: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): number {
  const [, digits, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  const factor = UNITS[unit?.toLowerCase() ?? ""];
  if (digits === undefined || factor === undefined) {
    throw new ValueError("a size is a number of bytes, or one with k, m or g, as 512k");
  }
  const size = Number(digits) * factor;
  if (size < least) throw new ValueError(`it must be at least ${formatSize(least)}`);
  if (size > most) throw new ValueError(`it must be at most ${formatSize(most)}`);
  return size;
}

/** The shortest exact spelling of a size, as {@linkcode parseSize} reads it. */
export function formatSize(size: number): string {
  for (const unit of ["g", "m", "k"]) {
    const factor = UNITS[unit] ?? 1;
    if (size >= factor && size % factor === 0) return `${size / factor}${unit}`;
  }
  return String(size);
}

/**
 * Seconds, with a fraction if need be, as milliseconds. 0 is refused: it would mean "never" to some and "at once" to
 * others.
 *
 * @throws {ValueError} When it is no number, less than a millisecond, or longer than a timer can hold.
 */
export function parseSeconds(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new ValueError("a number of seconds is needed, as 30 or 0.5");
  const milliseconds = Math.round(Number(text) * 1_000);
  if (milliseconds < 1) throw new ValueError("it must be at least 0.001 seconds");
  if (milliseconds > MAX_TIMER) throw new ValueError(`it must be at most ${Math.floor(MAX_TIMER / 1_000)} seconds`);
  return milliseconds;
}

/** Milliseconds in seconds, as {@linkcode parseSeconds} reads them. */
export function formatSeconds(milliseconds: number): string {
  return String(milliseconds / 1_000);
}

/**
 * A whole number.
 *
 * @param least The smallest one allowed.
 * @param most The largest one allowed.
 * @throws {ValueError} When it is none, too small or too large.
 */
export function parseCount(text: string, least = 1, most: number = Number.MAX_SAFE_INTEGER): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  const to = most < Number.MAX_SAFE_INTEGER || count > most ? ` to ${most}` : "";
  if (!(count >= least && count <= most)) throw new ValueError(`a whole number from ${least}${to} is needed`);
  return count;
}

/**
 * Permission bits in octal, with or without `0` or `0o` in front. Bits beyond 777 mean nothing on a socket.
 *
 * @throws {ValueError} When it is anything else.
 */
export function parseMode(text: string): number {
  const [, digits] = /^(?:0o?)?([0-7]{3})$/.exec(text) ?? [];
  if (digits === undefined) throw new ValueError("a mode is three octal digits, as 660");
  return parseInt(digits, 8);
}

/** Permission bits, as {@linkcode parseMode} reads them. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}
