/** Changes to fields: on the bytes of a head, and on an answer of our own. */
import { assert, assertEquals } from "@std/assert";
import type { FieldEdits } from "../../lib/config/route_options.ts";
import { NO_EDITS } from "../../lib/config/route_options.ts";
import { dropLines, HeadEdits } from "../../lib/front/edits.ts";
import { get } from "../http1/corpus/case.ts";
import { exchangeOf } from "../support/exchange_of.ts";
import { fromLatin1, latin1 } from "../support/raw_http.ts";
import { edits } from "../support/routes.ts";

/** What stands before and behind the lines must stay as it is. */
const BEFORE = "GET / HTTP/1.1\r\n", ROOM = 200;

/** Runs `change` on lines within a larger buffer; gives the lines afterwards, `|` for each CRLF. */
function changed(lines: string, change: (out: Uint8Array, start: number, end: number) => number): string {
  const out = new Uint8Array(BEFORE.length + lines.length + ROOM);
  const start = BEFORE.length, end = start + lines.replaceAll("|", "\r\n").length;
  out.set(latin1(BEFORE + lines.replaceAll("|", "\r\n")));
  const stop = change(out, start, end);
  assertEquals(fromLatin1(out.subarray(0, start)), BEFORE);
  return fromLatin1(out.subarray(start, stop)).replaceAll("\r\n", "|");
}

Deno.test("dropLines() drops whole lines, whatever their case and wherever they stand", async (t) => {
  const cases: [lines: string, names: string[], left: string][] = [
    ["", ["a"], ""],
    ["A: 1|B: 2|C: 3|", ["b"], "A: 1|C: 3|"],
    ["A: 1|B: 2|C: 3|", ["a"], "B: 2|C: 3|"],
    ["A: 1|B: 2|C: 3|", ["c"], "A: 1|B: 2|"],
    ["A: 1|B: 2|C: 3|", ["a", "b", "c"], ""],
    ["A: 1|B: 2|C: 3|", ["a", "c"], "B: 2|"],
    ["A: 1|B: 2|C: 3|", ["d"], "A: 1|B: 2|C: 3|"],
    ["A: 1|a: 2|A:3|B: 4|", ["a"], "B: 4|"],
    ["X-Real-IP: 1|x-REAL-ip: 2|", ["x-real-ip"], ""],
    ["X-Real: 1|X-Real-IP: 2|X-Real-IP-2: 3|", ["x-real-ip"], "X-Real: 1|X-Real-IP-2: 3|"],
    ["A: b: c|B: a|", ["b"], "A: b: c|"],
    ["A:|B:|", ["a"], "B:|"],
    ["A: \xe9|B: \xff|", ["a"], "B: \xff|"],
  ];
  for (const [lines, names, left] of cases) {
    await t.step(`${lines} without ${names}`, () => {
      assertEquals(changed(lines, (out, start, end) => dropLines(out, start, end, names.map(latin1))), left);
    });
  }
});

const CASES: [lines: string, edits: FieldEdits, left: string][] = [
  ["A: 1|B: 2|", edits({ remove: ["a"] }), "B: 2|"],
  ["A: 1|a: 2|B: 3|", edits({ set: [["A", "new"]] }), "B: 3|A: new|"],
  ["B: 3|", edits({ set: [["A", "new"]] }), "B: 3|A: new|"],
  ["A: 1|B: 2|", edits({ add: [["A", "new"]] }), "A: 1|B: 2|A: new|"],
  ["A: 1|B: 2|", edits({ remove: ["a"], add: [["A", "new"]] }), "B: 2|A: new|"],
  ["A: 1|", edits({ remove: ["a"], set: [["A", "x"]], add: [["A", "y"]] }), "A: x|A: y|"],
  ["A: 1|", edits({ set: [["B", "1"], ["b", "2"]] }), "A: 1|B: 1|b: 2|"],
  ["A: 1|B: 2|", edits({ set: [["A", ""]] }), "B: 2|"],
  ["A: 1|", edits({ add: [["B", "$args"], ["C", "$host"]] }), "A: 1|C: a.example|"],
  ["A: 1|", edits({ set: [["A", "$request_uri by $remote_addr, $$1"]] }), "A: / by 192.0.2.1, $1|"],
  ["A: 1|", edits({ set: [["A", "é"]] }), "A: \xc3\xa9|"],
  ["A: 1|", edits({ set: [["A", "x\r\nB: y"]] }), "A: xB: y|"],
  ["", edits({ remove: ["a"], add: [["B", "1"]] }), "B: 1|"],
];

Deno.test("apply() removes, then sets, then adds", async (t) => {
  const exchange = exchangeOf(get());
  for (const [lines, fields, left] of CASES) {
    await t.step(`${lines} with ${JSON.stringify(fields)}`, () => {
      const compiled = HeadEdits.compile(fields);
      assert(compiled !== null);
      assertEquals(changed(lines, (out, start, end) => compiled.apply(exchange, null, out, start, end)), left);
    });
  }
});

Deno.test("applyTo() makes the same changes in an answer's fields", async (t) => {
  const exchange = exchangeOf(get());
  for (const [lines, fields, left] of CASES) {
    await t.step(`${lines} with ${JSON.stringify(fields)}`, () => {
      const before = lines.split("|").slice(0, -1).map((line): [string, string] => {
        const [name, value] = line.split(": ");
        return [name, value];
      });
      const kept = structuredClone(before);
      const after = HeadEdits.compile(fields)?.applyTo(before, exchange, null) ?? [];
      assertEquals(after.map(([name, value]) => `${name}: ${value}|`).join(""), left);
      assertEquals(before, kept, "the answer may be used again");
    });
  }
});

Deno.test("compile() gives null for no changes at all", () => {
  assertEquals(HeadEdits.compile(NO_EDITS), null);
});

Deno.test("room() is never less than what a head grows by", async (t) => {
  const host = "h".repeat(50) + ".example", exchange = exchangeOf(get().replace("a.example", host));
  for (
    const fields of [
      edits({ set: [["A", "é".repeat(20)]] }),
      edits({ add: [["X-Long-Name", "$host and $host"], ["B", "plain"]] }),
      edits({ set: [["A", "1"]], add: [["A", "$http_host$host"]] }),
    ]
  ) {
    await t.step(JSON.stringify(fields), () => {
      const compiled = HeadEdits.compile(fields);
      assert(compiled !== null);
      const grown = changed("", (out, start, end) => compiled.apply(exchange, null, out, start, end));
      const bytes = grown.replaceAll("|", "\r\n").length;
      assert(compiled.room(host.length) >= bytes, `${compiled.room(host.length)} for ${bytes}`);
    });
  }
});
