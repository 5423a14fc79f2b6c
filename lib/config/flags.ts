/**
 * The command line's arguments as raw values by option, following the option table; what the values mean is for
 * `validate.ts`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Mistakes } from "./mistakes.ts";
import type { CommandName, OptionSpec } from "./option_spec.ts";
import { closest } from "./suggest.ts";
import { OPTIONS, optionsOf, type ValueName } from "./table.ts";

/** What was written, by option: one value, or several where the option is repeatable; empty where it may have none. */
export type RawOptions = Readonly<Partial<Record<ValueName, readonly string[]>>>;

/** A command line taken apart. */
export interface Flags {
  /** Whether help is asked for; then nothing else was looked at. */
  readonly help: boolean;
  readonly options: RawOptions;
}

/** Which options a command's arguments stand for, in their order. */
const ARGUMENTS: Readonly<Partial<Record<CommandName, readonly ValueName[]>>> = {
  gateway: ["module"],
  check: ["module"],
  fetch: ["module", "url"],
};

/**
 * Takes the arguments of a command apart. Values follow after a space or `=`; after `--` everything is an argument.
 *
 * @param args What follows the command's name.
 * @throws {StackdError} `STACKD_USAGE`: an unknown option, one of another command, a missing, empty, repeated or surplus
 * value, a surplus argument.
 */
export function parseFlags(command: CommandName, args: readonly string[]): Flags {
  const specs = optionsOf(command);
  const names = (kind: OptionSpec["kind"]) => specs.filter((spec) => spec.kind === kind).map((spec) => spec.name);
  const mistakes = new Mistakes();
  const unknown = new Set<string>();
  const positionals: string[] = [];
  const parsed = parseArgs(canonical(args, specs, mistakes), {
    string: names("string"),
    collect: names("string"),
    boolean: names("boolean"),
    unknown: (arg, key) => {
      if (key === undefined) positionals.push(arg);
      else unknown.add(arg);
      return false; // else a key with dots becomes nested objects, and a number a Number
    },
  });
  if (parsed["help"] === true) return { help: true, options: {} };

  for (const arg of unknown) mistakes.add("STACKD_USAGE", describeUnknown(arg, command));
  const options: Partial<Record<ValueName, readonly string[]>> = {};
  for (const spec of specs) {
    const found = parsed[spec.name];
    const values = found === true ? ["true"] : strings(found);
    if (values.length === 0 || spec.name === "help") continue;
    if (values.length > 1 && !spec.repeatable) {
      const given = values.map((value) => `"${value}"`).join(" and ");
      mistakes.add("STACKD_USAGE", `Cannot use --${spec.name} more than once: ${given} are given`);
    }
    options[spec.name] = values;
  }
  takeArguments([...positionals, ...strings(parsed._)], command, options, mistakes);
  mistakes.throwIfAny();
  return { help: false, options };
}

/**
 * Spells every known option `--name=value`, the one form that `parseArgs` reads without guessing: alone, it takes
 * `--access-log -` for a missing value, and cuts `-s=value` at a line's end.
 */
function canonical(args: readonly string[], specs: readonly OptionSpec[], mistakes: Mistakes): string[] {
  const spelt: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return [...spelt, ...args.slice(i)];
    const found = find(arg, specs);
    if (found === null) {
      spelt.push(arg);
      continue;
    }
    const { spec } = found;
    let { value } = found;
    if (spec.kind === "boolean") {
      if (value !== undefined) mistakes.add("STACKD_USAGE", `Cannot use "${arg}": --${spec.name} takes no value`);
      else spelt.push(`--${spec.name}=true`);
      continue;
    }
    if (spec.optionalValue === true && !value) {
      if (value === undefined) spelt.push(`--${spec.name}=`);
      else {
        const cure = 'leave out "=" to allow everything';
        mistakes.add("STACKD_USAGE", `Cannot use "${arg}": the list is empty, ${cure}`);
      }
      continue;
    }
    const next = args[i + 1];
    if (value === undefined && next !== undefined && (next === "-" || !next.startsWith("-"))) {
      value = next;
      i++;
    }
    if (value === undefined || value === "") {
      mistakes.add("STACKD_USAGE", `Cannot use --${spec.name}: it needs a value, --${spec.name} ${spec.placeholder}`);
    } else spelt.push(`--${spec.name}=${value}`);
  }
  return spelt;
}

/** The option that an argument spells (`--name`, `--name=value`, `-x`, `-x=value`, `-xvalue`), or null. */
function find(arg: string, specs: readonly OptionSpec[]): { spec: OptionSpec; value: string | undefined } | null {
  const [, dashes, name = "", value] = /^(--?)([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
  if (dashes === undefined) return null;
  const named = (text: string) => specs.find((spec) => spec.name === text || spec.aliases?.includes(text));
  if (dashes === "--" && name.length === 1) return null;
  if (dashes === "--" || name.length === 1) {
    const spec = named(name);
    return spec === undefined ? null : { spec, value };
  }
  // "-socket" is a misspelt "--socket" rather than "-s ocket".
  const spec = named(name) === undefined ? named(name.charAt(0)) : undefined;
  return spec?.kind === "string" ? { spec, value: arg.slice(2) } : null;
}

function describeUnknown(arg: string, command: CommandName): string {
  const [spelt = arg] = arg.split("=", 1);
  const name = spelt.replace(/^-+/, "");
  const other = OPTIONS.find((spec) => spec.name === name && !spec.commands.includes(command));
  if (other !== undefined && spelt.startsWith("--")) {
    const owners = other.commands.map((owner) => `"stackd ${owner}"`).join(" and ");
    return `Cannot use "${spelt}" with "stackd ${command}": it is an option of ${owners}`;
  }
  const known = optionsOf(command).flatMap((spec) => [spec.name, ...spec.aliases ?? []]);
  const meant = closest(name, known.filter((candidate) => candidate.length > 1));
  const advice = meant === undefined ? "" : `, did you mean "--${meant}"?`;
  return `Cannot use "${spelt}": no such option of "stackd ${command}"${advice}`;
}

/** Gives the arguments that a command takes to the options they stand for. */
function takeArguments(
  args: readonly string[],
  command: CommandName,
  options: Partial<Record<ValueName, readonly string[]>>,
  mistakes: Mistakes,
): void {
  const [argument] = args;
  if (argument === undefined) return;
  const names = ARGUMENTS[command] ?? [];
  const [name] = names;
  if (name === undefined) {
    mistakes.add("STACKD_USAGE", `Cannot use "${argument}": "stackd ${command}" takes options only`);
  } else if (args.length > names.length) {
    const given = args.map((arg) => `"${arg}"`).join(", ");
    const most = names.length === 1 ? `one ${name}` : `a ${names.join(" and a ")}`;
    mistakes.add("STACKD_USAGE", `Cannot use more than ${most}: ${given} are given`);
  } else {
    for (const [index, text] of args.entries()) takeArgument(names[index] ?? name, text, options, mistakes);
  }
}

function takeArgument(
  name: ValueName,
  argument: string,
  options: Partial<Record<ValueName, readonly string[]>>,
  mistakes: Mistakes,
): void {
  if (argument === "") {
    mistakes.add("STACKD_USAGE", `Cannot use an empty ${name}: write its path`);
  } else if (options[name] !== undefined) {
    const given = options[name].map((value) => `"${value}"`).join(" and ");
    mistakes.add("STACKD_USAGE", `Cannot use more than one ${name}: "${argument}" is given, and --${name} ${given}`);
  } else options[name] = [argument];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
