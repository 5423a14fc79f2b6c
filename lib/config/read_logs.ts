/**
 * The options of both logs.
 *
 * @module
 */
import { parseAccessLog } from "./access_log.ts";
import { DEFAULTS } from "./defaults.ts";
import { parseLogFormat } from "./log_format.ts";
import type { AccessLogTarget, LogLevel } from "./options.ts";
import type { Reader } from "./reader.ts";
import { closest } from "./suggest.ts";
import { ValueError } from "./values.ts";

const LEVELS: readonly LogLevel[] = ["error", "warn", "info"];

/** Reads them. `check` refuses paths at which no file can be made. Mistakes are noted. */
export function readLogs(
  reader: Reader,
  cwd: string,
  check: (path: string) => void,
): { readonly accessLog: AccessLogTarget; readonly logLevel: LogLevel } {
  const target = reader.one("access-log", (text) => {
    const target = parseAccessLog(text, cwd);
    if (target.kind === "file") check(target.path);
    return target;
  }, DEFAULTS.accessLog);
  const format = reader.one("log-format", parseLogFormat, null);
  return {
    accessLog: format === null ? target : { ...target, format },
    logLevel: reader.one("log-level", parseLevel, DEFAULTS.logLevel),
  };
}

function parseLevel(text: string): LogLevel {
  const level = LEVELS.find((name) => name === text);
  if (level !== undefined) return level;
  const meant = closest(text, LEVELS);
  throw new ValueError(`there are error, warn and info${meant === undefined ? "" : `, did you mean "${meant}"?`}`);
}
