/** Copying directories. @module */

/** Copies a directory with all that is in it, into one that may be there. `nameOf`: what a directory in it is called there. */
export function copy(from: string, to: string, nameOf: (directory: string) => string = (name) => name): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copy(`${from}/${name}`, `${to}/${nameOf(name)}`, nameOf);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
