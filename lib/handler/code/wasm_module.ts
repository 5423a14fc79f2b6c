/**
 * WebAssembly as an ES module (https://webassembly.github.io/esm-integration/js-api/). Deno 2.9.4 has that built in, and loses it where
 * there are hooks: it takes the bytes for text.
 *
 * @module
 */

/** The text of a module that instantiates `bytes`, with what they import, and exports what they do. */
export function wasmModule(bytes: Uint8Array<ArrayBuffer>): string {
  const module = new WebAssembly.Module(bytes);
  const imports = [...new Set(WebAssembly.Module.imports(module).map((each) => each.module))];
  const exports = WebAssembly.Module.exports(module);
  return [
    ...imports.map((name, index) => `import * as i${index} from ${JSON.stringify(name)};`),
    `const module = new WebAssembly.Module(Uint8Array.fromBase64("${bytes.toBase64()}"));`,
    `const imports = { ${imports.map((name, index) => `${JSON.stringify(name)}: i${index}`).join(", ")} };`,
    "const { exports } = new WebAssembly.Instance(module, imports);",
    "const valueOf = (name) => exports[name] instanceof WebAssembly.Global ? exports[name].value : exports[name];",
    ...exports.map(({ name }, index) =>
      `const e${index} = valueOf(${JSON.stringify(name)}); export { e${index} as ${JSON.stringify(name)} };`
    ),
  ].join("\n");
}
