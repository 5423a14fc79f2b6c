/**
 * Values with variables in them, under nginx's names: `https://$host$request_uri`.
 *
 * @module
 */
import { closest } from "./suggest.ts";
import { ValueError } from "./values.ts";

/** What a value may hold of its request; each is nginx's variable of that name. */
export const VARIABLES = [
  "args",
  "host",
  "http_host",
  "is_args",
  "proxy_add_x_forwarded_for",
  "remote_addr",
  "request_id",
  "request_method",
  "request_uri",
  "scheme",
  "server_port",
  "uri",
] as const;

/** The name of a variable, without `$`. */
export type Variable = typeof VARIABLES[number];

/** Fixed texts and variables in their order. */
export type Template = readonly (string | { readonly variable: Variable })[];

/**
 * A value as it is written: `$name` or `${name}` is a variable, `$$` a dollar sign.
 *
 * @throws {ValueError} When there is no such variable.
 */
export function parseTemplate(text: string): Template {
  const parts: (string | { readonly variable: Variable })[] = [];
  for (const [whole, braced, bare] of text.matchAll(/\$\$|\$\{([^}]*)\}|\$([a-z_]*)|[^$]+/g)) {
    const name = braced ?? bare;
    if (name === undefined) {
      parts.push(whole === "$$" ? "$" : whole);
      continue;
    }
    const variable = VARIABLES.find((known) => known === name);
    if (variable === undefined) throw new ValueError(unknownVariable(name));
    parts.push({ variable });
  }
  return parts;
}

function unknownVariable(name: string): string {
  if (name === "") return 'a "$" begins a variable; write "$$" for the character';
  const meant = closest(name, VARIABLES);
  const advice = meant === undefined
    ? `there are ${VARIABLES.map((known) => `$${known}`).join(", ")}`
    : `did you mean "$${meant}"?`;
  return `there is no variable "$${name}", ${advice}`;
}
