/**
 * The private directory of a running supervisor: its sockets, which nobody else may reach. A lock in it says that the supervisor
 * lives; the directories of those that were killed are removed by the next one.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { RunAs } from "../config/options.ts";
import type { Permissions } from "../config/permissions.ts";
import { isWithin } from "../confine/within.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { giveFile } from "./privileges.ts";

/** A longer path leaves too little of a socket path's 107 bytes for the names inside. */
const LONGEST = 70;
const PREFIX = "stackd-";
const LOCK = "lock";
/** Where it may be when it should not be with temporary files. */
const ELSEWHERE = ["/run", "/var/tmp"];

/** An app; its permissions are null where it is not confined. */
interface Confined {
  readonly permissions: Pick<Permissions, "write"> | null;
}

/** A directory of mode 700 for the life of this process. */
export interface PrivateDirectory {
  readonly path: string;
  /** Whose it is, and whose processes are to use it; null: as this process. */
  readonly owner: RunAs | null;
  /** Makes it anew when somebody who tidies up temporary files has removed it. Throws when that cannot be. */
  restore(): void;
  /** Removes it with all that is in it. */
  remove(): void;
}

/**
 * Makes the directory under TMPDIR, or under /tmp where that path is too long for sockets, for processes of `owner`; elsewhere, if it
 * can be, where confined handlers may write there: they would change the code of others in it.
 *
 * @param apps Whose handlers may write.
 * @throws {StackdError} `STACKD_LISTEN` (exit 1).
 */
export function makePrivateDirectory(owner: RunAs | null = null, apps: readonly Confined[] = []): PrivateDirectory {
  try {
    let path = Deno.makeTempDirSync({ prefix: PREFIX });
    if (new TextEncoder().encode(path).length > LONGEST) {
      Deno.removeSync(path);
      path = Deno.makeTempDirSync({ dir: "/tmp", prefix: PREFIX });
    }
    path = moveAway(path, owner, apps);
    removeLeftovers(dirname(path));
    let lock: Deno.FsFile;
    try {
      lock = occupy(path, owner);
    } catch (thrown) {
      // Without the lock nobody else would. To look what is in it takes a descriptor, which may be what there is none of.
      for (const made of [`${path}/.${LOCK}`, `${path}/${LOCK}`, path]) tryRemove(made);
      throw thrown;
    }
    return {
      path,
      owner,
      restore() {
        try {
          Deno.mkdirSync(path, { mode: 0o700 });
          lock.close();
          lock = occupy(path, owner);
        } catch (thrown) {
          // In a directory of everybody, another user may have been first.
          const { isDirectory, uid } = Deno.lstatSync(path);
          if (!isDirectory || uid !== (owner?.uid ?? Deno.uid())) throw thrown;
        }
      },
      remove() {
        removeAll(path);
        lock[Symbol.dispose](); // it may be closed already
      },
    };
  } catch (cause) {
    const parent = Deno.env.get("TMPDIR");
    const where = parent === undefined ? 'in "/tmp"' : `in TMPDIR "${parent}"`;
    const message = `Cannot make a directory for private sockets ${where}: ${messageOf(cause)}`;
    throw new StackdError("STACKD_LISTEN", message, { exitCode: 1, cause });
  }
}

/** Makes another directory for an empty one that is not for confined handlers, and removes it; the same where none is better. */
function moveAway(path: string, owner: RunAs | null, apps: readonly Confined[]): string {
  const grants = apps.map(({ permissions }) => permissions?.write ?? []);
  const roots = grants.flatMap((grant) => grant === "all" ? [] : grant.map(realPlace));
  // Deno lets nobody read there whom it denies anything.
  if (apps.some(({ permissions }) => permissions !== null)) roots.push("/dev");
  if (!isWithin(realPlace(path), roots)) return path;
  const own = owner === null ? Deno.env.get("XDG_RUNTIME_DIR") : undefined;
  for (const dir of [...own?.startsWith("/") ? [own] : [], ...ELSEWHERE]) {
    if (isWithin(realPlace(dir), roots)) continue;
    try {
      const other = Deno.makeTempDirSync({ dir, prefix: PREFIX });
      const fits = new TextEncoder().encode(other).length <= LONGEST;
      tryRemove(fits ? path : other);
      if (fits) return other;
    } catch { /* it is not there, or not ours to write */ }
  }
  logWarn(
    `The code of all apps is kept in "${dirname(path)}", which a confined handler may write, or which none may read: ` +
      "name another directory in TMPDIR",
  );
  return path;
}

/** Where a path really leads; of one that is not there, the nearest directory that is: the kernel's half allows that. */
function realPlace(path: string): string {
  for (let place = path;; place = dirname(place)) {
    try {
      return Deno.realPathSync(place);
    } catch {
      if (place === dirname(place)) return place;
    }
  }
}

/** Removes a directory and all that is in it, the lock last: what cannot be removed now is known by it to the next start. */
function removeAll(path: string): void {
  try {
    for (const { name } of [...Deno.readDirSync(path)]) {
      if (name !== LOCK) Deno.removeSync(`${path}/${name}`, { recursive: true });
    }
  } catch {
    return; // somebody tidied up before us, or there is no descriptor to look into it
  }
  tryRemove(`${path}/${LOCK}`);
  tryRemove(path);
}

function tryRemove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* it is not there */ }
}

/** Locks a new directory, as long as the file is open, and gives it to its owner. */
function occupy(path: string, owner: RunAs | null): Deno.FsFile {
  // Its name says that it is locked: until then it has another one, and nobody tidies up.
  const file = Deno.openSync(`${path}/.${LOCK}`, { createNew: true, write: true, mode: 0o600 });
  file.lockSync(true);
  Deno.renameSync(`${path}/.${LOCK}`, `${path}/${LOCK}`);
  if (owner !== null) giveFile(path, owner);
  return file;
}

/** Removes what supervisors of the same user that were killed have left in `parent`: directories whose lock nobody holds. */
function removeLeftovers(parent: string): void {
  try {
    for (const { name, isDirectory } of Deno.readDirSync(parent)) {
      if (isDirectory && name.startsWith(PREFIX)) removeLeftover(`${parent}/${name}`);
    }
  } catch { /* it may be written to, but not read */ }
}

function removeLeftover(path: string): void {
  try {
    // Where everybody may write, a directory of that name may be anybody's; this file is only made by a supervisor.
    const { isFile, uid } = Deno.lstatSync(`${path}/${LOCK}`);
    if (!isFile || uid !== Deno.uid()) return;
    using lock = Deno.openSync(`${path}/${LOCK}`, { write: true });
    if (lock.tryLockSync(true)) removeAll(path);
  } catch { /* not a supervisor's, or another one tidies up just now */ }
}
