/**
 * What the tests of static files share: a temporary root, requests as plain data, and answers as text.
 *
 * @module
 */
import type { Answer } from "../../lib/http1/answer.ts";
import { type FileSystem, SYSTEM } from "../../lib/static/file_system.ts";
import { STATIC_DEFAULTS, type StaticOptions } from "../../lib/config/static_options.ts";
import { latin1 } from "../../lib/http1/bytes.ts";
import { errorAnswer } from "../../lib/http1/error_answer.ts";
import { fileCalls } from "../../lib/http1/file_calls.ts";
import { libc } from "../../lib/http1/libc.ts";
import { StaticFiles, type StaticRequest } from "../../lib/static/files.ts";
import { readQuickly } from "../../lib/static/quick_read.ts";
import { openStaticRoot, type StaticHost, type StaticRoot } from "../../lib/static/root.ts";

// The first use opens libc for good: here, lest a test be held to have leaked it.
libc();
fileCalls();

/** A temporary directory with `root/` and `outside/` in it, removed at the end of the scope. */
export class Tree implements Disposable {
  readonly #top = Deno.realPathSync(Deno.makeTempDirSync());
  readonly root = `${this.#top}/root`;
  readonly outside = `${this.#top}/outside`;

  constructor() {
    Deno.mkdirSync(this.root);
    Deno.mkdirSync(this.outside);
  }

  /** Writes a file below the root that was last modified a minute ago, and gives its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = `${this.root}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const minuteAgo = (Date.now() - 60_000) / 1_000;
    Deno.utimeSync(path, minuteAgo, minuteAgo);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#top, { recursive: true });
  }
}

/** Makes a FIFO. */
export async function makeFifo(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error(`Cannot make a FIFO at "${path}"`);
}

/** A request whose path below the prefix is `path`, up to its `?`. */
export function request(path: string, options: {
  readonly method?: string;
  readonly originalPath?: string;
  readonly fields?: Readonly<Record<string, string>>;
} = {}): StaticRequest {
  const mark = path.includes("?") ? path.indexOf("?") : path.length;
  return {
    method: options.method ?? "GET",
    path: path.slice(0, mark),
    originalPath: options.originalPath ?? path.slice(0, mark),
    query: path.slice(mark),
    key: options.originalPath ?? path.slice(0, mark),
    field: (name) => options.fields?.[name] ?? null,
  };
}

/** The real world, in which every look at a file in memory is at another moment. */
export const HOST: StaticHost = { system: SYSTEM, now: () => Date.now(), read: readQuickly, moment: () => Symbol() };
/** The same with another system, which sees everything that is opened. */
export const hostWith = (system: FileSystem): StaticHost => ({ ...HOST, system, read: () => null });

/** The files of a directory, by options beside the defaults. */
export function openFiles(
  dir: string,
  options: Partial<StaticOptions> = {},
  host: Partial<StaticHost> = {},
  change: (root: StaticRoot) => StaticRoot = (root) => root,
): StaticFiles {
  return new StaticFiles(change(openStaticRoot(dir, { ...HOST, ...host })), { ...STATIC_DEFAULTS, ...options });
}

/** The answer to a request; a refusal's is as a route without pages gives it. */
export async function serve(files: StaticFiles, request: StaticRequest): Promise<Answer> {
  const served = await files.serve(request);
  if (served.kind === "answer") return served.answer;
  return errorAnswer(served.status, { accept: request.field("accept"), extra: served.fields });
}

/** An answer as plain data, its file read and closed. */
export function read(answer: Answer): { status: number; fields: Record<string, string>; text: string } {
  return {
    status: answer.status,
    fields: Object.fromEntries(answer.fields),
    text: new TextDecoder().decode(bytesOf(answer)),
  };
}

function bytesOf({ body }: Answer): Uint8Array {
  if (body === null || body instanceof Uint8Array) return body ?? new Uint8Array(0);
  if (typeof body === "string") return latin1(body);
  const { file, pieces, length } = body;
  try {
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) bytes.set(piece, at);
      else {
        for (let read = 0; read < piece.length;) {
          const count = file.read(piece.start + read, bytes.subarray(at + read, at + piece.length));
          if (count === 0) throw new Error(`the file ends after ${piece.start + read} bytes`);
          read += count;
        }
      }
      at += piece.length;
    }
    return bytes;
  } finally {
    file.close();
  }
}

/** The real file system with some calls replaced, and without the short way past them. */
export function systemWith(changes: Partial<FileSystem>): FileSystem {
  return { ...SYSTEM, openDirectly: () => null, isDirectlyDirectory: () => false, ...changes };
}

/** The error that the system gives for `code`. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code} from the test`), { code });
}

/** Descriptors that this process has open. */
export function countDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
