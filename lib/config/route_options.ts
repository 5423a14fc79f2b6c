/**
 * What a route is made of: which requests it takes, what answers them, and what is changed, limited and asked on the way.
 * Validated and compiled to plain data; sizes in bytes, times in milliseconds.
 *
 * @module
 */
import type { GroupOptions } from "./group_options.ts";
import type { StaticOptions } from "./static_options.ts";
import type { Template } from "./template.ts";

/** One route of the proxy. Among those whose host fits best, the longest prefix wins. */
export interface RouteOptions {
  /**
   * Host names it answers, lower case, without port; `*.example.org` is every name below it. Empty: any host. An exact name
   * wins over a wildcard, a longer wildcard over a shorter one, and any of them over none.
   */
  readonly hosts: readonly string[];
  /** Begins with `/`; `/` matches everything; `/static` matches `/static` and `/static/…`, not `/staticfoo`. */
  readonly prefix: string;
  readonly action: RouteAction;
  /** Whether an upstream gets the path without the prefix. @default {false} */
  readonly stripPrefix: boolean;
  /**
   * Whether a prefix that was taken off is put back into Location and cookie paths, as nginx's proxy_redirect and
   * proxy_cookie_path do. @default {true}
   */
  readonly restorePrefix: boolean;
  /** Changes to the request's fields before an upstream gets them. */
  readonly requestFields: FieldEdits;
  /** Changes to the answer's fields before the client gets them, whoever made the answer. */
  readonly responseFields: FieldEdits;
  /** Largest request body, bytes, 0 = unlimited; null: the front's own limit. */
  readonly maxBody: number | null;
  /** Between two reads of a request's body, ms; null: the front's own. */
  readonly bodyTimeout: number | null;
  /** Between two reads of an upstream's response, ms; null: the group's own. */
  readonly upstreamTimeout: number | null;
  /**
   * Whether a request's body is received whole before an upstream is asked, so that a slow client does not hold it; null:
   * where the upstream speaks uwsgi. @default {null}
   */
  readonly bufferRequests: boolean | null;
  /**
   * Bytes of a response that are read ahead of a slow client, in a file where they are many; 0: none; null:
   * {@linkcode DEFAULTS.readAhead} where the upstream speaks uwsgi, else none. @default {null}
   */
  readonly bufferResponses: number | null;
  /** Where files are that an upstream hands on instead of sending them; null: nowhere. @default {null} */
  readonly internalFiles: InternalFiles | null;
  /** Pages for our own errors, the first that fits. An upstream's errors pass as they are. */
  readonly errorPages: readonly ErrorPage[];
  /** Whether text from an upstream is compressed for clients that take gzip. @default {false} */
  readonly gzip: boolean;
  /** Who may ask at all; null: everybody. */
  readonly access: AccessOptions | null;
  readonly basicAuth: BasicAuthOptions | null;
  readonly rateLimit: RateLimitOptions | null;
  /** Bytes per second of one answer's body; 0 = unlimited. @default {0} */
  readonly bandwidth: number;
}

/** What answers below a route's prefix. */
export type RouteAction =
  | { readonly kind: "upstream"; readonly group: GroupOptions }
  | {
    readonly kind: "static";
    /** A directory's absolute path. */
    readonly root: string;
    /** @default {STATIC_DEFAULTS} */
    readonly options?: StaticOptions;
  }
  | { readonly kind: "redirect"; readonly status: 301 | 302 | 303 | 307 | 308; readonly location: Template }
  | { readonly kind: "respond"; readonly status: number; readonly contentType: string; readonly body: string };

/** Files that only an upstream can name: by `X-Accel-Redirect`, a path as of a URL, or `X-Sendfile`, a file's name. */
export interface InternalFiles {
  /** What an `X-Accel-Redirect` begins with; the rest is a path below the directory. */
  readonly prefix: string;
  /** The directory's absolute path. */
  readonly root: string;
}

/** Changes to a field section, in this order: remove, set (replaces lines of the name), add (one more line). */
export interface FieldEdits {
  /** Names, lower case. */
  readonly remove: readonly string[];
  readonly set: readonly FieldEdit[];
  readonly add: readonly FieldEdit[];
}

/** A field to write. */
export interface FieldEdit {
  /** As it is written. */
  readonly name: string;
  readonly value: Template;
}

/** A page for errors whose status is within [from, to]. */
export interface ErrorPage {
  readonly from: number;
  readonly to: number;
  /** The file's absolute path; read when the configuration is applied. */
  readonly path: string;
  /** Its content and media type. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

/**
 * Who may ask, by address. The longest network that has the client's address decides, whatever the order; where it is both
 * allowed and denied, it is allowed. When none has it, the client is denied if there are allow entries, and allowed
 * otherwise: `allow = ["10.0.0.0/8"]` is nginx's `allow 10.0.0.0/8; deny all;`. Denied: 403.
 */
export interface AccessOptions {
  /** Networks as written (`10.0.0.0/8`, `::1`), or `unix` for peers on unix sockets. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** HTTP Basic authentication (RFC 7617). */
export interface BasicAuthOptions {
  readonly realm: string;
  /** Hashed passwords by user name, each as {@link https://httpd.apache.org/docs/2.4/misc/password_encryptions.html} or bcrypt has it. */
  readonly users: ReadonlyMap<string, string>;
}

/** A leaky bucket for each key (nginx's limit_req). */
export interface RateLimitOptions {
  /** Requests per second that drain, may be a fraction. */
  readonly rate: number;
  /** Requests above the rate that are taken. @default {0} */
  readonly burst: number;
  /** Whether those are delayed to the rate (nginx without `nodelay`) or passed at once. @default {false} */
  readonly delay: boolean;
  readonly key: KeySource;
  /** Keys that are remembered; the longest unused goes first. @default {10000} */
  readonly maxKeys: number;
}

/** What of a request tells clients, or contents, apart. */
export type KeySource =
  | { readonly kind: "client" | "uri" | "host" }
  | { readonly kind: "cookie" | "field"; readonly name: string };

/** Nothing is changed. */
export const NO_EDITS: FieldEdits = Object.freeze({ remove: [], set: [], add: [] });

/** A route for any host with every default. */
export function plainRoute(prefix: string, action: RouteAction): RouteOptions {
  return {
    hosts: [],
    prefix,
    action,
    stripPrefix: false,
    restorePrefix: true,
    requestFields: NO_EDITS,
    responseFields: NO_EDITS,
    maxBody: null,
    bodyTimeout: null,
    upstreamTimeout: null,
    bufferRequests: null,
    bufferResponses: null,
    internalFiles: null,
    errorPages: [],
    gzip: false,
    access: null,
    basicAuth: null,
    rateLimit: null,
    bandwidth: 0,
  };
}
