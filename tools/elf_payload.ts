/**
 * Takes what `deno compile` added to an ELF base binary off again.
 *
 * It appends, behind zero padding: a copy of the program headers with two more (a segment for itself, a note), the note
 * with the program, the section names with two more, and the section headers with two more. Of what stood there
 * before, it changes four fields of the file header: where both tables begin, and how many entries they have. So the
 * original is the beginning of the file, up to the end of its own section headers, with these four fields set back.
 *
 * @module
 */

/** Offsets in the 64-bit file header (System V ABI, chapter 4). */
const FIELD = { programHeadersAt: 0x20, sectionHeadersAt: 0x28, programHeaderCount: 0x38, sectionHeaderCount: 0x3c };
const FILE_HEADER_SIZE = 0x40;
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
const PT_PHDR = 6;
const ADDED = 2;
const ADDED_NAMES = new TextEncoder().encode(".note.sui\0.sui.phdrs\0");

/**
 * The ELF file as it was before `deno compile` put a program into it; the argument is left as it is.
 *
 * @throws {Error} The file is no 64-bit little-endian ELF file, or was not made by `deno compile`.
 */
export function withoutPayload(compiled: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(compiled.buffer, compiled.byteOffset, compiled.byteLength);
  must(compiled.length >= FILE_HEADER_SIZE && view.getUint32(0) === 0x7f454c46, "it is no ELF file");
  must(compiled[4] === 2 && compiled[5] === 1, "it is no 64-bit little-endian ELF file");
  const programHeadersAt = u64(view, FIELD.programHeadersAt);
  const newTable = sectionTable(compiled, view);
  must(endsWith(sectionNames(compiled, view, newTable), ADDED_NAMES), "it has no section added by deno compile");

  const programHeaderCount = view.getUint16(FIELD.programHeaderCount, true) - ADDED;
  const sectionHeaderCount = newTable.length / SECTION_HEADER_SIZE - ADDED;
  // The original's first program header describes the original table, which nothing has overwritten.
  must(
    view.getUint32(FILE_HEADER_SIZE, true) === PT_PHDR &&
      u64(view, FILE_HEADER_SIZE + 8) === FILE_HEADER_SIZE &&
      u64(view, FILE_HEADER_SIZE + 32) === programHeaderCount * PROGRAM_HEADER_SIZE,
    "its original program headers are gone",
  );
  const sectionHeadersAt = lastIndexOf(
    compiled.subarray(0, programHeadersAt),
    // All but the last, which is the table of the names: that one has moved and grown.
    newTable.subarray(0, (sectionHeaderCount - 1) * SECTION_HEADER_SIZE),
  );
  must(sectionHeadersAt > 0, "its original section headers are gone");
  const end = sectionHeadersAt + sectionHeaderCount * SECTION_HEADER_SIZE;
  must(compiled.subarray(end, programHeadersAt).every((byte) => byte === 0), "something follows its section headers");

  const original = new Uint8Array(compiled.subarray(0, end));
  const header = new DataView(original.buffer);
  header.setBigUint64(FIELD.programHeadersAt, BigInt(FILE_HEADER_SIZE), true);
  header.setBigUint64(FIELD.sectionHeadersAt, BigInt(sectionHeadersAt), true);
  header.setUint16(FIELD.programHeaderCount, programHeaderCount, true);
  header.setUint16(FIELD.sectionHeaderCount, sectionHeaderCount, true);
  return original;
}

function sectionTable(file: Uint8Array, view: DataView): Uint8Array {
  const at = u64(view, FIELD.sectionHeadersAt);
  const length = view.getUint16(FIELD.sectionHeaderCount, true) * SECTION_HEADER_SIZE;
  must(length > ADDED * SECTION_HEADER_SIZE && at + length <= file.length, "it ends before its section headers do");
  return file.subarray(at, at + length);
}

/** The section that holds all sections' names: the last of the original ones. */
function sectionNames(file: Uint8Array, view: DataView, table: Uint8Array): Uint8Array {
  const header = table.byteOffset - file.byteOffset + table.length - (ADDED + 1) * SECTION_HEADER_SIZE;
  const at = u64(view, header + 24);
  return file.subarray(at, at + u64(view, header + 32));
}

function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return bytes.length >= end.length && startsWithAt(bytes, end, bytes.length - end.length);
}

function lastIndexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.length - wanted.length; at >= 0; at--) {
    if (startsWithAt(bytes, wanted, at)) return at;
  }
  return -1;
}

function startsWithAt(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) {
    if (bytes[at + i] !== wanted[i]) return false;
  }
  return true;
}

function must(condition: boolean, state: string): asserts condition {
  if (!condition) throw new Error(`Cannot take the program out of the file: ${state}`);
}
