/** Values with variables as people write them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseTemplate, type Template, VARIABLES } from "../../lib/config/template.ts";
import { ValueError } from "../../lib/config/values.ts";

const HOST = { variable: "host" } as const, URI = { variable: "uri" } as const;

Deno.test("parseTemplate() tells variables from texts", async (t) => {
  const cases: [text: string, template: Template][] = [
    ["", []],
    ["plain text, {braces} and all", ["plain text, {braces} and all"]],
    ["$host", [HOST]],
    ["${host}", [HOST]],
    ["https://$host$uri", ["https://", HOST, URI]],
    ["${host}name", [HOST, "name"]],
    ["$host-name", [HOST, "-name"]],
    ["$host/$uri?x", [HOST, "/", URI, "?x"]],
    ["$host2", [HOST, "2"]],
    ["$hostUPPER", [HOST, "UPPER"]],
    ["$$", ["$"]],
    ["$$host", ["$", "host"]],
    ["$$$host", ["$", HOST]],
    ["$${host}", ["$", "{host}"]],
    ["a$$b$$", ["a", "$", "b", "$"]],
    ["two\nlines é", ["two\nlines é"]],
  ];
  for (const [text, template] of cases) {
    await t.step(JSON.stringify(text), () => assertEquals(parseTemplate(text), template));
  }
});

Deno.test("parseTemplate() knows every variable, bare and in braces", () => {
  for (const variable of VARIABLES) {
    assertEquals(parseTemplate(`$${variable}`), [{ variable }]);
    assertEquals(parseTemplate(`\${${variable}}_`), [{ variable }, "_"]);
  }
});

Deno.test("parseTemplate() refuses what is no variable, and says what is", async (t) => {
  const cases: [text: string, message: string][] = [
    ["$hots", 'there is no variable "$hots", did you mean "$host"?'],
    ["${requesturi}", 'there is no variable "$requesturi", did you mean "$request_uri"?'],
    ["$hostname", 'there is no variable "$hostname", '],
    ["$cookie_session", 'there is no variable "$cookie_session", there are $args, $host, '],
    ["$$$none", 'there is no variable "$none", '],
    ["${HOST}", 'there is no variable "$HOST", '],
    ["${ host }", 'there is no variable "$ host ", '],
    ["$", 'a "$" begins a variable; write "$$" for the character'],
    ["5 $", 'a "$" begins a variable'],
    ["$ host", 'a "$" begins a variable'],
    ["$1", 'a "$" begins a variable'],
    ["$HOST", 'a "$" begins a variable'],
    ["${}", 'a "$" begins a variable'],
    ["${host", 'a "$" begins a variable'],
    ["$$$", 'a "$" begins a variable'],
  ];
  for (const [text, message] of cases) {
    await t.step(JSON.stringify(text), () => {
      const error = assertThrows(() => parseTemplate(text), ValueError);
      assert(error.message.startsWith(message), error.message);
    });
  }
});
