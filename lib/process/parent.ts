/**
 * A child that ends with its parent, however the parent ended and whatever the child is doing.
 *
 * @module
 */

/** prctl(2): the signal that the kernel sends to this process when its parent ends. */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9n;

/**
 * Ties this process to its parent. Standard input is a pipe that the parent holds: its end means that the parent is gone,
 * and `onGone` is called. Where that would not be noticed, in an endless loop, {@linkcode dieWithParent} does it.
 */
export function tieToParent(onGone: () => void): void {
  waitForEnd().then(onGone, () => {}); // whoever closed standard input on this side did it on purpose
}

async function waitForEnd(): Promise<void> {
  const buffer = new Uint8Array(64);
  while (await Deno.stdin.read(buffer) !== null);
}

/** Lets the kernel kill this process when its parent ends (Linux only). */
export function dieWithParent(): void {
  if (Deno.build.os !== "linux") return;
  try {
    const libc = Deno.dlopen("libc.so.6", {
      prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
    });
    libc.symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n);
    libc.close();
  } catch { /* another libc: the pipe's end has to do */ }
}
