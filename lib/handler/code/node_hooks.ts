/**
 * What Node's documentation says of synchronous hooks (module.registerHooks), as far as it is used here.
 *
 * @module
 */

/** About an import. */
export interface ResolveContext {
  readonly parentURL?: string;
  /** `require` is among them where a CommonJS module asks. */
  readonly conditions: readonly string[];
}

/** Where it leads. */
export interface Resolved {
  readonly url: string;
  /** No other hook is asked. */
  readonly shortCircuit?: boolean;
}

/** Asks the next hook, or Deno itself. */
export type NextResolve = (specifier: string, context: ResolveContext) => Resolved;
/** Says where an import leads. */
export type ResolveHook = (specifier: string, context: ResolveContext, next: NextResolve) => Resolved;

/** About a module that is to be read. */
export interface LoadContext {
  readonly conditions: readonly string[];
  readonly importAttributes?: Readonly<Record<string, string>>;
}

/** A module's text. */
export interface Loaded {
  readonly format?: string;
  /** JavaScript by now; null where the next hook could not read it, which Deno says later. */
  readonly source: string | Uint8Array | null;
  readonly shortCircuit?: boolean;
}

/** Asks the next hook, or Deno itself, which makes JavaScript of TypeScript and JSX. */
export type NextLoad = (url: string, context: LoadContext) => Loaded;
/** Reads a module. */
export type LoadHook = (url: string, context: LoadContext, next: NextLoad) => Loaded;
