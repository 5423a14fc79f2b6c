/** Where a module does not parse, read out of what Deno says, in each of its three ways. */
import { assertEquals } from "@std/assert";
import { parseSyntaxError, renderExcerpt } from "../../lib/handler/syntax_error.ts";

/** What the compiled binary says of a TypeScript module: its parser's error, printed for debugging. */
function dump(path: string, start: number, kind: string, base = 0): string {
  const url =
    `Url { scheme: "file", cannot_be_a_base: false, host: None, path: "${path}", query: None, fragment: None }`;
  return `JsErrorBox { inner: ParseDiagnostic(ParseDiagnosticInner { specifier: ${url}, range: SourceRange { ` +
    `start: SourcePos(${start}), end: SourcePos(${start + 1}) }, kind: ${kind}, source: SourceTextInfo { ` +
    `start_pos: StartSourcePos(${base}), text: "import { a } from \\"./a.ts\\";\\n" } }) }`;
}

const FILES: Record<string, string> = {
  "/app.ts": 'export default () => {\n  return new Response("a";\n};\n',
  "/마크.ts": '\ufeff// 한글\nconst é = "😀"; f(;\n',
  "/with space.ts": "\tlet a b;\n",
  "/crlf.ts": "let a;\r\nlet b c;\r\n",
};
const read = (path: string): string | null => FILES[path] ?? null;

Deno.test("parseSyntaxError() finds the place in what the parser's error says", async (t) => {
  const cases: [
    name: string,
    path: string,
    start: number,
    file: string,
    line: number,
    column: number,
    excerpt: string,
  ][] = [
    [
      "a byte offset",
      "/app.ts",
      48,
      "/app.ts",
      2,
      26,
      '2 |   return new Response("a";\n  |                          ^',
    ],
    ["the first byte", "/app.ts", 0, "/app.ts", 1, 1, "1 | export default () => {\n  | ^"],
    ["the end of the file", "/app.ts", 53, "/app.ts", 4, 1, "4 | \n  | ^"],
    // The mark is not counted, letters are: 10 bytes in the first line, 2 for é, 4 for the face.
    [
      "other letters, and a mark",
      "/%EB%A7%88%ED%81%AC.ts",
      31,
      "/마크.ts",
      2,
      18,
      '2 | const é = "😀"; f(;\n  |                  ^',
    ],
    ["spaces and tabs", "/with%20space.ts", 7, "/with space.ts", 1, 8, "1 | \tlet a b;\n  | \t      ^"],
    ["CRLF", "/crlf.ts", 14, "/crlf.ts", 2, 7, "2 | let b c;\n  |       ^"],
  ];
  for (const [name, path, start, file, line, column, excerpt] of cases) {
    await t.step(name, () => {
      const problem = parseSyntaxError("TypeError", dump(path, start, 'Expected(",", ";")'), read);
      const message = 'expected "," but found ";"';
      assertEquals(problem, { file, line, column, message, excerpt: `  |\n${excerpt}`, finder: "parser" });
    });
  }
  await t.step("counted from where the text begins", () => {
    const problem = parseSyntaxError("TypeError", dump("/app.ts", 148, "TS1109", 100), read);
    assertEquals([problem?.line, problem?.column], [2, 26]);
  });
  await t.step("a file that is gone by now", () => {
    const problem = parseSyntaxError("TypeError", dump("/gone.ts", 0, "TS1109"), read);
    assertEquals([problem?.file, problem?.line, problem?.column], ["/gone.ts", 1, 1]);
  });
});

Deno.test("parseSyntaxError() says the parser's kinds of errors in words", async (t) => {
  const cases: [kind: string, message: string][] = [
    ['Expected(",", ";")', 'expected "," but found ";"'],
    ['Expected("}", "<eof>")', 'expected "}" but found the end of the file'],
    ['Unexpected { got: ".", expected: "a string literal" }', 'unexpected ".", expected a string literal'],
    [
      'Unexpected { got: "=", expected: "an identifier, void, yield, null, await, break, a string literal" }',
      'unexpected "="',
    ],
    ["ExpectedSemiForExprStmt { expr: 1..4 }", 'expected ";" or a new line'],
    ["TS1109", "expected an expression"],
    ["UnterminatedStrLit", "this string has no end"],
    ["SomethingNewEntirely", "something new entirely"],
    ["TS9999", "ts9999"],
  ];
  for (const [kind, message] of cases) {
    await t.step(
      kind,
      () => assertEquals(parseSyntaxError("TypeError", dump("/app.ts", 0, kind), read)?.message, message),
    );
  }
});

Deno.test("parseSyntaxError() finds the place in a source run's message and in V8's", async (t) => {
  const excerpt = '  |\n2 |   return new Response("a";\n  |                          ^';
  await t.step("a source run's", () => {
    const printed =
      "SyntaxError: Expected ',', got ';'\n  |\n2 |   return new Response(\"a\";\n  |       ~\n    at file:///app.ts:2:26";
    const message = 'expected "," but found ";"';
    const expected = { file: "/app.ts", line: 2, column: 26, message, excerpt, finder: "parser" };
    assertEquals(parseSyntaxError("TypeError", printed, read), { ...expected, finder: "parser" as const });
  });
  await t.step("V8's", () => {
    const said = "missing ) after argument list at file:///app.ts:2:26";
    const message = "missing ) after argument list";
    const expected = { file: "/app.ts", line: 2, column: 26, message, excerpt, finder: "v8" as const };
    assertEquals(parseSyntaxError("SyntaxError", said, read), expected);
  });
  await t.step("V8's columns count UTF-16 units", () => {
    const problem = parseSyntaxError("SyntaxError", "Unexpected token at file:///%EB%A7%88%ED%81%AC.ts:2:19", read);
    assertEquals([problem?.file, problem?.column], ["/마크.ts", 18]);
  });
});

Deno.test("parseSyntaxError() gives null for what is no syntax error of a module", () => {
  for (
    const [name, message] of [
      ["SyntaxError", "Unexpected end of JSON input"],
      ["TypeError", "Module not found: file:///app.ts"],
      ["TypeError", "x is not a function"],
      ["", ""],
      ["RangeError", "thrown at file:///app.ts:1:1"],
    ]
  ) assertEquals(parseSyntaxError(name ?? "", message ?? "", read), null, message);
});

Deno.test("renderExcerpt() shows the part of a long line around the place", () => {
  const line = `${"a".repeat(500)}X${"b".repeat(500)}`;
  const [, shown = "", caret = ""] = renderExcerpt(line, 1, 501).split("\n");
  assertEquals(shown.length, 1 + "1 | …".length + 120);
  assertEquals(shown[caret.indexOf("^")], "X");
  assertEquals(renderExcerpt(line, 2, 1), "", "there is no such line");
});
