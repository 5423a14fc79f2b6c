/**
 * The owner of a socket, `USER[:GROUP]`, as numbers.
 *
 * @module
 */
import type { System } from "./system.ts";
import { ValueError } from "./values.ts";

/** Linux's largest id; the one above it means "leave as it is" to chown(2). */
const MAX_ID = 4_294_967_294;

/**
 * The value of `--chown-socket`. Names are looked up in /etc/passwd and /etc/group; numbers need no entry there. Without
 * a group, the user's primary one is meant.
 *
 * @throws {ValueError} When a name is unknown, or a number without an entry comes without a group.
 */
export function parseOwner(text: string, system: Pick<System, "passwd" | "group">): { uid: number; gid: number } {
  const [user = "", group, ...rest] = text.split(":");
  if (user === "" || group === "" || rest.length > 0) throw new ValueError("an owner is USER or USER:GROUP");
  // A name of digits is looked up as a name first, as chown(1) does.
  const account = findEntry(system.passwd(), user, 0) ?? findEntry(system.passwd(), user, 2);
  const uid = parseId(account?.[2] ?? user);
  if (uid === undefined) throw new ValueError(`there is no user "${user}"`);
  if (group === undefined) {
    const gid = parseId(account?.[3] ?? "");
    if (gid === undefined) throw new ValueError(`user ${user} is not in /etc/passwd, so a group is needed: USER:GROUP`);
    return { uid, gid };
  }
  const gid = parseId(findEntry(system.group(), group, 0)?.[2] ?? group);
  if (gid === undefined) throw new ValueError(`there is no group "${group}"`);
  return { uid, gid };
}

/** The fields of the first line that holds `value` in a column. */
function findEntry(table: string, value: string, column: number): readonly string[] | undefined {
  return table.split("\n").map((line) => line.split(":")).find((fields) => fields[column] === value);
}

function parseId(text: string): number | undefined {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return id <= MAX_ID ? id : undefined;
}
