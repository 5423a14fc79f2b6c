/**
 * `stackd fetch`: a handler asked once, with no server, no socket and no other process; curl's manners where it has them.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import { DEFAULTS } from "../config/defaults.ts";
import type { DataSource, FetchOptions } from "../config/fetch.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { LocalHandler } from "../handler/local.ts";
import { describeThrown } from "../handler/stack.ts";
import { surviveMistakes } from "../handler/survive.ts";
import { VERSION } from "../version.ts";
import { enter } from "./surroundings.ts";

/** What curl says of a body when nobody does. */
const FORM = "application/x-www-form-urlencoded";

/**
 * Asks the handler, and prints what it answers to standard output, as it comes.
 *
 * @returns The exit code: 1 when the status is 500 or more, or the body fails on its way; else 0.
 * @throws {StackdError} When the handler cannot be served, or the body not be read.
 */
export async function fetchFromHandler(options: FetchOptions): Promise<number> {
  leaveStdoutToTheBody();
  surviveMistakes();
  const body = await readBody(options.data);
  await using module = await enter(options);
  const handler = await LocalHandler.start(
    module.path,
    options.module.exportName,
    options.bootTimeout,
    module.code,
  );
  try {
    const response = await handler.respond(requestOf(options, body), options.requestTimeout);
    const printed = await print(response, options);
    return printed && response.status < 500 ? 0 : 1;
  } finally {
    await handler.close(DEFAULTS.gracefulTimeout);
  }
}

/** What a handler prints goes to standard error, so that what reads our output gets the response and nothing else. */
function leaveStdoutToTheBody(): void {
  // All other methods of the console print through these.
  console.log = console.info = console.debug = console.error;
  console.dir = console.dirxml = (value?: unknown, options?: unknown) => {
    console.error(Deno.inspect(value, options as Deno.InspectOptions | undefined));
  };
}

function requestOf({ url, method, headers: given }: FetchOptions, body: Uint8Array<ArrayBuffer> | null): Request {
  const headers = new Headers();
  for (const [name, value] of given) headers.append(name, value);
  const missing = (name: string, value: string) => {
    if (!headers.has(name)) headers.set(name, value);
  };
  missing("host", new URL(url).host);
  missing("user-agent", `stackd/${VERSION}`);
  missing("accept", "*/*");
  if (body !== null) {
    missing("content-type", FORM);
    headers.set("content-length", String(body.length));
  }
  return new Request(url, { method, headers, body });
}

async function readBody(sources: readonly DataSource[] | null): Promise<Uint8Array<ArrayBuffer> | null> {
  if (sources === null) return null;
  const pieces: BlobPart[] = [];
  for (const source of sources) {
    if (pieces.length > 0) pieces.push("&");
    pieces.push(await readSource(source));
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

async function readSource(source: DataSource): Promise<BlobPart> {
  if (source.kind === "text") return source.text;
  try {
    if (source.kind === "file") return await Deno.readFile(source.path);
    return await new Response(Deno.stdin.readable).arrayBuffer();
  } catch (cause) {
    const what = source.kind === "file" ? `"${source.path}"` : "standard input";
    throw new StackdError("STACKD_USAGE", `Cannot read ${what}: ${messageOf(cause)}`, { exitCode: 1, cause });
  }
}

/** Prints a response; false when it does not come whole, or nobody reads it to its end. */
async function print(response: Response, { include, method }: FetchOptions): Promise<boolean> {
  if (response.status === 101) {
    logError("The handler answered with a WebSocket, which needs a connection");
    return false;
  }
  try {
    if (include) await write(new TextEncoder().encode(headOf(response)));
    if (method === "HEAD") {
      await response.body?.cancel(); // as a server does
      return true;
    }
    // Leaving the loop early cancels the body: the handler sees its client leave.
    for await (const chunk of response.body ?? []) await write(chunk);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Unwritten)) logError(`The response's body failed: ${describeThrown(thrown)}`);
    // `stackd fetch app.ts /events | head -1` is no mistake of anybody's.
    else if (!(thrown.cause instanceof Deno.errors.BrokenPipe)) logError(thrown.message);
    return false;
  }
}

/** Standard output takes no more. */
class Unwritten extends Error {}

async function write(bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
  } catch (cause) {
    throw new Unwritten(`Cannot write to standard output: ${messageOf(cause)}`, { cause });
  }
}

function headOf({ status, statusText, headers }: Response): string {
  const reason = statusText === "" ? STATUS_TEXT[status] ?? "" : statusText;
  const fields = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${reason}`, ...fields, "", ""].join("\r\n");
}
