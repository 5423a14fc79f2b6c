/**
 * Programs of the classic BPF, by which the kernel filters what goes past it: system calls (seccomp(2)), packets (socket(7)).
 *
 * @module
 */

/** One instruction (struct sock_filter). */
export type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** Codes of instructions (linux/filter.h). */
export const LOAD = 0x20, LOAD_BYTE = 0x30, AND = 0x54, JUMP_IF_EQUAL = 0x15, JUMP_IF_NOT_LESS = 0x35, RETURN = 0x06;

/** A program in this process's memory, where it stands as long as this object lives. */
export interface Filter {
  /** The kernel's struct sock_fprog, as bytes. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** What it points to. */
  readonly instructions: Uint8Array<ArrayBuffer>;
}

/** Puts a program into memory. It takes a thread that may use any library. */
export function makeFilter(program: readonly Instruction[]): Filter {
  const instructions = new Uint8Array(program.length * 8), view = new DataView(instructions.buffer);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  // A length, padding, a pointer.
  const header = new Uint8Array(16), fields = new DataView(header.buffer);
  fields.setUint16(0, program.length, true);
  fields.setBigUint64(8, addressOf(instructions), true);
  return { header, instructions };
}

/** Where bytes stand in this process's memory. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}
