/**
 * The compiled proxy with no room for the bodies that it keeps: a request is refused, a response comes whole, and the log says
 * why. A limit on files' sizes stands for a disk that is full: both end a write in the middle.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RawClient } from "../support/raw_http.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";
import { page, TestUwsgi } from "../support/test_uwsgi.ts";
import { until } from "../support/until.ts";

const MEBIBYTE = 1_048_576;
/** Of 512 bytes, for `ulimit`. */
const BLOCKS = 2 * MEBIBYTE / 512;
const LARGE = "0123456789abcdef".repeat(MEBIBYTE);

Deno.test("a full disk", async () => {
  using temporary = new TestDirectory();
  await using uwsgi = new TestUwsgi(async (request, peer) => {
    await peer.body();
    await peer.write(page(request.vars.get("REQUEST_METHOD") === "POST" ? String(request.body.length) : LARGE));
  });
  assert(uwsgi.target.transport === "unix");
  // Without the trap the kernel would end the process.
  const limited = `trap '' XFSZ; ulimit -f ${BLOCKS}; exec "$0" "$@"`;
  const args = ["--listen", "127.0.0.1:0", "--upstream", `uwsgi:unix:${uwsgi.target.path}`, "--max-body", "100m"];
  await using proxy = new Running("sh", ["-c", limited, BINARY, "proxy", ...args], { env: { TMPDIR: temporary.path } });
  const [, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)\//);
  const connect = () => RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: Number(port) });
  const post = (size: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`;

  using client = await connect();
  await client.send(post(MEBIBYTE));
  assertEquals((await client.response()).body, String(MEBIBYTE), "there is room for one");
  using refused = await connect();
  await refused.send(post(8 * MEBIBYTE));
  assertEquals((await refused.response()).status, 507);
  assertStringIncludes(proxy.stderr, `Cannot write a file for a body in "${temporary.path}": File too large`);
  await client.send(post(MEBIBYTE));
  assertEquals((await client.response()).body, String(MEBIBYTE), "others are served as before");

  using slow = await connect();
  await slow.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("it is logged", () => proxy.stderr.includes("A response is not read ahead of its client"));
  assert((await slow.response()).body === LARGE, "nothing is lost");
  assertEquals([...Deno.readDirSync(temporary.path)], [], "no file is left, or was ever to be seen");
});
