/**
 * A file without a name that a body is kept in: gone with its last descriptor, however the process ends. It is in the
 * directory that TMPDIR names, /tmp without it.
 *
 * @module
 */
import { messageOf } from "../errors.ts";

/** A body could not be kept: the disk is full, or there is no place for it. */
export class BufferError extends Error {
  override readonly name = "BufferError";
}

/** An open file. Its operations are done one after the other, in the order of their calls. */
export class BufferFile {
  readonly #file: Deno.FsFile;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Makes one. Throws {@linkcode BufferError}. */
  static async create(): Promise<BufferFile> {
    try {
      const path = await Deno.makeTempFile({ prefix: "stackd-" });
      try {
        return new BufferFile(await Deno.open(path, { read: true, write: true }));
      } finally {
        await Deno.remove(path);
      }
    } catch (thrown) {
      throw failed("make", thrown);
    }
  }

  /** Writes all of `bytes` at `offset`; they must not change meanwhile. Throws {@linkcode BufferError}. */
  write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#inTurn("write", async () => {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    });
  }

  /** Reads into `into` from `offset`; how much, which is 0 at the end only. Throws {@linkcode BufferError}. */
  read(into: Uint8Array, offset: number): Promise<number> {
    return this.#inTurn("read", async () => {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      return await this.#file.read(into) ?? 0;
    });
  }

  #inTurn<T>(verb: "write" | "read", act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act).catch((thrown) => {
      throw failed(verb, thrown);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Closes it, and frees its space, when what was begun is done. */
  close(): void {
    this.#last = this.#last.then(() => this.#file.close());
  }
}

function failed(verb: string, thrown: unknown): BufferError {
  const directory = Deno.env.get("TMPDIR") ?? "/tmp";
  const why = messageOf(thrown).replace(/ \(os error \d+\).*/s, "");
  return new BufferError(`Cannot ${verb} a file for a body in "${directory}": ${why}`, { cause: thrown });
}
