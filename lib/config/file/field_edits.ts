/**
 * `request-fields` and `response-fields` of a route.
 *
 * @module
 */
import { type FieldEdit, type FieldEdits, NO_EDITS } from "../route_options.ts";
import { ValueError } from "../values.ts";
import { fieldValue, textAs, token } from "./parsers.ts";
import type { Section } from "./section.ts";

/** Fields that frame the message or hold for one connection: changing them would break the next message, or worse. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Reads one of a route's two keys; mistakes are noted. */
export function readFieldEdits(route: Section, key: "request-fields" | "response-fields"): FieldEdits {
  const section = route.table(key);
  if (section === null) return NO_EDITS;
  const edits: FieldEdits = {
    set: readFields(section, "set", key),
    add: readFields(section, "add", key),
    remove: section.all("remove", textAs((name) => parseName(name, "remove", key).toLowerCase())),
  };
  section.end();
  const names = edits.set.map(({ name }) => name.toLowerCase());
  const both = edits.remove.find((name) => names.includes(name));
  if (both !== undefined) {
    section.mistake(section.place, `${key}: "${both}" is in set and in remove, and set replaces it`);
  }
  return edits;
}

/** A table of names and templates; `add` takes several for a name. */
function readFields(section: Section, action: "set" | "add", key: string): FieldEdit[] {
  const table = section.table(action);
  const edits: FieldEdit[] = [];
  const seen = new Map<string, string>();
  for (const [name, , place] of table?.free() ?? []) {
    const twin = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    try {
      parseName(name, action, key);
      if (twin !== undefined) throw new ValueError(`it is the same field as "${twin}"`);
    } catch (thrown) {
      if (!(thrown instanceof ValueError)) throw thrown;
      section.mistake(place, `${action} "${name}": ${thrown.message}`);
      continue;
    }
    const values = action === "add"
      ? table?.all(name, fieldValue) ?? []
      : [table?.one(name, fieldValue, null)].filter((value) => value !== null && value !== undefined);
    for (const value of values) edits.push({ name, value });
  }
  return edits;
}

/** A name that may be edited, as it is written. Of the routing fields, Host may be replaced in requests. */
function parseName(name: string, action: "set" | "add" | "remove", key: string): string {
  token(name);
  const lower = name.toLowerCase();
  if (FRAMING.has(lower)) throw new ValueError("it frames messages or is for one connection, so it cannot be changed");
  if (lower === "host" && !(action === "set" && key === "request-fields")) {
    throw new ValueError("Host can only be set, in request-fields");
  }
  return name;
}
