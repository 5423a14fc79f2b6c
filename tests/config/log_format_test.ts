/** Formats of the access log, as they are written. */
import { assertEquals, assertThrows } from "@std/assert";
import { LOG_VARIABLES, parseLogFormat } from "../../lib/config/log_format.ts";
import { ValueError } from "../../lib/config/values.ts";

Deno.test("parseLogFormat() knows two formats by name, and takes a line with variables", () => {
  assertEquals(parseLogFormat("combined"), { kind: "combined" });
  assertEquals(parseLogFormat("json"), { kind: "json" });
  assertEquals(parseLogFormat('$remote_addr [${time_local}] "$request" $$5 $http_X_Forwarded_For.'), {
    kind: "template",
    parts: [
      { variable: "remote_addr" },
      " [",
      { variable: "time_local" },
      '] "',
      { variable: "request" },
      '" ',
      "$",
      "5 ",
      { field: "x-forwarded-for" },
      ".",
    ],
  });
  for (const name of LOG_VARIABLES) {
    assertEquals(parseLogFormat(`$${name}`), { kind: "template", parts: [{ variable: name }] });
  }
});

Deno.test("parseLogFormat() says what is wrong, and what was probably meant", async (t) => {
  const list = [...LOG_VARIABLES, "http_NAME"].map((name) => `$${name}`).join(", ");
  const cases: [text: string, state: string][] = [
    ["jsno", 'there is no such format, did you mean "json"? a line of your own has variables in it, as $status'],
    [
      "common",
      "there is no such format, there are combined and json; a line of your own has variables in it, as $status",
    ],
    ["$statsu", 'there is no variable "$statsu", did you mean "$status"?'],
    ["$request_tiem", 'there is no variable "$request_tiem", did you mean "$request_time"?'],
    ["${remote_adr} x", 'there is no variable "$remote_adr", did you mean "$remote_addr"?'],
    ["$http_", `there is no variable "$http_", there are ${list}`],
    ["$nonsense", `there is no variable "$nonsense", there are ${list}`],
    ["5 $ and", 'a "$" begins a variable; write "$$" for the character'],
    ["$status\n$request", "it has to be one line"],
  ];
  for (const [text, state] of cases) {
    await t.step(text, () => {
      assertEquals(assertThrows(() => parseLogFormat(text), ValueError).message, state);
    });
  }
});
