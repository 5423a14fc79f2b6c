import { assertEquals, assertThrows } from "@std/assert";
import { withoutPayload } from "../../tools/elf_payload.ts";

const PROGRAM_HEADERS = 3;
const SECTION_HEADERS = 4;
const encoder = new TextEncoder();

/** Bytes that are filled from the start, with numbers put in afterwards. */
class Image {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  constructor(size: number, start: Uint8Array = new Uint8Array()) {
    this.bytes = new Uint8Array(size);
    this.bytes.set(start);
    this.view = new DataView(this.bytes.buffer);
  }
  u16(at: number, value: number) {
    this.view.setUint16(at, value, true);
  }
  u32(at: number, value: number) {
    this.view.setUint32(at, value, true);
  }
  u64(at: number, value: number) {
    this.view.setBigUint64(at, BigInt(value), true);
  }
}

/** Tables of a file header: where they begin, and how many entries they have. */
function setTables(elf: Image, tables: { phoff: number; phnum: number; shoff: number; shnum: number }) {
  elf.u64(0x20, tables.phoff);
  elf.u64(0x28, tables.shoff);
  elf.u16(0x38, tables.phnum);
  elf.u16(0x3c, tables.shnum);
}

/** A section header, as far as it is looked at. */
function setSection(elf: Image, at: number, type: number, offset: number, size: number) {
  elf.u32(at + 4, type);
  elf.u64(at + 24, offset);
  elf.u64(at + 32, size);
}

const names = encoder.encode("\0.text\0.data\0.shstrtab\0");
const namesAt = 0x40 + PROGRAM_HEADERS * 56 + 100;
const sectionsAt = Math.ceil((namesAt + names.length) / 8) * 8;

/** A small ELF file: header, program headers, 100 bytes of content, names, section headers. */
function original(): Image {
  const elf = new Image(sectionsAt + SECTION_HEADERS * 64);
  elf.bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  setTables(elf, { phoff: 0x40, phnum: PROGRAM_HEADERS, shoff: sectionsAt, shnum: SECTION_HEADERS });
  elf.u16(0x3e, SECTION_HEADERS - 1);
  elf.u32(0x40, 6);
  elf.u64(0x48, 0x40);
  elf.u64(0x60, PROGRAM_HEADERS * 56);
  elf.bytes.fill(0xcc, 0x40 + PROGRAM_HEADERS * 56, namesAt);
  elf.bytes.set(names, namesAt);
  setSection(elf, sectionsAt + 64, 1, 0xe8, 50);
  setSection(elf, sectionsAt + 128, 1, 0x11a, 50);
  setSection(elf, sectionsAt + 192, 3, namesAt, names.length);
  return elf;
}

/** The same file as `deno compile` leaves it: new tables, a note and more names behind padding. */
function compiled(): Image {
  const base = original().bytes;
  const newNames = new Uint8Array([...names, ...encoder.encode(".note.sui\0.sui.phdrs\0")]);
  const phoff = 4096;
  const noteAt = phoff + (PROGRAM_HEADERS + 2) * 56;
  const newNamesAt = noteAt + 1000;
  const shoff = Math.ceil((newNamesAt + newNames.length) / 8) * 8;
  const elf = new Image(shoff + (SECTION_HEADERS + 2) * 64, base);
  setTables(elf, { phoff, phnum: PROGRAM_HEADERS + 2, shoff, shnum: SECTION_HEADERS + 2 });
  elf.bytes.set(base.subarray(0x40, 0x40 + PROGRAM_HEADERS * 56), phoff);
  elf.bytes.fill(0xee, noteAt, newNamesAt);
  elf.bytes.set(newNames, newNamesAt);
  elf.bytes.set(base.subarray(sectionsAt), shoff);
  setSection(elf, shoff + 192, 3, newNamesAt, newNames.length);
  setSection(elf, shoff + 256, 1, phoff, noteAt - phoff);
  setSection(elf, shoff + 320, 7, noteAt, 1000);
  return elf;
}

Deno.test("withoutPayload() gives the original back, byte by byte", () => {
  assertEquals(withoutPayload(compiled().bytes), original().bytes);
});

Deno.test("withoutPayload() leaves its argument as it is, also when that is a part of a buffer", () => {
  const { bytes } = compiled();
  const padded = new Uint8Array(bytes.length + 24);
  padded.set(bytes, 24);
  assertEquals(withoutPayload(padded.subarray(24)), original().bytes);
  assertEquals(padded.subarray(24), bytes);
});

Deno.test("withoutPayload() refuses what deno compile did not make", async (t) => {
  const cases: [string, string, () => Uint8Array][] = [
    ["an empty file", "it is no ELF file", () => new Uint8Array()],
    ["a script", "it is no ELF file", () => encoder.encode("#!/bin/sh\n".repeat(20))],
    ["a 32-bit file", "it is no 64-bit little-endian ELF file", () => compiled().bytes.with(4, 1)],
    ["a big-endian file", "it is no 64-bit little-endian ELF file", () => compiled().bytes.with(5, 2)],
    ["a file without a payload", "it has no section added by deno compile", () => original().bytes],
    ["a cut file", "it ends before its section headers do", () => compiled().bytes.subarray(0, -1)],
    ["overwritten program headers", "its original program headers are gone", () => compiled().bytes.with(0x40, 1)],
    [
      "overwritten section headers",
      "its original section headers are gone",
      () => compiled().bytes.with(sectionsAt + 64, 1),
    ],
    ["bytes in the padding", "something follows its section headers", () => compiled().bytes.with(4000, 1)],
  ];
  for (const [what, message, file] of cases) {
    await t.step(what, () => {
      assertThrows(() => withoutPayload(file()), Error, `Cannot take the program out of the file: ${message}`);
    });
  }
});
