/**
 * How a route's files are served. Each option names the nginx directive it stands for; docs/static-files.md shows them.
 *
 * @module
 */

/** Options of a route with files. */
export interface StaticOptions {
  /** What is served for a directory, the first that is there (`index`). @default {["index.html"]} */
  readonly index: readonly string[];
  /**
   * What is tried for a path, in order (`try_files`): names below the root that may hold `$uri`, the decoded path below the
   * route's prefix. One that ends with a slash is a directory; `=404` at the end is a status. Empty: the path itself, file or
   * directory. @default {[]}
   */
  readonly tryFiles: readonly string[];
  /**
   * The file below the root that answers, with 200, what is not there and has no extension in its last name, for applications
   * that route in the browser (`try_files $uri /index.html`); null: none. @default {null}
   */
  readonly spa: string | null;
  /** Whether a directory without index is listed (`autoindex`). @default {false} */
  readonly listing: boolean;
  /** Whether names that begin with a dot are served; `/.well-known/` always is. nginx serves them. @default {false} */
  readonly dotfiles: boolean;
  /** For names without a known extension (`default_type`). @default {"application/octet-stream"} */
  readonly defaultType: string;
  /** Media types by extension, lower case and without dot, that win over the known ones (`types`). @default {empty} */
  readonly types: ReadonlyMap<string, string>;
  /** Whether `name.br`, `name.zst` and `name.gz` are sent in the file's place (`gzip_static`). @default {true} */
  readonly precompressed: boolean;
  /** Whether text is compressed by stackd itself, once, and kept in memory (`gzip`). @default {false} */
  readonly compress: boolean;
  /** Cache-Control by the file's path, the first that fits (`add_header Cache-Control` in a `location`). @default {[]} */
  readonly cacheControl: readonly CacheRule[];
  /**
   * Whether files with a hash in their names get `public, max-age=31536000, immutable` where no rule says anything else.
   * @default {false}
   */
  readonly immutable: boolean;
  /** Whether an Expires is written beside a `max-age`, as nginx's `expires` does. @default {false} */
  readonly expires: boolean;
  /** Bytes of memory for files and what is sent with them; 0: none is kept (`open_file_cache`). @default {33554432} */
  readonly maxCache: number;
  /**
   * Which symlinks are followed: `inside`: while the real path stays below the root; `all`: wherever they lead
   * (`disable_symlinks off`, nginx's default). @default {"inside"}
   */
  readonly symlinks: "inside" | "all";
}

/** A Cache-Control for some files. */
export interface CacheRule {
  /** `*` is any part of a name, `**` any names, `?` one character. Without a slash it is compared with the last name alone. */
  readonly pattern: string;
  /** The field's value. */
  readonly value: string;
}

/** What holds where a route says nothing. */
export const STATIC_DEFAULTS: StaticOptions = Object.freeze({
  index: ["index.html"], // nginx's
  tryFiles: [],
  spa: null,
  listing: false, // nginx's
  dotfiles: false,
  defaultType: "application/octet-stream", // browsers neither run nor show it; nginx's is text/plain
  types: new Map<string, string>(),
  precompressed: true,
  compress: false, // nginx's
  cacheControl: [],
  immutable: false,
  expires: false, // nginx's
  maxCache: 33_554_432,
  symlinks: "inside",
});
