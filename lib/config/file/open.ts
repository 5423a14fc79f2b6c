/**
 * A configuration file as a tree of sections.
 *
 * @module
 */
import { dirname, resolve } from "@std/path";
import { messageOf, StackdError } from "../../errors.ts";
import { closest } from "../suggest.ts";
import type { System } from "../system.ts";
import { FileMistakes } from "./file_mistakes.ts";
import { Section } from "./section.ts";
import { parseToml } from "./toml.ts";

/** An open file. */
export interface ConfigurationFile {
  readonly root: Section;
  readonly mistakes: FileMistakes;
  /** Where relative paths in it begin. */
  readonly directory: string;
}

/** Sections and how they are written. */
const SECTIONS: Readonly<Record<string, string>> = Object.freeze({
  proxy: "[proxy]",
  route: "[[proxy.route]]",
  upstream: "[upstream.NAME]",
  gateway: "[gateway]",
});

/**
 * Reads a file.
 *
 * @param path As the user wrote it, which is what messages call it.
 * @throws {StackdError} `STACKD_CONFIG_INVALID` when it cannot be read or is no TOML.
 */
export async function openConfiguration(path: string, system: Pick<System, "cwd">): Promise<ConfigurationFile> {
  const file = resolve(system.cwd, path);
  const mistakes = new FileMistakes(path);
  const root = new Section(await parseToml(await readText(path, file), path), path, mistakes);
  return { root, mistakes, directory: dirname(file) };
}

async function readText(path: string, file: string): Promise<string> {
  const refuse = (state: string, cause: unknown) =>
    new StackdError("STACKD_CONFIG_INVALID", `Cannot read "${path}": ${state}`, { cause });
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(file);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.PermissionDenied) throw refuse("permission denied", thrown);
    if (thrown instanceof Deno.errors.IsADirectory) throw refuse("it is a directory", thrown);
    const isMissing = thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory;
    // A descriptor may be lacking, say: at a reload nobody should look for a file that is there.
    throw refuse(isMissing ? "no such file" : messageOf(thrown), thrown);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw refuse("it is not UTF-8", thrown);
  }
}

/** Notes what stands at the top, and is no section. `keys`: those of `section`, which may have been forgotten above. */
export function noteUnknown(root: Section, section: "proxy" | "gateway", keys: readonly string[]): void {
  const known = Object.keys(SECTIONS);
  for (const [name, value, place] of root.free()) {
    if (name === "proxy" || name === "upstream" || name === "gateway") continue;
    const list = `there are ${Object.values(SECTIONS).join(", ")}`;
    if (value.kind !== "table" && !(value.kind === "array" && value.header)) {
      const advice = keys.includes(name) ? `write [${section}] above it` : list;
      root.mistake(place, `"${name}" stands in no section, ${advice}`);
      continue;
    }
    const meant = SECTIONS[closest(name, known) ?? ""];
    const advice = meant === undefined ? list : `did you mean ${meant}?`;
    root.mistake(place, `${value.source} is no section, ${advice}`);
  }
}
