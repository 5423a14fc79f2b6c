/**
 * Imports a handler's module: as Deno does by itself where nothing speaks against it, else with the help of hooks.
 *
 * @module
 */
import { toFileUrl } from "@std/path";
import { StackdError } from "../errors.ts";
import { codeOnDisk, type LoadableCode, readSnapshot, sameOnDisk } from "./code/loadable.ts";
import type { Latecomers } from "./code/late.ts";
import type { LoadedCode } from "./code/loaded_code.ts";
import { DISK } from "./disk.ts";
import { keepGlobals } from "./globals.ts";
import type { TakenServer } from "./taken_server.ts";

/** What a module exports. */
export type Namespace = Readonly<Record<string, unknown>>;

/** What came of importing a module. */
export interface Imported {
  readonly namespace: Namespace;
  /** The server that it has opened, where it is a program, and exports nothing; else null. */
  readonly server: TakenServer | null;
}

/**
 * Imports the module at `path`.
 *
 * @param snapshot The directory that holds its code, as `prepareCode()` has made it; null: the files are read as they are.
 * @throws {StackdError} Exit 2: `STACKD_HANDLER_NOT_FOUND`, `STACKD_HANDLER_LOAD`, `STACKD_HANDLER_CHANGED`.
 */
export async function importModule(path: string, snapshot: string | null): Promise<Imported> {
  const prepared = snapshot === null ? null : readSnapshot(snapshot);
  if (prepared === null && DISK.kind(path) !== "file") {
    throw new StackdError("STACKD_HANDLER_NOT_FOUND", `Cannot load "${path}": there is no such file`);
  }
  const code = prepared ?? await readCode(path);
  if (!code.opens) return { namespace: await importCode(path, code, prepared), server: null };
  const { takeServer } = await import("./taken_server.ts");
  return { namespace: {}, server: await takeServer(path, () => importCode(path, code, prepared)) };
}

async function importCode(path: string, code: LoadableCode, prepared: LoadableCode | null): Promise<Namespace> {
  // Hooks, and what Deno loads for them, double the time of a start.
  if (!code.plain || (prepared !== null && !sameOnDisk(prepared))) return await importByHooks(path, code);
  try {
    return await evaluate(path, async () => await import(toFileUrl(path).href), null);
  } finally {
    if (prepared !== null && !sameOnDisk(prepared)) {
      // deno-lint-ignore no-unsafe-finally -- whatever came of it, it was not the code that it is to be
      throw new StackdError("STACKD_HANDLER_CHANGED", `Cannot load "${path}": its files changed while it was loaded`);
    }
  }
}

/** Runs a module's code by `load`, and leaves the globals usable. */
async function evaluate(path: string, load: () => Promise<Namespace>, code: LoadedCode | null): Promise<Namespace> {
  const restoreGlobals = keepGlobals();
  let namespace: Namespace | null = null, thrown: unknown, broken: string | null = null;
  try {
    namespace = await load();
  } catch (cause) {
    thrown = cause;
  } finally {
    broken = restoreGlobals();
  }
  if (namespace === null) throw await explain(path, thrown, code);
  if (broken === null) return namespace;
  const state = `it makes the global "${broken}" unusable, which whatever serves it needs`;
  throw new StackdError("STACKD_HANDLER_LOAD", `Cannot load "${path}": ${state}`);
}

/** The error that says why; what finds out is loaded when it has to. */
async function explain(path: string, thrown: unknown, code: LoadedCode | null): Promise<StackdError> {
  const { loadFailure } = await import("./load_failure.ts");
  return await loadFailure(path, thrown, DISK, code);
}

/** The code as it is on disk now. */
async function readCode(path: string): Promise<LoadableCode> {
  const { traceCode } = await import("./code/trace.ts");
  return codeOnDisk(await traceCode(path));
}

async function importByHooks(path: string, loadable: LoadableCode): Promise<Namespace> {
  const mixed = Object.values(loadable.files).some(({ format }) => format === "commonjs");
  const [{ openCode }, bridge, late] = await Promise.all([
    import("./code/hooks.ts"),
    mixed ? import("./code/bridge.ts").then((module) => module.bridge) : null,
    // Many packages load what they find in a directory while they are loaded themselves.
    loadable.computed ? findLate(loadable) : null,
  ]);
  const code = openCode(loadable, bridge);
  if (late !== null) code.latecomers = late;
  const load = async () => {
    if (mixed) await code.importRequired();
    return await import(toFileUrl(path).href);
  };
  return await evaluate(path, load, code);
}

/** What finds the modules that nobody could foresee; null where a confined handler may not even load that. */
async function findLate({ map }: LoadableCode): Promise<Latecomers | null> {
  try {
    const { latecomers } = await import("./code/late.ts");
    return await latecomers(map);
  } catch {
    return null;
  }
}
