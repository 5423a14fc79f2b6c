/**
 * A mount of [gateway] that is a table: [[gateway.mount]], or an inline one among texts.
 *
 * @module
 */
import { ValueError } from "../values.ts";
import type { FileValue } from "./proxy_section.ts";
import { nonEmpty, textAs } from "./parsers.ts";
import type { Section } from "./section.ts";

/** What a mount says. */
export interface MountTable {
  /** As `--mount` takes it. */
  readonly text: string;
  /** What its app may touch, by the names of the flags; null: what is said of all apps. */
  readonly allow: ReadonlyMap<string, readonly FileValue[]> | null;
}

/**
 * Reads the table; mistakes in its keys are noted.
 *
 * @param readAllow Reads its permissions, each of which may be left out.
 * @returns null when it has no prefix, or no module.
 */
export function readMount(
  table: Section,
  readAllow: (table: Section) => Map<string, FileValue[]>,
): MountTable | null {
  const prefix = table.need("prefix", textAs(plainPrefix));
  const module = table.need("module", textAs(nonEmpty));
  const allow = readAllow(table);
  table.end();
  if (prefix === null || module === null) return null;
  return { text: `${prefix}=${module}`, allow: allow.size === 0 ? null : allow };
}

/** In what `--mount` takes, the first `=` ends the prefix. */
function plainPrefix(text: string): string {
  if (!text.startsWith("/")) throw new ValueError(`a prefix begins with "/", write "/${text}"`);
  if (text.includes("=")) throw new ValueError('a prefix holds no "="');
  return text;
}
