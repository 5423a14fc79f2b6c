/**
 * Globals that a handler's module makes unusable when it is loaded. What is around the handler needs them as much as the handler does: a
 * worker without them would answer nothing, and could not even say why.
 *
 * @module
 */

/** What a worker uses while it serves. A replacement of the same kind, as code for Node and tests bring it, is the handler's affair. */
const NEEDED = [
  "AbortController",
  "Array",
  "Date",
  "DOMException",
  "Error",
  "Headers",
  "JSON",
  "Map",
  "Math",
  "Number",
  "Object",
  "Promise",
  "ReadableStream",
  "Reflect",
  "Set",
  "String",
  "Symbol",
  "TextDecoder",
  "TextEncoder",
  "TypeError",
  "URL",
  "Uint8Array",
  "clearInterval",
  "clearTimeout",
  "performance",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
] as const;

/**
 * Notes the globals as they are.
 *
 * @returns Puts those back that are not usable any more, and gives the name of the first; null when all are.
 */
export function keepGlobals(): () => string | null {
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const kept: { readonly name: string; readonly kind: string; readonly property: PropertyDescriptor }[] = [];
  for (const name of NEEDED) {
    const property = getOwnPropertyDescriptor(globalThis, name);
    if (property !== undefined) kept.push({ name, kind: kindOf(name), property });
  }
  return () => {
    let first: string | null = null;
    for (const { name, kind, property } of kept) {
      if (kindOf(name) === kind) continue;
      first ??= name;
      defineProperty(globalThis, name, property);
    }
    return first;
  };
}

/** As `typeof` has it, but that null is no object. */
function kindOf(name: string): string {
  const value: unknown = (globalThis as Record<string, unknown>)[name];
  return value === null ? "null" : typeof value;
}
