/**
 * What kind of module a file is: Node's rules for packages, and for a handler's own files Deno's, where a module is an ES module
 * unless something speaks against it.
 *
 * @module
 */
import { dirname, extname } from "@std/path";
import type { ReadText } from "./config.ts";

/** `data` is JSON, text, WebAssembly: what an import's attributes and Deno make of it. */
export type Format = "module" | "commonjs" | "data";

/** Says what kind of module the file at `path` with `text` is. @default extension {extname(path)} */
export type FormatOf = (path: string, text: string, extension?: string) => Format;

/** Makes one; what package.json files say is read once. */
export function formats(read: ReadText): FormatOf {
  const types = new Map<string, string | null>();
  /** `type` of the package.json above a file; null where there is none, or it does not say. */
  const typeFor = (directory: string): string | null => {
    const known = types.get(directory);
    if (known !== undefined) return known;
    const text = read(`${directory}/package.json`);
    const type = text !== null
      ? typeIn(text)
      // A package's files are its own: its packages' directory ends the search.
      : directory === dirname(directory) || directory.endsWith("/node_modules")
      ? null
      : typeFor(dirname(directory));
    types.set(directory, type);
    return type;
  };
  return (path, text, extension = extname(path)) => {
    switch (extension) {
      case ".cjs":
        return "commonjs";
      case ".ts":
      case ".tsx":
      case ".mts":
      case ".mjs":
        return "module";
      case ".jsx":
      case ".js":
        return scriptFormat(typeFor(dirname(path)), path, text);
      default:
        return "data";
    }
  };
}

/** The ending of a file's name by which Deno takes it for a module of `format`: its own, unless package.json says otherwise of that. */
export function endingFor(formatOf: FormatOf, path: string, format: Format): string {
  const extension = extname(path);
  // What is said of an empty file is said by package.json alone.
  return extension === ".js" && format === "module" && formatOf(path, "") === "commonjs" ? ".mjs" : extension;
}

function scriptFormat(type: string | null, path: string, text: string): Format {
  if (type === "module") return "module";
  // "npm init" says so of every package, and Deno takes ES modules for what they are all the same.
  if (type === "commonjs") return /^\s*(?:import|export)\b/m.test(text) && !isScript(text) ? "module" : "commonjs";
  const installed = path.includes("/node_modules/");
  return (installed || /\b(?:module\s*\.\s*exports|exports\s*\.|require\s*\()/.test(text)) && isScript(text)
    ? "commonjs"
    : "module";
}

function typeIn(text: string): string | null {
  try {
    const type: unknown = Reflect.get(Object(JSON.parse(text)), "type");
    return typeof type === "string" ? type : null;
  } catch {
    return null;
  }
}

/** Whether V8 takes the text for the body of a CommonJS module: `import` and `export` cannot stand there. It is not run. */
export function isScript(text: string): boolean {
  try {
    new Function("exports", "require", "module", "__filename", "__dirname", text.replace(/^#!.*/, ""));
    return true;
  } catch {
    return false;
  }
}
