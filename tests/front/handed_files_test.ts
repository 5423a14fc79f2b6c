/** Files that an upstream hands on: X-Accel-Redirect and X-Sendfile. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { get, head } from "../http1/corpus/case.ts";
import { fieldOf, type RawResponse } from "../support/raw_http.ts";
import { toUpstream } from "../support/routes.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront } from "../support/test_front.ts";
import { answering, reply, TestUpstream } from "../support/test_upstream.ts";

const SECRET = "0123456789";

/** Files, and one beside them that must not get out. */
function makeFiles(directory: TestDirectory): string {
  Deno.mkdirSync(directory.at("files/sub"), { recursive: true });
  Deno.writeTextFileSync(directory.at("files/a.txt"), SECRET);
  Deno.writeTextFileSync(directory.at("files/sub/한 글.txt"), "named");
  Deno.writeTextFileSync(directory.at("outside.txt"), "outside");
  return directory.at("files");
}

/** The answer to `request` when the upstream's response has these fields, and a body that nobody is to see. */
async function ask(fields: string, request = get(), prefix = "/"): Promise<RawResponse> {
  using directory = new TestDirectory();
  const files = makeFiles(directory);
  await using upstream = new TestUpstream(answering(reply("not this", "200 OK", fields.replaceAll("ROOT", files))));
  const internalFiles = { prefix, root: files };
  await using front = new TestFront({ routes: [{ ...toUpstream(upstream), internalFiles }] });
  const client = await front.connect();
  await client.send(request);
  return await client.response({ toHead: request.startsWith("HEAD") });
}

Deno.test("a file that the upstream names is sent in its place", async (t) => {
  const cases: [what: string, fields: string, prefix: string, body: string][] = [
    ["by X-Accel-Redirect", "X-Accel-Redirect: /a.txt\r\n", "/", SECRET],
    ["below a prefix", "X-Accel-Redirect: /private/a.txt\r\n", "/private", SECRET],
    ["with a query, which files have none of", "X-Accel-Redirect: /a.txt?v=1\r\n", "/", SECRET],
    ["percent-encoded", "X-Accel-Redirect: /sub/%ED%95%9C%20%EA%B8%80.txt\r\n", "/", "named"],
    ["by X-Sendfile, absolute", "X-Sendfile: ROOT/a.txt\r\n", "/", SECRET],
    ["by X-Sendfile, relative to the directory", "X-Sendfile: a.txt\r\n", "/private", SECRET],
  ];
  for (const [what, fields, prefix, body] of cases) {
    await t.step(what, async () => {
      const response = await ask(fields, get(), prefix);
      assertEquals([response.status, response.body], [200, body]);
      assertEquals(fieldOf(response, "x-accel-redirect"), null);
      assertEquals(fieldOf(response, "x-sendfile"), null);
    });
  }
});

Deno.test("what the upstream says of the file holds, and the rest is the file's", async () => {
  const fields = "X-Accel-Redirect: /a.txt\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n" +
    'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Own: dropped\r\nETag: "not this"\r\n';
  const response = await ask(fields);
  const cookies = response.fields.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, value]) => value);
  assertEquals(cookies, ["a=1", "b=2"]);
  assertEquals(fieldOf(response, "content-type"), "application/pdf");
  assertEquals(fieldOf(response, "content-disposition"), "attachment");
  assertEquals(fieldOf(response, "content-length"), String(SECRET.length));
  assertEquals(fieldOf(response, "x-own"), null);
  assert(fieldOf(response, "etag") !== '"not this"');
});

Deno.test("ranges, preconditions and HEAD are the client's, for the file", async () => {
  const handedOn = "X-Accel-Redirect: /a.txt\r\n";
  const part = await ask(handedOn, get("Range: bytes=2-4"));
  assertEquals([part.status, part.body, fieldOf(part, "content-range")], [206, "234", "bytes 2-4/10"]);
  assertEquals((await ask(handedOn, get("Range: bytes=99-"))).status, 416);
  const several = await ask(`${handedOn}Content-Type: application/pdf\r\n`, get("Range: bytes=0-1,8-9"));
  assertMatch(fieldOf(several, "content-type") ?? "", /^multipart\/byteranges; boundary=/);
  assertMatch(several.body, /Content-Type: application\/pdf\r\nContent-Range: bytes 8-9\/10\r\n\r\n89/);
  const asked = await ask(handedOn, head("HEAD / HTTP/1.1", "Host: a.example"));
  assertEquals([asked.status, asked.body, fieldOf(asked, "content-length")], [200, "", "10"]);
  assertEquals((await ask(handedOn, get('If-Match: "other"'))).status, 412);
});

Deno.test("nothing but a file below the directory is sent", async (t) => {
  const refused = [
    "X-Accel-Redirect: /missing.txt\r\n",
    "X-Accel-Redirect: /../outside.txt\r\n",
    "X-Accel-Redirect: /%2e%2e/outside.txt\r\n",
    "X-Accel-Redirect: /sub\r\n",
    "X-Accel-Redirect: a.txt\r\n",
    "X-Accel-Redirect: /a.txt%00\r\n",
    "X-Sendfile: ROOT/../outside.txt\r\n",
    "X-Sendfile: /etc/passwd\r\n",
    "X-Sendfile: ../outside.txt\r\n",
  ];
  for (const fields of refused) {
    await t.step(fields.trim(), async () => {
      const response = await ask(fields);
      assertEquals(response.status, 404);
      assert(!response.body.includes("outside") && !response.body.includes("not this"));
    });
  }
  await t.step("a path that is not below the prefix", async () => {
    assertEquals((await ask("X-Accel-Redirect: /a.txt\r\n", get(), "/private")).status, 404);
  });
});

Deno.test("without a directory the fields are an upstream's own, and its connection is used again with one", async () => {
  await using plain = new TestUpstream(answering(reply("mine", "200 OK", "X-Accel-Redirect: /a.txt\r\n")));
  await using front = new TestFront({ routes: [toUpstream(plain)] });
  const client = await front.connect();
  await client.send(get());
  const response = await client.response();
  assertEquals([response.body, fieldOf(response, "x-accel-redirect")], ["mine", "/a.txt"]);

  using directory = new TestDirectory();
  const internalFiles = { prefix: "/", root: makeFiles(directory) };
  await using upstream = new TestUpstream(answering(reply("", "200 OK", "X-Accel-Redirect: /a.txt\r\n")));
  await using handing = new TestFront({ routes: [{ ...toUpstream(upstream), internalFiles }] });
  const other = await handing.connect();
  for (let i = 0; i < 3; i++) {
    await other.send(get());
    assertEquals((await other.response()).body, SECRET);
  }
  assertEquals(upstream.connections, 1);
});
