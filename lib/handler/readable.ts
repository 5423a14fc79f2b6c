/**
 * What a confined handler may read without being told so: its own directory, and the code that it consists of.
 *
 * @module
 */
import { dirname } from "@std/path";
import { isInputModule } from "../config/module.ts";
import { isWithin } from "../confine/within.ts";
import type { WorkerOptions } from "../process/messages.ts";
import { readSnapshot } from "./code/loadable.ts";
import { filePath } from "./code/text.ts";

/** Code, and no data: a module that could name any file, and so read it, would not be confined. */
const CODE = /\.(?:[mc]?[jt]s|[jt]sx|wasm)$/;
/** The directory of the package that a file belongs to. */
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** The paths: directories stand for all that is below them. A module that came on standard input has no directory of its own. */
export function readableBy({ module, code }: Readable): string[] {
  const own = isInputModule(module) ? [] : [dirname(module)];
  const snapshot = code === null ? null : readSnapshot(code);
  const files = Object.keys(snapshot?.files ?? {}).filter((url) => url.startsWith("file:"))
    .map(filePath);
  const outside = files.filter((file) => CODE.test(file) && !isWithin(file, own) && !isInputModule(file))
    .map((file) => PACKAGE.exec(file)?.[0] ?? file);
  return [...own, ...(code === null ? [] : [code]), ...new Set(outside)];
}
type Readable = Pick<WorkerOptions, "module" | "code">;

/**
 * Whether a file may be copied into the snapshot of a confined handler's code, which is made by a process that may read everything:
 * what is no code, and in no package, has to be where the handler may read.
 *
 * @param roots Where it may.
 */
export function mayHold(path: string, roots: readonly string[]): boolean {
  try {
    const real = Deno.realPathSync(path);
    return CODE.test(real) || PACKAGE.test(real) || isWithin(real, roots.map((root) => Deno.realPathSync(root)));
  } catch {
    return false; // it is not there, or one of the roots is not
  }
}
