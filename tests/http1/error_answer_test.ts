import { assertEquals } from "@std/assert";
import { errorAnswer, prefersJson } from "../../lib/http1/error_answer.ts";

Deno.test("errorAnswer() says status and reason as text when nothing else is asked for", () => {
  const answer = errorAnswer(404);
  assertEquals(answer.status, 404);
  assertEquals(answer.body, "404 Not Found\n");
  assertEquals(answer.fields, [["Content-Type", "text/plain; charset=utf-8"], ["Cache-Control", "no-store"]]);
});

Deno.test("errorAnswer() names the request when it is given an id", () => {
  assertEquals(errorAnswer(502, { requestId: "a1" }).body, "502 Bad Gateway\nrequest id: a1\n");
});

Deno.test("errorAnswer() answers JSON when the client asks for it", () => {
  const accept = "application/json";
  const answer = errorAnswer(404, { accept, requestId: 'a"1' });
  assertEquals(answer.fields[0], ["Content-Type", "application/json"]);
  assertEquals(answer.body, '{"status":404,"error":"Not Found","requestId":"a\\"1"}');
  assertEquals(errorAnswer(504, { accept }).body, '{"status":504,"error":"Gateway Timeout"}');
});

Deno.test("errorAnswer() appends the extra fields in their order", () => {
  const answer = errorAnswer(405, { extra: [["Allow", "GET, HEAD"], ["X-Note", "1"]] });
  assertEquals(answer.fields.slice(2), [["Allow", "GET, HEAD"], ["X-Note", "1"]]);
});

Deno.test("errorAnswer() has a reason even when the status has none", () => {
  assertEquals(errorAnswer(499).body, "499 Error\n");
});

Deno.test("prefersJson() weighs an Accept value", async (t) => {
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
  const cases: readonly (readonly [accept: string | null, expected: boolean])[] = [
    [null, false],
    ["", false],
    ["*/*", false],
    [browser, false],
    ["application/json", true],
    ["APPLICATION/JSON", true],
    ["application/*", true],
    ["application/json, */*", true],
    ["*/*, application/json", true],
    ["application/json, text/plain, */*", true],
    ["text/plain, application/json", false],
    ["text/plain;q=0.5, application/json;q=0.6", true],
    ["application/json;q=0.5, text/html", false],
    ["application/json;q=0.5, text/html;q=0.4, text/plain;q=0.6", false],
    ["application/json;q=0", false],
    ["application/json;q=0, */*", false],
    ["text/plain;q=0, */*", true],
    ["text/*;q=0.3, application/json;q=0.4", true],
    ["application/*, text/plain", false],
    ["application/json; charset=utf-8; q=0.9, text/plain;q=0.1", true],
    ["application/json;q=2, text/plain;q=0.9", true],
    ["application/problem+json", false],
    ["image/png", false],
    [",;,q=", false],
  ];
  for (const [accept, expected] of cases) {
    await t.step(`${accept} → ${expected}`, () => assertEquals(prefersJson(accept), expected));
  }
});
