/** What the upstream is told of the client, over TCP from a trusted network and over unix sockets. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { get, head } from "../http1/corpus/case.ts";
import { fieldOf } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { type SeenRequest, TestUpstream } from "../support/test_upstream.ts";

const NAMES = ["x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host"];

/** Sends `bytes` through a front; gives what the upstream and the access log saw. */
async function forward(bytes: string, options: TestFrontOptions = {}): Promise<{ seen: SeenRequest; logged: string }> {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, ...options });
  const client = await front.connect();
  await client.send(bytes);
  assertEquals((await client.response()).status, 200);
  return { seen: upstream.requests[0], logged: (await front.log.entry()).remoteAddress };
}

const forwarded = (seen: SeenRequest) => NAMES.map((name) => fieldOf(seen, name));

Deno.test("a unix peer that is not trusted is nobody, whatever it says", async () => {
  using directory = new TestDirectory();
  const listen = { transport: "unix", path: directory.at("front.sock") } as const;
  const { seen, logged } = await forward(get("X-Forwarded-For: 1.2.3.4", "X-Real-IP: 1.2.3.4"), { listen });
  assertEquals(forwarded(seen), [null, null, "http", "a.example"]);
  assertEquals(logged, "unix:");
});

Deno.test("a unix peer that is trusted speaks for its client", async () => {
  using directory = new TestDirectory();
  const listen = { transport: "unix", path: directory.at("front.sock") } as const;
  const trustedProxies = { unix: true, networks: [] };
  const { seen, logged } = await forward(get("X-Forwarded-For: 6.6.6.6, 1.2.3.4", "X-Forwarded-Proto: https"), {
    listen,
    trustedProxies,
  });
  assertEquals(forwarded(seen), ["6.6.6.6, 1.2.3.4", "1.2.3.4", "https", "a.example"]);
  assertEquals(logged, "1.2.3.4");
});

Deno.test("the access log names the client behind trusted proxies", async () => {
  const trustedProxies = { unix: false, networks: ["127.0.0.0/8", "10.0.0.0/8"] };
  const { seen, logged } = await forward(get("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9"), { trustedProxies });
  assertEquals(forwarded(seen), ["6.6.6.6, 1.2.3.4, 10.0.0.9, 127.0.0.1", "1.2.3.4", "http", "a.example"]);
  assertEquals(logged, "1.2.3.4");
});

Deno.test("an IPv4 client of a listener for both is named as what it is", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, listen: { transport: "tcp", hostname: "", port: 0 } });
  const { address } = front;
  if (address.transport !== "tcp") throw new Error("it listens on TCP");
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: address.port });
  await conn.write(new TextEncoder().encode(get()));
  assertEquals(fieldOf(await upstream.request(), "x-forwarded-for"), "127.0.0.1");
  assertEquals((await front.log.entry()).remoteAddress, "127.0.0.1");
  conn.close();
});

Deno.test("the host of an HTTP/1.0 request that names none is made up for the upstream alone", async () => {
  const { seen } = await forward(head("GET / HTTP/1.0"));
  assertEquals(fieldOf(seen, "host"), "localhost");
  assertEquals(fieldOf(seen, "x-forwarded-host"), null);
});

Deno.test("every request has an id of its own, which its answer's body names when it fails", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, trustedProxies: { unix: false, networks: ["127.0.0.1"] } });
  const client = await front.connect();
  await client.send(get() + get() + get("X-Request-Id: from-outside"));
  for (let i = 0; i < 3; i++) await client.response();
  const [first, second, third] = upstream.requests.map((request) => fieldOf(request, "x-request-id"));
  assertMatch(first ?? "", /^[0-9a-f]{12}-[0-9a-f]+$/);
  assertNotEquals(first, second);
  assertEquals(third, "from-outside");
  await client.send(get("X-Request-Id: broken").replace("/ ", "/%zz "));
  assertEquals((await client.response()).body, "400 Bad Request\nrequest id: broken\n");
});

Deno.test("the first name with an underscore is said in the error log, and no other", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get("X-A: b", "Some_Name: secret") + get("Other_Name: secret"));
  for (let i = 0; i < 2; i++) assertEquals((await client.response()).status, 200);
  assertEquals(front.errors.text.match(/\[warn\] .*/g), [
    '[warn] Dropped the field "Some_Name" of a request: names with "_" can be mistaken for others; said once',
  ]);
});
