/** PROXY headers of both versions: whole, at every byte of their arrival, and hostile. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1 } from "../../lib/http1/bytes.ts";
import { type Endpoint, parseProxyHeader } from "../../lib/http1/proxy_protocol.ts";
import { Reject } from "../../lib/http1/reject.ts";

type Ends = [source: string, sourcePort: number, destination: string, destinationPort: number] | null;

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const IPV4 = [192, 0, 2, 1, 198, 51, 100, 2, 0xc0, 0x01, 0x01, 0xbb];
const IPV4_ENDS: Ends = ["192.0.2.1", 49_153, "198.51.100.2", 443];
const IPV6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0, 0, 0xff, 0xff],
];
const MAPPED = [...Array(10).fill(0), 255, 255, 10, 0, 0, 1, ...Array(10).fill(0), 255, 255, 10, 0, 0, 2, 0, 1, 0, 2];

/** A version 2 header. */
function v2(command: number, family: number, body: number[], length = body.length): Uint8Array {
  return Uint8Array.from([...SIGNATURE, command, family, length >> 8, length & 255, ...body]);
}

const VALID: [what: string, header: Uint8Array, ends: Ends][] = [
  ...([
    ["TCP4 192.0.2.1 198.51.100.2 49153 443", IPV4_ENDS],
    ["TCP4 0.0.0.0 255.255.255.255 0 65535", ["0.0.0.0", 0, "255.255.255.255", 65_535]],
    ["TCP6 2001:db8::1 ::1 1 2", ["2001:db8::1", 1, "::1", 2]],
    ["TCP6 2001:0DB8:0:0:1:0:0:1 :: 10 20", ["2001:db8::1:0:0:1", 10, "::", 20]],
    ["TCP6 1:2:3:4:5:6:7:8 1:0:3:0:0:6:7:8 1 2", ["1:2:3:4:5:6:7:8", 1, "1:0:3::6:7:8", 2]],
    ["TCP6 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1 2", ["1:2:3:4:5:6:7:0", 1, "0:2:3:4:5:6:7:8", 2]],
    ["TCP6 ::ffff:10.0.0.1 ::ffff:a00:2 1 2", ["10.0.0.1", 1, "10.0.0.2", 2]],
    ["TCP6 64:ff9b::192.0.2.1 1:2:3:4:5:6:255.0.25.1 1 2", ["64:ff9b::c000:201", 1, "1:2:3:4:5:6:ff00:1901", 2]],
    [
      `TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535`,
      [`${"ffff:".repeat(7)}ffff`, 65_535, `${"ffff:".repeat(7)}ffff`, 65_535],
    ],
    ["UNKNOWN", null],
    ["UNKNOWN ", null],
    [`UNKNOWN ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535`, null],
    ["UNKNOWN whatever  this is, TCP4 or not", null],
  ] as [string, Ends][]).map(([line, ends]): [string, Uint8Array, Ends] => [line, latin1(`PROXY ${line}\r\n`), ends]),
  ["v2 TCP over IPv4", v2(0x21, 0x11, IPV4), IPV4_ENDS],
  ["v2 TCP over IPv6", v2(0x21, 0x21, IPV6), ["2001:db8::1:0:0:1", 0, "::1", 65_535]],
  ["v2 IPv4-mapped", v2(0x21, 0x21, MAPPED), ["10.0.0.1", 1, "10.0.0.2", 2]],
  ["v2 unix", v2(0x21, 0x31, Array(216).fill(7)), null],
  ["v2 UNSPEC", v2(0x21, 0x00, []), null],
  ["v2 UNSPEC with what is skipped", v2(0x21, 0x00, [1, 2, 3, 4]), null],
  ["v2 LOCAL", v2(0x20, 0x00, []), null],
  ["v2 LOCAL with addresses", v2(0x20, 0x11, IPV4), null],
  ["v2 LOCAL of any family", v2(0x20, 0xff, [9, 9]), null],
  ["v2 extensions", v2(0x21, 0x11, [...IPV4, 0x03, 0, 4, 1, 2, 3, 4, 0x04, 0, 0, 0x20, 0, 2, 9, 9]), IPV4_ENDS],
  ["v2 a long extension", v2(0x21, 0x11, [...IPV4, 0x04, 1, 44, ...Array(300).fill(0)]), IPV4_ENDS],
  ["v2 extensions of IPv6", v2(0x21, 0x21, [...IPV6, 0x04, 0, 0]), ["2001:db8::1:0:0:1", 0, "::1", 65_535]],
  ["v2 extensions of unix", v2(0x21, 0x31, [...Array(216).fill(7), 0x04, 0, 1, 0]), null],
  [
    "v2 as long as allowed",
    v2(0x21, 0x11, [...IPV4, 0x04, 4_081 >> 8, 4_081 & 255, ...Array(4_081).fill(0)]),
    IPV4_ENDS,
  ],
];

const endpoint = (address: string, port: number): Endpoint => ({ address, port });

Deno.test("parseProxyHeader() reads a header, wherever it stands and whatever follows", async (t) => {
  for (const [what, header, ends] of VALID) {
    await t.step(what, () => {
      const source = ends === null ? null : endpoint(ends[0], ends[1]);
      const destination = ends === null ? null : endpoint(ends[2], ends[3]);
      const expected = { length: header.length, source, destination };
      assertEquals(parseProxyHeader(header, 0, header.length), expected);
      const padded = Uint8Array.from([...latin1("PROX"), ...header, ...latin1("GET / HTTP/1.1\r\n\r\n")]);
      assertEquals(parseProxyHeader(padded, 4, padded.length), expected);
    });
  }
});

Deno.test("parseProxyHeader() waits at every byte of a header, not looking beyond the end", async (t) => {
  for (const [what, header] of VALID) {
    await t.step(what, () => {
      for (let end = 0; end < header.length; end++) {
        for (const rest of [0, 0x0d, 0xff]) {
          const bytes = Uint8Array.from(header);
          bytes.fill(rest, end);
          assertEquals(parseProxyHeader(bytes, 0, end), "incomplete", `${end} bytes`);
        }
      }
    });
  }
});

/** Headers that are wrong from their last byte on: before it they could have become right. */
const WRONG: [what: string, bytes: Uint8Array][] = [
  ...[
    "G",
    "p",
    "\n",
    " ",
    "\0",
    "PROXy",
    "PROXY\t",
    "PROXY\r",
    "PROXY  ",
    "PROXY \r",
    "PROXY t",
    "PROXY UD",
    "PROXY TCP5",
    "PROXY TCP\r",
    "PROXY TCP ",
    "PROXY TCP44",
    "PROXY TCP4\r",
    "PROXY TCP4  ",
    "PROXY TCP4 \r",
    "PROXY TCP4\t",
    "PROXY UNKNOWN\n",
    "PROXY UNKNOWNX",
    "PROXY UNKNOWN\0",
    "PROXY UNKNOWN \x80",
    "PROXY UNKNOWN\r\r",
    "PROXY UNKNOWN a\rb",
    "PROXY TCP4 a",
    "PROXY TCP4 :",
    "PROXY TCP4 -",
    "PROXY TCP4 .",
    "PROXY TCP4 00",
    "PROXY TCP4 01",
    "PROXY TCP4 256",
    "PROXY TCP4 1..",
    "PROXY TCP4 1.2.3.4.",
    "PROXY TCP4 1.2.3 ",
    "PROXY TCP4 1.2.3. ",
    "PROXY TCP4 1.2.3.1000",
    "PROXY TCP4 1.2.3.4\r",
    "PROXY TCP4 1.2.3.4  ",
    "PROXY TCP4 1.2.3.4 :",
    "PROXY TCP4 1.2.3.4 5.6.7.8\r",
    "PROXY TCP4 1.2.3.4 5.6.7.8  ",
    "PROXY TCP4 1.2.3.4 5.6.7.8 \r",
    "PROXY TCP4 1.2.3.4 5.6.7.8 -",
    "PROXY TCP4 1.2.3.4 5.6.7.8 00",
    "PROXY TCP4 1.2.3.4 5.6.7.8 65536",
    "PROXY TCP4 1.2.3.4 5.6.7.8 123456",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1\r",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 \r",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 +",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 02",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 ",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r ",
    "PROXY TCP6 g",
    "PROXY TCP6 ::g",
    "PROXY TCP6 [",
    "PROXY TCP6 :1",
    "PROXY TCP6 :::",
    "PROXY TCP6 1:::",
    "PROXY TCP6 1::2::",
    "PROXY TCP6 12345",
    "PROXY TCP6 fe80::1%",
    "PROXY TCP6 1: ",
    "PROXY TCP6 1.",
    "PROXY TCP6 1:2:3:4:5:6:7 ",
    "PROXY TCP6 1:2:3:4:5:6:7:8:",
    "PROXY TCP6 1:2:3:4:5:6:7.0.0.0:",
    "PROXY TCP6 1:2:3:4:5:6:7:8.",
    "PROXY TCP6 1:2:3:4:5:6::7:",
    "PROXY TCP6 ::256.",
    "PROXY TCP6 ::1.2.3.4:",
    "PROXY TCP6 ::1.2.3 ",
    "PROXY TCP6 ::1 1.",
    "PROXY UNKNOWN " + "x".repeat(92),
  ].map((text): [string, Uint8Array] => [text, latin1(text)]),
  ["v2 signature", Uint8Array.from([...SIGNATURE.slice(0, 11), 0x0d])],
  ["v2 signature's second byte", Uint8Array.of(0x0d, 0x0d)],
  ["v2 version 1", Uint8Array.from([...SIGNATURE, 0x11])],
  ["v2 version 3", Uint8Array.from([...SIGNATURE, 0x31])],
  ["v2 command 2", Uint8Array.from([...SIGNATURE, 0x22])],
  ...[0x01, 0x02, 0x10, 0x12, 0x20, 0x22, 0x30, 0x32, 0x41, 0x13, 0xff].map((family): [string, Uint8Array] => [
    `v2 family 0x${family.toString(16)}`,
    Uint8Array.from([...SIGNATURE, 0x21, family]),
  ]),
  ["v2 too long by far", Uint8Array.from([...SIGNATURE, 0x21, 0x11, 0x11])],
  ["v2 too long by a byte", Uint8Array.from([...SIGNATURE, 0x21, 0x11, 0x10, 0x01])],
  ["v2 LOCAL too long", Uint8Array.from([...SIGNATURE, 0x20, 0x00, 0xff])],
  ["v2 too short for IPv4", v2(0x21, 0x11, [], 11)],
  ["v2 too short for IPv6", v2(0x21, 0x21, [], 35)],
  ["v2 too short for unix", v2(0x21, 0x31, [], 215)],
  ["v2 too short for an extension", v2(0x21, 0x11, [], 14)],
  ["v2 extension beyond the end", v2(0x21, 0x11, [...IPV4, 0x04, 0, 2], 16)],
  ["v2 extension beyond the end by far", v2(0x21, 0x11, [...IPV4, 0x04, 1], 16)],
  ["v2 extension leaves too few for another", v2(0x21, 0x11, [...IPV4, 0x04, 0, 0], 17)],
  ["v2 second extension beyond the end", v2(0x21, 0x11, [...IPV4, 0x04, 0, 1, 7, 0x04, 0, 1], 19)],
];

Deno.test("parseProxyHeader() refuses with the first byte that makes a header impossible", async (t) => {
  for (const [what, bytes] of WRONG) {
    await t.step(JSON.stringify(what), () => {
      for (let end = 0; end < bytes.length; end++) {
        assertEquals(parseProxyHeader(bytes, 0, end), "incomplete", `${end} bytes`);
      }
      const error = assertThrows(() => parseProxyHeader(bytes, 0, bytes.length), Reject);
      assertEquals(error.status, 400);
    });
  }
});

Deno.test("parseProxyHeader() takes a line of 107 bytes and none of 108", () => {
  const line = (length: number) => latin1(`PROXY UNKNOWN ${"x".repeat(length - 16)}\r\n`);
  assertEquals(parseProxyHeader(line(107), 0, 107), { length: 107, source: null, destination: null });
  assertThrows(() => parseProxyHeader(line(108), 0, 108), Reject, "longer than 107 bytes");
});

Deno.test("parseProxyHeader() on headers with one byte changed: waits, refuses or reads, and stays with what it said", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 4_000; round++) {
    const header = VALID[random(VALID.length)]?.[1] ?? new Uint8Array();
    const bytes = Uint8Array.from(header);
    bytes[random(Math.min(bytes.length, 120))] = random(256);
    let ended = "";
    for (let end = 0; end <= Math.min(bytes.length, 300); end++) {
      let said: string;
      try {
        said = JSON.stringify(parseProxyHeader(bytes, 0, end));
      } catch (error) {
        assert(error instanceof Reject);
        said = "refused";
      }
      if (ended !== "") assertEquals(said, ended); // more bytes change nothing
      else if (said !== '"incomplete"') ended = said;
    }
  }
});
