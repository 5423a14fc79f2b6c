/**
 * The options that confine a handler: a part of the option table.
 *
 * @module
 */
import type { OptionSpec } from "./option_spec.ts";

const GATEWAY = ["gateway"] as const;
/** What all permissions have in common. */
const PERMISSION = {
  kind: "string",
  optionalValue: true,
  repeatable: true,
  commands: GATEWAY,
  group: "Confinement",
} as const;

/** The rows of the group "Confinement". */
export const PERMISSION_OPTIONS = [
  {
    name: "allow-read",
    ...PERMISSION,
    placeholder: "PATH,…",
    help:
      "Let the handler read these files and directories, beside its own directory and what it imports; all without a list",
  },
  {
    name: "allow-write",
    ...PERMISSION,
    placeholder: "PATH,…",
    help: "Let the handler write these files and directories",
  },
  {
    name: "allow-net",
    ...PERMISSION,
    placeholder: "HOST[:PORT],…",
    help: "Let the handler connect to, and listen on, these hosts; unix:PATH for a unix socket",
  },
  {
    name: "allow-env",
    ...PERMISSION,
    placeholder: "NAME,…",
    help:
      "Let the handler see these variables of the gateway's environment, NAME* for all that begin so; those of --env it sees",
  },
  {
    name: "allow-run",
    ...PERMISSION,
    placeholder: "PROGRAM,…",
    help: "Let the handler start these programs, which are confined as it is",
  },
  {
    name: "allow-sys",
    ...PERMISSION,
    placeholder: "NAME,…",
    help: "Let the handler ask the system for these, as hostname and osRelease",
  },
  {
    name: "allow-ffi",
    ...PERMISSION,
    placeholder: "PATH,…",
    help: "Let the handler load these libraries: their code is held by the kernel alone",
  },
  {
    name: "require-confinement",
    kind: "boolean",
    commands: GATEWAY,
    group: "Confinement",
    help: "Do not start where the kernel has no Landlock to confine handlers with, or one is not to be confined",
  },
  {
    name: "learn",
    kind: "boolean",
    commands: GATEWAY,
    group: "Confinement",
    help: "Run the handler unconfined, and print the options of this group that it needs when the gateway stops",
  },
] as const satisfies readonly OptionSpec[];
