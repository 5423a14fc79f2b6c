/**
 * Whether a path lies in what is allowed.
 *
 * @module
 */

/** Whether `path` is one of `roots`, or below one. */
export function isWithin(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`));
}

/** Whether Deno lets nobody have this whom it denies anything: files that tell of the system, of other processes, or change them. */
export function isUnallowable(path: string): boolean {
  return isWithin(path, ["/proc", "/sys"]);
}
