/**
 * Guards for the parts of messages: whether a value that came from another process is what it should be.
 *
 * @module
 */
import type { Guard } from "./channel.ts";

export const text: Guard<string> = (value): value is string => typeof value === "string";
export const flag: Guard<boolean> = (value): value is boolean => typeof value === "boolean";
export const number: Guard<number> = (value): value is number => typeof value === "number";

export function literal<const Value>(...values: Value[]): Guard<Value> {
  return (value): value is Value => values.some((allowed) => allowed === value);
}

export function orNull<Value>(guard: Guard<Value>): Guard<Value | null> {
  return (value): value is Value | null => value === null || guard(value);
}

export function list<Value>(guard: Guard<Value>): Guard<Value[]> {
  return (value): value is Value[] => Array.isArray(value) && value.every(guard);
}

export function record<Shape extends object>(
  fields: { readonly [Key in keyof Shape]-?: Guard<Shape[Key]> },
): Guard<Shape> {
  return (value): value is Shape =>
    typeof value === "object" && value !== null &&
    Object.entries<Guard<unknown>>(fields).every(([name, guard]) => guard(Reflect.get(value, name)));
}

export function either<First, Second>(first: Guard<First>, second: Guard<Second>): Guard<First | Second> {
  return (value): value is First | Second => first(value) || second(value);
}

/** Any object: what is in it is believed. For what the same program has validated before it sent it. */
export function object<Shape extends object>(): Guard<Shape> {
  return (value): value is Shape => typeof value === "object" && value !== null;
}
