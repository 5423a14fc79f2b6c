/** Fields with "_" in their names, with and without --allow-underscore-headers. */
import { assertEquals } from "@std/assert";
import { get } from "../http1/corpus/case.ts";
import { TestFront } from "../support/test_front.ts";
import { TestUpstream } from "../support/test_upstream.ts";

/** What can be mistaken for a field that a client may not speak in, or that frames its message. */
const SPECIAL = [
  "X_Forwarded_For: 6.6.6.6",
  "X-Forwarded_Proto: https",
  "x_forwarded_anything: 1",
  "X_Real_IP: 6.6.6.6",
  "X_Request_Id: forged",
  "Transfer_Encoding: chunked",
  "Content_Length: 5",
  "Proxy_Connection: close",
];
const HARMLESS = ["X_Api_Key: a", "_: b", "some_name: c", "Ends_: d"];

/** The names that an upstream gets of `fields`, in their order. */
async function passedOn(
  fields: readonly string[],
  allowUnderscores: boolean,
): Promise<{ names: string[]; errors: string }> {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { allowUnderscores } });
  const client = await front.connect();
  await client.send(get("X-First: 1", ...fields, "X-Last: 2"));
  assertEquals((await client.response()).status, 200);
  const [{ fields: seen }] = upstream.requests;
  return {
    names: seen.map(([name]) => name).filter((name) => /_|^X-(First|Last)$/.test(name)),
    errors: front.errors.text,
  };
}

Deno.test("names with an underscore are dropped", async () => {
  const { names } = await passedOn([...HARMLESS, ...SPECIAL], false);
  assertEquals(names, ["X-First", "X-Last"]);
});

Deno.test("with --allow-underscore-headers they are passed on, but for those that say who the client is", async () => {
  const all = HARMLESS.flatMap((field, i) => [field, SPECIAL[i]]).concat(SPECIAL);
  const { names, errors } = await passedOn(all, true);
  assertEquals(names, ["X-First", "X_Api_Key", "_", "some_name", "Ends_", "X-Last"]);
  assertEquals(errors.match(/\[warn\] Dropped.*/g), [
    '[warn] Dropped the field "X_Forwarded_For" of a request: names with "_" can be mistaken for others; said once',
  ]);
  const { names: few, errors: none } = await passedOn(HARMLESS, true);
  assertEquals([few.length, none], [6, ""]);
});
