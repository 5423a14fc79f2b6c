/**
 * Loads a handler module and finds out what in it is to be served.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import type { Application, Handler, HandlerObject, HealthHook, LifecycleHook } from "./contract.ts";
import type { LoadedForm } from "./form.ts";
import { importModule } from "./import_module.ts";
import { nodeApplication } from "./node_application.ts";
import type { TakenServer } from "./taken_server.ts";

/** A module that can be served. */
export interface LoadedHandler {
  readonly form: LoadedForm;
  /** The export that is served; null for what a program's own server serves. */
  readonly exportName: string | null;
  /** How a program has opened that; null for an export. */
  readonly server: TakenServer["what"] | null;
  readonly onStart: LifecycleHook | null;
  readonly onStop: LifecycleHook | null;
  readonly health: HealthHook | null;
  /** All that the module exports, with what it is, for people. */
  readonly exports: readonly { readonly name: string; readonly what: string }[];
}

/** The exports that are looked for, in this order. */
const PRECEDENCE = ["default", "handler", "fetch", "application"] as const;
const ACCEPTED = "accepted are default (a function, or an object with fetch), handler, fetch and application";

/**
 * Imports the module at `path` and classifies its exports.
 *
 * @param path Absolute.
 * @param exportName The export to serve, or null for the usual ones.
 * @param snapshot The directory that holds its code, as `prepareCode()` has made it; null: the files are read as they are.
 * @throws {StackdError} Exit 2: `STACKD_HANDLER_NOT_FOUND`, `STACKD_HANDLER_LOAD`, `STACKD_HANDLER_CHANGED`,
 * `STACKD_HANDLER_INVALID`.
 */
export async function loadHandler(
  path: string,
  exportName: string | null,
  snapshot: string | null = null,
): Promise<LoadedHandler> {
  const { namespace, server } = await importModule(path, snapshot);
  if (server === null || exportName !== null) return classify(path, namespace, exportName);
  const { form, what } = server;
  return { form, exportName: null, server: what, onStart: null, onStop: null, health: null, exports: [] };
}

/**
 * Says what of a module's exports is served, and how.
 *
 * @param path For the error message.
 * @throws {StackdError} `STACKD_HANDLER_INVALID`: says what was found and what is accepted.
 */
export function classify(
  path: string,
  namespace: Readonly<Record<string, unknown>>,
  exportName: string | null,
): LoadedHandler {
  const module = exportsOf(namespace);
  const name = exportName ?? PRECEDENCE.find((candidate) => module[candidate] !== undefined);
  const form = name === undefined ? null : formOf(name, module[name]);
  if (name === undefined || form === null) {
    const state = exportName === null
      ? "it exports no handler"
      : exportName in module
      ? `its export "${exportName}" is no handler`
      : `it has no export "${exportName}"`;
    throw invalid(path, `${state}, ${inventory(module)}; ${ACCEPTED}`);
  }
  return {
    form,
    exportName: name,
    server: null,
    onStart: hook(path, module, "onStart"),
    onStop: hook(path, module, "onStop"),
    health: healthHook(path, module),
    exports: listExports(module),
  };
}

/**
 * What a module exports. A CommonJS module's default is always `module.exports`: where that is no handler itself, it holds the exports,
 * as `exports.handler = …` and a compiler's `exports.default = …` make them.
 */
function exportsOf(namespace: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const exported = namespace["module.exports"];
  if (typeof exported !== "object" || exported === null || formOf("default", exported) !== null) return namespace;
  return { ...exported };
}

/** What is served, for people: "default export, object with fetch". */
export function describeHandler({ exportName, server, form }: LoadedHandler): string {
  if (server !== null) return `the server that it opens, ${server}`;
  const exported = exportName === "default" ? "default export" : `export ${exportName}`;
  const how = { function: "function", object: "object with fetch", wsgi: "WSGI application" };
  return `${exported}, ${form.kind === "node" ? form.what : how[form.kind]}`;
}

function formOf(name: string, value: unknown): LoadedForm | null {
  const application = nodeApplication(value);
  if (application !== null) return { kind: "node", ...application };
  const kind = kindOf(value);
  // The export's name decides, not its arity: a handler may leave out any of its parameters.
  if (kind === "function" && name === "application") return { kind: "wsgi", application: value as Application };
  if (kind === "function") return { kind: "function", handler: value as Handler };
  return kind === "object with fetch" ? { kind: "object", handler: value as HandlerObject } : null;
}

function hook(path: string, module: Readonly<Record<string, unknown>>, name: "onStart" | "onStop") {
  const value = module[name];
  if (value === undefined) return null;
  if (typeof value === "function") return value as LifecycleHook;
  throw invalid(path, `its export "${name}" must be a function, found ${kindOf(value)}`);
}

function healthHook(path: string, module: Readonly<Record<string, unknown>>): HealthHook | null {
  const { health } = module;
  if (health === undefined) return null;
  if (typeof health === "function") return health as HealthHook;
  throw invalid(path, `its export "health" must be a function, found ${kindOf(health)}`);
}

function invalid(path: string, state: string): StackdError {
  return new StackdError("STACKD_HANDLER_INVALID", `Cannot serve "${path}": ${state}`);
}

function listExports(module: Readonly<Record<string, unknown>>): { name: string; what: string }[] {
  return Object.keys(module).map((name) => ({ name, what: kindOf(module[name]) }));
}

function inventory(module: Readonly<Record<string, unknown>>): string {
  const found = listExports(module).map(({ name, what }) => `${name} (${what})`);
  return found.length === 0 ? "it exports nothing" : `found ${found.join(", ")}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "function") {
    // A class cannot be called; everything else that is a function can.
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  }
  if (typeof value !== "object") return typeof value;
  if (typeof Reflect.get(value, "fetch") === "function") return "object with fetch";
  return Array.isArray(value) ? "list" : "object without fetch";
}
