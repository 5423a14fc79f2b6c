/**
 * How long caches may keep a file: Cache-Control and Expires by its path.
 *
 * @module
 */
import type { StaticOptions } from "../config/static_options.ts";
import { compileGlob, type PathTest } from "./glob.ts";

/** What a file's answers say about keeping them. */
export interface Freshness {
  readonly cacheControl: string | null;
  /** Seconds until it expires, where Expires is written; null: it is not. */
  readonly expiresAfter: number | null;
}

/** The Freshness of a path below the root. */
export type FreshnessOf = (path: string) => Freshness;

const IMMUTABLE = "public, max-age=31536000, immutable"; // a year; RFC 8246
const NOTHING: Freshness = Object.freeze({ cacheControl: null, expiresAfter: null });

/** The rules of `options`, ready to be asked. */
export function compileFreshness({ cacheControl, immutable, expires }: StaticOptions): FreshnessOf {
  const rules: (readonly [PathTest, Freshness])[] = cacheControl.map(({ pattern, value }) =>
    [compileGlob(pattern), freshness(value, expires)] as const
  );
  if (immutable) rules.push([hasHash, freshness(IMMUTABLE, expires)]);
  return (path) => rules.find(([fits]) => fits(path))?.[1] ?? NOTHING;
}

function freshness(cacheControl: string, expires: boolean): Freshness {
  const seconds = /(?:^|[\s,])max-age="?(\d+)/i.exec(cacheControl)?.[1];
  return { cacheControl, expiresAfter: expires && seconds !== undefined ? Number(seconds) : null };
}

/**
 * Whether a name holds a hash of its content, between `.`, `-` or `_` and the extension, as bundlers write it: eight or more
 * hexadecimal digits (`app.3f2a91bc.js`; webpack, esbuild, Django), or eight characters of base64url (`index-BkH3x9aZ.js`;
 * Vite, Rollup). A date, a version or a word is none: hexadecimal needs a digit and a letter, the other a digit, a capital and
 * a small letter. So a few hashes are missed, and almost no other name is kept for a year.
 */
export function hasHash(path: string): boolean {
  const [, hex, base64] = HASHED.exec(path) ?? [];
  if (hex !== undefined) return /\d/.test(hex) && /[a-f]/.test(hex);
  return base64 !== undefined && /\d/.test(base64) && /[A-Z]/.test(base64) && /[a-z]/.test(base64);
}

const HASHED = /[.\-_](?:([0-9a-f]{8,64})|([A-Za-z0-9_-]{8}))(?:\.[a-z][a-z0-9]{0,10}){1,3}$/;
