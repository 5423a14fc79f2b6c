/**
 * Adds a coding to a file in memory: reads the file beside it, or compresses its bytes, once for all who wait for it.
 *
 * @module
 */
import type { Coding } from "../http1/content_coding.ts";
import { type Available, type CachedFile, Variant } from "./cached_file.ts";
import { compress } from "./compress.ts";
import { readAll, type Serving } from "./load.ts";
import { compressed } from "./representation.ts";
import type { Place } from "./resolve.ts";
import type { Moment } from "./watch.ts";

/**
 * Makes `coding` ready, or takes it out of the entry's codings when it cannot be had. False: the file beside has changed since
 * the entry was made. `now` in ms since the epoch.
 */
export function fill(
  entry: CachedFile,
  coding: Coding,
  available: Available & { kind: "beside" | "own" },
  { open }: Place,
  { change }: Serving,
  moment: Moment,
  now: number,
): boolean | Promise<void> {
  if (available.kind === "own") return available.making ??= make(entry, coding, change, moment, now);
  const opened = open(available.path);
  if (opened.kind !== "file") {
    entry.codings.delete(coding);
    return true;
  }
  try {
    if (opened.state.identity !== available.identity) return false;
    const bytes = readAll(opened.file, opened.state.size);
    if (bytes === null) return false;
    entry.put(coding, new Variant(entry.file.describe(opened.state, coding), bytes, change, moment, now), false);
    return true;
  } finally {
    opened.file.close();
  }
}

async function make(entry: CachedFile, coding: Coding, change: Serving["change"], moment: Moment, now: number) {
  const { body, representation } = entry.identity;
  const bytes = await compress(body, coding);
  if (bytes.length >= body.length) entry.codings.delete(coding);
  else {entry.put(
      coding,
      new Variant(compressed(representation, coding, bytes.length), bytes, change, moment, now),
      true,
    );}
}
