/**
 * A process that goes on as another program, or as itself once more: what it was confined to then holds for all of its threads,
 * and nothing that it had in its memory is left. Linux only.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";

const SYMBOLS = {
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  syscall: { parameters: ["i64", "u32", "u32", "u32"], result: "i64" },
} as const;
const O_RDONLY = 0;
/** close_range(2); the same number on every architecture. As old as Landlock. */
const CLOSE_RANGE = 436n, FIRST = 3, LAST = 0xffff_ffff, CLOSE_RANGE_CLOEXEC = 4;

/**
 * Goes on as `program`, with these arguments and exactly this environment. Standard input is empty from then on; of the other
 * descriptors only standard output and standard error stay.
 *
 * @returns Never.
 * @throws {StackdError} `STACKD_CONFINEMENT` (exit 1) when the system does not do it.
 */
export function replaceProcess(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): never {
  let state: string;
  try {
    const libc = Deno.dlopen("libc.so.6", SYMBOLS);
    const { execve, open, dup2, close, syscall } = libc.symbols;
    const nothing = open(cString("/dev/null"), O_RDONLY);
    if (nothing > 0) {
      dup2(nothing, 0);
      close(nothing);
    }
    // Deno has opened its own so that they close; whoever started us may have left us others.
    syscall(CLOSE_RANGE, FIRST, LAST, CLOSE_RANGE_CLOEXEC);
    const argv = new CStrings([program, ...args]);
    const envp = new CStrings(Object.entries(env).map(([name, value]) => `${name}=${value}`));
    execve(cString(program), argv.pointers, envp.pointers);
    state = `"${program}" cannot be run`;
  } catch (thrown) {
    state = messageOf(thrown);
  }
  throw new StackdError("STACKD_CONFINEMENT", `Cannot confine the handler: ${state}`, { exitCode: 1 });
}

/** A null-terminated list of null-terminated strings, as long as this object lives. */
class CStrings {
  readonly pointers: BigUint64Array<ArrayBuffer>;
  readonly #strings: readonly Uint8Array<ArrayBuffer>[];

  constructor(strings: readonly string[]) {
    this.#strings = strings.map(cString);
    const addresses = this.#strings.map((bytes) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
    this.pointers = new BigUint64Array([...addresses.map(BigInt), 0n]);
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
