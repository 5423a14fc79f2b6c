import { assertEquals } from "@std/assert";
import { formatHttpDate, parseHttpDate } from "../../lib/static/http_date.ts";

const NOW = Date.UTC(2026, 10, 23);

Deno.test("parseHttpDate() reads the three forms of RFC 9110", async (t) => {
  const example = Date.UTC(1994, 10, 6, 8, 49, 37);
  const cases: readonly (readonly [text: string, time: number])[] = [
    ["Sun, 06 Nov 1994 08:49:37 GMT", example],
    ["Sunday, 06-Nov-94 08:49:37 GMT", example],
    ["Sun Nov  6 08:49:37 1994", example],
    ["Wed Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Thu, 29 Feb 2024 23:59:59 GMT", Date.UTC(2024, 1, 29, 23, 59, 59)],
    ["Tuesday, 01-Jan-30 00:00:00 GMT", Date.UTC(2030, 0, 1)],
    ["Friday, 01-Jan-76 00:00:00 GMT", Date.UTC(2076, 0, 1)],
    ["Saturday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1)],
    ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
    ["Sat, 01 Jan 0022 00:00:00 GMT", new Date("0022-01-01T00:00:00Z").getTime()],
  ];
  for (const [text, time] of cases) await t.step(text, () => assertEquals(parseHttpDate(text, NOW), time));
});

Deno.test("parseHttpDate() gives null for what is no HTTP date", async (t) => {
  const cases = [
    "",
    "0",
    "yesterday",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  ];
  for (const text of cases) await t.step(JSON.stringify(text), () => assertEquals(parseHttpDate(text, NOW), null));
});

Deno.test("formatHttpDate() writes what parseHttpDate() reads", () => {
  assertEquals(formatHttpDate(784111777000), "Sun, 06 Nov 1994 08:49:37 GMT");
  assertEquals(parseHttpDate(formatHttpDate(NOW), NOW), NOW);
});
