export interface SemVer {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}
export type Range = readonly (readonly unknown[])[];
export declare function parseRange(text: string): Range;
export declare function tryParse(text: string): SemVer | undefined;
export declare function satisfies(version: SemVer, range: Range): boolean;
export declare function compare(a: SemVer, b: SemVer): number;
