/**
 * What a stream of bytes means, said a second time and as simply as possible: by regular expressions over the whole text.
 * Slow, without limits of size, and nothing to do with lib/.
 *
 * @module
 */

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]", VALUE = "[\\t -~\\x80-\\xff]";

const SIZE = new RegExp(`^([0-9A-Fa-f]{1,13})(?:;${VALUE}{0,255})?\\r\\n`);
const PART_OF_SIZE = new RegExp(`^(?:[0-9A-Fa-f]{0,13}|[0-9A-Fa-f]{1,13}(?:;${VALUE}{0,255})?\\r?)$`);
const TRAILERS = new RegExp(`^(?:${TOKEN}+:${VALUE}*\\r\\n)*`);
const PART_OF_TRAILER = new RegExp(`^(?:\\r|${TOKEN}*|${TOKEN}+:${VALUE}*\\r?)$`);

/** A chunked body, read to its end, to the text's end, or to where it is wrong. */
export interface Chunked {
  readonly kind: "done" | "more" | "bad";
  /** As much of the payload as there is. */
  readonly payload: string;
  /** What is behind a body that is done. */
  readonly rest: string;
}

/** Decodes a chunked body (RFC 9112 §7.1). */
export function dechunk(text: string): Chunked {
  for (let payload = "", rest = text;;) {
    const [line, digits] = SIZE.exec(rest) ?? [];
    if (line === undefined || digits === undefined) {
      return { kind: PART_OF_SIZE.test(rest) ? "more" : "bad", payload, rest: "" };
    }
    const size = parseInt(digits, 16);
    rest = rest.slice(line.length);
    if (size === 0) {
      rest = rest.slice(TRAILERS.exec(rest)?.[0].length);
      if (rest.startsWith("\r\n")) return { kind: "done", payload, rest: rest.slice(2) };
      return { kind: PART_OF_TRAILER.test(rest) ? "more" : "bad", payload, rest: "" };
    }
    payload += rest.slice(0, size);
    const end = rest.slice(size, size + 2);
    if (!"\r\n".startsWith(end)) return { kind: "bad", payload, rest: "" };
    if (end.length < 2) return { kind: "more", payload, rest: "" };
    rest = rest.slice(size + 2);
  }
}

/** One request of a stream. */
export interface Meant {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

/** A stream of requests, and what it ends with. */
export interface Meaning {
  readonly requests: readonly Meant[];
  /**
   * "idle": behind a whole request; "closed": the last one said so; "within": a request has begun that does not end;
   * "refused": what follows is no request; "unsaid": what follows is beyond this reference.
   */
  readonly end: "idle" | "closed" | "within" | "refused" | "unsaid";
}

const HEAD = new RegExp(`^(${TOKEN}+) ([!-"$-~]+) HTTP/1\\.(\\d)\\r\\n((?:${TOKEN}+:${VALUE}*\\r\\n)*)\\r\\n$`);
const HOST = /^([A-Za-z0-9\-._~!$&'()*+,;=]+|\[[0-9A-Fa-f:.]{2,}\])(?::\d{0,5})?$/;
/** A host by its grammar that a URL holds as it is: `1.2.3` would become another there. */
function isHost(host: string): boolean {
  const [, name = ""] = HOST.exec(host) ?? [];
  const url = URL.parse(`http://${host}/`);
  return name !== "" && url !== null && (name.startsWith("[") || url.hostname === name.toLowerCase());
}
const trim = (value: string) => value.replace(/^[ \t]+|[ \t]+$/g, "");

/** Reads a whole stream (RFC 9112), as strictly as stackd does. */
export function interpret(stream: string): Meaning {
  const requests: Meant[] = [];
  for (let rest = stream;;) {
    if (rest === "" || rest === "\r\n") return { requests, end: rest === "" ? "idle" : "within" };
    if (rest.startsWith("\r\n")) rest = rest.slice(2);
    const headEnd = rest.indexOf("\r\n\r\n") + 4;
    if (headEnd === 3) return { requests, end: "within" };
    const [whole, method, target, minor, lines] = HEAD.exec(rest.slice(0, headEnd)) ?? [];
    if (whole === undefined) return { requests, end: "refused" };
    const fields = lines.split("\r\n").slice(0, -1).map((line) => {
      const colon = line.indexOf(":");
      return { name: line.slice(0, colon).toLowerCase(), value: trim(line.slice(colon + 1)) };
    });
    const values = (name: string) => fields.filter((field) => field.name === name).map(({ value }) => value);
    const hosts = values("host"), lengths = values("content-length"), codings = values("transfer-encoding");
    const options = values("connection").join().toLowerCase().split(",").map(trim);
    const isOld = minor === "0";
    if (
      hosts.length > 1 || (hosts.length === 0 && !isOld) || !hosts.every(isHost) ||
      lengths.length > 1 || !lengths.every((length) =>
        /^\d{1,16}$/.test(length) && Number.isSafeInteger(Number(length))
      ) ||
      codings.length > 1 || !codings.every((coding) => /^chunked$/i.test(coding)) ||
      lengths.length + codings.length > 1 || (codings.length > 0 && isOld) || /^(CONNECT|TRACE)$/.test(method)
    ) return { requests, end: "refused" };
    if (!/^\/[^%]*$/.test(target) || target.includes("..") || method === "HEAD" || values("expect").length > 0) {
      return { requests, end: "unsaid" };
    }
    rest = rest.slice(headEnd);
    const length = Number(lengths[0] ?? 0);
    const body = codings.length === 0
      ? { kind: rest.length < length ? "more" : "done", payload: rest.slice(0, length), rest: rest.slice(length) }
      : dechunk(rest);
    if (body.kind !== "done") return { requests, end: body.kind === "bad" ? "refused" : "within" };
    requests.push({ method, target, body: body.payload });
    rest = body.rest;
    if (options.includes("close") || (isOld && !options.includes("keep-alive"))) return { requests, end: "closed" };
  }
}
