/**
 * Puts the modules of the executable together into few files: to find and read each of some two hundred takes a third of a
 * millisecond, which a start would spend twice, in the supervisor and in its worker.
 *
 * What is imported late stays in files of its own. So does the program of a confined handler's isolate, which begins by itself.
 *
 * @module
 */
import { join, toFileUrl } from "@std/path";
import { ROOT, ToolError } from "./tool.ts";

/** Where the files go, below the directory: as deep as the modules that ask for what lies beside them. */
const PLACE = "lib/bundled";
/** The main module's import, and what takes its place. */
const MAIN = "lib/cli/main.ts", BUNDLED_MAIN = `${PLACE}/main.js`;
/** The program of a confined handler's isolate; and what starts it by the name that it has in the source, in the bundle's directory. */
const ISOLATE_MAIN = "lib/handler/isolate.ts";
export const ISOLATE = `${PLACE}/isolate.ts`;
/** Where the bundler's entries are put, side by side: it lays its files out as they lie. */
const ENTRIES = "entries";
/** Packages that `deno compile` takes in itself: as CommonJS in a bundle they would load Deno's `node:module` at every start. */
const WHOLE = ["bcryptjs", "cjs-module-lexer", "enhanced-resolve", "toml-eslint-parser"];

/**
 * Bundles the program into `directory`, which is made.
 *
 * @returns The main module there, which stands for `cli.ts`.
 * @throws {ToolError} It cannot be bundled.
 */
export async function bundle(directory: string): Promise<string> {
  const entries = join(directory, ENTRIES);
  await Deno.mkdir(entries, { recursive: true });
  const [main, isolate] = [join(entries, "main.ts"), join(entries, "isolate.ts")];
  await Deno.writeTextFile(main, `export { main } from ${JSON.stringify(toFileUrl(join(ROOT, MAIN)))};\n`);
  await Deno.writeTextFile(isolate, `import ${JSON.stringify(toFileUrl(join(ROOT, ISOLATE_MAIN)))};\n`);
  const args = [
    "bundle",
    "--quiet",
    "--frozen",
    "--config",
    join(ROOT, "deno.json"),
    "--code-splitting",
    ...WHOLE.flatMap((name) => ["--external", name]),
    "--outdir",
    join(directory, PLACE),
    main,
    isolate,
  ];
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" }).spawn().status;
  if (!success) throw new ToolError(`Cannot bundle "${join(ROOT, MAIN)}": deno bundle failed`);
  await Deno.writeTextFile(join(directory, ISOLATE), 'import "./isolate.js";\n');
  const entry = join(directory, "cli.ts");
  await Deno.writeTextFile(entry, await entryText());
  return entry;
}

/** The text of `cli.ts` with its import leading to the bundle. */
async function entryText(): Promise<string> {
  const text = await Deno.readTextFile(join(ROOT, "cli.ts"));
  if (!text.includes(`"./${MAIN}"`)) throw new ToolError(`Cannot bundle "cli.ts": it does not import "./${MAIN}"`);
  return text.replace(`"./${MAIN}"`, `"./${BUNDLED_MAIN}"`);
}
