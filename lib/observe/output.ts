/**
 * Standard output and standard error, line by line, for processes that must not be blocked by who reads them: a pipe whose reader has
 * stopped takes 64 KiB, and then every write waits. (O_NONBLOCK would be everybody's who has the same pipe or terminal.)
 *
 * @module
 */

/** A stream to write to. */
export interface Writable {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
}

/** Lines that wait, bytes; beyond they are dropped. */
const MOST = 1_048_576;
/** PIPE_BUF (pipe(7)): what is written to a pipe in one piece, whoever else writes to it. */
const PIECE = 4_096;
const NEWLINE = 10;
/** A reader that takes nothing for so long, ms, is waited for no more. */
const STALLED = 250;
/** How long the last lines are waited for before this process ends, ms. */
const PATIENCE = 1_000;

/** Lines on their way to a stream, in their order. What cannot be written is lost: nobody reads it. */
export class LineQueue {
  readonly #stream: Writable;
  readonly #most: number;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  /** Lines that were dropped since the queue was full. None is taken before it is empty again, so that there is one gap. */
  #dropped = 0;
  #draining: Promise<void> | null = null;
  #queues = false;
  /** Writes that have ended. */
  #progress = 0;
  /** Whether the reader has taken nothing for a while. */
  #stalled = false;
  #room: (() => void)[] = [];

  constructor(stream: Writable, most: number = MOST) {
    this.#stream = stream;
    this.#most = most;
  }

  /** From now on lines are queued; before, each is written at once, however long that takes. */
  neverBlock(): void {
    this.#queues = true;
  }

  /** Writes a line, or several, with the newline at the end. Never throws. */
  write(line: Uint8Array): void {
    if (!this.#queues) return this.#writeNow(line);
    if (this.#dropped > 0 || (this.#bytes > 0 && this.#bytes + line.length > this.#most)) {
      for (let at = line.indexOf(NEWLINE); at !== -1; at = line.indexOf(NEWLINE, at + 1)) this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#bytes += line.length;
    this.#draining ??= this.#drain();
  }

  #writeNow(line: Uint8Array): void {
    try {
      for (let sent = 0; sent < line.length;) sent += this.#stream.writeSync(line.subarray(sent));
    } catch { /* nobody reads it any more */ }
  }

  async #drain(): Promise<void> {
    for (let piece = this.#next(); piece !== null; piece = this.#next()) {
      try {
        for (let sent = 0; sent < piece.length; this.#progress++) {
          sent += await this.#stream.write(piece.subarray(sent));
        }
      } catch { /* nobody reads it any more, or the disk is full */ }
      this.#bytes -= piece.length;
      this.#stalled = false;
      if (this.#bytes <= this.#most / 2) this.#wake();
    }
    this.#draining = null;
  }

  /** Whole lines that fit into a piece, or one; null when there are none. */
  #next(): Uint8Array | null {
    if (this.#waiting.length === 0 && this.#dropped > 0) {
      const notice = encoder.encode(`${logTime()} [warn] ${this.#dropped} lines were dropped here: nobody read them\n`);
      this.#dropped = 0;
      this.#waiting.push(notice);
      this.#bytes += notice.length;
    }
    let [count, length] = [0, 0];
    for (const line of this.#waiting) {
      if (count > 0 && length + line.length > PIECE) break;
      length += line.length;
      count++;
    }
    const lines = this.#waiting.splice(0, count);
    const [first] = lines;
    if (first === undefined || count === 1) return first ?? null;
    const piece = new Uint8Array(length);
    let at = 0;
    for (const line of lines) {
      piece.set(line, at);
      at += line.length;
    }
    return piece;
  }

  /** Settles when there is room for more, or no hope of it: so that a reader that is slow loses nothing. */
  async room(): Promise<void> {
    while (this.#bytes > this.#most / 2 && !this.#stalled) {
      const before = this.#progress;
      const woken = Promise.withResolvers<void>();
      this.#room.push(woken.resolve);
      const timer = setTimeout(() => {
        if (this.#progress === before) this.#stalled = true;
        woken.resolve();
      }, STALLED);
      await woken.promise;
      clearTimeout(timer);
    }
  }

  #wake(): void {
    for (const resolve of this.#room.splice(0)) resolve();
  }

  /** Settles when nothing waits. */
  async flushed(): Promise<void> {
    await this.#draining;
  }
}

const encoder = new TextEncoder();

/** The time that a line of the error log begins with. */
export function logTime(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** This process's own. */
export const standardOutput = new LineQueue(Deno.stdout), standardError = new LineQueue(Deno.stderr);

/** From now on this process is not blocked by who reads its standard output or standard error. It has to end with {@linkcode flushOutput}. */
export function neverBlockOnOutput(): void {
  standardOutput.neverBlock();
  standardError.neverBlock();
}

/** Waits until the last lines are out, for a second at most. */
export async function flushOutput(patience: number = PATIENCE): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, patience));
  await Promise.race([Promise.all([standardOutput.flushed(), standardError.flushed()]), late]);
  clearTimeout(timer);
}
