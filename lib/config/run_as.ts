/**
 * Whom processes run as, `--uid` and `--gid`.
 *
 * @module
 */
import type { RunAs } from "./options.ts";
import { findGroup, findUser } from "./owner.ts";
import type { Reader } from "./reader.ts";
import type { System } from "./system.ts";

/** Reads `--uid` and `--gid`; null when processes stay what the supervisor is. Mistakes are noted. */
export function readRunAs(reader: Reader, system: Pick<System, "passwd" | "group" | "uid">): RunAs | null {
  const { mistakes } = reader;
  const gid = reader.one("gid", (text) => findGroup(text, system), null);
  if (!reader.has("uid")) {
    if (reader.has("gid")) mistakes.add("STACKD_USAGE", "Cannot use --gid: there is no --uid");
    return null;
  }
  const user = reader.one("uid", (text) => findUser(text, system), null);
  if (user === null) return null;
  if (system.uid !== 0) {
    // A front that has become this user reads its file again.
    if (system.uid === user.uid) return null;
    mistakes.add("STACKD_USAGE", "Cannot use --uid: only root may run processes as another user, start stackd as root");
  }
  const { uid, name, home } = user;
  const group = gid ?? user.gid;
  if (group === null && !reader.has("gid")) {
    mistakes.add("STACKD_USAGE", `Cannot use --uid: user ${uid} is not in /etc/passwd, so --gid GROUP is needed`);
  }
  return group === null ? null : { uid, gid: group, name, home };
}
