import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bold, setColorEnabled } from "@std/fmt/colors";
import { renderCommand, renderOverview, renderPage, spell, wrap } from "../../lib/cli/help.ts";
import { parseFlags } from "../../lib/config/flags.ts";
import { OPTIONS, optionsOf } from "../../lib/config/table.ts";

const COMMANDS = ["gateway", "proxy", "check", "fetch"] as const;

Deno.test("renderPage() shows every option of the command, and no other", async (t) => {
  for (const command of COMMANDS) {
    await t.step(command, () => {
      const lines = renderPage(command, false).split("\n");
      const shown = lines.flatMap((line) => /^ {2}(?: {4}|-\w, )--([\w-]+)/.exec(line)?.[1] ?? []);
      assertEquals(new Set(shown), new Set(optionsOf(command).map((option) => option.name)));
      assertEquals(shown.length, new Set(shown).size);
      const mentioned = lines.join("\n").match(/(?<![\w-])--[a-z][\w-]*/g) ?? [];
      const known = OPTIONS.flatMap((option) => [option.name, ...option.aliases ?? []]).map((name) => `--${name}`);
      assertEquals(mentioned.filter((name) => !known.includes(name)), []);
    });
  }
});

Deno.test("renderPage() shows each option with its value, help, default and remarks", async (t) => {
  for (const command of COMMANDS) {
    // Joined again, so that a line's break hides nothing.
    const page = renderPage(command, false).replaceAll(/\s+/g, " ");
    for (const option of optionsOf(command)) {
      await t.step(`${command} --${option.name}`, () => {
        const note = option.notes?.[command] === undefined ? "" : `; ${option.notes[command]}`;
        assertStringIncludes(page, `${spell(option).trim()} ${option.help}${note}`);
        const [, rest = ""] = page.split(`${option.help}${note}`);
        const [, remarks = ""] = /^ \(([^()]*)\)/.exec(rest) ?? [];
        assertEquals(remarks.includes("required"), option.required ?? false);
        assertEquals(remarks.includes("repeatable"), option.repeatable ?? false);
        assertEquals(/default (\S+)$/.exec(remarks)?.[1], option.shownDefault);
      });
    }
  }
});

Deno.test("renderPage() fits 100 columns and aligns what options do", () => {
  for (const command of COMMANDS) {
    const lines = renderPage(command, false).split("\n");
    for (const line of lines) {
      assert(line.length <= 100, line);
      assertEquals(line, line.trimEnd());
    }
    const columns = optionsOf(command).map((option) => {
      const line = lines.find((candidate) => candidate.includes(option.help.slice(0, 20)));
      return line?.indexOf(option.help.slice(0, 20));
    });
    assertEquals(new Set(columns).size, 1);
  }
});

Deno.test("renderPage() has usage, examples, exit codes and signals", () => {
  for (const command of COMMANDS) {
    const page = renderPage(command, false);
    assertMatch(page, new RegExp(`^Usage: stackd ${command} `, "m"));
    for (const text of ["\nExamples:\n", "\nExit codes: ", "\nSignals: "]) assertStringIncludes(page, text);
  }
});

Deno.test("renderPage() gives examples that parse", () => {
  for (const command of COMMANDS) {
    const examples = renderPage(command, false).match(/(?<=^ {2}stackd ).*$/gm) ?? [];
    assert(examples.length > 0);
    for (const example of examples) {
      // As a shell takes it: what stands in quotes is one argument.
      const [name, ...args] = example.match(/'[^']*'|[^ ']+/g)?.map((arg) => arg.replaceAll("'", "")) ?? [];
      assertEquals(name, command);
      assert(Object.keys(parseFlags(command, args).options).length > 0);
    }
  }
});

Deno.test("spell() lines long names up", () => {
  const spelt = (name: string) => OPTIONS.filter((option) => option.name === name).map(spell)[0];
  assertEquals(spelt("socket"), "-s, --socket PATH");
  assertEquals(spelt("http"), "    --http [HOST:]PORT|fd:NAME");
  assertEquals(spelt("help"), "-h, --help");
  const option = { name: "long", kind: "string", placeholder: "N", commands: [], group: "Routes", help: "" } as const;
  assertEquals(spell({ ...option, aliases: ["longer"] }), "    --long, --longer N");
});

Deno.test("wrap() breaks at spaces only", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("one two three", 6), ["one", "two", "three"]);
  assertEquals(wrap("incomprehensible a", 4), ["incomprehensible", "a"]);
  assertEquals(wrap("", 10), [""]);
});

Deno.test("headings are bold only when asked for", () => {
  setColorEnabled(true);
  try {
    for (const command of COMMANDS) {
      assertStringIncludes(renderPage(command, true), bold("Examples:"));
      assert(!renderPage(command, false).includes("\x1b"));
    }
    assertStringIncludes(renderOverview([], true), bold("Commands:"));
    assert(!renderOverview([], false).includes("\x1b"));
  } finally {
    setColorEnabled(!Deno.noColor);
  }
});

Deno.test("renderOverview() lists commands in a column", () => {
  const text = renderOverview([{ name: "a", summary: "Do a" }, { name: "longer", summary: "Do more" }], false);
  assertStringIncludes(text, "\nCommands:\n  a       Do a\n  longer  Do more\n");
});

Deno.test("renderCommand() shows the usage of a command without options", () => {
  assertEquals(renderCommand({ name: "a", summary: "Do a" }, false), "Do a.\n\nUsage: stackd a");
  assertStringIncludes(renderCommand({ name: "a", argument: "[B]", summary: "" }, false), "stackd a [B]");
});
