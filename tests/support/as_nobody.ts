/** Running as root, what an ordinary user would see of the file system. @module */

const NOBODY = 65_534;

/**
 * Runs `act`, which must be synchronous, without root's right to read everything: the thread's file-system user is changed
 * meanwhile (setfsuid(2)). Who is not root already is as ordinary as it gets.
 */
export function asNobody<T>(act: () => T): T {
  if (Deno.uid() !== 0) return act();
  const libc = Deno.dlopen("libc.so.6", { setfsuid: { parameters: ["u32"], result: "i32" } });
  libc.symbols.setfsuid(NOBODY);
  try {
    return act();
  } finally {
    libc.symbols.setfsuid(0);
    libc.close();
  }
}
