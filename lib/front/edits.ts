/**
 * A route's changes to the fields of a head: on the bytes that are about to be sent, or on an answer of our own.
 *
 * @module
 */
import type { FieldEdit, FieldEdits } from "../config/route_options.ts";
import type { Template } from "../config/template.ts";
import type { Field } from "../http1/answer.ts";
import { COLON, equalsIgnoringCase, latin1, LF, putText } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { Client } from "./forwarded.ts";
import { isConstant, render, renderConstant } from "./template.ts";

/** Changes, ready to be made. */
export class HeadEdits {
  readonly #dropped: readonly Uint8Array[];
  readonly #droppedNames: ReadonlySet<string>;
  readonly #written: readonly FieldEdit[];

  private constructor({ remove, set, add }: FieldEdits) {
    this.#droppedNames = new Set([...remove, ...set.map(({ name }) => name.toLowerCase())]);
    this.#dropped = [...this.#droppedNames].map(latin1);
    this.#written = [...set, ...add];
  }

  /** The changes of `edits`; null when there are none. */
  static compile(edits: FieldEdits): HeadEdits | null {
    return edits.remove.length + edits.set.length + edits.add.length === 0 ? null : new HeadEdits(edits);
  }

  /** Makes them in the field lines in out[start, end); returns where the lines end then. */
  apply(exchange: Exchange, client: Client | null, out: Uint8Array, start: number, end: number): number {
    let at = this.#dropped.length === 0 ? end : dropLines(out, start, end, this.#dropped);
    for (const { name, value } of this.#written) {
      const text = render(value, exchange, client);
      // As nginx: a field without a value is not sent.
      if (text !== "") at = putText(`${name}: ${text}\r\n`, out, at);
    }
    return at;
  }

  /** Makes them in the fields of an answer of our own. */
  applyTo(fields: readonly Field[], exchange: Exchange, client: Client | null): Field[] {
    return this.#edited(fields, (value) => render(value, exchange, client));
  }

  /** The same for whichever request, when no value has a variable in it; else null. */
  constant(): ((fields: readonly Field[]) => Field[]) | null {
    if (!this.#written.every(({ value }) => isConstant(value))) return null;
    return (fields) => this.#edited(fields, renderConstant);
  }

  #edited(fields: readonly Field[], valueOf: (value: Template) => string): Field[] {
    const edited = fields.filter(([name]) => !this.#droppedNames.has(name.toLowerCase()));
    for (const { name, value } of this.#written) {
      const text = valueOf(value);
      if (text !== "") edited.push([name, text]);
    }
    return edited;
  }

  /** The most bytes that are added to a head, when no variable is longer than `longest`. */
  room(longest: number): number {
    let room = 0;
    for (const { name, value } of this.#written) {
      room += name.length + 4;
      for (const part of value) room += typeof part === "string" ? part.length * 3 : longest;
    }
    return room;
  }
}

/** Removes the lines of the given fields (lower case) from out[start, end); returns where the lines end then. */
export function dropLines(out: Uint8Array, start: number, end: number, names: readonly Uint8Array[]): number {
  let at = start;
  for (let line = start; line < end;) {
    const next = out.indexOf(LF, line) + 1, colon = out.indexOf(COLON, line);
    if (!names.some((name) => equalsIgnoringCase(out, line, colon, name))) {
      if (at !== line) out.copyWithin(at, line, next);
      at += next - line;
    }
    line = next;
  }
  return at;
}
