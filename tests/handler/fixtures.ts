/** The handlers that tests load. @module */
import { fromFileUrl } from "@std/path";

/** The absolute path of a handler in tests/fixtures/handlers. */
export function handlerPath(name: string): string {
  return fromFileUrl(new URL(`../fixtures/handlers/${name}`, import.meta.url));
}

/** The absolute path of a handler in tests/fixtures/broken. */
export function brokenPath(name: string): string {
  return fromFileUrl(new URL(`../fixtures/broken/${name}`, import.meta.url));
}
