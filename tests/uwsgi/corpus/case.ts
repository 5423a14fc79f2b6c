/**
 * What a case of the corpus is: the bytes of a packet, and what must come of them.
 *
 * @module
 */
import { text } from "../../../lib/http1/bytes.ts";

/** A packet that is taken. */
export interface TakenCase {
  readonly name: string;
  /** A character for each byte. */
  readonly bytes: string;
  readonly vars: readonly (readonly [name: string, value: string])[];
}

/** A packet that is refused. */
export interface RefusedCase {
  readonly name: string;
  readonly bytes: string;
  /** The error's whole message. */
  readonly error: string;
  /** Bytes from which on it must be refused: all of them, unless it says less. */
  readonly from: number;
}

/** A 16-bit size, little-endian. */
export function le(size: number): string {
  return String.fromCharCode(size & 255, size >> 8);
}

/** A variable, whose sizes may lie. */
export function variable(name: string, value: string, nameSize = name.length, valueSize = value.length): string {
  return le(nameSize) + name + le(valueSize) + value;
}

/** A packet of modifier1 0 around `block`, whose size may lie. */
export function packet(block: string, size = block.length, modifier1 = 0, modifier2 = 0): string {
  return String.fromCharCode(modifier1) + le(size) + String.fromCharCode(modifier2) + block;
}

/** The packet of these variables. */
export function packetOf(vars: TakenCase["vars"]): string {
  return packet(vars.map(([name, value]) => variable(name, value)).join(""));
}

/** A packet that is taken for the variables it is made of, or for `seen`. */
export function taken(name: string, vars: TakenCase["vars"], seen = vars): TakenCase {
  return { name, bytes: packetOf(vars), vars: seen };
}

export function refused(name: string, bytes: string, error: string, from = bytes.length): RefusedCase {
  return { name, bytes, error, from };
}

/** The UTF-8 of `characters`, a character for each byte. */
export function utf8(characters: string): string {
  const bytes = new TextEncoder().encode(characters);
  return text(bytes, 0, bytes.length);
}
