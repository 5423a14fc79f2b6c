import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseToml } from "../../lib/config/file/toml.ts";
import type { TomlValue } from "../../lib/config/file/toml_tree.ts";
import { StackdError } from "../../lib/errors.ts";

/** A value as plain data, each scalar as `kind source@line:column`. */
function plain(value: TomlValue): unknown {
  if (value.kind === "array") return value.items.map(plain);
  if (value.kind === "table") {
    return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]));
  }
  const meaning = value.kind === "string" || value.kind === "boolean"
    ? value.value
    : value.kind === "number"
    ? value.text
    : "";
  return `${value.kind} ${meaning} ${value.line}:${value.column}`;
}

Deno.test("parseToml() puts sections, dotted keys and arrays of tables together", async () => {
  const tree = await parseToml(
    [
      "\ufefftop = true",
      "[a]",
      "b.c = 1",
      "b.d = 'x'",
      "[[a.list]]",
      'n = "\\u00e4"',
      "[a.list.sub]",
      "m = 1_000",
      "[[a.list]]",
      "n = [0x10, 0.50, 1e3, -inf, 1979-05-27]",
      '[z."q r"]',
      "inline = {",
      "  x = 1, # TOML 1.1",
      "  y.z = 2",
      "}",
      "__proto__ = 0",
    ].join("\r\n"),
    "f.toml",
  );
  assertEquals(
    plain(tree),
    {
      top: "boolean true 1:7",
      a: {
        b: { c: "number 1 3:7", d: "string x 4:7" },
        list: [
          { n: "string ä 6:5", sub: { m: "number 1000 8:5" } },
          {
            n: [
              "number 16 10:6",
              "number 0.50 10:12",
              "number 1000 10:18",
              "number -inf 10:23",
              "date  10:29",
            ],
          },
        ],
      },
      z: Object.fromEntries([[
        "q r",
        { inline: { x: "number 1 13:7", y: { z: "number 2 14:9" } }, ["__proto__"]: "number 0 16:13" },
      ]]),
    },
  );
  const list = tree.entries.get("a")?.value;
  assert(list?.kind === "table");
  assertEquals([list.line, list.source, list.header], [2, "[a]", true]);
  assertEquals(list.entries.get("list")?.value.source, "[[a.list]]");
});

Deno.test("parseToml() says where a document is no TOML", async (t) => {
  const cases: [string, string][] = [
    ["a = ", '1:4: a value is needed behind "="'],
    ["a", '1:2: a key is followed by "="'],
    ["= 1", "1:1: this cannot stand here"],
    ["a = 'x\nb = 1", "1:7: the text does not end with a quote"],
    ['a = """\nx\n\n', "2:2: the text does not end with a quote"],
    ["[a\n", "1:3: the section's name does not end with a bracket"],
    ["a = [1, 2", '1:10: the array does not end with "]"'],
    ["a = {b = 1", '1:11: the table does not end with "}"'],
    ["a = [1 2]", "1:8: a comma is needed"],
    ["a = 1\na = 2", "2:1: this key or section is there before"],
    ["[a]\r\n[a]", "2:2: this key or section is there before"],
    ["[a]\n[[a]]", "2:3: this key or section is there before"],
    ["\ufeffa = :80", "1:5: this character cannot stand here; texts are written in quotes"],
    ["\na = yes", "2:5: this character cannot stand here; texts are written in quotes"],
    ["a = 20m", '1:7: the line must end here; texts and sizes are written in quotes, as "20m"'],
    ["a\nb = 1", '2:1: a key, "=" and its value stand on one line'],
    ['a = "\\q"', '1:7: there is no such escape; write a backslash as "\\\\"'],
    ["a = '\0'", "1:6: control characters are not allowed"],
    ["a = 08", "1:5: leading zeros are not allowed"],
  ];
  for (const [text, message] of cases) {
    await t.step(JSON.stringify(text), async () => {
      const error = await assertRejects(() => parseToml(text, "conf/f.toml"), StackdError);
      assertEquals([error.code, error.message], ["STACKD_CONFIG_INVALID", `Cannot use conf/f.toml:${message}`]);
    });
  }
});
