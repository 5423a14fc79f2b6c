/** Character classes against their ABNF, and the byte writers against plain arithmetic. */
import { assertEquals } from "@std/assert";
import {
  copy,
  equalsIgnoringCase,
  HEX,
  HOST,
  latin1,
  put,
  putDecimal,
  putHex,
  TARGET,
  text,
  TOKEN,
  VALUE,
} from "../../lib/http1/bytes.ts";

const ALL = Array.from({ length: 256 }, (_, byte) => byte);
const every = latin1(ALL.map((byte) => String.fromCharCode(byte)).join(""));

/** The characters of a table with a value. */
function members(table: Uint8Array, wanted: (value: number) => boolean = (value) => value !== 0): string {
  return ALL.filter((byte) => wanted(table[byte])).map((byte) => String.fromCharCode(byte)).join("");
}

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const sorted = (characters: string) => [...characters].sort().join("");

Deno.test("latin1() and text() are inverses for every byte", () => {
  assertEquals([...every], ALL);
  assertEquals(latin1(text(every, 0, 256)), every);
  assertEquals(text(every, 0x80, 0x83), "\x80\x81\x82");
});

Deno.test("TOKEN holds the token characters of RFC 9110 §5.6.2, and tells the underscore apart", () => {
  assertEquals(sorted(members(TOKEN)), sorted(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`));
  assertEquals(members(TOKEN, (value) => value === 2), "_");
});

Deno.test("VALUE holds the field-value characters of RFC 9110 §5.5", () => {
  const expected = ALL.filter((byte) => byte === 9 || (byte >= 32 && byte !== 127));
  assertEquals(members(VALUE), String.fromCharCode(...expected));
});

Deno.test("TARGET holds visible ASCII but the fragment's mark, and tells the query's apart", () => {
  assertEquals(members(TARGET), ALL.slice(33, 127).map((byte) => String.fromCharCode(byte)).join("").replace("#", ""));
  assertEquals(members(TARGET, (value) => value === 2), "?");
});

Deno.test("HOST holds what RFC 3986 §3.2.2 lets a host and port be made of", () => {
  assertEquals(sorted(members(HOST)), sorted(`${ALPHANUMERIC}-._~%!$&'()*+,;=:[]`));
});

Deno.test("HEX gives the value of hexadecimal digits and of nothing else", () => {
  for (const byte of ALL) {
    const character = String.fromCharCode(byte);
    assertEquals(HEX[byte], /[0-9A-Fa-f]/.test(character) ? parseInt(character, 16) : 255);
  }
});

Deno.test("equalsIgnoringCase() folds ASCII letters alone", () => {
  const cases: [sent: string, lower: string, equal: boolean][] = [
    ["Host", "host", true],
    ["HOST", "host", true],
    ["x-a", "x-a", true],
    ["X\ra", "x-a", false], // 0x0D | 0x20 is "-"
    ["hos", "host", false],
    ["hosts", "host", false],
    ["h\x0fst", "host", false],
    ["\xe8ost", "host", false],
    ["", "", true],
  ];
  for (const [sent, lower, equal] of cases) {
    const bytes = latin1(`<${sent}>`);
    assertEquals(equalsIgnoringCase(bytes, 1, 1 + sent.length, latin1(lower)), equal, sent);
  }
});

Deno.test("copy() and put() write what they are given and nothing beside it", () => {
  for (const length of [0, 1, 23, 24, 100]) {
    const out = new Uint8Array(110);
    assertEquals(copy(every, 100, 100 + length, out, 5), 5 + length);
    assertEquals([...out.subarray(5, 5 + length)], ALL.slice(100, 100 + length));
    assertEquals(out.subarray(0, 5).some(Boolean) || out.subarray(5 + length).some(Boolean), false);
  }
  const out = new Uint8Array(4);
  assertEquals(put(latin1("ab"), out, 1), 3);
  assertEquals([...out], [0, 97, 98, 0]);
});

Deno.test("putDecimal() and putHex() write numbers as JavaScript does", () => {
  for (const value of [0, 1, 9, 10, 15, 16, 99, 255, 256, 4_095, 65_535, 65_536, 1_234_567, 0x7fffffff]) {
    const out = new Uint8Array(20);
    assertEquals(text(out, 2, putDecimal(value, out, 2)), String(value));
    assertEquals(text(out, 2, putHex(value, out, 2)), value.toString(16));
  }
  const out = new Uint8Array(20);
  assertEquals(text(out, 0, putHex(0xffffffff, out, 0)), "ffffffff");
  assertEquals(text(out, 0, putDecimal(Number.MAX_SAFE_INTEGER, out, 0)), "9007199254740991");
});
