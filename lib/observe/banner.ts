/**
 * What a role prints when it is ready: one short block that says what runs where.
 *
 * @module
 */
import { standardOutput } from "./output.ts";

/** A line of the banner: what, and its value. */
export type BannerRow = readonly [label: string, value: string];

/** The banner as text: the title, then the rows with their values in one column. Ends with a newline. */
export function renderBanner(title: string, rows: readonly BannerRow[]): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return [title, ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`)].join("\n") + "\n";
}

/** Prints the banner on standard output; a closed standard output ends nothing. */
export function printBanner(title: string, rows: readonly BannerRow[]): void {
  standardOutput.write(new TextEncoder().encode(renderBanner(title, rows)));
}
