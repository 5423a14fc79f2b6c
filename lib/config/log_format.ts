/**
 * How lines of the access log look, `--log-format`.
 *
 * @module
 */
import { closest } from "./suggest.ts";
import { ValueError } from "./values.ts";

/** nginx's `combined`; an object of JSON a line; a line with variables. */
export type LogFormat =
  | { readonly kind: "combined" | "json" }
  | { readonly kind: "template"; readonly parts: LogTemplate };

/** Fixed texts and variables in their order. */
export type LogTemplate = readonly (string | LogPart)[];

/** A variable of a line. */
export type LogPart =
  | { readonly variable: LogVariable }
  /** `$http_NAME`: the field of the request with this name, lower case, with `-` for `_`. */
  | { readonly field: string };

/** What a line may say of its request; each is nginx's variable of that name. */
export const LOG_VARIABLES = [
  "args",
  "body_bytes_sent",
  "host",
  "msec",
  "pid",
  "remote_addr",
  "remote_user",
  "request",
  "request_id",
  "request_method",
  "request_time",
  "request_uri",
  "server_protocol",
  "status",
  "time_iso8601",
  "time_local",
  "upstream_addr",
  "upstream_response_time",
] as const;

/** The name of a variable, without `$`. */
export type LogVariable = typeof LOG_VARIABLES[number];

const FIELD_PREFIX = "http_";
const NAMED = ["combined", "json"] as const;

/**
 * The value of `--log-format`: the name of a format, or a line with variables: `$name` or `${name}`, `$$` for a dollar sign.
 *
 * @throws {ValueError} When there is no such format or variable.
 */
export function parseLogFormat(text: string): LogFormat {
  const kind = NAMED.find((name) => name === text);
  if (kind !== undefined) return { kind };
  if (!text.includes("$")) {
    const meant = closest(text, NAMED);
    const advice = meant === undefined ? "there are combined and json;" : `did you mean "${meant}"?`;
    throw new ValueError(`there is no such format, ${advice} a line of your own has variables in it, as $status`);
  }
  if (/[\r\n]/.test(text)) throw new ValueError("it has to be one line");
  return { kind: "template", parts: parseTemplate(text) };
}

function parseTemplate(text: string): LogTemplate {
  const parts: (string | LogPart)[] = [];
  for (const [whole, braced, bare] of text.matchAll(/\$\$|\$\{([^}]*)\}|\$([A-Za-z0-9_]*)|[^$]+/g)) {
    const name = braced ?? bare;
    if (name === undefined) parts.push(whole === "$$" ? "$" : whole);
    else parts.push(partOf(name.toLowerCase(), name));
  }
  return parts;
}

function partOf(name: string, written: string): LogPart {
  const variable = LOG_VARIABLES.find((known) => known === name);
  if (variable !== undefined) return { variable };
  if (new RegExp(`^${FIELD_PREFIX}[a-z0-9_]+$`).test(name)) {
    return { field: name.slice(FIELD_PREFIX.length).replaceAll("_", "-") };
  }
  if (name === "") throw new ValueError('a "$" begins a variable; write "$$" for the character');
  const meant = closest(name, LOG_VARIABLES);
  const advice = meant === undefined
    ? `there are ${[...LOG_VARIABLES, `${FIELD_PREFIX}NAME`].map((known) => `$${known}`).join(", ")}`
    : `did you mean "$${meant}"?`;
  throw new ValueError(`there is no variable "$${written}", ${advice}`);
}
