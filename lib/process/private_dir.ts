/**
 * The private directory of a running gateway: its sockets, which nobody else may reach.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";

/** A longer path leaves too little of a socket path's 107 bytes for the names inside. */
const LONGEST = 70;

/** A directory of mode 700 for the life of this process. */
export interface PrivateDirectory {
  readonly path: string;
  /** Makes it anew when somebody who tidies up temporary files has removed it. Throws when that cannot be. */
  restore(): void;
  /** Removes it with all that is in it. */
  remove(): void;
}

/**
 * Makes the directory under TMPDIR, or under /tmp where that path is too long for sockets.
 *
 * @throws {StackdError} `STACKD_LISTEN` (exit 1).
 */
export function makePrivateDirectory(): PrivateDirectory {
  try {
    let path = Deno.makeTempDirSync({ prefix: "stackd-" });
    if (new TextEncoder().encode(path).length > LONGEST) {
      Deno.removeSync(path);
      path = Deno.makeTempDirSync({ dir: "/tmp", prefix: "stackd-" });
    }
    return {
      path,
      restore() {
        try {
          Deno.mkdirSync(path, { mode: 0o700 });
        } catch (thrown) {
          // In a directory of everybody, another user may have been first.
          const { isDirectory, uid } = Deno.lstatSync(path);
          if (!isDirectory || uid !== Deno.uid()) throw thrown;
        }
      },
      remove() {
        try {
          Deno.removeSync(path, { recursive: true });
        } catch { /* somebody tidied up before us */ }
      },
    };
  } catch (cause) {
    const message = `Cannot make a directory for private sockets: ${messageOf(cause)}`;
    throw new StackdError("STACKD_LISTEN", message, { exitCode: 1, cause });
  }
}
