/**
 * Specifiers as people write them, taken apart.
 *
 * @module
 */

/** What a specifier names of a package. */
export interface PackageReference {
  /** "hono", "@trpc/server". */
  readonly name: string;
  /** As written behind the "@": "^4", "latest"; null for any. */
  readonly range: string | null;
  /** As in `exports`: "." or "./jsx-runtime". */
  readonly subpath: string;
}

/** `[@scope/]name[@range][/subpath]`; a leading slash is what an import map's folder mapping makes of it. */
const PACKAGE = /^\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]*))?(\/.*)?$/;

/** Takes `hono@^4/cors`, as it stands behind `npm:` or `jsr:`, apart; null when it is no package's name. */
export function parsePackage(text: string): PackageReference | null {
  const [, name, range = "", rest = ""] = PACKAGE.exec(text) ?? [];
  if (name === undefined || name.startsWith(".")) return null;
  return { name, range: range === "" ? null : range, subpath: rest === "" || rest === "/" ? "." : `.${rest}` };
}

/** The specifier without a scheme, as an import in a package would name it. */
export function bareName({ name, subpath }: PackageReference): string {
  return name + subpath.slice(1);
}

/** What npm's registry calls a package of JSR (https://jsr.io/docs/npm-compatibility). */
export function npmNameOf({ name }: PackageReference): string {
  return `@jsr/${name.replace("@", "").replace("/", "__")}`;
}

/** Whether a specifier is a path: relative, from the root, or a `file:` URL. */
export function isPath(specifier: string): boolean {
  return /^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier);
}

/** Text of code, in which a specifier may stand. */
const TYPE_IMPORT =
  /\b(?:import|export)\s+type\s+(?:\{[^}]*\}|[\w$]+|\*\s*as\s+[\w$]+)\s*from\s*(?:"[^"\n]*"|'[^'\n]*')/g;
/** A line inside of a comment, and no generator's: examples in documentation import much that is not there. */
const REMARK = /^[ \t]*(?:\/\/.*|\*[ \t](?![ \t]*(?:[\w$#]+|\[.*\])[ \t]*\()(?!.*\*\/).*)$/gm;
const GAP = String.raw`(?:\s|/\*(?:[^*]|\*(?!/))*\*/)*`;
const IMPORT = new RegExp(
  String
    .raw`(?:\b(from|import)${GAP}\(?|\b(require)(?:\.resolve)?${GAP}\()${GAP}(["'${"`"}])((?:(?!\3|\$\{)[^\n\\])+)\3`,
  "g",
);

/** Packages of which only the place is asked for; where a path leads need not be known before. */
const RESOLVED = /\bimport\.meta\.resolve\s*\(\s*(["'`])([^"'`./\n$][^"'`\n$]*)\1/g;

/** How a module asks for another: the two ways have rules of their own. */
export type Mode = "import" | "require";

/** One thing that a module may ask for. */
export interface Asked {
  readonly mode: Mode;
  readonly specifier: string;
}

/**
 * Everything that a file's text may ask for, each once. It is not a parser, and finds too much (in strings, in some comments) rather than
 * too little: what is found in vain costs a look at the disk, what is missed costs nothing but that it is looked for when it is run.
 */
export function askedBy(text: string): Asked[] {
  const found = new Map<string, Asked>();
  const code = textOf(text);
  for (const [, , required, , specifier = ""] of code.matchAll(IMPORT)) {
    const mode = required === undefined ? "import" : "require";
    found.set(edgeKey(mode, specifier), { mode, specifier });
  }
  for (const [, , specifier = ""] of code.matchAll(RESOLVED)) {
    found.set(edgeKey("import", specifier), { mode: "import", specifier });
  }
  return [...found.values()];
}

function textOf(text: string): string {
  return text.replaceAll(REMARK, "").replaceAll(TYPE_IMPORT, "");
}

/** What an edge of the import graph is called. */
export function edgeKey(mode: Mode, specifier: string): string {
  return `${mode} ${specifier}`;
}
