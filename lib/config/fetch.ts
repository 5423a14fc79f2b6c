/**
 * What `stackd fetch` and `stackd check` are asked for, turned into what they do, or into all that is wrong with it.
 *
 * @module
 */
import { resolve } from "@std/path";
import { DEFAULTS } from "./defaults.ts";
import type { RawOptions } from "./flags.ts";
import { findModule, type ModuleSpec } from "./module.ts";
import { Reader } from "./reader.ts";
import type { System } from "./system.ts";
import { existingDirectory, readEnvironment } from "./validate.ts";
import { parseSeconds, ValueError } from "./values.ts";

/** A handler that is loaded for a moment, and the surroundings that it is loaded in. */
export interface LoadingOptions {
  readonly module: ModuleSpec;
  /** For loading the module and running its `onStart`, ms. @default {30000} */
  readonly bootTimeout: number;
  /** What is set in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its working directory, absolute; null: our own. */
  readonly chdir: string | null;
}

/** A piece of a request's body. */
export type DataSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" };

/** Everything `stackd fetch` needs. */
export interface FetchOptions extends LoadingOptions {
  /** The whole URL. */
  readonly url: string;
  readonly method: string;
  /** In their order; some names more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The body's pieces; null for no body. */
  readonly data: readonly DataSource[] | null;
  /** Whether the response's head is printed, too. */
  readonly include: boolean;
  /** From the request to its response's head, ms. Beyond: 504, and the handler's signal is aborted. @default {60000} */
  readonly requestTimeout: number;
}

/** A token, and the text behind its colon (RFC 9110, 5.1 and 5.5). */
const FIELD = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
/** No program may make requests of these (Fetch standard, "forbidden method"). */
const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The options of `stackd fetch`. Throws `StackdError` with the first mistake; its detail has the others, one per line. */
export function validateFetch(raw: RawOptions, system: System): FetchOptions {
  const reader = new Reader(raw);
  const { mistakes } = reader;
  const headers = reader.all("header", parseField);
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "localhost";
  const data = reader.has("data") ? reader.all("data", (text) => parseData(text, system)) : null;
  const method = reader.one("request", parseMethod, data === null ? "GET" : "POST");
  const loading = readLoading(reader, "fetch from a handler", system);
  if (!reader.has("url")) {
    mistakes.add("STACKD_USAGE", "Cannot fetch from a handler: nothing to ask for, give a path as /");
  }
  if (data !== null && (method === "GET" || method === "HEAD")) {
    mistakes.add("STACKD_USAGE", `Cannot use --data: a ${method} request has no body`);
  }
  const inputs = [...data ?? [], ...loading === null ? [] : [loading.module]]
    .filter((source) => "kind" in source ? source.kind === "stdin" : source.path === "-");
  if (inputs.length > 1) mistakes.add("STACKD_USAGE", "Cannot use standard input: it can be read once only");
  const options = {
    url: reader.one("url", (text) => parseUrl(text, host), ""),
    method,
    headers,
    data,
    include: reader.has("include"),
    requestTimeout: reader.one("request-timeout", parseSeconds, DEFAULTS.requestTimeout),
  };
  return { ...options, ...finished(reader, loading) };
}

/** What `stackd check` loads; null when no module is named. Throws `StackdError` as {@linkcode validateFetch}. */
export function validateCheck(raw: RawOptions, system: System): LoadingOptions | null {
  const reader = new Reader(raw);
  if (!reader.has("module")) return null;
  return finished(reader, readLoading(reader, "check a handler", system));
}

/** What was read when there is no mistake; only with one can it be null. */
function finished(reader: Reader, loading: LoadingOptions | null): LoadingOptions {
  reader.mistakes.throwIfAny();
  if (loading === null) throw new TypeError("A handler is missing, and no mistake was noted");
  return loading;
}

function readLoading(reader: Reader, verb: string, system: System): LoadingOptions | null {
  if (!reader.has("module")) reader.mistakes.add("STACKD_USAGE", `Cannot ${verb}: no handler module, give its path`);
  const module = reader.one("module", (text) => findModule(text, system), null);
  const surroundings = {
    bootTimeout: reader.one("boot-timeout", parseSeconds, DEFAULTS.bootTimeout),
    env: readEnvironment(reader, system),
    chdir: reader.one("chdir", (text) => existingDirectory(resolve(system.cwd, text), system), null),
  };
  return module === null ? null : { module, ...surroundings };
}

function parseUrl(text: string, host: string): string {
  if (!text.startsWith("/") && !/^https?:\/\//i.test(text)) {
    throw new ValueError('a path begins with "/"; a whole URL with http:// or https://');
  }
  const whole = text.startsWith("/") ? `http://${host}${text}` : text;
  if (!URL.canParse(whole)) throw new ValueError("it is no URL");
  return new URL(whole).href;
}

function parseMethod(text: string): string {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(text)) throw new ValueError("a method is one word, as PUT");
  if (FORBIDDEN.has(text.toUpperCase())) throw new ValueError("no handler is given such a request");
  // So does `Request`, and handlers compare it.
  return /^(?:delete|get|head|options|post|put)$/i.test(text) ? text.toUpperCase() : text;
}

function parseField(text: string): readonly [string, string] {
  const [, name, value = ""] = FIELD.exec(text) ?? [];
  if (name === undefined) throw new ValueError('a field is "NAME: VALUE"');
  return [name, value.trimEnd()];
}

function parseData(text: string, system: System): DataSource {
  if (!text.startsWith("@")) return { kind: "text", text };
  if (text === "@-") return { kind: "stdin" };
  const path = resolve(system.cwd, text.slice(1));
  const kind = system.kindOf(path);
  if (kind === "missing" || text === "@") throw new ValueError("there is no such file");
  if (kind === "directory") throw new ValueError("it is a directory");
  if (kind === "denied") throw new ValueError("permission denied");
  return { kind: "file", path };
}
