/**
 * What the option table says about each option.
 *
 * @module
 */

/** A command that takes options of this table. */
export type CommandName =
  | "gateway"
  | "proxy"
  | "check"
  | "fetch"
  | "reload"
  | "upgrade"
  | "stop"
  | "status"
  | "workers";

/** Headings that help and docs list options under, in their order. */
export const GROUPS = [
  "Listening",
  "Handler",
  "Request",
  "Workers",
  "Confinement",
  "Routes",
  "Limits and timeouts",
  "Logging and process",
] as const;

/** One of {@linkcode GROUPS}. */
export type Group = typeof GROUPS[number];

/** One option. */
export interface OptionSpec {
  /** Its long name, without the dashes: what messages, help and docs call it. */
  readonly name: string;
  /** Other names: one letter for `-x`, more for `--xx`. */
  readonly aliases?: readonly string[];
  /** A boolean takes no value. */
  readonly kind: "string" | "boolean";
  /** What stands for the value in help; only for strings. */
  readonly placeholder?: string;
  /** Whether it may stand without a value, which then follows only after `=`. @default {false} */
  readonly optionalValue?: true;
  /** Whether it may be given more than once. @default {false} */
  readonly repeatable?: true;
  /** Whether the command cannot do without. @default {false} */
  readonly required?: true;
  readonly commands: readonly CommandName[];
  readonly group: Group;
  /** One line, as a phrase, without a full stop. */
  readonly help: string;
  /** What holds for one command only, put after `help`. */
  readonly notes?: Readonly<Partial<Record<CommandName, string>>>;
  /** The default as it would be written, from `DEFAULTS`; left out when the option has none. */
  readonly shownDefault?: string;
}
