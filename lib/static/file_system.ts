/**
 * The system calls that serving files takes, as an argument: tests put a changing file system here.
 *
 * All are synchronous, as nginx's are: each takes about 2 µs where an asynchronous one costs 20 to 70 µs of thread switching.
 *
 * @module
 */
import { O_PATH } from "../http1/file_calls.ts";
import { type FileState, look } from "./file_state.ts";
import { isDirectlyDirectory, openDirectly, type OpenedFile, RuntimeFile } from "./open_file.ts";

/** The calls. */
export interface FileSystem {
  /** Opens for reading. */
  open(path: string): RuntimeFile;
  stat(path: string): Deno.FileInfo;
  /** What stands at a path; null when certainly nothing does. */
  look(path: string): FileState | null;
  readLink(path: string): string;
  realPath(path: string): string;
  list(path: string): Iterable<Deno.DirEntry>;
  /** A descriptor that names what stands at `path` without opening it: Linux's `O_PATH`. */
  openPath(path: string): number;
  closePath(descriptor: number): void;
  /** Opens a regular file whose path holds no symlink; null when it does, or the file cannot be opened so. */
  openDirectly(path: string): OpenedFile | null;
  /** Whether a path leads to a directory, over no symlink. */
  isDirectlyDirectory(path: string): boolean;
}

/**
 * node's fs, the only one that opens with flags of one's own. Taken when the first root is opened, not imported: node's half
 * of the runtime costs 40 ms of every start, and most processes serve no files.
 */
const nodeFs = () => loadedFs ??= processGlobal().getBuiltinModule("node:fs");
let loadedFs: typeof import("node:fs") | undefined;
const processGlobal = () => (globalThis as unknown as { process: typeof import("node:process") }).process;

/** The real one. */
export const SYSTEM: FileSystem = Object.freeze({
  open: (path: string) => new RuntimeFile(Deno.openSync(path)),
  stat: (path: string) => Deno.statSync(path),
  look,
  list: (path: string) => Deno.readDirSync(path),
  readLink: (path: string) => Deno.readLinkSync(path),
  realPath: (path: string) => Deno.realPathSync(path),
  openPath: (path: string) => nodeFs().openSync(path, O_PATH),
  closePath: (descriptor: number) => nodeFs().closeSync(descriptor),
  openDirectly,
  isDirectlyDirectory,
});
