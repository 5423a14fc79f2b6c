/**
 * Requests that a handler makes of the one it was given, to pass it on: `fetch(request)`, `new Request(request, …)`, a cache's key.
 * What Deno keeps inside of a request that came over a socket, its `http+unix:` URL and the fields of the peer, would go with
 * them; a copy is to be what the handler has seen. (Deno 2.9.4 cannot `fetch()` any request that it serves, wherever it came from.)
 *
 * The globals are replaced, and look at each thing they are called with once; a request that is only answered is not touched.
 *
 * @module
 */

/** Whether a request came over a socket, or is a clone of one. */
export type IsServed = (request: Request) => boolean;

/** What Deno takes beyond the standard. */
interface Init extends RequestInit {
  readonly client?: Deno.HttpClient;
}

/** Replaces the globals; gives back a function that undoes it. */
export function installRequestCopies(isServed: IsServed): () => void {
  const { Request: NativeRequest, fetch: nativeFetch } = globalThis;
  const served = (input: unknown): input is Request => {
    try {
      return input instanceof NativeRequest && isServed(input);
    } catch {
      return false; // it is over, and nobody has asked for its URL in time: Deno says so
    }
  };

  /** The body of a request, which is used up by that as the standard has it. */
  const takeBody = (request: Request) => request.body === null ? null : new NativeRequest(request).body;

  /** The arguments for a request made of `input`, as the standard's constructor reads them. */
  const argumentsFor = (input: Request, init: Init): [url: string, init: Init] => {
    const { method, headers, body, redirect, signal, client } = init;
    return [input.url, {
      method: method ?? input.method,
      headers: headers ?? input.headers,
      body: body ?? takeBody(input),
      redirect: redirect ?? input.redirect,
      signal: signal === undefined ? input.signal : signal,
      ...(client === undefined ? {} : { client }),
    }];
  };
  const isInit = (init: unknown): init is Init | null | undefined => init === undefined || typeof init === "object";

  const SeenRequest: typeof Request = new Proxy(NativeRequest, {
    construct(target, given, newTarget): Request {
      const [input, init]: unknown[] = given;
      const taken = served(input) && isInit(init) ? argumentsFor(input, init ?? {}) : given;
      return Reflect.construct(target, taken, newTarget === SeenRequest ? target : newTarget);
    },
  });

  const seenFetch = function fetch(input: RequestInfo | URL, init: RequestInit | undefined = undefined) {
    if (!served(input)) return nativeFetch(input, init);
    try {
      return nativeFetch(new SeenRequest(input, init));
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  };

  const undo = [
    replace(globalThis, "Request", SeenRequest),
    replace(NativeRequest.prototype, "constructor", SeenRequest),
    replace(globalThis, "fetch", seenFetch),
    ...cacheKeys((key) => served(key) ? new SeenRequest(key.url, { headers: key.headers, method: key.method }) : key),
  ];
  return () => undo.forEach((each) => each());
}

/** Lets a cache be asked by what `asKey` makes of a request. */
function cacheKeys(asKey: (key: unknown) => unknown): (() => void)[] {
  const { prototype } = Cache;
  return (["match", "put", "delete"] as const).map((name) => {
    const { [name]: native } = prototype;
    return replace(prototype, name, function (this: Cache, key: unknown, ...rest: unknown[]): unknown {
      return Reflect.apply(native, this, [asKey(key), ...rest]);
    });
  });
}

/** Gives a property another value, all else about it as it was; gives back a function that undoes it. */
function replace(target: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(target, name);
  if (original === undefined) return () => {};
  const { configurable = true, enumerable = false } = original;
  Object.defineProperty(target, name, { value, configurable, enumerable, writable: true });
  return () => Object.defineProperty(target, name, original);
}
