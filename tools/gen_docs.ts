/**
 * Writes docs/cli.md, the reference of the command line, from the option table; with `--check` it only compares, and exits
 * with 1 when the page is not what the table says.
 *
 * @module
 */
import { join } from "@std/path";
import { listed } from "../lib/cli/commands.ts";
import { describe, remarksOn, spell } from "../lib/cli/help.ts";
import { PAGES, PROCESS, SYNTAX } from "../lib/cli/pages.ts";
import { type CommandName, GROUPS } from "../lib/config/option_spec.ts";
import { optionsOf } from "../lib/config/table.ts";
import { ROOT, runTool, ToolError } from "./tool.ts";

const PAGE = join(ROOT, "docs", "cli.md");

/** The whole page, before formatting. */
function renderDocs(): string {
  return [
    "# The command line",
    "<!-- Written by tools/gen_docs.ts from lib/config/table.ts: change the table, then run the tool. -->",
    table(["Command", "What it does"], listed().map(({ name, summary }) => [code(`stackd ${name}`), summary])),
    ...Object.keys(PAGES).filter(isPage).flatMap(renderCommand),
    "## Values",
    ...SYNTAX,
    "## Exit codes and signals",
    ...PROCESS,
    "",
  ].join("\n\n");
}

function renderCommand(command: CommandName): string[] {
  const { purpose, usage, notes, examples } = PAGES[command];
  const options = optionsOf(command);
  return [
    `## stackd ${command}`,
    purpose,
    fence("text", [usage]),
    ...notes,
    fence("sh", examples),
    ...GROUPS.flatMap((group) => {
      const rows = options.filter((option) => option.group === group).map((option) => [
        code(spell(option).trim()),
        [describe(option, command), ...remarksOn(option)].join("; "),
        option.shownDefault === undefined ? "" : code(option.shownDefault),
      ]);
      return rows.length === 0 ? [] : [`### ${group}`, table(["Option", "What it does", "Default"], rows)];
    }),
  ];
}

function isPage(name: string): name is CommandName {
  return name in PAGES;
}

function code(text: string): string {
  return `\`${text}\``;
}

function fence(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines, "```"].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** As `deno fmt` leaves it, so that formatting the tree changes nothing. */
async function format(markdown: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  });
  const child = command.spawn();
  const output = child.output();
  await new Blob([markdown]).stream().pipeTo(child.stdin);
  const { success, stdout } = await output;
  if (!success) throw new ToolError("Cannot format docs/cli.md: deno fmt failed");
  return new TextDecoder().decode(stdout);
}

async function main(args: string[]): Promise<number> {
  const [flag, ...surplus] = args;
  if (surplus.length > 0 || (flag !== undefined && flag !== "--check")) {
    throw new ToolError(`Cannot use "${args.join(" ")}": only --check is known`, 2);
  }
  const page = await format(renderDocs());
  if (flag === undefined) await Deno.writeTextFile(PAGE, page);
  else if (await Deno.readTextFile(PAGE).catch(() => "") !== page) {
    throw new ToolError("docs/cli.md is not what the option table says: run deno run -A tools/gen_docs.ts");
  }
  return 0;
}

if (import.meta.main) await runTool(main);
