/**
 * What the access log can know of a request, for formats that ask for more than `combined` does.
 *
 * @module
 */

/** One request and its answer. Strings that came from the client have one character for each byte. */
export interface LogRecord {
  /** The client's address; `unix:` for a unix socket, as nginx writes it. */
  readonly remoteAddress: string;
  /** The request line as received, as far as it came. */
  readonly requestLine: string;
  /** These three are empty when there was no head that could be read. */
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  /** The host that was asked for, lower case, without its port; empty when none was named. */
  readonly host: string;
  readonly status: number;
  /** Body bytes sent; null when unknown. */
  readonly bytes: number | null;
  readonly requestId: string;
  /** From the request's first byte to the end of its answer, ms. */
  readonly duration: number;
  /** The servers that it was given to, in their order; none for what was answered here. */
  readonly upstreams: readonly UpstreamUse[];
  /** The value of a field of the request by its lower-case name; null when absent. */
  field(name: string): string | null;
}

/** A server that had a request. */
export interface UpstreamUse {
  readonly address: string;
  /** For how long, ms. */
  readonly duration: number;
}
