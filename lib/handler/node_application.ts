/**
 * Applications for Node's HTTP server: the frameworks have them in shapes of their own, and none can be taken for a handler of requests.
 *
 * @module
 */

/** What `node:http` calls for each request; here with Node's own two objects. */
export type NodeListener = (request: unknown, response: unknown) => unknown;

/** An application, and what it is, for people. */
export interface NodeApplication {
  readonly what: "Express application" | "Koa application" | "Fastify application" | "node:http server";
  readonly listener: NodeListener;
}

/** The application that `value` is; null for everything else. */
export function nodeApplication(value: unknown): NodeApplication | null {
  const has = (...names: string[]) => names.every((name) => typeof Reflect.get(Object(value), name) === "function");
  // Whoever has fetch is asked by it; a router that is a Proxy has methods of every name.
  if (!has("listen") || has("fetch")) return null;
  // Connect's are the same, and so are those of what is built on them.
  if (typeof value === "function") {
    return has("handle") ? { what: "Express application", listener: value as NodeListener } : null;
  }
  if (has("ready", "inject")) return { what: "Fastify application", listener: ofFastify(value as Fastify) };
  if (has("callback", "use")) return { what: "Koa application", listener: (value as Koa).callback() };
  return has("emit", "closeIdleConnections")
    ? { what: "node:http server", listener: ofServer(value as Emitter) }
    : null;
}

/** Something that has listeners, as Node's servers are. */
interface Emitter {
  emit(event: string, ...args: unknown[]): boolean;
}
/** https://github.com/koajs/koa/blob/master/docs/api/index.md */
interface Koa {
  callback(): NodeListener;
}
/** https://fastify.dev/docs/latest/Guides/Serverless/ */
interface Fastify {
  ready(): PromiseLike<unknown>;
  readonly server: Emitter;
}

/** What a server of Node's does with its requests. */
export function ofServer(server: Emitter): NodeListener {
  return (request, response) => {
    // Node's own answer to what no listener is there for is silence.
    if (!server.emit("request", request, response)) throw new TypeError("The server has no listener for requests");
  };
}

function ofFastify(app: Fastify): NodeListener {
  const ready = app.ready();
  const listener = ofServer(app.server);
  return async (request, response) => {
    await ready;
    return listener(request, response);
  };
}
