/**
 * The access log: nginx's `combined`, one line a request, or another format (log_format.ts). Lines are written as bytes into one buffer that is flushed a few
 * times a second, so a request pays for the characters of its line and for nothing else.
 *
 * @module
 */
import type { LogFormat } from "../config/log_format.ts";
import type { AccessLogTarget } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import { localTime } from "./local_time.ts";
import { logWarn } from "./log.ts";
import { compileLogFormat, type LineWriter } from "./log_format.ts";
import type { LogRecord } from "./log_record.ts";
import { openSink, type Sink, writeAll } from "./log_sink.ts";

/** One request, as strings. */
export interface AccessLogEntry {
  /** The client's address; `unix:` for a unix socket, as nginx writes it. */
  readonly remoteAddress: string;
  /** The request line as received. */
  readonly requestLine: string;
  readonly status: number;
  /** Body bytes sent; null, printed `-`, when unknown. */
  readonly bytes: number | null;
  readonly referer: string | null;
  readonly userAgent: string | null;
}

/** A piece of a head: bytes[start, end). An empty one is printed `-`. */
export interface Span {
  start: number;
  end: number;
}

/** Where lines go. */
export interface AccessLog {
  /** Whether lines are wanted at all. */
  readonly enabled: boolean;
  /** Whether its format is another one than `combined`: then it takes records alone. */
  readonly takesRecords: boolean;
  /** Appends one request's line, in a format of its own. */
  writeRecord(record: LogRecord): void;
  /** Appends one request's line. */
  write(entry: AccessLogEntry): void;
  /** As {@linkcode AccessLog.write}, from a head's own bytes: nothing is allocated. */
  writeSpans(
    remoteAddress: string,
    source: Uint8Array,
    requestLine: Span,
    status: number,
    bytes: number,
    referer: Span,
    userAgent: Span,
  ): void;
  /** Opens the file again under its name, after it was moved away. */
  reopen(): void;
  /** Writes what is buffered, as far as whoever reads it takes it within a second, and closes the file. */
  close(): Promise<void>;
}

/** Milliseconds that a line may wait in the buffer. */
const FLUSH_INTERVAL = 100;
/** How long closing waits for what is still to be written, ms. */
const CLOSE_PATIENCE = 1_000;
const BUFFER_SIZE = 65_536;
/** Buffers that may wait for a reader that is slow; lines beyond are dropped and counted, for a log must not stop a server. */
const MAX_WAITING = 64;
/** Buffers that are written at once: a write comes back with the runtime's next turn, in which thousands of requests may have been answered. */
const MOST_AT_ONCE = 16;
/** Longest request line, Referer or User-Agent written, bytes. */
const MAX_FIELD = 8_192;

const QUOTE = 34, BACKSLASH = 92, SPACE = 32, DASH = 45;
const encoder = new TextEncoder();
const HEX = encoder.encode("0123456789ABCDEF");

/** Bytes that stand for themselves in a quoted field; nginx escapes the others as \xHH. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 32 && byte < 127 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/**
 * Opens the access log. Throws `STACKD_CONFIG_INVALID` (exit 1) when the file cannot be opened for appending.
 */
export function openAccessLog(target: AccessLogTarget): AccessLog {
  if (target.kind === "off") return OFF;
  return new BufferedLog(() => openSink(target), target.format);
}

/** An access log whose lines somebody else writes, who knows where they go. */
export function accessLogTo(sink: Sink, format?: LogFormat): AccessLog {
  return new BufferedLog(() => sink, format);
}

const OFF: AccessLog = Object.freeze({
  enabled: false,
  takesRecords: false,
  writeRecord() {},
  write() {},
  writeSpans() {},
  reopen() {},
  close: () => Promise.resolve(),
});

/** Lines collected in a buffer and written in order, behind the requests' backs. */
class BufferedLog implements AccessLog {
  readonly enabled = true;
  readonly #open: () => Sink;
  readonly #lineOf: LineWriter | null;
  #sink: Sink;
  #buffer = new Uint8Array(BUFFER_SIZE);
  #at = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting: Uint8Array[] = [];
  #writing: Promise<void> | null = null;
  #lost = 0;
  #broken = false;
  #second = -1;
  #time: Uint8Array = new Uint8Array(0);

  constructor(open: () => Sink, format: LogFormat = { kind: "combined" }) {
    this.#open = open;
    this.#sink = open();
    this.#lineOf = compileLogFormat(format);
  }

  get takesRecords(): boolean {
    return this.#lineOf !== null;
  }

  writeRecord(record: LogRecord): void {
    if (this.#lineOf === null) return;
    this.#beginLine();
    const line = encoder.encode(this.#lineOf(record));
    if (this.#at + line.length + 1 > this.#buffer.length) this.#grow(line.length + 1);
    this.#text(line);
    this.#byte(10);
  }

  write(entry: AccessLogEntry): void {
    const { requestLine, referer, userAgent } = entry;
    this.#begin(entry.remoteAddress);
    const line = encoder.encode(requestLine);
    this.#quoted(line, 0, line.length);
    this.#numbers(entry.status, entry.bytes);
    for (const value of [referer, userAgent]) {
      const bytes = encoder.encode(value ?? "");
      this.#byte(SPACE);
      this.#quoted(bytes, 0, bytes.length);
    }
    this.#byte(10);
  }

  writeSpans(
    remoteAddress: string,
    source: Uint8Array,
    requestLine: Span,
    status: number,
    bytes: number,
    referer: Span,
    userAgent: Span,
  ): void {
    this.#begin(remoteAddress);
    this.#quoted(source, requestLine.start, requestLine.end);
    this.#numbers(status, bytes);
    this.#byte(SPACE);
    this.#quoted(source, referer.start, referer.end);
    this.#byte(SPACE);
    this.#quoted(source, userAgent.start, userAgent.end);
    this.#byte(10);
  }

  #beginLine(): void {
    // A line is at most three escaped fields of MAX_FIELD bytes; most are 200 bytes long.
    if (this.#at > BUFFER_SIZE / 2) this.#flush();
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onTimer, FLUSH_INTERVAL);
  }

  #begin(remoteAddress: string): void {
    this.#beginLine();
    for (let i = 0; i < remoteAddress.length; i++) this.#buffer[this.#at++] = remoteAddress.charCodeAt(i);
    this.#text(this.#timestamp());
  }

  /** ` - - [23/Nov/2026:15:06:31 +0000] `, made once a second. */
  #timestamp(): Uint8Array {
    const now = Date.now();
    if (now - this.#second >= 1_000 || now < this.#second) {
      this.#second = now - now % 1_000;
      this.#time = encoder.encode(` - - [${localTime(new Date(this.#second))}] `);
    }
    return this.#time;
  }

  #numbers(status: number, bytes: number | null): void {
    this.#byte(SPACE);
    this.#decimal(status);
    this.#byte(SPACE);
    if (bytes === null) this.#byte(DASH);
    else this.#decimal(bytes);
  }

  #byte(byte: number): void {
    this.#buffer[this.#at++] = byte;
  }

  #text(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #decimal(value: number): void {
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    this.#at += digits;
    for (let i = this.#at - 1, rest = value; digits > 0; digits--, i--, rest = Math.floor(rest / 10)) {
      this.#buffer[i] = 48 + rest % 10;
    }
  }

  /** `"…"`, or `"-"` for nothing; grows the buffer's line only within MAX_FIELD. */
  #quoted(source: Uint8Array, start: number, end: number): void {
    this.#byte(QUOTE);
    if (end <= start) this.#byte(DASH);
    const stop = Math.min(end, start + MAX_FIELD);
    if (this.#at + (stop - start) * 4 + 64 > BUFFER_SIZE) this.#grow((stop - start) * 4 + 64);
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = start; i < stop; i++) {
      const byte = source[i];
      if (PLAIN[byte] === 1) {
        buffer[at++] = byte;
        continue;
      }
      buffer[at] = BACKSLASH;
      buffer[at + 1] = 120;
      buffer[at + 2] = HEX[byte >> 4];
      buffer[at + 3] = HEX[byte & 15];
      at += 4;
    }
    buffer[at++] = QUOTE;
    this.#at = at;
  }

  /** Room for a line that a plain buffer cannot hold: a request line of 8 KiB of bytes to escape, say. */
  #grow(more: number): void {
    const larger = new Uint8Array(this.#at + more + MAX_FIELD);
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }

  readonly #onTimer = () => {
    this.#timer = undefined;
    this.#flush();
  };

  #flush(): void {
    if (this.#at === 0) return;
    const full = this.#buffer.subarray(0, this.#at);
    this.#at = 0;
    if (this.#broken) return;
    if (this.#waiting.length >= MAX_WAITING) {
      for (const byte of full) if (byte === 10) this.#lost++;
      return;
    }
    this.#waiting.push(full);
    this.#buffer = new Uint8Array(BUFFER_SIZE);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        await writeAll(this.#sink, this.#waiting.splice(0, MOST_AT_ONCE));
        if (this.#lost > 0) {
          logWarn(`Cannot write ${this.#lost} access log lines: the reader is too slow`);
          this.#lost = 0;
        }
      }
    } catch (thrown) {
      // A closed pipe ends nothing; a full disk may have room again, so the next flush tries anew.
      this.#waiting.length = 0;
      if (thrown instanceof Deno.errors.BrokenPipe) this.#broken = true;
      else logWarn(`Cannot write the access log: ${messageOf(thrown)}`);
    } finally {
      this.#writing = null;
    }
  }

  reopen(): void {
    const old = this.#sink;
    try {
      this.#sink = this.#open();
      this.#broken = false;
    } catch (thrown) {
      return logWarn(`${messageOf(thrown)}; going on with the file that is open`);
    }
    // A piece that is being written still goes to the old file.
    (this.#writing ?? Promise.resolve()).then(() => old.close());
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
    if (this.#writing !== null) await Promise.race([this.#writing, this.#patience()]);
    clearTimeout(this.#timer);
    this.#sink.close();
  }

  /** A reader that is stuck must not keep the process from ending. */
  #patience(): Promise<void> {
    return new Promise((resolve) => this.#timer = setTimeout(resolve, CLOSE_PATIENCE));
  }
}
