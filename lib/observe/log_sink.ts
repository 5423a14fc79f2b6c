/**
 * Where the lines of an access log go.
 *
 * @module
 */
import type { AccessLogTarget } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { joined } from "../pieces.ts";

/** Where lines are written. */
export interface Sink {
  /** Writes some of the bytes; gives how many. */
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** Opens what is not off. Throws `STACKD_CONFIG_INVALID` (exit 1) when the file cannot be opened for appending. */
export function openSink(target: AccessLogTarget): Sink {
  return target.kind === "file" ? openFile(target.path) : STDOUT;
}

const STDOUT: Sink = { write: (bytes) => Deno.stdout.write(bytes), close() {} };

function openFile(path: string): Sink {
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o640 });
  } catch (cause) {
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot open access log "${path}": ${messageOf(cause)}`, {
      exitCode: 1,
      cause,
    });
  }
}

/** Writes all of `pieces` to `sink`, in as few calls as it takes. */
export async function writeAll(sink: Sink, pieces: readonly Uint8Array[]): Promise<void> {
  const whole = pieces.length === 1 ? pieces[0] : joined(pieces);
  for (let sent = 0; sent < whole.length;) sent += await sink.write(whole.subarray(sent));
}
