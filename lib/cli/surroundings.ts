/**
 * What a module that is loaded for a moment finds around it: variables, a working directory, and its own text where that came
 * on standard input.
 *
 * @module
 */
import type { LoadingOptions } from "../config/fetch.ts";
import { STANDARD_INPUT } from "../config/module.ts";
import { keepInputModule, readInputModule } from "../gateway/input_module.ts";
import { makePrivateDirectory } from "../process/private_dir.ts";

/** A module that can be loaded, until it is disposed of. */
export interface PlacedModule extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/** Makes this process's surroundings those of the handler. Throws `StackdError` when nothing came on standard input. */
export async function enter(options: LoadingOptions): Promise<PlacedModule> {
  const { env, chdir } = options;
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  if (chdir !== null) Deno.chdir(chdir);
  return await placeModule(options);
}

/** Finds a file for the module. Throws `StackdError` when nothing came on standard input. */
export async function placeModule({ module: { path, exportName } }: LoadingOptions): Promise<PlacedModule> {
  const source = await readInputModule([{ prefix: "/", module: path, exportName }]);
  if (path !== STANDARD_INPUT || source === null) return { path, async [Symbol.asyncDispose]() {} };
  const directory = makePrivateDirectory(null);
  return {
    path: keepInputModule(source, directory),
    [Symbol.asyncDispose]: () => Promise.resolve(directory.remove()),
  };
}
