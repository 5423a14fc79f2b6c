/** Every request of the table, twice on a real listener: read from disk, and from memory. @module */
import { assert, assertEquals } from "@std/assert";
import { plainRoute } from "../../lib/config/route_options.ts";
import { fieldOf, fromLatin1 } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { type Answered, askFor } from "./ask.ts";
import type { Case } from "./case.ts";
import { CASES } from "./cases.ts";
import { makeSite } from "./site.ts";
import { countDescriptors } from "./support.ts";

Deno.test("requests for files get what the table says", async (t) => {
  using site = await makeSite();
  await using front = new TestFront({ routes: [plainRoute("/", { kind: "static", root: site.root })] });
  assert(CASES.length >= 120);
  assertEquals(new Set(CASES.map(({ name }) => name)).size, CASES.length, "no request stands there twice");
  const client = await front.connect();
  for (const one of CASES) {
    await t.step(one.name, async () => {
      check(one, await askFor(client, one));
      check(one, await askFor(client, one));
    });
  }
  const before = countDescriptors();
  for (const one of CASES) await askFor(client, one);
  assertEquals(countDescriptors(), before);
});

function check({ status, fields = {}, body }: Case, response: Answered): void {
  assertEquals(response.status, status, response.text.slice(0, 200));
  for (const [name, wanted] of Object.entries(fields)) {
    const value = fieldOf(response, name);
    if (wanted instanceof RegExp) assert(value !== null && wanted.test(value), `${name}: ${value}`);
    else assertEquals(value, wanted, name);
  }
  const text = response.text;
  if (body instanceof RegExp) assert(body.test(text), text.slice(0, 500));
  else if (body !== undefined && status < 400) {
    assert(text === fromLatin1(new TextEncoder().encode(body)), text.slice(0, 500));
  }
  assert(!text.includes("secret"), "nothing from outside");
}
