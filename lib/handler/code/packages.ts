/**
 * Packages in `node_modules`, found by Node's rules with Deno's condition before them. webpack's resolver knows the rules; it is
 * loaded when a package is first asked for.
 *
 * @module
 */
import { isBuiltin } from "node:module";
import { dirname, fromFileUrl, toFileUrl } from "@std/path";
import { parseRange, satisfies, tryParse } from "@std/semver";
import { messageOf } from "../../errors.ts";
import { type Cure, found, problem, type Resolution } from "./problem.ts";
import { bareName, isPath, type Mode, type PackageReference } from "./specifier.ts";

/** The conditions of `exports` that hold (https://nodejs.org/api/packages.html#conditional-exports), beside `default`. */
const CONDITIONS: Readonly<Record<Mode, readonly string[]>> = {
  import: ["deno", "import", "node", "node-addons"],
  require: ["require", "node", "node-addons"],
};
const EXTENSIONS = [".js", ".json", ".node"] as const;
/** What the disk said is believed for this long, ms: as long as one look at all imports takes. */
const BELIEVED = 60_000;

/** Finds packages, beside what Deno has built in. It remembers what the disk said, so there is one for each look at a module's imports. */
export interface PackageResolver {
  /** Whether a name without a scheme is a module that is built in, as Node has them. */
  isBuiltin(name: string): boolean;
  /** Where `specifier`, a package's name or a path, leads from the file at `parent`. */
  resolve(specifier: string, parent: string, mode: Mode): Resolution;
  /** The same for a package that was named with its version. */
  resolvePackage(reference: PackageReference, parent: string, mode: Mode): Resolution;
}

/**
 * Makes one.
 *
 * @param consulted Takes the paths of whatever is looked at on disk, also where nothing is.
 */
export async function packageResolver(consulted: Set<string> = new Set()): Promise<PackageResolver> {
  const [{ CachedInputFileSystem, ResolverFactory }, fs] = await Promise.all([
    import("enhanced-resolve").then((module) => module.default),
    import("node:fs").then((module) => module.default),
  ]);
  const fileSystem = new CachedInputFileSystem(fs, BELIEVED);
  const make = (mode: Mode) =>
    ResolverFactory.createResolver({
      fileSystem,
      useSyncFileSystemCalls: true,
      conditionNames: [...CONDITIONS[mode]],
      extensions: [...EXTENSIONS],
      // An import names a file in full; what a package's "main" leaves out is completed for it, too.
      fullySpecified: mode === "import",
      mainFields: ["main"],
    });
  const looked = { fileDependencies: consulted, missingDependencies: consulted, contextDependencies: consulted };
  const resolvers = { import: make("import"), require: make("require") };
  /** The absolute path; throws what webpack says. */
  const pathOf = (specifier: string, parent: string, mode: Mode): string => {
    const path = resolvers[mode].resolveSync({}, dirname(parent), specifier, looked);
    if (path === false) throw new Error(`"${specifier}" stands for nothing here`);
    return path;
  };
  const resolve = (specifier: string, parent: string, mode: Mode): Resolution => {
    try {
      const path = pathOf(specifier.startsWith("file:") ? fromFileUrl(specifier) : specifier, parent, mode);
      const [file = path, query = ""] = path.split(/(?=[?#])/, 2);
      return found(toFileUrl(file).href + query);
    } catch (thrown) {
      return why(specifier, parent, messageOf(thrown));
    }
  };
  return {
    isBuiltin,
    resolve,
    resolvePackage(reference, parent, mode) {
      const resolution = resolve(bareName(reference), parent, mode);
      if (resolution.kind === "problem") {
        return resolution.cure === null ? resolution : { ...resolution, cure: install(versioned(reference), parent) };
      }
      const has = versionAbove(fromFileUrl(resolution.url), reference.name, consulted);
      if (has === null || admits(reference.range, has)) return resolution;
      return problem(`is not what is installed, version ${has}`, install(versioned(reference), parent));
    },
  };
}

/** The package as npm is asked for it. */
function versioned({ name, range }: PackageReference): string {
  if (range === null) return name;
  return /^[\w.^~-]+$/.test(range) ? `${name}@${range}` : `'${name}@${range}'`;
}

/** Why a package's module is not found. */
function why(specifier: string, parent: string, message: string): Resolution {
  if (isPath(specifier)) return problem("is no file");
  if (specifier.startsWith("#")) return problem('is not in the "imports" of the package.json above it');
  const [, hidden, nameless, gone] =
    /"(\S+)" is not exported under|Package path (\S+) is not exported|Package path (\S+) is exported/.exec(message) ??
      [];
  const subpath = hidden ?? nameless;
  const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [specifier];
  if (subpath !== undefined) {
    const what = subpath === "." ? "its main module" : `"${subpath}"`;
    return problem(`is not there: the "exports" of the package "${name}" have no ${what}`);
  }
  if (gone !== undefined) return problem(`is in the "exports" of the package "${name}", and its file is not there`);
  if (directoryOf(name, parent) !== null) {
    return problem(`is not there, though the package "${name}" is installed`);
  }
  return problem("is a package, and not installed", install(name, parent));
}

/** The command that installs a package for the file at `parent`. */
function install(what: string, parent: string): Cure {
  return { command: `npm install ${what}`, directory: projectOf(parent) };
}

/** The directory whose packages a file uses: the nearest with a package.json, or its own. */
function projectOf(parent: string): string {
  // What a package lacks is installed beside it.
  const [own = parent] = parent.split("/node_modules/");
  const first = own === parent ? dirname(parent) : own;
  for (let directory = first;; directory = dirname(directory)) {
    if (kindOf(`${directory}/package.json`) !== null) return directory;
    if (directory === dirname(directory)) return first;
  }
}

/** Where a package is installed, as seen from a file; null when it is not. */
function directoryOf(name: string, parent: string): string | null {
  for (let directory = dirname(parent);; directory = dirname(directory)) {
    const path = `${directory}/node_modules/${name}`;
    if (kindOf(path) !== null) return path;
    if (directory === dirname(directory)) return null;
  }
}

/** The version of the package that the file at `path` belongs to; null where nothing says it. */
function versionAbove(path: string, name: string, consulted: Set<string>): string | null {
  for (let directory = dirname(path); directory !== dirname(directory); directory = dirname(directory)) {
    consulted.add(`${directory}/package.json`);
    try {
      const content: unknown = JSON.parse(Deno.readTextFileSync(`${directory}/package.json`));
      // A file without a name stands below a package's own, to say what kind of modules are there.
      const version: unknown = Reflect.get(Object(content), "version");
      if (Reflect.get(Object(content), "name") === name && typeof version === "string") return version;
    } catch { /* the next one above */ }
  }
  return null;
}

/** Whether a version is one of `range`; tags, and what cannot be read, admit every one. */
function admits(range: string | null, version: string): boolean {
  const parsed = tryParse(version);
  if (range === null || parsed === undefined) return true;
  try {
    return satisfies(parsed, parseRange(range));
  } catch {
    return true;
  }
}

function kindOf(path: string): "file" | "directory" | null {
  try {
    return Deno.statSync(path).isDirectory ? "directory" : "file";
  } catch {
    return null;
  }
}
