/**
 * As much of the tar format (POSIX ustar) as it takes to read one file of an npm package.
 *
 * @module
 */

const BLOCK = 512;
const decoder = new TextDecoder();

/**
 * The content of one regular file in an unpacked tar stream; the rest of the stream is cancelled. Names in extension
 * headers (over 255 bytes) are not looked at.
 *
 * @throws {Error} The file is not there, the archive ends early, or a header's checksum is wrong.
 */
export async function fileInTar(tar: ReadableStream<Uint8Array>, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const source = new ExactReader(tar.getReader());
  try {
    for (;;) {
      const header = await source.read(BLOCK);
      if (header.every((byte) => byte === 0)) {
        throw new Error(`Cannot find "${path}" in the archive: it has no such file`);
      }
      const { name, size, isFile } = parseHeader(header);
      if (isFile && name === path) return await source.read(size);
      await source.skip(Math.ceil(size / BLOCK) * BLOCK);
    }
  } finally {
    await source.cancel();
  }
}

function parseHeader(header: Uint8Array): { name: string; size: number; isFile: boolean } {
  let sum = 0;
  // The checksum counts its own field, bytes 148 to 155, as spaces.
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : header[at] ?? 0;
  if (sum !== octal(header, 148, 8)) throw new Error("Cannot read the archive: a header's checksum is wrong");
  const name = text(header, 0, 100);
  const prefix = text(header, 257, 5) === "ustar" ? text(header, 345, 155) : "";
  const type = text(header, 156, 1);
  return { name: prefix === "" ? name : `${prefix}/${name}`, size: octal(header, 124, 12), isFile: /^0?$/.test(type) };
}

/** A field up to its first NUL. */
function text(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error(`Cannot read the archive: "${digits}" is no octal number`);
  return Number.parseInt(digits, 8);
}

/** Reads exact numbers of bytes from a stream of chunks. */
class ExactReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const part = await this.#next(length - at);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.#next(left)).length;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #next(atMost: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error("Cannot read the archive: it ends early");
      this.#chunk = value;
    }
    const part = this.#chunk.subarray(0, atMost);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}
