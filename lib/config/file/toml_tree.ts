/**
 * A TOML document as plain data in which every value knows where it stands.
 *
 * @module
 */

/** Where something stands in the file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What all values have. */
interface Written extends Place {
  /** As it is written: a value, or the header `[a.b]` of a section. */
  readonly source: string;
}

/** A text, without quotes and escapes. */
export interface TomlString extends Written {
  readonly kind: "string";
  readonly value: string;
}

/** A number, as decimal digits where it has them: `1_000` is `1000`, `0.50` stays, `inf` too. */
export interface TomlNumber extends Written {
  readonly kind: "number";
  readonly text: string;
}

/** A truth value. */
export interface TomlBoolean extends Written {
  readonly kind: "boolean";
  readonly value: boolean;
}

/** A date or a time, which no key takes. */
export interface TomlDate extends Written {
  readonly kind: "date";
}

/** An array, or all sections of one `[[name]]`. */
export interface TomlArray extends Written {
  readonly kind: "array";
  readonly items: TomlValue[];
  /** Whether it was made by `[[name]]`. */
  readonly header: boolean;
}

/** A table, written inline, as a section, or by dotted keys. */
export interface TomlTable extends Written {
  readonly kind: "table";
  /** By key, in their order. */
  readonly entries: Map<string, TomlEntry>;
  /** Whether it was made by a header, its own or of one below it. */
  readonly header: boolean;
}

/** A value and the place of its key. */
export interface TomlEntry {
  readonly key: Place;
  readonly value: TomlValue;
}

/** Any value. */
export type TomlValue = TomlString | TomlNumber | TomlBoolean | TomlDate | TomlArray | TomlTable;
