/**
 * What a worker's process knows from its first moment on once it is confined: it need not wait to be told.
 *
 * @module
 */
import { CONFINED } from "../confine/environment.ts";
import { isWorkerOptions, type WorkerOptions } from "./messages.ts";

/** How a process is confined, and what for. */
export interface Confinement {
  /** The version of Landlock that holds it; 0 for none. */
  readonly landlock: number;
  /** Where the dynamic loader's code lay before it started itself anew; null where that is not known. */
  readonly loader: number | null;
  readonly options: WorkerOptions;
  /** XDG_DATA_HOME as the handler may see it; null for none. */
  readonly dataHome: string | null;
}

/** How this process is confined; null when it is not. */
export function readConfinement(): Confinement | null {
  try {
    const { landlock, loader, options, dataHome } = JSON.parse(Deno.env.get(CONFINED) ?? "");
    if (typeof landlock !== "number" || !isWorkerOptions(options)) return null;
    return { landlock, loader: typeof loader === "number" ? loader : null, options, dataHome };
  } catch {
    return null;
  }
}
