/**
 * Static files: a request for a path becomes an answer with a file's bytes. The order is method, path, file, preconditions,
 * range; the first that refuses decides the status.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import type { Answer } from "../http1/answer.ts";
import { errorAnswer, type ErrorAnswerOptions } from "../http1/error_answer.ts";
import { chooseConfinedOpen, type ConfinedOpen, type FileSystem, type Opened, SYSTEM } from "./confined_open.ts";
import { directoryLocation, isDirectoryForm, parsePath } from "./paths.ts";
import { describe, plan } from "./representation.ts";

/** What static files need to know of a request. */
export interface StaticRequest {
  readonly method: string;
  /** Raw path below the route's prefix: still percent-encoded, beginning with `/`, without query. */
  readonly path: string;
  /** Raw path as the client sent it, for redirects. */
  readonly originalPath: string;
  /** Empty, or `?…` as the client sent it. */
  readonly query: string;
  /** Named in an error's body. @default {null} */
  readonly requestId?: string | null;
  /** A field's value by lower-case name, several lines joined by a comma; null when absent. */
  field(name: string): string | null;
}

/** A directory that files are served from, opened once per route. */
export interface StaticRoot {
  /** Its real path: a symlink that is swapped later takes effect with the next reload. */
  readonly path: string;
  readonly host: StaticHost;
  readonly open: ConfinedOpen;
}

/** The outside world, as an argument. */
export interface StaticHost {
  readonly system: FileSystem;
  /** Ms since the epoch. */
  readonly now: () => number;
}

const HOST: StaticHost = Object.freeze({ system: SYSTEM, now: () => Date.now() });

/** Content up to this many bytes is read at once and sent with the head; more is streamed from the open file. */
const WHOLE_READ_LIMIT = 65_536;

/** What is served for a directory. */
const INDEX = "index.html";

/**
 * Opens a directory for {@linkcode serveStatic}. Throws {@linkcode StackdError} `STACKD_CONFIG_INVALID` when there is none.
 */
export function openStaticRoot(dir: string, host: StaticHost = HOST): StaticRoot {
  let path: string, isDirectory: boolean;
  try {
    path = host.system.realPath(dir);
    isDirectory = host.system.stat(path).isDirectory;
  } catch (cause) {
    const state = cause instanceof Deno.errors.NotFound
      ? "there is no such directory"
      : cause instanceof Deno.errors.PermissionDenied
      ? "the permission is missing"
      : "it cannot be resolved to a directory";
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot serve files from "${dir}": ${state}`, { cause });
  }
  if (!isDirectory) {
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot serve files from "${dir}": it is not a directory`);
  }
  return { path, host, open: chooseConfinedOpen(host.system, path) };
}

/**
 * Answers a request from the files below `root`: GET and HEAD, conditional and single byte ranges included. A directory
 * without slash is redirected, one with slash is its `index.html`; there are no listings. Symlinks are followed while they
 * stay inside the root.
 *
 * Rejects only for a failure of the system (an I/O error of the disk); it is the caller's to log and to answer 500. An
 * answer's {@linkcode FileBody} is the caller's to close; everything else is closed here.
 */
export function serveStatic(root: StaticRoot, request: StaticRequest): Promise<Answer> {
  return new Promise((resolve) => resolve(answer(root, request)));
}

function answer(root: StaticRoot, request: StaticRequest): Answer {
  const { method, originalPath, query } = request;
  if (method !== "GET" && method !== "HEAD") return refuse(request, 405, [["Allow", "GET, HEAD"]]);
  const parsed = parsePath(request.path);
  if (parsed.kind === "refused") return refuse(request, parsed.status);

  const asDirectory = isDirectoryForm(originalPath);
  const segments = asDirectory ? [...parsed.segments, INDEX] : parsed.segments;
  const opened = root.open(root.host.system, root.path, [root.path, ...segments].join("/"));
  switch (opened.kind) {
    case "file":
      return answerWithFile(root, request, segments[segments.length - 1], opened);
    case "forbidden":
      return refuse(request, 403);
    case "exhausted":
      return refuse(request, 503, [["Retry-After", "1"]]);
    case "missing":
      return refuse(request, 404);
    case "directory": {
      if (asDirectory) return refuse(request, 404);
      const location = directoryLocation(originalPath, query);
      if (location === null) return refuse(request, 400);
      return { status: 301, fields: [["Location", location]], body: new Uint8Array(0) };
    }
  }
}

/** Closes the file, unless it becomes the answer's body. */
function answerWithFile(
  root: StaticRoot,
  request: StaticRequest,
  name: string,
  opened: Opened & { kind: "file" },
): Answer {
  const { file, size, mtime } = opened;
  let handedOn = false;
  try {
    const now = root.host.now();
    const planned = plan(describe(name, size, mtime, now), request.method, (field) => request.field(field), now);
    if (planned.kind === "not-modified") return { status: 304, fields: planned.fields, body: null };
    if (planned.kind === "error") return refuse(request, planned.status, planned.extra);
    const { status, fields, start, length } = planned;
    if (length > WHOLE_READ_LIMIT || (request.method === "HEAD" && length > 0)) {
      handedOn = true;
      return { status, fields, body: { file, start, length } };
    }
    const body = readExactly(file, start, length);
    return body === null ? refuse(request, 503, [["Retry-After", "1"]]) : { status, fields, body };
  } finally {
    if (!handedOn) file.close();
  }
}

/** `length` bytes from `start`; null when the file has become shorter meanwhile, for it is being rewritten in place. */
function readExactly(file: Deno.FsFile, start: number, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  if (start > 0) file.seekSync(start, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) return null;
    at += read;
  }
  return bytes;
}

function refuse(request: StaticRequest, status: number, extra: ErrorAnswerOptions["extra"] = []): Answer {
  return errorAnswer(status, { accept: request.field("accept"), requestId: request.requestId ?? null, extra });
}
