/** The decoder of the chunked coding, fed whole, byte by byte, and at every cut. */
import { assertEquals, assertThrows } from "@std/assert";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { ChunkDecoder } from "../../lib/http1/chunked.ts";
import { Reject } from "../../lib/http1/reject.ts";

/** Decodes `pieces` one by one; gives the payload, what was left of the last piece, and whether the body has ended. */
function decode(pieces: readonly string[]): { payload: string; rest: string; done: boolean } {
  const decoder = new ChunkDecoder();
  let payload = "", rest = "";
  for (const piece of pieces) {
    const bytes = latin1(`..${piece}`);
    const end = decoder.decode(bytes, 2, bytes.length);
    payload += text(bytes, 2, end);
    rest = text(latin1(`..${piece}`), decoder.consumed, bytes.length);
  }
  return { payload, rest, done: decoder.done };
}

const BODY = '5;a="b\\" c"\r\nhel\r\n\r\n00A\r\n0123456789\r\n0\r\nX-T: 1\r\nX-U:\r\n\r\n';
const PAYLOAD = "hel\r\n0123456789";

Deno.test("decode() gives the payload however the body is cut", () => {
  assertEquals(decode([BODY]), { payload: PAYLOAD, rest: "", done: true });
  assertEquals(decode([...BODY]), { payload: PAYLOAD, rest: "", done: true });
  for (let cut = 1; cut < BODY.length; cut++) {
    assertEquals(
      decode([BODY.slice(0, cut), BODY.slice(cut)]),
      { payload: PAYLOAD, rest: "", done: true },
      `cut at ${cut}`,
    );
  }
});

Deno.test("decode() leaves what is behind the body", () => {
  assertEquals(decode([`${BODY}GET /`]), { payload: PAYLOAD, rest: "GET /", done: true });
  assertEquals(decode(["0\r\n\r", "\n\r\n"]), { payload: "", rest: "\r\n", done: true });
});

Deno.test("decode() is not done before the last byte", () => {
  for (let length = 0; length < BODY.length; length++) assertEquals(decode([BODY.slice(0, length)]).done, false);
});

Deno.test("left says how much of a chunk is certain to come", () => {
  const decoder = new ChunkDecoder();
  const feed = (piece: string) => {
    const bytes = latin1(piece);
    decoder.decode(bytes, 0, bytes.length);
    return decoder.left;
  };
  assertEquals(["5", "\r\n", "he", "llo", "\r\n", "0\r\n\r\n"].map(feed), [0, 5, 3, 0, 0, 0]);
});

Deno.test("reset() makes the decoder ready for another body, after a whole one and after a bad one", () => {
  const decoder = new ChunkDecoder();
  for (const body of [BODY, "5\r\nhel", "zz", "0\r\nX", BODY]) {
    decoder.reset();
    const bytes = latin1(body);
    try {
      decoder.decode(bytes, 0, bytes.length);
    } catch (thrown) {
      assertEquals(thrown instanceof Reject, true);
    }
  }
  assertEquals(decoder.done, true);
});

Deno.test("decode() holds to its limits exactly", async (t) => {
  const cases: [name: string, length: number, body: (length: number) => string][] = [
    ["digits of a size", 13, (length) => `${"0".repeat(length - 1)}1\r\nx\r\n0\r\n\r\n`],
    ["bytes of one extension, with its semicolon", 256, (length) => `1${";".padEnd(length, "e")}\r\nx\r\n0\r\n\r\n`],
    ["bytes of a trailer section", 8_192, (length) => `0\r\n${"X-T: ".padEnd(length - 1, "t")}\r\n\r\n`],
  ];
  for (const [name, length, body] of cases) {
    await t.step(name, () => {
      assertEquals(decode([body(length)]).done, true);
      assertThrows(() => decode([body(length + 1)]), Reject);
    });
  }
  await t.step("a size of 13 digits is counted exactly", () => {
    const decoder = new ChunkDecoder(), bytes = latin1("1fffffffffffff\r\n".slice(1));
    decoder.decode(bytes, 0, bytes.length);
    assertEquals(decoder.left, 0xfffffffffffff);
  });
});

Deno.test("decode() refuses as soon as it can", () => {
  const bad = [
    "x",
    "\r",
    "\n",
    ";",
    " ",
    "-",
    "+",
    "5 ",
    "5\n",
    "5\rx",
    "5;\n",
    "5;\0",
    "1\r\nxx",
    "1\r\nx\n",
    "1\r\nx\rx",
  ];
  for (
    const body of [...bad, "0\r\n\n", "0\r\n\rx", "0\r\n:", "0\r\n ", "0\r\nX\r", "0\r\nX ", "0\r\nX:\0", "0\r\nX:\n"]
  ) {
    assertEquals(decode([body.slice(0, -1)]).done, false, JSON.stringify(body));
    assertThrows(() => decode([...body]), Reject, "", JSON.stringify(body));
    assertThrows(() => decode([body]), Reject, "", JSON.stringify(body));
  }
});
