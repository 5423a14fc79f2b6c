/**
 * What a module that is loaded for a moment finds around it: variables, a working directory, and its own text where that came
 * on standard input.
 *
 * @module
 */
import type { LoadingOptions } from "../config/fetch.ts";
import { inputModulePath, STANDARD_INPUT } from "../config/module.ts";
import { readInputModule } from "../gateway/input_module.ts";
import { prepareCode } from "../handler/code/prepare.ts";
import { makePrivateDirectory } from "../process/private_dir.ts";

/** A module that can be loaded, until it is disposed of. */
export interface PlacedModule extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
  /** Its text, where it came on standard input; else null. */
  readonly text: string | null;
  /** The directory that holds its code then; else null. */
  readonly code: string | null;
}

/** Makes this process's surroundings those of the handler. Throws `StackdError` when nothing came on standard input. */
export async function enter(options: LoadingOptions): Promise<PlacedModule> {
  const { env, chdir } = options;
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  const placed = await placeModule(options);
  if (chdir !== null) Deno.chdir(chdir);
  return placed;
}

/** Finds a place for the module's code. Throws `StackdError` when nothing came on standard input. */
export async function placeModule({ module: { path, exportName } }: LoadingOptions): Promise<PlacedModule> {
  const source = await readInputModule([{ prefix: "/", module: path, exportName }]);
  if (path !== STANDARD_INPUT || source === null) {
    return { path, text: null, code: null, async [Symbol.asyncDispose]() {} };
  }
  const directory = makePrivateDirectory(null), place = inputModulePath(Deno.cwd());
  const { path: code } = await prepareCode(place, `${directory.path}/code`, { text: source });
  return { path: place, text: source, code, [Symbol.asyncDispose]: () => Promise.resolve(directory.remove()) };
}
