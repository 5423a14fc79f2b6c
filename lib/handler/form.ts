/**
 * The forms that what is served may have. Types only.
 *
 * @module
 */
import type { Application, Handler, HandlerObject } from "./contract.ts";
import type { NodeApplication } from "./node_application.ts";

/** What a module serves: a function, an object's `fetch`, a WSGI application, or one for `node:http`. */
export type LoadedForm =
  | ({ readonly kind: "node" } & NodeApplication)
  | { readonly kind: "function"; readonly handler: Handler }
  | { readonly kind: "object"; readonly handler: HandlerObject }
  | { readonly kind: "wsgi"; readonly application: Application };
