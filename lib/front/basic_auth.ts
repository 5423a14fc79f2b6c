/**
 * HTTP Basic authentication (RFC 7617): whose name and password an Authorization field holds.
 *
 * @module
 */
import { isUserName, parsePasswordHash, type PasswordHash } from "../config/password_hash.ts";
import type { BasicAuthOptions } from "../config/route_options.ts";
import { ValueError } from "../config/values.ts";
import { StackdError } from "../errors.ts";
import { text } from "../http1/bytes.ts";
import { matchesBcrypt } from "./bcrypt.ts";

/** A list of users, ready to be asked. */
export interface BasicAuth {
  /** The value of WWW-Authenticate for a 401; each character is one byte. */
  readonly challenge: string;
  /**
   * The user whose name and password an Authorization field's value holds; null for nobody: the field is absent or
   * malformed, the name is unknown, the password wrong, or too many others are waiting to be compared.
   *
   * @param now The time on a clock that never goes back, ms.
   */
  check(authorization: string | null, now: number): Promise<string | null>;
}

/** How long a password that was right is not compared again, ms. */
const REMEMBERED_TIME = 60_000;
/** Fields that are remembered; the oldest goes first. */
const MAX_REMEMBERED = 1_024;
/** Comparisons that may wait, of one kind; beyond, they fail at once. */
const MAX_WAITING = 32;

/** Lets a few comparisons run at once and some more wait. */
export class Gate {
  #free: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];

  constructor(running: number, maxWaiting: number) {
    this.#free = running;
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `work` in its turn; false at once when too many are waiting. */
  async run(work: () => Promise<boolean>): Promise<boolean> {
    if (this.#free > 0) this.#free--;
    else if (this.#waiting.length >= this.#maxWaiting) return false;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** Which comparisons wait for each other. */
export interface Gates {
  readonly bcrypt: Gate;
  readonly pbkdf2: Gate;
}

/** The process's. bcrypt runs on the only thread: a second one would not help it, and make everything else wait twice. */
const SHARED: Gates = { bcrypt: new Gate(1, MAX_WAITING), pbkdf2: new Gate(2, MAX_WAITING) };

/**
 * Prepares the users. An unknown name takes as long as a known one. What was right is remembered for 60 s under a SHA-256
 * of the field, and the same field is compared once however many requests bring it at a time.
 *
 * @param gates For tests; by default all routes of the process share one set.
 * @throws {StackdError} `STACKD_CONFIG_INVALID` for a realm with control characters, a user name that cannot be sent, or a
 *   password hash of no allowed kind.
 */
export function compileBasicAuth({ realm, users }: BasicAuthOptions, gates: Gates = SHARED): BasicAuth {
  const challenge = challengeOf(realm);
  const hashes = new Map([...users].map(([name, hash]) => [name, parseUser(name, hash)]));
  const decoys = [...hashes.values()];
  const pepper = [...users.values()].join("\n");
  const remembered = new Map<string, { readonly name: string; readonly until: number }>();
  const running = new Map<string, Promise<boolean>>();

  const compare = async (name: string, password: string) => {
    // Somebody's hash stands in for that of an unknown name, always the same one, so that neither the time nor how it
    // varies between kinds of hashes tells who exists. It is looked for in any case, for that takes time too.
    const decoy = decoys[(await sha256(`${pepper}\n${name}`)).charCodeAt(0) % decoys.length];
    const hash = hashes.get(name);
    const asked = hash ?? decoy;
    return asked !== undefined && await matches(asked, password, gates) && hash !== undefined;
  };

  return {
    challenge,
    async check(authorization, now) {
      const credentials = authorization === null ? null : parseCredentials(authorization);
      if (authorization === null || credentials === null) return null;
      const { name, password } = credentials, key = await sha256(authorization);
      const known = remembered.get(key);
      if (known !== undefined && now < known.until) return known.name;
      let comparison = running.get(key);
      if (comparison === undefined) {
        comparison = compare(name, password).finally(() => running.delete(key));
        running.set(key, comparison);
      }
      if (!await comparison) return null;
      remembered.delete(key); // so that it moves to the end
      remembered.set(key, { name, until: now + REMEMBERED_TIME });
      for (const oldest of remembered.keys()) {
        if (remembered.size <= MAX_REMEMBERED) break;
        remembered.delete(oldest);
      }
      return name;
    },
  };
}

function parseUser(name: string, hash: string): PasswordHash {
  const refuse = (state: string) =>
    new StackdError("STACKD_CONFIG_INVALID", `Cannot take the password of ${JSON.stringify(name)}: ${state}`);
  if (!isUserName(name)) throw refuse("a user name has no colon and no control characters, and is not empty");
  try {
    return parsePasswordHash(hash);
  } catch (error) {
    throw error instanceof ValueError ? refuse(error.message) : error;
  }
}

function challengeOf(realm: string): string {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  if (/[\x00-\x1f\x7f-\x9f]/.test(realm)) {
    const state = "it has control characters";
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot use the realm ${JSON.stringify(realm)}: ${state}`);
  }
  const bytes = new TextEncoder().encode(realm.replace(/["\\]/g, "\\$&"));
  return `Basic realm="${text(bytes, 0, bytes.length)}", charset="UTF-8"`;
}

/** Name and password of `Basic BASE64`; null when it is none, is not UTF-8 or has control characters (RFC 7617 §2). */
function parseCredentials(authorization: string): { name: string; password: string } | null {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  if (encoded === undefined) return null;
  let pair: string;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    pair = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // no base64, or no UTF-8
  }
  const colon = pair.indexOf(":");
  // deno-lint-ignore no-control-regex -- they are what is looked for
  if (colon === -1 || /[\x00-\x1f\x7f-\x9f]/.test(pair)) return null;
  return { name: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

async function matches(hash: PasswordHash, password: string, gates: Gates): Promise<boolean> {
  if (hash.kind === "bcrypt") return await gates.bcrypt.run(() => matchesBcrypt(password, hash.text));
  const bytes = new TextEncoder().encode(password);
  if (hash.kind === "sha1") return equals(new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)), hash.digest);
  const { salt, iterations, digest } = hash;
  return await gates.pbkdf2.run(async () => {
    const key = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
    const bits = digest.length * 8;
    return equals(
      new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, bits)),
      digest,
    );
  });
}

/** Whether two digests are the same, in a time that does not depend on where they differ. */
function equals(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0);
  return difference === 0;
}

/** The SHA-256 of a text, as a string of its bytes. */
async function sha256(message: string): Promise<string> {
  return text(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(message))), 0, 32);
}
