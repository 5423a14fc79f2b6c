/**
 * Help texts, rendered from the option table.
 *
 * @module
 */
import { bold } from "@std/fmt/colors";
import { type CommandName, GROUPS, type OptionSpec } from "../config/option_spec.ts";
import { optionsOf } from "../config/table.ts";
import { type Page, PAGES, PROCESS, SYNTAX } from "./pages.ts";

/** No line is longer; terminals are rarely narrower today. */
const WIDTH = 100;

/** The column that what an option does begins at; longer spellings get a line of their own. */
const COLUMN = 39;

/** A command as the overview lists it. */
export interface Listed {
  readonly name: string;
  /** What may follow the name of a command without options. */
  readonly argument?: string;
  readonly summary: string;
}

/**
 * What `stackd help` prints: every command with one line.
 *
 * @param color Whether headings are bold.
 */
export function renderOverview(commands: readonly Listed[], color: boolean): string {
  const heading = headings(color);
  const column = Math.max(...commands.map(({ name }) => name.length)) + 4;
  return [
    "A web server and an application server for handlers in TypeScript, in one executable.",
    "",
    `${heading("Usage:")} stackd COMMAND [OPTIONS]`,
    "",
    heading("Commands:"),
    ...commands.flatMap(({ name, summary }) => row(name, summary, column)),
    "",
    heading("Examples:"),
    ...Object.values(PAGES).flatMap(({ examples }) => examples.slice(0, 1).map((line) => `  ${line}`)),
    "",
    ...PROCESS.flatMap((text) => wrap(text, WIDTH)),
    'Run "stackd help COMMAND" for the options of a command.',
  ].join("\n");
}

/**
 * What `stackd help gateway` and `stackd help proxy` print: the options in groups, with their defaults.
 *
 * @param color Whether headings are bold.
 */
export function renderPage(command: CommandName, color: boolean): string {
  const heading = headings(color);
  const page: Page = PAGES[command];
  const options = optionsOf(command);
  const groups = GROUPS.map((group) => ({ group, members: options.filter((option) => option.group === group) }));
  return [
    ...wrap(page.purpose, WIDTH),
    "",
    `${heading("Usage:")} ${page.usage}`,
    ...groups.filter(({ members }) => members.length > 0).flatMap(({ group, members }) => [
      "",
      heading(`${group}:`),
      ...members.flatMap((option) => row(spell(option), describeWhole(option, command), COLUMN)),
    ]),
    "",
    heading("Examples:"),
    ...page.examples.map((line) => `  ${line}`),
    "",
    ...[...page.notes, ...SYNTAX, ...PROCESS].flatMap((text) => wrap(text, WIDTH)),
  ].join("\n");
}

/** What `stackd help version` prints: a command without options. */
export function renderCommand({ name, argument, summary }: Listed, color: boolean): string {
  const usage = ["stackd", name, ...argument === undefined ? [] : [argument]].join(" ");
  return `${summary}.\n\n${headings(color)("Usage:")} ${usage}`;
}

/** An option with its aliases and value: `-s, --socket PATH`. */
export function spell(option: OptionSpec): string {
  const short = option.aliases?.filter((alias) => alias.length === 1).map((alias) => `-${alias}`) ?? [];
  const long = [option.name, ...option.aliases?.filter((alias) => alias.length > 1) ?? []].map((name) => `--${name}`);
  // Long names stand below each other whether a short one is in front or not.
  const names = [...short, ...long].join(", ").padStart(short.length > 0 ? 0 : long.join(", ").length + 4);
  if (option.kind === "boolean") return names;
  return option.optionalValue ? `${names}[=${option.placeholder}]` : `${names} ${option.placeholder}`;
}

/** What an option does for a command, in words. */
export function describe(option: OptionSpec, command: CommandName): string {
  const note = option.notes?.[command];
  return note === undefined ? option.help : `${option.help}; ${note}`;
}

/** Whether an option must, and whether it may more than once, be given. */
export function remarksOn(option: OptionSpec): string[] {
  return [...option.required ? ["required"] : [], ...option.repeatable ? ["repeatable"] : []];
}

/** Breaks a text at spaces so that no line is longer than `width`, unless a single word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function describeWhole(option: OptionSpec, command: CommandName): string {
  const remarks = remarksOn(option);
  if (option.shownDefault !== undefined) remarks.push(`default ${option.shownDefault}`);
  const text = describe(option, command);
  return remarks.length === 0 ? text : `${text} (${remarks.join(", ")})`;
}

/** Two columns: what is written, and what it does, which begins at `column`. */
function row(left: string, right: string, column: number): string[] {
  const start = `  ${left}`;
  // The remarks in brackets stay on one line.
  const text = right.replace(/\([^()]*\)$/, (remarks) => remarks.replaceAll(" ", "\u00a0"));
  const lines = wrap(text, WIDTH - column).map((line) => " ".repeat(column) + line.replaceAll("\u00a0", " "));
  if (start.length > column - 2) return [start, ...lines];
  return [start + (lines[0] ?? "").slice(start.length), ...lines.slice(1)];
}

function headings(color: boolean): (text: string) => string {
  return color ? bold : (text) => text;
}
