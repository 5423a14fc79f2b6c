/**
 * `--watch` and `--touch-reload`: which files reload a gateway when they change.
 *
 * @module
 */
import type { GatewayOptions } from "../config/options.ts";
import { type FileWatch, watchFiles } from "../process/file_watch.ts";
import type { Supervisor } from "./supervisor.ts";

/** Watches what is to be watched, also when other files are imported after a reload; null for nothing. */
export function watchFor(options: GatewayOptions, supervisor: Supervisor, onChange: () => void): FileWatch | null {
  const { watch, reloadOn } = options;
  if (!watch && reloadOn.length === 0) return null;
  const wanted = () => watch ? [...reloadOn, ...supervisor.files] : reloadOn;
  const files = watchFiles(wanted, () => watch && supervisor.isStale, onChange);
  supervisor.onCode = () => files.follow();
  return files;
}
