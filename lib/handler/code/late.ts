/**
 * What is asked for only as code runs, by names that nobody could foresee, is found on disk as it is then. What is needed for that is
 * loaded when the code is, so that it is there at once.
 *
 * @module
 */
import { type Bridge, bridge } from "./bridge.ts";
import { type FormatOf, formats } from "./format.ts";
import { applyImportMap, type ImportMap } from "./import_map.ts";
import { filePath, textAt } from "./text.ts";
import { packageResolver } from "./packages.ts";
import type { Resolution } from "./problem.ts";
import { parsePackage } from "./specifier.ts";

/** Finds modules late. */
export interface Latecomers {
  readonly bridge: Bridge;
  readonly formatOf: FormatOf;
  /** Where the specifier leads in the module at the URL `parent`. */
  resolve(specifier: string, parent: string): Resolution;
}

/** Makes one. */
export async function latecomers(map: ImportMap): Promise<Latecomers> {
  const packages = await packageResolver();
  return {
    bridge,
    formatOf: formats(textAt),
    resolve(specifier, parent) {
      const meant = parent.includes("/node_modules/") ? specifier : applyImportMap(map, specifier, parent) ?? specifier;
      const path = filePath(parent);
      const reference = meant.startsWith("npm:") ? parsePackage(meant.slice("npm:".length)) : null;
      return reference === null
        ? packages.resolve(meant, path, "import")
        : packages.resolvePackage(reference, path, "import");
    },
  };
}
