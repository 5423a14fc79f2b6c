/**
 * The options that say what `stackd fetch` asks a handler for, with curl's names: a part of the option table.
 *
 * @module
 */
import type { OptionSpec } from "./option_spec.ts";

const FETCH = ["fetch"] as const;

/** The rows of the group "Request". */
export const FETCH_OPTIONS = [
  {
    name: "url",
    kind: "string",
    placeholder: "PATH|URL",
    commands: FETCH,
    group: "Request",
    help: "What is asked for, as /items?page=2; the same as the second argument. A whole URL also says the host",
  },
  {
    name: "request",
    aliases: ["X"],
    kind: "string",
    placeholder: "METHOD",
    commands: FETCH,
    group: "Request",
    help: "The method; without it GET, or POST where there is --data",
  },
  {
    name: "header",
    aliases: ["H"],
    kind: "string",
    placeholder: "'NAME: VALUE'",
    repeatable: true,
    commands: FETCH,
    group: "Request",
    help: "A field of the request; one that names the client, as X-Forwarded-For, is believed",
  },
  {
    name: "data",
    aliases: ["d"],
    kind: "string",
    placeholder: "DATA|@FILE|@-",
    repeatable: true,
    commands: FETCH,
    group: "Request",
    help: "The body, as it is, or from a file or standard input; several are joined by &",
  },
  {
    name: "include",
    aliases: ["i"],
    kind: "boolean",
    commands: FETCH,
    group: "Request",
    help: "Print the response's head, too",
  },
] as const satisfies readonly OptionSpec[];
