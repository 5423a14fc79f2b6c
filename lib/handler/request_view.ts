/**
 * What a handler sees of a request. On a unix socket Deno gives it the URL `http+unix://host/path`, and it has every field
 * that the peer sent; the handler is to see the URL that the client used, and who the client is only from peers that are
 * trusted to say so.
 *
 * Both are accessors of `Request.prototype`, replaced for the whole worker: they cost nothing until they are read, and they
 * hold for clones of a request too. A `Request` of one's own for each request costs three times what Deno takes for all else.
 *
 * @module
 */
import { installRequestCopies } from "./request_copies.ts";

/** Which requests' forwarding fields are believed: all, none, or those that {@linkcode markTrusted} was called for. */
export type BelievedRequests = "all" | "none" | "marked";

const TRUSTED = Symbol("stackd trusted");
const HEADERS = Symbol("stackd headers");
const URL_SEEN = Symbol("stackd url");

/** A request with what is remembered on it. */
interface Viewed extends Request {
  [TRUSTED]?: true;
  [HEADERS]?: Headers;
  [URL_SEEN]?: string;
}

const getUrl = getter<string>("url");
const getHeaders = getter<Headers>("headers");
const getRedirect = getter<RequestRedirect | undefined>("redirect");
const cloneRequest = Request.prototype.clone;

const SCHEME = "http+unix:";
/** What may stand for a host: an authority without user information. */
const HOST = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]{1,255}$/;

/** All fields of the request, as they came. */
export function rawHeaders(request: Request): Headers {
  return getHeaders.call(request);
}

/** The path of the request target, and its query with the question mark; `*` for that target. */
export function targetOf(request: Request): { readonly path: string; readonly query: string } {
  const url = getUrl.call(request);
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const target = start === -1 ? "/" : url.slice(start);
  const query = target.indexOf("?");
  return query === -1 ? { path: target, query: "" } : { path: target.slice(0, query), query: target.slice(query) };
}

/** Believes the forwarding fields of `request`. Has an effect where `"marked"` ones are believed. */
export function markTrusted(request: Request): void {
  (request as Viewed)[TRUSTED] = true;
}

/**
 * Replaces the accessors, and what makes copies, from now on and for the whole process; gives back a function that undoes it.
 */
export function installRequestView(believed: BelievedRequests): () => void {
  const isTrusted = (request: Viewed) => believed === "all" || (believed === "marked" && request[TRUSTED] === true);
  const original = Object.getOwnPropertyDescriptors(Request.prototype);
  Object.defineProperties(Request.prototype, {
    url: {
      ...original.url,
      get(this: Viewed): string {
        return this[URL_SEEN] ??= seenUrl(this, isTrusted(this));
      },
    },
    headers: {
      ...original.headers,
      get(this: Viewed): Headers {
        if (isTrusted(this)) return getHeaders.call(this);
        return this[HEADERS] ??= seenHeaders(this);
      },
    },
    redirect: {
      ...original.redirect,
      get(this: Viewed): RequestRedirect {
        return getRedirect.call(this) ?? "follow"; // Deno says nothing of one that it serves
      },
    },
    clone: {
      ...original.clone,
      value(this: Viewed): Request {
        const copy: Viewed = cloneRequest.call(this);
        if (this[TRUSTED]) copy[TRUSTED] = true;
        return copy;
      },
    },
  });
  const restoreCopies = installRequestCopies(isServed);
  return () => {
    restoreCopies();
    Object.defineProperties(Request.prototype, original);
  };
}

/** Whether a request came over a socket, or is a clone of one: no other has such a URL. Throws for one that is over. */
function isServed(request: Request): boolean {
  return getUrl.call(request).startsWith(SCHEME);
}

function seenUrl(request: Request, trusted: boolean): string {
  const url = getUrl.call(request);
  if (!url.startsWith(SCHEME)) return url;
  const scheme = trusted && field(request, "x-forwarded-proto")?.toLowerCase() === "https" ? "https:" : "http:";
  const host = trusted ? field(request, "x-forwarded-host")?.split(",").at(-1)?.trim() ?? "" : "";
  const hostEnd = url.indexOf("/", SCHEME.length + 2);
  const path = hostEnd === -1 ? "/" : url.slice(hostEnd);
  if (HOST.test(host)) return `${scheme}//${host}${path}`;
  const own = url.slice(SCHEME.length + 2, hostEnd === -1 ? undefined : hostEnd);
  // Without a Host field, Deno puts the socket's path there, which is nobody's business.
  return `${scheme}//${/^%2f/i.test(own) ? "localhost" : own}${path}`;
}

/**
 * A field; null too when the request is over and was not asked for it in time. Deno itself asks for the URL when a WebSocket is
 * open, and the connection is deaf when that throws.
 */
function field(request: Request, name: string): string | null {
  try {
    return getHeaders.call(request).get(name);
  } catch {
    return null;
  }
}

function seenHeaders(request: Request): Headers {
  const all = getHeaders.call(request);
  if (!getUrl.call(request).startsWith(SCHEME)) return all; // the handler's own, for a fetch
  // forEach() and append() take a tenth of the time of iterators and of `new Headers(list)`.
  const fields: string[] = [];
  let dropped = false;
  all.forEach((value, name) => {
    if (isForwarding(name)) dropped = true;
    else fields.push(name, value);
  });
  if (!dropped) return all;
  const kept = new Headers();
  for (let index = 0; index < fields.length; index += 2) kept.append(fields[index] ?? "", fields[index + 1] ?? "");
  return kept;
}

/** Whether a proxy tells about its client by the field `name`, in lower case. */
function isForwarding(name: string): boolean {
  return name.startsWith("x-forwarded-") || name === "x-real-ip" || name === "forwarded" || name === "x-request-id";
}

function getter<Value>(name: "url" | "headers" | "redirect"): { call(request: Request): Value } {
  const get = Object.getOwnPropertyDescriptor(Request.prototype, name)?.get;
  if (get === undefined) throw new TypeError(`Cannot read Request.prototype.${name}: it is no accessor`);
  return get as { call(request: Request): Value };
}
