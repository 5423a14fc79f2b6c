/**
 * A file in memory: its bytes as they are, and in the codings in which they were asked for, each with its answer prepared.
 *
 * @module
 */
import type { Field } from "../http1/answer.ts";
import { latin1 } from "../http1/bytes.ts";
import type { Coding } from "../http1/content_coding.ts";
import { PreparedAnswer } from "../http1/prepared.ts";
import type { Asked } from "./asked.ts";
import type { FoundFile } from "./load.ts";
import { Cached } from "./path_cache.ts";
import { contentFields, keepFields, type Representation } from "./representation.ts";
import type { Moment, Sightings } from "./watch.ts";

/** Changes the fields of every answer of a route. */
export type FieldChange = (fields: readonly Field[]) => readonly Field[];

/** The bytes of one coding. */
export class Variant {
  readonly representation: Representation;
  readonly #change: FieldChange;
  /** The entity tag's opaque part, as it stands in requests; null when there is none. */
  readonly #tag: Uint8Array | null;
  #prepared: PreparedAnswer;
  #notModified: PreparedAnswer | null = null;
  #preparedIn: Moment;

  constructor(representation: Representation, body: Uint8Array, change: FieldChange, moment: Moment, now: number) {
    const { etag } = representation;
    this.representation = representation;
    this.#change = change;
    this.#tag = etag === null ? null : latin1(etag.replace(/^W\//, ""));
    this.#prepared = new PreparedAnswer(change(contentFields(representation, now)), body);
    this.#preparedIn = moment;
  }

  get body(): Uint8Array<ArrayBuffer> {
    return this.#prepared.body;
  }

  /** Bytes of memory. */
  get size(): number {
    return this.#prepared.size;
  }

  /** The answer to who asks nothing special: all of it, or that it is as the client's copy. `now` in ms since the epoch. */
  prepared({ bytes, tagStart, tagEnd }: Asked, moment: Moment, now: () => number): PreparedAnswer {
    // Expires is the one field that moves on.
    if (moment !== this.#preparedIn && this.representation.expiresAfter !== null) {
      const fields = this.#change(contentFields(this.representation, now()));
      this.#prepared = new PreparedAnswer(fields, this.#prepared.body);
      this.#notModified = null;
      this.#preparedIn = moment;
    }
    if (tagEnd === 0 || this.#tag === null || !isSame(this.#tag, bytes, tagStart, tagEnd)) return this.#prepared;
    return this.#notModified ??= new PreparedAnswer(this.#change(keepFields(this.representation, now())), null);
  }
}

function isSame(tag: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (tag.length !== end - start) return false;
  for (let i = 0; i < tag.length; i++) if (tag[i] !== bytes[start + i]) return false;
  return true;
}

/** A coding that a file may be had in: made already, a file beside it, or to be made. */
export type Available =
  | { readonly kind: "ready"; readonly variant: Variant; readonly own: boolean }
  | { readonly kind: "beside"; readonly path: string; readonly identity: string }
  | { readonly kind: "own"; making: Promise<void> | null };

/** What an entry takes beside its bytes: maps, strings, objects; roughly. */
const OVERHEAD = 1_024;

/** What is kept for one path. */
export class CachedFile extends Cached {
  /** The bytes as they are. */
  readonly identity: Variant;
  readonly codings: Map<Coding, Available>;
  readonly file: FoundFile;
  #growth = 0;
  readonly #seen: Sightings;
  #moment: Moment;

  constructor(
    key: Uint8Array,
    identity: Variant,
    codings: Map<Coding, Available>,
    file: FoundFile,
    seen: Sightings,
    moment: Moment,
  ) {
    super(key, key.length + identity.size + OVERHEAD);
    this.identity = identity;
    this.codings = codings;
    this.file = file;
    this.#seen = seen;
    this.#moment = moment;
  }

  /** Whether it still is what the files are: looked at once for each moment. */
  isFresh(moment: Moment): boolean {
    if (moment === this.#moment) return true;
    if (!this.#seen.settled || !this.#seen.hold(moment)) return false;
    this.#moment = moment;
    return true;
  }

  /** What is sent to who prefers `codings`; null when it must be read or made first. */
  ready(codings: readonly Coding[]): Variant | null {
    if (this.codings.size === 0 || codings.length === 0) return this.identity;
    const best = this.best(codings);
    if (best === null) return this.identity;
    const available = this.codings.get(best);
    return available?.kind === "ready" ? available.variant : null;
  }

  /**
   * The best of `codings` that there is: what lies beside the file before what has to be made, if that is wanted (`own`) at all.
   */
  best(codings: readonly Coding[], own = true): Coding | null {
    return codings.find((coding) => this.codings.has(coding) && !this.#isOwn(coding)) ??
      (own ? codings.find((coding) => this.codings.has(coding)) ?? null : null);
  }

  #isOwn(coding: Coding): boolean {
    const available = this.codings.get(coding);
    return available?.kind === "own" || (available?.kind === "ready" && available.own);
  }

  /** `coding` is ready from now on; `own`: it was compressed here. */
  put(coding: Coding, variant: Variant, own: boolean): void {
    this.codings.set(coding, { kind: "ready", variant, own });
    this.#growth += variant.size;
  }

  /** Bytes that were added since this was last asked. */
  takeGrowth(): number {
    const growth = this.#growth;
    this.#growth = 0;
    return growth;
  }
}
