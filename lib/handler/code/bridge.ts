/**
 * CommonJS modules for those who import them: an ES module that requires the other one and exports what it has, as Node does
 * (https://nodejs.org/api/esm.html#commonjs-namespaces).
 *
 * @module
 */
import { initSync, parse } from "cjs-module-lexer";

initSync();

/** The key of the global function by which the ES module gets what the other one exports. */
export const REQUIRE = "stackd.require";

/** Finds the text of what a module requires; null when it is not known. */
export type Required = (specifier: string) => { readonly text: string; readonly required: Required } | null;

/** Modules that export another one's exports, one behind the other, are followed up to this depth. */
const DEEPEST = 16;

/** Gives the text of the ES module for a CommonJS module with `text`. */
export type Bridge = (text: string, required: Required) => string;

/** See {@linkcode Bridge}. */
export const bridge: Bridge = (text, required) => {
  const names = [...exportedBy(text, required, 0)].filter((name) => name !== "default" && name !== "module.exports");
  return [
    `const exported = globalThis[Symbol.for("${REQUIRE}")](import.meta.url);`,
    'export { exported as default, exported as "module.exports" };',
    "const from = Object(exported);",
    ...names.map((name, index) =>
      `const _${index} = from[${JSON.stringify(name)}]; export { _${index} as ${JSON.stringify(name)} };`
    ),
  ].join("\n");
};

function exportedBy(text: string, required: Required, depth: number): Set<string> {
  const names = new Set<string>();
  try {
    const { exports, reexports } = parse(text);
    for (const name of exports) names.add(name);
    for (const specifier of depth < DEEPEST ? reexports : []) {
      const other = required(specifier);
      if (other === null) continue;
      for (const name of exportedBy(other.text, other.required, depth + 1)) names.add(name);
    }
  } catch { /* what cannot be read exports itself alone */ }
  return names;
}
