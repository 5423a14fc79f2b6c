/**
 * Where access-log lines go, as `--access-log` names it.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { AccessLogTarget } from "./options.ts";

/**
 * The value of `--access-log`: `-` is standard output, `off` is nowhere, anything else is a file (one of these names
 * needs `./` in front).
 *
 * @param cwd Where a relative path begins.
 */
export function parseAccessLog(text: string, cwd: string): AccessLogTarget {
  if (text === "-") return { kind: "stdout" };
  return text === "off" ? { kind: "off" } : { kind: "file", path: resolve(cwd, text) };
}

/** A target as {@linkcode parseAccessLog} reads it. */
export function formatAccessLog(target: AccessLogTarget): string {
  if (target.kind === "file") return target.path;
  return target.kind === "stdout" ? "-" : "off";
}
