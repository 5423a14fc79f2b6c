/**
 * What a case of the corpora is: bytes, and what must come of them.
 *
 * @module
 */

/** Field values by lower-case name; null: the field must not be there. */
export type Expected = Readonly<Record<string, string | RegExp | null>>;

/** A request that the upstream must have got. */
export interface Seen {
  /** `METHOD target`. */
  readonly line: string;
  readonly fields: Expected;
  readonly body: string;
}

/** One stream of bytes from a client. */
export interface RequestCase {
  readonly name: string;
  readonly bytes: string;
  /** Statuses of the answers, in order. */
  readonly statuses: readonly number[];
  /** What the upstream must have seen, whole and in order; nothing else. */
  readonly seen: readonly Seen[];
  /** The connection afterwards. */
  readonly after: "open" | "closed";
  /** Fields of the last answer. */
  readonly answer: Expected;
  /** All requests are HEAD: their answers have no bodies. */
  readonly toHead: boolean;
  /** The client's address is in `--trusted-proxies`. */
  readonly trusted: boolean;
  /** What follows it would make another fault of it. */
  readonly alone: boolean;
}

/** Cases that stand on one section of an RFC. */
export interface Group<Case> {
  readonly section: string;
  readonly cases: readonly Case[];
}

/** A head: the lines with CRLF, and the empty line. */
export function head(...lines: string[]): string {
  return lines.map((line) => `${line}\r\n`).join("") + "\r\n";
}

/** `GET / HTTP/1.1` with a Host and these field lines. */
export function get(...lines: string[]): string {
  return head("GET / HTTP/1.1", "Host: a.example", ...lines);
}

/** `POST /p HTTP/1.1` with a Host and these field lines. */
export function post(...lines: string[]): string {
  return head("POST /p HTTP/1.1", "Host: a.example", ...lines);
}

/** A request that the upstream must have got. */
export function seen(line: string, fields: Expected = {}, body = ""): Seen {
  return { line, fields, body };
}

/** What differs from one request that is answered with 200 on a connection that stays open. */
export type Options = Partial<Omit<RequestCase, "name" | "bytes">>;

/** Requests that are passed on, each answered with 200. */
export function passed(
  name: string,
  bytes: string,
  requests: Seen | readonly Seen[],
  options: Options = {},
): RequestCase {
  const all = "line" in requests ? [requests] : requests;
  const defaults = { after: "open", answer: {}, toHead: false, trusted: false, alone: false } as const;
  return { name, bytes, statuses: all.map(() => 200), seen: all, ...defaults, ...options };
}

/** A stream that is refused with `status`, after which nothing more is taken from it. */
export function refused(name: string, status: number, bytes: string, options: Options = {}): RequestCase {
  return passed(name, bytes, [], { statuses: [status], after: "closed", answer: { connection: "close" }, ...options });
}
