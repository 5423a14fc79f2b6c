/** The field section: what is remembered, looked up, named away and copied. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { FIELD, Fields, HOP_BY_HOP, listMembers, mask, parseContentLength } from "../../lib/http1/fields.ts";
import { Reject } from "../../lib/http1/reject.ts";

/** A scanned section that does not begin at the buffer's beginning. */
function scan(lines: readonly string[], max = 100): { readonly fields: Fields; readonly bytes: Uint8Array } {
  const section = `${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
  const bytes = latin1(`GET${section}\0`);
  const fields = new Fields(max);
  assert(fields.scan(bytes, 3, bytes.length - 1));
  assertEquals(fields.end, bytes.length - 3);
  return { fields, bytes };
}

function copied(lines: readonly string[], dropped: number): string {
  const { fields, bytes } = scan(lines), out = new Uint8Array(1_000);
  return text(out, 10, fields.copy(bytes, dropped, out, 10));
}

Deno.test("scan() recognises every field that matters, in any case, and no other", () => {
  for (const [name, id] of Object.entries(FIELD)) {
    if (["X_FORWARDED_OTHER", "UNDERSCORE", "NAMED"].includes(name)) continue;
    for (const spelling of [name.toLowerCase(), name].map((text) => text.replaceAll("_", "-"))) {
      const { fields, bytes } = scan([`A: b`, `${spelling}: \t value \t`, "C: d"]);
      assertEquals({ count: fields.count, id: fields.id(0) }, { count: 1, id }, spelling);
      assertEquals(fields.value(bytes, id), "value");
      assertEquals(fields.name(bytes, id), spelling);
      assert(fields.has(mask(id)) && !fields.has(~mask(id)));
    }
    const near = `${name.replaceAll("_", "-")}x`;
    assertEquals(scan([`${near}: value`]).fields.has(mask(id)), false, near);
  }
});

Deno.test("scan() tells further forwarding fields and names with an underscore apart", () => {
  assertEquals(scan(["X-Forwarded-Port: 1"]).fields.present, mask(FIELD.X_FORWARDED_OTHER));
  assertEquals(scan(["x-forwarded-anything: 1"]).fields.present, mask(FIELD.X_FORWARDED_OTHER));
  assertEquals(scan(["X-Forwardedly: 1", "X-Forwarded: 1"]).fields.present, 0);
  for (const name of ["Content_Length", "X_Forwarded_For", "_"]) {
    assertEquals(scan([`${name}: 1`]).fields.present, mask(FIELD.UNDERSCORE), name);
  }
});

Deno.test("scan() wants the whole section, whatever its beginning", () => {
  const section = "Host: a\r\nX-A: b\r\n\r\n";
  for (let length = 0; length < section.length; length++) {
    const bytes = latin1(`${section.slice(0, length)}\0`);
    assertEquals(new Fields(10).scan(bytes, 0, length), false, JSON.stringify(section.slice(0, length)));
  }
});

Deno.test("scan() finds every byte that a value must not hold, wherever it stands", () => {
  const allowed = (byte: number) => byte === 9 || (byte >= 32 && byte !== 127);
  for (let at = 0; at < 12; at++) {
    for (let byte = 0; byte < 256; byte++) {
      // The bytes around it are those that a test of several at once is most easily wrong about.
      for (const around of [0x20, 0x7e, 0x80, 0xff]) {
        const bytes = latin1(`A:${"x".repeat(13)}\r\n\r\n\0`).fill(around, 2, 15);
        bytes[2 + at] = byte;
        const scanned = (fields: Uint8Array) => {
          try {
            return new Fields(10).scan(fields, 0, fields.length - 1);
          } catch (thrown) {
            if (thrown instanceof Reject) return false;
            throw thrown;
          }
        };
        assertEquals(scanned(bytes), allowed(byte), `byte ${byte} at ${at} among ${around}`);
        // A view that does not begin with its buffer.
        const inner = new Uint8Array(bytes.length + 1).subarray(1);
        inner.set(bytes);
        assertEquals(scanned(inner), allowed(byte), `byte ${byte} at ${at} among ${around}, in a part of a buffer`);
      }
    }
  }
});

Deno.test("scan() counts fields, not only those that matter", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a`);
  assertEquals(scan(lines(5), 5).fields.count, 0);
  const error = assertThrows(() => scan(lines(6), 5), Reject);
  assertEquals(error.status, 431);
});

Deno.test("value() and lookUp() join lines of one name in their order", () => {
  const { fields, bytes } = scan([
    "X-Forwarded-For: a",
    "Accept: x",
    "x-forwarded-for:b ",
    "ACCEPT:\ty",
    "Accept-Language: z",
  ]);
  assertEquals(fields.value(bytes, FIELD.X_FORWARDED_FOR), "a, b");
  assertEquals(fields.lookUp(bytes, "x-forwarded-for"), "a, b");
  assertEquals(fields.lookUp(bytes, "accept"), "x, y");
  assertEquals(fields.lookUp(bytes, "accept-"), null);
  assertEquals(fields.value(bytes, FIELD.HOST), null);
  assertEquals(fields.find(FIELD.HOST), -1);
  assertEquals(scan(["Host:"]).fields.value(scan(["Host:"]).bytes, FIELD.HOST), "");
});

Deno.test("value() gives bytes outside ASCII one character each", () => {
  const { fields, bytes } = scan(["Referer: \x80\xff"]);
  assertEquals(fields.value(bytes, FIELD.REFERER), "\x80\xff");
  assertEquals(fields.lookUp(bytes, "referer"), "\x80\xff");
});

Deno.test("copy() leaves out the fields of the mask, wherever they stand", () => {
  const drop = mask(FIELD.TE, FIELD.EXPECT);
  assertEquals(copied(["A: b", "C: d"], drop), "A: b\r\nC: d\r\n");
  assertEquals(copied(["TE: x", "A: b", "Expect: y", "TE: z", "C: d", "TE: e"], drop), "A: b\r\nC: d\r\n");
  assertEquals(copied(["TE: x"], drop), "");
  assertEquals(copied([], drop), "");
  assertEquals(copied(["Host: a", "TE: x", "Host: b"], drop), "Host: a\r\nHost: b\r\n");
});

Deno.test("markNamed() makes lines end here, known or not, but none that frames or routes the message", () => {
  const lines = [
    "X-A: 1",
    "Host: h",
    "Connection: x",
    "Content-Length: 5",
    "Referer: r",
    "x-a: 2",
    "X-B: 3",
    "Date: d",
  ];
  const { fields, bytes } = scan(lines);
  fields.markNamed(bytes, ["x-a", "host", "connection", "content-length", "transfer-encoding", "referer", "absent"]);
  const out = new Uint8Array(500);
  assertEquals(
    text(out, 0, fields.copy(bytes, mask(FIELD.NAMED), out, 0)),
    "Host: h\r\nConnection: x\r\nContent-Length: 5\r\nX-B: 3\r\nDate: d\r\n",
  );
  assertEquals(fields.value(bytes, FIELD.HOST), "h");
  assertEquals(fields.value(bytes, FIELD.REFERER), null);
  assertEquals(fields.value(bytes, FIELD.DATE), "d");
});

Deno.test("HOP_BY_HOP holds what RFC 9110 §7.6.1 names, and not Content-Length", () => {
  const lines = ["Connection: a", "Keep-Alive: a", "TE: a", "Trailer: a", "Upgrade: a", "Proxy-Connection: a"];
  assertEquals(
    copied([...lines, "Transfer-Encoding: chunked", "Content-Length: 1"], HOP_BY_HOP),
    "Content-Length: 1\r\n",
  );
});

Deno.test("listMembers() is lenient with empty members and white space", () => {
  assertEquals(listMembers(" A ,,b\t,  "), ["a", "b"]);
  assertEquals(listMembers(""), []);
});

Deno.test("parseContentLength() takes digits alone", () => {
  const cases: [value: string, length: number][] = [
    ["0", 0],
    ["5", 5],
    ["0005", 5],
    ["1234567890", 1_234_567_890],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", -1],
    ["9007199254740993", -1],
    ["9999999999999999", -1],
    ["18446744073709551615", -1],
    ["", -1],
    ["+5", -1],
    ["-5", -1],
    ["5,5", -1],
    ["5 ", -1],
    ["0x5", -1],
    ["5e1", -1],
    ["\xb2", -1],
  ];
  for (const [value, length] of cases) {
    const bytes = latin1(`<${value}>`);
    assertEquals(parseContentLength(bytes, 1, 1 + value.length), length, value);
  }
});
