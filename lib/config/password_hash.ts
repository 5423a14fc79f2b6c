/**
 * Hashed passwords and htpasswd files, as people write them. Nothing is hashed here.
 *
 * @module
 */
import { ValueError } from "./values.ts";

/** A hashed password, taken apart. */
export type PasswordHash =
  /** bcrypt, as it is written. */
  | { readonly kind: "bcrypt"; readonly text: string }
  /** SHA-1 without salt: 20 bytes. */
  | { readonly kind: "sha1"; readonly digest: Uint8Array<ArrayBuffer> }
  /** PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-256: a `digest` of 32 bytes. */
  | {
    readonly kind: "pbkdf2";
    readonly iterations: number;
    readonly salt: Uint8Array<ArrayBuffer>;
    readonly digest: Uint8Array<ArrayBuffer>;
  };

/** The highest bcrypt cost: each one more doubles the time, and 14 takes more than a second. */
const MAX_COST = 14;
const MAX_ITERATIONS = 10_000_000;
/** RFC 8018 §4.1 asks for at least 8 bytes of salt. */
const MIN_SALT = 8, MAX_SALT = 64;
const SHA1_SIZE = 20, SHA256_SIZE = 32;

const ALLOWED = "a bcrypt hash ($2y$…, of htpasswd -B), $pbkdf2-sha256$ITERATIONS$SALT$HASH or {SHA}… is needed";
/** Salt and digest end within a character, whose unused bits are 0; else no password would ever match. */
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;
const PBKDF2 = /^\$pbkdf2-sha256\$([1-9]\d{0,9})\$([^$]*)\$([^$]*)$/;

/**
 * A hashed password:
 *
 * - `$2a$`, `$2b$`, `$2y$`: bcrypt of cost 4 to 14, as `htpasswd -B` writes it.
 * - `$pbkdf2-sha256$ITERATIONS$SALT$HASH`: PBKDF2, salt (8 to 64 bytes) and hash in base64, as Python's passlib writes it
 *   or with padding and `+`.
 * - `{SHA}`: SHA-1 in base64, as `htpasswd -s` writes it. It is weak: without salt and cost, a lost file gives most
 *   passwords away at once.
 *
 * @throws {ValueError} For anything else: MD5 (`$apr1$`), crypt() and plain text, which its message never repeats.
 */
export function parsePasswordHash(text: string): PasswordHash {
  if (/^\$2[a-z]?\$/.test(text)) return parseBcrypt(text);
  if (text.startsWith("$pbkdf2-sha256$")) return parsePbkdf2(text);
  if (text.startsWith("{SHA}")) {
    const digest = decodeBase64(text.slice(5));
    if (digest?.length !== SHA1_SIZE) throw new ValueError("{SHA} needs the base64 of a SHA-1 hash behind it");
    return { kind: "sha1", digest };
  }
  if (/^\$(apr1|1)\$/.test(text)) throw new ValueError(`MD5 hashes are not taken; ${ALLOWED}`);
  throw new ValueError(ALLOWED);
}

function parseBcrypt(text: string): PasswordHash {
  const [, cost] = BCRYPT.exec(text) ?? [];
  if (cost === undefined) throw new ValueError("it is no whole bcrypt hash: $2y$, two digits, $ and 53 characters");
  if (Number(cost) < 4 || Number(cost) > MAX_COST) throw new ValueError(`a bcrypt cost of 4 to ${MAX_COST} is needed`);
  return { kind: "bcrypt", text };
}

function parsePbkdf2(text: string): PasswordHash {
  const [, count = "", saltText = "", digestText = ""] = PBKDF2.exec(text) ?? [];
  const iterations = Number(count), salt = decodeBase64(saltText), digest = decodeBase64(digestText);
  if (count === "" || salt === null || digest === null) {
    throw new ValueError("it is no $pbkdf2-sha256$ITERATIONS$SALT$HASH with salt and hash in base64");
  }
  if (iterations > MAX_ITERATIONS) throw new ValueError(`at most ${MAX_ITERATIONS} iterations are allowed`);
  if (salt.length < MIN_SALT || salt.length > MAX_SALT) {
    throw new ValueError(`a salt of ${MIN_SALT} to ${MAX_SALT} bytes is needed`);
  }
  if (digest.length !== SHA256_SIZE) throw new ValueError(`a hash of ${SHA256_SIZE} bytes is needed`);
  return { kind: "pbkdf2", iterations, salt, digest };
}

/** Base64, with or without padding, `+` also as passlib's `.`; null when it is none. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9+./]*={0,2}$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll(".", "+")), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/**
 * An htpasswd file: `NAME:HASH` a line, whatever follows a second colon being a comment, as nginx reads it. Blank lines and
 * those that begin with `#` are skipped.
 *
 * @returns The hashes as they are written, by user name.
 * @throws {ValueError} For a line that is wrong, or a name that was there before. It names the line, never what is on it.
 */
export function parseHtpasswd(text: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [name = "", hash] = line.split(":");
    try {
      if (hash === undefined) throw new ValueError("it is not NAME:HASH");
      if (!isUserName(name)) throw new ValueError("it has no user name that can be sent");
      if (users.has(name)) throw new ValueError("its user name is on a line before");
      parsePasswordHash(hash);
    } catch (error) {
      throw error instanceof ValueError ? new ValueError(`line ${index + 1}: ${error.message}`) : error;
    }
    users.set(name, hash);
  }
  return users;
}

/** Whether Basic authentication can carry a user name: no colon and no control characters (RFC 7617 §2), and not empty. */
export function isUserName(name: string): boolean {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  return /^[^:\x00-\x1f\x7f-\x9f]+$/.test(name);
}
