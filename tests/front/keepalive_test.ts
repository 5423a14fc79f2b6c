import { assertEquals } from "@std/assert";
import { TestFront } from "../support/test_front.ts";
import { TestUpstream } from "../support/test_upstream.ts";

Deno.test("smoke", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  using client = await front.connect();
  await client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const r = await client.response();
  assertEquals(r.status, 200);
  console.log(r, upstream.requests[0].head, await front.log.entry());
});
