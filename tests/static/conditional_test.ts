import { assertEquals } from "@std/assert";
import { type Condition, evaluate, rangeApplies, type Validators } from "../../lib/static/conditional.ts";

const NOW = Date.UTC(2026, 10, 23);
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const SAME = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const STRONG: Validators = { etag: '"a-1"', lastModified: Date.UTC(1994, 10, 6, 8, 49, 37), strong: true };
const WEAK: Validators = { ...STRONG, etag: 'W/"a-1"', strong: false };
const NONE: Validators = { etag: null, lastModified: null, strong: false };

type Fields = Readonly<Record<string, string>>;
const lookup = (fields: Fields) => (name: string) => fields[name] ?? null;

Deno.test("evaluate() decides preconditions in the order of RFC 9110 §13.2.2", async (t) => {
  const cases: readonly (readonly [fields: Fields, validators: Validators, expected: Condition])[] = [
    [{}, STRONG, "full"],
    // If-None-Match compares weakly.
    [{ "if-none-match": '"a-1"' }, STRONG, "not-modified"],
    [{ "if-none-match": 'W/"a-1"' }, STRONG, "not-modified"],
    [{ "if-none-match": '"a-1"' }, WEAK, "not-modified"],
    [{ "if-none-match": '"x", W/"y" , "a-1"' }, STRONG, "not-modified"],
    [{ "if-none-match": "*" }, STRONG, "not-modified"],
    [{ "if-none-match": "*" }, NONE, "not-modified"],
    [{ "if-none-match": '"b-1"' }, STRONG, "full"],
    [{ "if-none-match": "a-1" }, STRONG, "full"],
    [{ "if-none-match": '"A-1"' }, STRONG, "full"],
    [{ "if-none-match": '"a-1"' }, NONE, "full"],
    [{ "if-none-match": "" }, STRONG, "full"],
    // If-Modified-Since compares seconds, and only without If-None-Match.
    [{ "if-modified-since": SAME }, STRONG, "not-modified"],
    [{ "if-modified-since": AFTER }, STRONG, "not-modified"],
    [{ "if-modified-since": BEFORE }, STRONG, "full"],
    [{ "if-modified-since": SAME }, NONE, "full"],
    [{ "if-modified-since": "soon" }, STRONG, "full"],
    [{ "if-none-match": '"b-1"', "if-modified-since": AFTER }, STRONG, "full"],
    [{ "if-none-match": '"a-1"', "if-modified-since": BEFORE }, STRONG, "not-modified"],
    // If-Match compares strongly.
    [{ "if-match": '"a-1"' }, STRONG, "full"],
    [{ "if-match": '"x", "a-1"' }, STRONG, "full"],
    [{ "if-match": "*" }, STRONG, "full"],
    [{ "if-match": "*" }, NONE, "full"],
    [{ "if-match": '"x"' }, STRONG, "failed"],
    [{ "if-match": 'W/"a-1"' }, STRONG, "failed"],
    [{ "if-match": 'W/"a-1"' }, WEAK, "failed"],
    [{ "if-match": '"a-1"' }, NONE, "failed"],
    // If-Unmodified-Since counts only without If-Match.
    [{ "if-unmodified-since": SAME }, STRONG, "full"],
    [{ "if-unmodified-since": AFTER }, STRONG, "full"],
    [{ "if-unmodified-since": BEFORE }, STRONG, "failed"],
    [{ "if-unmodified-since": BEFORE }, NONE, "full"],
    [{ "if-unmodified-since": "never" }, STRONG, "full"],
    [{ "if-match": '"a-1"', "if-unmodified-since": BEFORE }, STRONG, "full"],
    // A precondition that holds leads on to the cache's question; one that fails ends it.
    [{ "if-match": '"a-1"', "if-none-match": '"a-1"' }, STRONG, "not-modified"],
    [{ "if-match": '"x"', "if-none-match": '"a-1"' }, STRONG, "failed"],
    [{ "if-unmodified-since": SAME, "if-modified-since": SAME }, STRONG, "not-modified"],
  ];
  for (const [fields, validators, expected] of cases) {
    const name = `${JSON.stringify(fields)} on ${validators.etag} → ${expected}`;
    await t.step(name, () => assertEquals(evaluate(lookup(fields), validators, NOW), expected));
  }
});

Deno.test("rangeApplies() wants a strong validator of the present state", async (t) => {
  const cases: readonly (readonly [ifRange: string | null, validators: Validators, expected: boolean])[] = [
    [null, STRONG, true],
    [null, NONE, true],
    ['"a-1"', STRONG, true],
    ['"b-1"', STRONG, false],
    ['W/"a-1"', STRONG, false],
    ['W/"a-1"', WEAK, false],
    ['"a-1"', WEAK, false],
    ['"a-1"', NONE, false],
    [SAME, STRONG, true],
    ["Sunday, 06-Nov-94 08:49:37 GMT", STRONG, true],
    [BEFORE, STRONG, false],
    [AFTER, STRONG, false],
    [SAME, WEAK, false],
    [SAME, NONE, false],
    ["rubbish", STRONG, false],
    ["", STRONG, false],
  ];
  for (const [ifRange, validators, expected] of cases) {
    await t.step(`${ifRange} on ${validators.etag} → ${expected}`, () => {
      assertEquals(rangeApplies(ifRange, validators, NOW), expected);
    });
  }
});
