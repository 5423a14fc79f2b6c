/**
 * Reads a file for memory, with what can be sent in its place.
 *
 * @module
 */
import type { StaticOptions } from "../config/static_options.ts";
import type { OpenFile } from "../http1/answer.ts";
import { type Coding, CODINGS, isWorthCompressing, MIN_LENGTH } from "../http1/content_coding.ts";
import { type Available, CachedFile, type FieldChange, Variant } from "./cached_file.ts";
import { OWN_CODINGS } from "./compress.ts";
import type { FileState } from "./file_state.ts";
import type { FreshnessOf } from "./freshness.ts";
import { mediaType } from "./media_type.ts";
import { describe, type Representation } from "./representation.ts";
import type { Found } from "./resolve.ts";
import type { Moment, Sightings } from "./watch.ts";

/** A file's extension in each coding. */
export const EXTENSIONS: Readonly<Record<Coding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

const COMPRESSED = /\.(?:br|zst|gz)$/;
/** Types that are compressed in themselves: nobody compresses their files again, and nobody is made to look for them. */
const DENSE = /^(?:video|audio|font\/woff2?|image\/(?:png|jpeg|gif|webp|avif|jxl|heic))\b/;

/** How files become answers: what does not change from one to the next. */
export interface Serving {
  readonly options: StaticOptions;
  readonly freshness: FreshnessOf;
  /** Bytes; larger files are not kept in memory. */
  readonly largest: number;
  readonly change: FieldChange;
}

/** What is known of a found file before it is read. */
export interface FoundFile {
  /** Files beside it that have it in a coding. */
  readonly beside: ReadonlyMap<Coding, { readonly path: string; readonly identity: string; readonly size: number }>;
  /** What stackd can compress it to. */
  readonly own: readonly Coding[];
  /** Describes its bytes as they are, or those of a file beside it. */
  describe(state: { readonly size: number; readonly mtime: number | null }, coding: Coding | null): Representation;
}

/** Looks for what can be sent in place of `found`. */
export function survey(
  { options, freshness, largest }: Serving,
  { path, names, state: { size } }: Found & { kind: "file" },
  seen: Sightings,
  now: number,
): FoundFile {
  const contentType = mediaType(path, options.types, options.defaultType);
  const beside = new Map<Coding, { path: string; identity: string; size: number }>();
  if (options.precompressed && !COMPRESSED.test(path) && !DENSE.test(contentType)) {
    for (const coding of CODINGS) {
      const state = seen.look(path + EXTENSIONS[coding]);
      if (state?.kind !== "file") continue;
      beside.set(coding, { path: path + EXTENSIONS[coding], identity: state.identity, size: state.size });
    }
  }
  const compressible = options.compress && size >= MIN_LENGTH && size <= largest && isWorthCompressing(contentType);
  const own = compressible ? OWN_CODINGS.filter((coding) => !beside.has(coding)) : [];
  const same = { contentType, varies: beside.size + own.length > 0, ...freshness(`/${names.join("/")}`) };
  return { beside, own, describe: ({ size, mtime }, coding) => describe({ ...same, size, mtime, coding }, now) };
}

/** The entry of a file whose bytes have been read. */
export function entryOf(
  { largest, change }: Serving,
  key: Uint8Array,
  file: FoundFile,
  state: FileState,
  bytes: Uint8Array,
  seen: Sightings,
  moment: Moment,
  now: number,
): CachedFile {
  const codings = new Map<Coding, Available>();
  for (const [coding, { path, identity, size }] of file.beside) {
    if (size <= largest) codings.set(coding, { kind: "beside", path, identity });
  }
  for (const coding of file.own) codings.set(coding, { kind: "own", making: null });
  const variant = new Variant(file.describe(state, null), bytes, change, moment, now);
  return new CachedFile(key, variant, codings, file, seen, moment);
}

/** `length` bytes from the beginning; null when the file has become shorter meanwhile, for it is being rewritten in place. */
export function readAll(file: OpenFile, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = file.read(at, bytes.subarray(at));
    if (read === 0) return null;
    at += read;
  }
  return bytes;
}
