/**
 * An upstream's response head (RFC 9112 §4, §6.3), taken as strictly as a client's: what is not understood is not passed on.
 *
 * @module
 */
import { CR, equalsIgnoringCase, latin1, LF, SPACE, text, VALUE } from "./bytes.ts";
import { FIELD, Fields, listMembers, mask, parseContentLength } from "./fields.ts";
import { bad } from "./reject.ts";

const CHUNKED = latin1("chunked"), CLOSE = latin1("close"), KEEP_ALIVE = latin1("keep-alive");
const MEANINGFUL = mask(FIELD.CONNECTION, FIELD.CONTENT_LENGTH, FIELD.TRANSFER_ENCODING);

/** How a message's body ends. */
export type Framing = "none" | "length" | "chunked" | "close";

/** One response's head, as offsets into the buffer it was scanned in. Reused. */
export class ResponseHead {
  readonly fields: Fields;
  status = 0;
  minor = 1;
  /** Offset of the status code's first digit. */
  statusStart = 0;
  /** Offset of the status line's CR. */
  lineEnd = 0;
  /** Offset behind the head. */
  end = 0;
  /** Content-Length's value; -1 when there is none. */
  contentLength = -1;
  chunked = false;
  /** Whether the upstream lets the connection stay open. */
  keepAlive = true;

  constructor(maxFields: number) {
    this.fields = new Fields(maxFields);
  }

  /** Scans a head at `start` in bytes[0, n), where bytes[n] is writable. False: more is needed; throws `Reject`. */
  scan(bytes: Uint8Array, start: number, n: number): boolean {
    bytes[n] = 0;
    // "HTTP/1.1 200" and a space, or CRLF for a server that leaves the space out with the reason.
    if (n - start < 14) {
      if (n > start && bytes[start] !== 72) throw bad("not an HTTP response");
      return false;
    }
    if (
      bytes[start] !== 72 || bytes[start + 1] !== 84 || bytes[start + 2] !== 84 || bytes[start + 3] !== 80 ||
      bytes[start + 4] !== 47 || bytes[start + 5] !== 49 || bytes[start + 6] !== 46 || bytes[start + 8] !== SPACE
    ) throw bad("not an HTTP/1 response");
    const minor = bytes[start + 7] - 48;
    if (minor < 0 || minor > 9) throw bad("not an HTTP/1 response");
    this.minor = minor === 0 ? 0 : 1;
    this.statusStart = start + 9;
    this.status = 0;
    for (let i = this.statusStart; i < start + 12; i++) {
      const digit = bytes[i] - 48;
      if (digit < 0 || digit > 9) throw bad("an invalid status code");
      this.status = this.status * 10 + digit;
    }
    if (this.status < 100 || this.status > 599) throw bad("a status code out of range");
    let i = start + 12;
    if (bytes[i] !== SPACE && bytes[i] !== CR) throw bad("an invalid status line");
    while (VALUE[bytes[i]] === 1) i++;
    if (i + 1 >= n) return false;
    if (bytes[i] !== CR || bytes[i + 1] !== LF) throw bad("a status line that does not end with CRLF");
    this.lineEnd = i;
    if (!this.fields.scan(bytes, i + 2, n)) return false;
    this.end = this.fields.end + 2;
    this.#interpret(bytes);
    return true;
  }

  /** How the body ends, given whether the request was HEAD (RFC 9112 §6.3). */
  framing(toHead: boolean): Framing {
    if (toHead || this.status === 204 || this.status === 304 || this.status < 200) return "none";
    // RFC 9110 §15.3.6: a 205 has no content. Waiting for the end of one that does not say so would be waiting for nothing.
    if (this.status === 205 && !this.chunked && this.contentLength === -1) return "none";
    if (this.chunked) return "chunked";
    if (this.contentLength === 0) return "none";
    return this.contentLength > 0 ? "length" : "close";
  }

  #interpret(bytes: Uint8Array): void {
    const { fields } = this;
    this.contentLength = -1;
    this.chunked = false;
    this.keepAlive = this.minor === 1;
    if (!fields.has(MEANINGFUL)) return;
    let lengths = 0, encodings = 0, connections = 0, complex = false;
    for (let i = 0; i < fields.count; i++) {
      const id = fields.id(i);
      if ((MEANINGFUL & (1 << id)) === 0) continue;
      const start = fields.valueStart(i), end = fields.valueEnd(i);
      if (id === FIELD.CONTENT_LENGTH) {
        if (++lengths > 1) throw bad("two Content-Length fields");
        this.contentLength = parseContentLength(bytes, start, end);
        if (this.contentLength < 0) throw bad("an invalid Content-Length");
      } else if (id === FIELD.TRANSFER_ENCODING) {
        if (++encodings > 1 || !equalsIgnoringCase(bytes, start, end, CHUNKED)) throw bad("an unknown transfer coding");
      } else if (++connections > 1) complex = true;
      else if (equalsIgnoringCase(bytes, start, end, CLOSE)) this.keepAlive = false;
      else if (equalsIgnoringCase(bytes, start, end, KEEP_ALIVE)) this.keepAlive = true;
      else complex = true;
    }
    if (complex) this.#connection(bytes);
    if (encodings === 0) return;
    if (lengths > 0) throw bad("both Content-Length and Transfer-Encoding");
    if (this.minor === 0) throw bad("Transfer-Encoding on HTTP/1.0");
    this.chunked = true;
  }

  /** Connection with more than one word, in one line or several. */
  #connection(bytes: Uint8Array): void {
    const members = listMembers(this.fields.value(bytes, FIELD.CONNECTION) ?? "");
    this.keepAlive = !members.includes("close") && (this.minor === 1 || members.includes("keep-alive"));
    const names = members.filter((member) => member !== "close" && member !== "keep-alive" && member !== "upgrade");
    if (names.length > 0) this.fields.markNamed(bytes, names);
  }

  /** The status line, for a log. */
  statusLine(bytes: Uint8Array): string {
    return text(bytes, this.statusStart, this.lineEnd);
  }
}
