/**
 * A request's head (RFC 9112 §3, §5, §6): scanned in place, refused when anything about it could be read in two ways.
 *
 * @module
 */
import { CR, equalsIgnoringCase, latin1, LF, SPACE, TARGET, text, TOKEN } from "./bytes.ts";
import { FIELD, Fields, listMembers, mask, parseContentLength } from "./fields.ts";
import { isHost } from "./host.ts";
import { bad, Reject } from "./reject.ts";

/** What a head may take, from `Limits`. */
export interface HeadLimits {
  readonly maxHeadSize: number;
  readonly maxRequestLine: number;
  readonly maxFields: number;
}

const HTTP_1 = latin1("HTTP/1.");
const CHUNKED = latin1("chunked"),
  CLOSE = latin1("close"),
  KEEP_ALIVE = latin1("keep-alive"),
  UPGRADE = latin1("upgrade");
const CONTINUE = latin1("100-continue"), WEBSOCKET = latin1("websocket");
const HTTP_SCHEME = /^https?:\/\/([^/?]*)(.*)$/i;
/** Lines whose number or value decides anything; everything else that is remembered is only dropped or copied. */
const MEANINGFUL = mask(
  FIELD.HOST,
  FIELD.CONNECTION,
  FIELD.CONTENT_LENGTH,
  FIELD.TRANSFER_ENCODING,
  FIELD.UPGRADE,
  FIELD.EXPECT,
);

/** One request's head, as offsets into the buffer it was scanned in. Reused. */
export class RequestHead {
  readonly fields: Fields;
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Where the query's `?` stands; `targetEnd` when there is none. */
  pathEnd = 0;
  /** Whether the path holds `%`, `/.` or `//` or is not origin-form, so that routing must normalise it first. */
  irregularPath = false;
  /** Minor version: 0 or 1. */
  minor = 1;
  /** Offset behind the head: where its body begins. */
  end = 0;
  /** Bytes of the body; 0 for none, -1 for chunked. */
  contentLength = 0;
  chunked = false;
  /** Whether the client lets the connection stay open (RFC 9112 §9.3). */
  keepAlive = true;
  expectsContinue = false;
  /** Whether it asks to switch protocols, to anything but h2c (which would tunnel past every rule made for requests). */
  upgrade = false;
  /** Offsets of the Host's value; both 0 when an HTTP/1.0 request has none. */
  hostStart = 0;
  hostEnd = 0;
  /** For an absolute-form target: the origin-form and Host that replace it (RFC 9112 §3.2.2). */
  absolute: { readonly host: string; readonly target: string } | null = null;
  readonly limits: HeadLimits;

  constructor(limits: HeadLimits) {
    this.limits = limits;
    this.fields = new Fields(limits.maxFields);
  }

  /**
   * Scans a head at `start` in bytes[0, n), where bytes[n] is writable. False: more is needed.
   * Throws {@linkcode Reject} as soon as it cannot become valid.
   */
  scan(bytes: Uint8Array, start: number, n: number): boolean {
    bytes[n] = 0;
    const { maxHeadSize, maxRequestLine } = this.limits;
    let i = start;
    // RFC 9112 §2.2: an empty line before the request line is ignored, once.
    if (bytes[i] === CR) {
      if (i + 1 >= n) return false;
      if (bytes[i + 1] !== LF) throw bad("a CR without LF before the request line");
      i += 2;
    }
    this.methodStart = i;
    while (TOKEN[bytes[i]] !== 0) i++;
    if (i >= n) return this.#incomplete(n - start, maxRequestLine, true);
    if (bytes[i] !== SPACE || i === this.methodStart) throw bad("a request line that does not begin with a method");
    this.methodEnd = i++;
    this.targetStart = i;
    let kinds = 0, kind = 0;
    while ((kind = TARGET[bytes[i]]) !== 0) {
      kinds |= kind;
      i++;
    }
    if (i >= n) return this.#incomplete(n - start, maxRequestLine, true);
    if (bytes[i] !== SPACE) throw badTarget(bytes[i]);
    this.targetEnd = i++;
    // "HTTP/1.1" CR LF
    if (i + 10 > n) {
      if (bytes.indexOf(LF, i) === -1 || bytes.indexOf(LF, i) >= n) {
        return this.#incomplete(n - start, maxRequestLine, true);
      }
      throw bad("a request line without an HTTP version");
    }
    this.#version(bytes, i);
    i += 10;
    if (i - start > maxRequestLine) throw new Reject(414, `a request line of more than ${maxRequestLine} bytes`);
    this.pathEnd = this.targetEnd;
    if ((kinds & 2) !== 0) this.pathEnd = bytes.indexOf(63, this.targetStart);
    this.irregularPath = isIrregular(bytes, this.targetStart, this.pathEnd);
    if (!this.fields.scan(bytes, i, n)) return this.#incomplete(n - start, maxHeadSize, false);
    this.end = this.fields.end + 2;
    if (this.end - start > maxHeadSize) throw new Reject(431, `a head of more than ${maxHeadSize} bytes`);
    this.#interpret(bytes);
    return true;
  }

  /** The method, as sent. */
  method(bytes: Uint8Array): string {
    return text(bytes, this.methodStart, this.methodEnd);
  }

  /** The request-target in origin-form, as sent (`*` for `OPTIONS *`). */
  target(bytes: Uint8Array): string {
    return this.absolute?.target ?? text(bytes, this.targetStart, this.targetEnd);
  }

  /** The host and port that the client asked for; empty when an HTTP/1.0 request names none. */
  host(bytes: Uint8Array): string {
    return this.absolute?.host ?? text(bytes, this.hostStart, this.hostEnd);
  }

  isMethod(bytes: Uint8Array, name: string): boolean {
    const length = name.length;
    if (this.methodEnd - this.methodStart !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[this.methodStart + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #incomplete(length: number, limit: number, inLine: boolean): false {
    if (length >= limit) {
      throw inLine
        ? new Reject(414, `a request line of more than ${limit} bytes`)
        : new Reject(431, `a head of more than ${limit} bytes`);
    }
    return false;
  }

  #version(bytes: Uint8Array, at: number): void {
    if (!equalsVersion(bytes, at)) {
      // A well-formed version that is not ours is 505, anything else 400.
      if (/^HTTP\/[0-9]\.[0-9]\r\n$/.test(text(bytes, at, at + 10))) throw new Reject(505, "another HTTP version");
      throw bad("a request line without an HTTP version");
    }
    const minor = bytes[at + 7] - 48;
    if (minor < 0 || minor > 9) throw bad("a request line without an HTTP version");
    if (bytes[at + 8] !== CR || bytes[at + 9] !== LF) throw bad("a request line that does not end with CRLF");
    // RFC 9110 §2.5: a higher minor version is read as the highest one known.
    this.minor = minor === 0 ? 0 : 1;
  }

  #interpret(bytes: Uint8Array): void {
    const { fields } = this;
    this.contentLength = 0;
    this.chunked = false;
    this.keepAlive = this.minor === 1;
    this.expectsContinue = false;
    this.upgrade = false;
    this.hostStart = this.hostEnd = 0;
    this.absolute = null;
    let hosts = 0, lengths = 0, encodings = 0, connections = 0, complex = false, wantsUpgrade = false, h2c = false;
    for (let i = 0; i < fields.count; i++) {
      const id = fields.id(i);
      if ((MEANINGFUL & (1 << id)) === 0) continue;
      const start = fields.valueStart(i), end = fields.valueEnd(i);
      switch (id) {
        case FIELD.HOST:
          if (++hosts > 1) throw bad("two Host fields");
          this.hostStart = start;
          this.hostEnd = end;
          break;
        case FIELD.CONTENT_LENGTH:
          if (++lengths > 1) throw bad("two Content-Length fields");
          this.contentLength = parseContentLength(bytes, start, end);
          if (this.contentLength < 0) throw bad("an invalid Content-Length");
          break;
        case FIELD.TRANSFER_ENCODING:
          if (++encodings > 1) throw bad("two Transfer-Encoding fields");
          if (!equalsIgnoringCase(bytes, start, end, CHUNKED)) throw badCoding(text(bytes, start, end));
          break;
        case FIELD.CONNECTION:
          if (++connections > 1) complex = true;
          else if (equalsIgnoringCase(bytes, start, end, CLOSE)) this.keepAlive = false;
          else if (equalsIgnoringCase(bytes, start, end, KEEP_ALIVE)) this.keepAlive = true;
          else if (equalsIgnoringCase(bytes, start, end, UPGRADE)) wantsUpgrade = true;
          else complex = true;
          break;
        case FIELD.UPGRADE:
          if (equalsIgnoringCase(bytes, start, end, WEBSOCKET)) this.upgrade = true;
          else if (listMembers(text(bytes, start, end)).some((protocol) => protocol.startsWith("h2c"))) h2c = true;
          else this.upgrade = true;
          break;
        case FIELD.EXPECT:
          if (!equalsIgnoringCase(bytes, start, end, CONTINUE)) throw new Reject(417, "an unknown expectation");
          this.expectsContinue = this.minor === 1;
          break;
      }
    }
    if (complex) wantsUpgrade = this.#connection(bytes);
    if (encodings > 0) {
      if (lengths > 0) throw bad("both Content-Length and Transfer-Encoding");
      if (this.minor === 0) throw bad("Transfer-Encoding on HTTP/1.0");
      this.chunked = true;
      this.contentLength = -1;
    }
    this.upgrade &&= wantsUpgrade && !h2c && this.minor === 1 && this.contentLength === 0;
    this.#target(bytes, hosts);
  }

  /** Connection with more than one word, in one line or several; returns whether it has `upgrade`. */
  #connection(bytes: Uint8Array): boolean {
    const members = listMembers(this.fields.value(bytes, FIELD.CONNECTION) ?? "");
    this.keepAlive = !members.includes("close") && (this.minor === 1 || members.includes("keep-alive"));
    const names = members.filter((member) => member !== "close" && member !== "keep-alive" && member !== "upgrade");
    if (names.length > 0) this.fields.markNamed(bytes, names);
    return members.includes("upgrade");
  }

  #target(bytes: Uint8Array, hosts: number): void {
    if (this.minor === 1 && hosts === 0) throw bad("no Host");
    if (hosts === 1 && !isHost(bytes, this.hostStart, this.hostEnd)) throw bad("an invalid Host");
    if (this.isMethod(bytes, "CONNECT") || this.isMethod(bytes, "TRACE")) throw new Reject(405, "CONNECT or TRACE");
    const first = bytes[this.targetStart];
    if (first === 47) return;
    const target = text(bytes, this.targetStart, this.targetEnd);
    if (target === "*" && this.isMethod(bytes, "OPTIONS")) return;
    const absolute = HTTP_SCHEME.exec(target);
    if (absolute === null) throw bad("a request-target that is neither a path nor an http URL");
    const [, host, rest] = absolute;
    const hostBytes = latin1(host);
    if (!isHost(hostBytes, 0, hostBytes.length)) throw bad("an invalid host in the request-target");
    const originForm = rest.startsWith("/") ? rest : `/${rest}`;
    // RFC 9112 §3.2.4: an absolute OPTIONS without a path is `OPTIONS *`.
    this.absolute = { host, target: rest === "" && this.isMethod(bytes, "OPTIONS") ? "*" : originForm };
    this.irregularPath = true;
  }
}

function equalsVersion(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 7; i++) if (bytes[at + i] !== HTTP_1[i]) return false;
  return true;
}

function isIrregular(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === 37 || ((byte === 46 || byte === 47) && i > start && bytes[i - 1] === 47)) return true;
  }
  return false;
}

function badTarget(byte: number): Reject {
  if (byte === CR || byte === LF) return bad("a request line without an HTTP version");
  if (byte === 35) return bad("a fragment in the request-target");
  return bad(byte >= 128 ? "a byte outside ASCII in the request-target" : "a control character in the request-target");
}

/** RFC 9112 §6.1: chunked must be last and once (400); a coding we do not know cannot be passed on (501). */
function badCoding(value: string): Reject {
  const codings = listMembers(value);
  if (codings.length === 0) return bad("an empty Transfer-Encoding");
  const chunkedAt = codings.indexOf("chunked");
  if (codings.some((coding) => /^chunked[ \t]*;/.test(coding))) return bad("chunked with a parameter");
  if (chunkedAt !== -1 && chunkedAt !== codings.length - 1) return bad("chunked is not the last transfer coding");
  if (codings.length === 1 && chunkedAt === 0) return bad("an invalid Transfer-Encoding");
  return new Reject(501, "an unknown transfer coding");
}
