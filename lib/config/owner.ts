/**
 * Users and groups, by name or number, as numbers: the owner of a socket, and whom processes run as.
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
  const { uid, gid } = findUser(user, system);
  if (group !== undefined) return { uid, gid: findGroup(group, system) };
  if (gid === null) throw new ValueError(`user ${user} is not in /etc/passwd, so a group is needed: USER:GROUP`);
  return { uid, gid };
}

/** A user, as /etc/passwd has it. */
export interface Account {
  readonly uid: number;
  /** Its primary group; this and what follows is null for a number without an entry. */
  readonly gid: number | null;
  readonly name: string | null;
  readonly home: string | null;
}

/** The user of a name, or of a number, which needs no entry. Throws {@linkcode ValueError} when a name is unknown. */
export function findUser(user: string, system: Pick<System, "passwd">): Account {
  // A name of digits is looked up as a name first, as chown(1) does.
  const account = findEntry(system.passwd(), user, 0) ?? findEntry(system.passwd(), user, 2);
  const uid = parseId(account?.[2] ?? user);
  if (uid === undefined) throw new ValueError(`there is no user "${user}"`);
  return { uid, gid: parseId(account?.[3] ?? "") ?? null, name: account?.[0] ?? null, home: account?.[5] ?? null };
}

/** The id of a group, given by name or number. Throws {@linkcode ValueError} when a name is unknown. */
export function findGroup(group: string, system: Pick<System, "group">): number {
  const gid = parseId(findEntry(system.group(), group, 0)?.[2] ?? group);
  if (gid === undefined) throw new ValueError(`there is no group "${group}"`);
  return gid;
}

/** The fields of the first line that holds `value` in a column. */
function findEntry(table: string, value: string, column: number): readonly string[] | undefined {
  return table.split("\n").map((line) => line.split(":")).find((fields) => fields[column] === value);
}

function parseId(text: string): number | undefined {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return id <= MAX_ID ? id : undefined;
}
