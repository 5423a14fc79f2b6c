/**
 * A regular file that is open for reading.
 *
 * @module
 */
import type { OpenFile } from "../http1/answer.ts";
import { cString, type FileCalls, fileCalls, how, O_PATH, READING } from "../http1/file_calls.ts";
import { type FileState, lookAtDescriptor, stateOf } from "./file_state.ts";

/** A file that was opened, and its state from before anything of it was read. */
export interface OpenedFile {
  readonly file: OpenFile;
  readonly state: FileState;
}

const O_DIRECTORY = Deno.build.arch === "aarch64" ? 0o40000 : 0o200000;
const FILE = how(READING), DIRECTORY = how(O_PATH | O_DIRECTORY);

/**
 * Opens the regular file at an absolute `path`, when no name in it is a symlink; null else, and when it cannot be opened. There
 * must have been a regular file when last looked: to open a device may do something.
 */
export function openDirectly(path: string): OpenedFile | null {
  const calls = fileCalls(), name = cString(path);
  if (calls === null || name === null) return null;
  const fd = calls.openWithoutLinks(name, FILE);
  if (fd < 0) return null;
  const state = lookAtDescriptor(fd);
  if (state?.kind === "file") return { file: new DescriptorFile(calls, fd, state), state };
  calls.close(fd);
  return null;
}

/** Whether there is a directory at an absolute `path`, no name of which is a symlink. */
export function isDirectlyDirectory(path: string): boolean {
  const calls = fileCalls(), name = cString(path);
  if (calls === null || name === null) return false;
  const fd = calls.openWithoutLinks(name, DIRECTORY);
  if (fd >= 0) calls.close(fd);
  return fd >= 0;
}

/** Through libc. */
class DescriptorFile implements OpenFile {
  readonly #calls: FileCalls;
  readonly #state: FileState;
  #fd: number;

  constructor(calls: FileCalls, fd: number, state: FileState) {
    this.#calls = calls;
    this.#fd = fd;
    this.#state = state;
  }

  read(position: number, into: Uint8Array<ArrayBuffer>): number {
    const n = this.#calls.pread64(this.#fd, into, into.length, BigInt(position));
    if (n < 0) throw new Error(`Cannot read an open file: the system says ${this.#calls.errno()}`);
    return n;
  }

  changed(): boolean {
    const now = lookAtDescriptor(this.#fd);
    return now === null || !isSameContent(now, this.#state);
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#calls.close(this.#fd);
    this.#fd = -1;
  }
}

/** Through Deno. */
export class RuntimeFile implements OpenFile {
  readonly #file: Deno.FsFile;
  readonly #state: FileState;
  /** Where the file will be read next. */
  #position = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
    this.#state = stateOf(file.statSync());
  }

  /** Device and inode: what tells it from every other file. */
  get info(): Deno.FileInfo {
    return this.#file.statSync();
  }

  read(position: number, into: Uint8Array<ArrayBuffer>): number {
    if (position !== this.#position) this.#file.seekSync(position, Deno.SeekMode.Start);
    const n = this.#file.readSync(into) ?? 0;
    this.#position = position + n;
    return n;
  }

  changed(): boolean {
    return !isSameContent(stateOf(this.#file.statSync()), this.#state);
  }

  close(): void {
    this.#file.close();
  }
}

/** Whether the bytes are the same, as far as the times tell; the time of change moves with a mere rename or link as well. */
function isSameContent(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.mtime === b.mtime;
}
