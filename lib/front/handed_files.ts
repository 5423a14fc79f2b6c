/**
 * Files that an upstream hands on to be sent in its place: `X-Accel-Redirect`, as nginx has it, and `X-Sendfile`, as Apache and
 * lighttpd do. They come from a directory that no client can reach by a path of its own.
 *
 * @module
 */
import type { InternalFiles } from "../config/route_options.ts";
import { STATIC_DEFAULTS } from "../config/static_options.ts";
import type { Field } from "../http1/answer.ts";
import { COLON, equalsIgnoringCase, latin1, LF, text } from "../http1/bytes.ts";
import { errorAnswer } from "../http1/error_answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import { logError } from "../observe/log.ts";
import { StaticFiles } from "../static/files.ts";
import { openStaticRoot } from "../static/root.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Answering } from "./answering.ts";
import { describe } from "./describe.ts";
import type { Client } from "./forwarded.ts";

/** What stays, beside the media type, of the response that hands a file on: as nginx's, all that says how it is to be taken. */
const KEPT = ["Content-Disposition", "Content-Language", "Cache-Control", "Expires", "Set-Cookie"]
  .map((name) => ({ name, bytes: latin1(name.toLowerCase()) }));

/** A file that was handed on. */
export interface HandedFile {
  /** The path below the directory, as in a URL; null when it is not below it. */
  readonly path: string | null;
  /** As the upstream wrote it, for the log. */
  readonly written: string;
  /** Its media type; null when the upstream says none. */
  readonly contentType: string | null;
  /** What else stays of the upstream's fields. */
  readonly fields: readonly Field[];
}

/** The files of one route. */
export class HandedFiles {
  readonly #options: InternalFiles;
  readonly #files: StaticFiles;

  /** Throws `STACKD_CONFIG_INVALID` for a directory that is gone. */
  constructor(options: InternalFiles) {
    this.#options = options;
    // Whoever hands a file on has chosen it: what a listing or an index would do is not asked for.
    this.#files = new StaticFiles(openStaticRoot(options.root), { ...STATIC_DEFAULTS, index: [], dotfiles: true });
  }

  /** The file that a response hands on; null when it is a response as others. */
  of({ head, bytes }: UpstreamConnection): HandedFile | null {
    const field = (name: string) => head.fields.lookUp(bytes, name);
    const uri = field("x-accel-redirect"), file = uri === null ? field("x-sendfile") : null;
    const written = uri ?? file;
    if (written === null) return null;
    const fields = keptFields(bytes, head.fields.start, head.fields.end);
    const path = uri === null ? fileBelow(written, this.#options.root) : pathBelow(uri, this.#options.prefix);
    return { path, written, contentType: field("content-type"), fields };
  }

  /** Answers with the file, or with 404 when there is none; ranges and preconditions are the client's. */
  async answer(route: Answering, exchange: Exchange, client: Client | null, handed: HandedFile): Promise<void> {
    const { path, written, contentType, fields } = handed;
    const served = path === null ? null : await this.#files.serve({
      // The upstream has done what was asked for; what is left is to give the file.
      method: exchange.isHead ? "HEAD" : "GET",
      path,
      originalPath: path,
      key: path,
      query: "",
      ...(contentType === null ? {} : { contentType }),
      field: (name) => exchange.field(name),
    });
    if (served?.kind === "answer") {
      const { answer } = served;
      if (answer.status < 300 || answer.status === 304) {
        return await route.answer(exchange, client, { ...answer, fields: merged(answer.fields, fields) });
      }
    }
    // That the path itself is wrong is no mistake of the client's.
    const status = served?.kind === "refused" && served.status !== 400 ? served.status : 404;
    if (status === 404) {
      logError(`${describe(exchange)}: the upstream handed on "${written}", and there is no such file`);
    }
    const { requestId } = exchange;
    const extra = served?.kind === "refused" ? served.fields : [];
    await route.answer(
      exchange,
      client,
      route.withErrorPage(errorAnswer(status, { accept: exchange.field("accept"), requestId, extra })),
    );
  }
}

/** The lines of a head that stay, each by itself: cookies are not to be joined (RFC 9110 §5.3). */
function keptFields(bytes: Uint8Array, start: number, end: number): Field[] {
  const kept: Field[] = [];
  for (let line = start; line < end;) {
    const colon = bytes.indexOf(COLON, line), next = bytes.indexOf(LF, line) + 1;
    const known = KEPT.find((field) => equalsIgnoringCase(bytes, line, colon, field.bytes));
    if (known !== undefined) kept.push([known.name, text(bytes, colon + 1, next - 2).trim()]);
    line = next;
  }
  return kept;
}

/** A path below `prefix`, without it; null for another. */
function pathBelow(uri: string, prefix: string): string | null {
  const [path = ""] = uri.split("?", 1);
  if (prefix === "/") return path.startsWith("/") ? path : null;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : null;
}

/** A file's name below `root`, absolute or relative to it, as a URL has it; null for another. */
function fileBelow(file: string, root: string): string | null {
  const top = root === "/" ? "/" : `${root}/`;
  if (!file.startsWith("/")) return encodePath(`/${file}`);
  return file.startsWith(top) ? encodePath(file.slice(top.length - 1)) : null;
}

/** `path`, whose characters are bytes as in every field, percent-encoded. */
function encodePath(path: string): string {
  const escape = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  return path.replaceAll(/[^A-Za-z0-9\-._~/]/g, escape);
}

/** The file's fields, with what the upstream says of it in the place of what we would. */
function merged(fields: readonly Field[], given: readonly Field[]): Field[] {
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  return [...fields.filter(([name]) => !names.has(name.toLowerCase())), ...given];
}
