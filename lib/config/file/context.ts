/**
 * What reading the sections needs beside them.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { GroupOptions } from "../group_options.ts";
import type { UpstreamLimits } from "../options.ts";
import type { System } from "../system.ts";
import { ValueError } from "../values.ts";

/** How many requests wait for a server of a group, and how long (ms). */
export type QueueLimits = Pick<GroupOptions, "queue" | "queueTimeout">;

/** What all sections share. */
export interface Context {
  /** Where relative paths begin: the file's own directory, absolute. */
  readonly directory: string;
  readonly system: System;
  /** What [proxy], or the command line, says of all upstreams. */
  readonly limits: UpstreamLimits;
  readonly queue: QueueLimits;
}

/**
 * The content of a file that the configuration names.
 *
 * @param path As it is written.
 * @throws {ValueError} When it cannot be read.
 */
export function readNamed(
  path: string,
  { directory, system }: Context,
): { path: string; body: Uint8Array<ArrayBuffer> } {
  if (path === "") throw new ValueError("the path is empty");
  const absolute = resolve(directory, path);
  const kind = system.kindOf(absolute);
  if (kind === "missing") throw new ValueError(`there is no file "${absolute}"`);
  if (kind === "directory" || kind === "other") throw new ValueError(`"${absolute}" is no file`);
  try {
    return { path: absolute, body: Deno.readFileSync(absolute) };
  } catch {
    throw new ValueError(`permission denied to read "${absolute}"`);
  }
}
