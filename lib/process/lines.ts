/**
 * What a child writes, line by line, with its name in front: the output of several workers in one stream stays readable.
 *
 * @module
 */

/** Where lines go. */
export interface LineSink {
  /** Gets a whole line, or several where none has a prefix. What it throws is ignored: a child that nobody listens to must still not be blocked. */
  write(line: Uint8Array): void;
  /** Settles when more may come: until then the child is not read. @default at once */
  room?(): Promise<void>;
}

/** The longest line, bytes without its newline; what is longer goes on in the next one. */
const MAX_LINE = 65_536;
const NEWLINE = 10;

/**
 * Hands on each line of `stream`, with `prefix` in front and a newline at its end. Bytes pass as they are, valid UTF-8 or not,
 * but a line of more than 64 KiB is cut, between two characters where it can be. A last line without a newline gets one.
 *
 * @param prefix With the blank behind it, as "[worker 1] ".
 * @returns At the end of the stream, or when it breaks. Never rejects.
 */
export async function prefixLines(
  stream: ReadableStream<Uint8Array>,
  sink: LineSink,
  prefix: string,
): Promise<void> {
  const line = new Line((whole) => sink.write(whole), prefix);
  try {
    for await (const chunk of stream) {
      if (prefix === "" && chunk.length <= MAX_LINE) line.addWhole(chunk);
      else line.add(chunk);
      await sink.room?.();
    }
  } catch { /* the child is gone; what it said counts */ }
  line.end();
}

/** The line that is being read. */
class Line {
  readonly #write: (line: Uint8Array) => void;
  /** The prefix, the line as far as it has come, and room for the newline. */
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #length: number;

  constructor(write: (line: Uint8Array) => void, prefix: string) {
    const bytes = new TextEncoder().encode(prefix);
    this.#write = write;
    this.#bytes = new Uint8Array(bytes.length + MAX_LINE + 1);
    this.#bytes.set(bytes);
    this.#start = this.#length = bytes.length;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline === -1 ? chunk.length : newline;
      at = this.#take(chunk, at, end);
      if (at === end && newline !== -1) {
        this.#flush(this.#length);
        at++;
      }
    }
  }

  /** The same, with lines that are whole in the chunk in one piece: an access log has a hundred thousand of them a second. */
  addWhole(chunk: Uint8Array): void {
    const first = this.#length > this.#start ? chunk.indexOf(NEWLINE) + 1 : 0, end = chunk.lastIndexOf(NEWLINE) + 1;
    this.add(chunk.subarray(0, first));
    if (end > first) this.#hand(chunk.subarray(first, end));
    this.add(chunk.subarray(Math.max(first, end)));
  }

  /** Takes what fits of `chunk` from `from` to `to`; returns how far that was. A full line is written when more comes. */
  #take(chunk: Uint8Array, from: number, to: number): number {
    const full = this.#start + MAX_LINE;
    if (this.#length === full && to > from) this.#flush(characterEnd(this.#bytes, full));
    const end = Math.min(to, from + full - this.#length);
    this.#bytes.set(chunk.subarray(from, end), this.#length);
    this.#length += end - from;
    return end;
  }

  /** Writes the line up to `end`; what is behind it begins the next one. */
  #flush(end: number): void {
    const whole = this.#bytes.slice(0, end + 1);
    whole[end] = NEWLINE;
    this.#bytes.copyWithin(this.#start, end, this.#length);
    this.#length = this.#start + this.#length - end;
    this.#hand(whole);
  }

  #hand(lines: Uint8Array): void {
    try {
      this.#write(lines);
    } catch { /* nobody reads it */ }
  }

  end(): void {
    if (this.#length > this.#start) this.#flush(this.#length);
  }
}

/** Where the last whole UTF-8 character before `end` ends; `end` itself where there is none to be seen. */
function characterEnd(bytes: Uint8Array, end: number): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[end - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue; // inside a character
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? end - back : end;
  }
  return end;
}
