/**
 * What a grant comes to.
 *
 * @module
 */
import type { Grant } from "./permissions.ts";

/** Whether anything of its kind is allowed. */
export function allowsSome(grant: Grant): boolean {
  return grant === "all" || grant.length > 0;
}

/** Whether `name` is: all of its kind, or just this. */
export function allowsName(grant: Grant, name: string): boolean {
  return grant === "all" || grant.includes(name);
}
