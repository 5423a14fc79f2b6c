/** Packets of the uwsgi protocol, read whole, at every cut, and at an offset; and back. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { UwsgiError } from "../../lib/uwsgi/error.ts";
import { decodePacket, encodePacket, MAX_BLOCK_SIZE, type Packet } from "../../lib/uwsgi/packet.ts";
import { cutsOf } from "../http1/corpus/assertions.ts";
import { Random } from "../http1/fuzz/random.ts";
import { packetOf } from "./corpus/case.ts";
import { REFUSED } from "./corpus/refused.ts";
import { GET, TAKEN } from "./corpus/taken.ts";

/** Decodes `sent`, where only its first `length` bytes have come; what is around them must not matter. */
function decode(sent: string, length = sent.length): "incomplete" | Packet {
  const bytes = latin1(`\xff\xff\xff${sent.slice(0, length)}\0\0\x01\0\0`);
  return decodePacket(bytes, 3, 3 + length);
}

function whole(sent: string): Packet {
  const packet = decode(sent);
  assert(packet !== "incomplete");
  return packet;
}

const sizeOf = (sent: string) => 4 + sent.charCodeAt(1) + sent.charCodeAt(2) * 256;

Deno.test("decodePacket() takes what is valid, and nothing before its last byte", async (t) => {
  for (const { name, bytes, vars } of TAKEN) {
    await t.step(name, () => {
      const packet = whole(bytes);
      assertEquals([...packet.vars], [...vars]);
      assertEquals(packet.length, sizeOf(bytes));
      for (const cut of [0, ...cutsOf({ length: packet.length } as string), packet.length - 1]) {
        assertEquals(decode(bytes, cut), "incomplete", `cut at ${cut}`);
      }
    });
  }
});

Deno.test("decodePacket() waits at every byte of a packet", () => {
  const bytes = packetOf(GET);
  for (let length = 0; length < bytes.length; length++) assertEquals(decode(bytes, length), "incomplete");
  assertEquals([...whole(bytes).vars], [...GET]);
});

Deno.test("decodePacket() refuses what is not, as soon as it can be told", async (t) => {
  for (const { name, bytes, error, from } of REFUSED) {
    await t.step(name, () => {
      for (let length = from; length <= Math.min(bytes.length, from + 50); length++) {
        const thrown = assertThrows(() => decode(bytes, length), UwsgiError, "", `${length} bytes`);
        assertEquals([thrown.message, thrown.status], [error, 400], `${length} bytes`);
      }
      assertEquals(assertThrows(() => decode(bytes), UwsgiError).message, error);
      // One byte earlier nothing is wrong yet, or something else seems to be.
      let before = "incomplete";
      try {
        if (decode(bytes, from - 1) !== "incomplete") before = "taken";
      } catch (thrown) {
        before = (thrown as Error).message;
      }
      assert(before !== "taken" && before !== error, before);
    });
  }
});

Deno.test("the corpus has a case for everything once", () => {
  const names = [...TAKEN, ...REFUSED].map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  assert(names.length >= 60);
});

Deno.test("encodePacket() and decodePacket() are each other's inverse", () => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789abc.-";
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const vars = new Map<string, string>();
    for (let count = random.below(40); count > 0; count--) {
      let name = "", value = "";
      for (let i = 1 + random.below(30); i > 0; i--) name += letters[random.below(letters.length)];
      for (let i = random.below(random.of([2, 20, 1_000])); i > 0; i--) value += String.fromCharCode(random.below(256));
      vars.set(name, value);
    }
    const bytes = encodePacket(vars);
    const packet = decodePacket(bytes, 0, bytes.length);
    assert(packet !== "incomplete", `seed ${seed}`);
    assertEquals([...packet.vars], [...vars], `seed ${seed}`);
    assertEquals(packet.length, bytes.length);
  }
});

Deno.test("decodePacket() takes or refuses a packet with any bytes changed, and nothing else happens", () => {
  const original = packetOf(GET);
  for (let seed = 0; seed < 3_000; seed++) {
    const random = new Random(seed);
    const bytes = latin1(original);
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    try {
      const packet = decodePacket(bytes, 0, bytes.length);
      if (packet === "incomplete") continue;
      const again = encodePacket(packet.vars);
      if (packet.vars.size === GET.length) assertEquals(text(again, 0, again.length), text(bytes, 0, packet.length));
    } catch (thrown) {
      assert(thrown instanceof UwsgiError, `seed ${seed}: ${thrown}`);
    }
  }
});

Deno.test("encodePacket() writes exactly the bytes of the protocol", () => {
  for (const { bytes, vars } of TAKEN.filter((one) => one.bytes === packetOf(one.vars))) {
    const packet = encodePacket(vars);
    assertEquals(text(packet, 0, packet.length), bytes);
  }
});

Deno.test("encodePacket() refuses what does not fit", async (t) => {
  const v = (length: number) => "v".repeat(length);
  const cases: [name: string, vars: [string, string][], message: string, status: number][] = [
    ["a value of 64 KiB", [["A", v(65_536)]], "A of 65536 bytes: too long", 431],
    ["a name of 64 KiB", [[v(65_536), ""]], "a name of 65536 bytes: too long", 431],
    ["a block of 64 KiB", [["A", v(65_531)]], "variables of 65536 bytes, and 65535 fit in a packet", 431],
    ["two halves", [["A", v(32_768)], ["B", v(32_768)]], "variables of 65546 bytes, and 65535 fit in a packet", 431],
    ["an empty name", [["", "v"]], '"" cannot be a variable\'s name', 400],
    ["a name with a space", [["A B", "v"]], '"A B" cannot be a variable\'s name', 400],
    ["a name beyond Latin-1", [["A\u0141", "v"]], '"A\u0141" cannot be a variable\'s name', 400],
    ["a value beyond Latin-1", [["A", "\u0141"]], "A has a character beyond U+00FF", 400],
  ];
  for (const [name, vars, message, status] of cases) {
    await t.step(name, () => {
      const thrown = assertThrows(() => encodePacket(vars), UwsgiError);
      assertEquals([thrown.message, thrown.status], [message, status]);
    });
  }
  assertEquals(encodePacket([["A", v(65_530)]]).length, 4 + MAX_BLOCK_SIZE);
});
