/**
 * What is in a directory, as a page or as JSON.
 *
 * @module
 */
import type { Answer } from "../http1/answer.ts";
import { prefersJson } from "../http1/error_answer.ts";

/** One name of a directory. */
export interface Listed {
  readonly name: string;
  readonly kind: "file" | "directory";
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Ms since the epoch; null when unknown. */
  readonly mtime: number | null;
}

/** More names are not shown: whoever has so many wants another way to find them. */
export const MOST_LISTED = 10_000;

const encoder = new TextEncoder();
const order = new Intl.Collator("en", { numeric: true });

/** The answer that lists `entries` of the directory at the decoded path `path`; `top`: there is none above to link to. */
export function listingAnswer(path: string, entries: readonly Listed[], top: boolean, accept: string | null): Answer {
  const sorted = entries.toSorted((a, b) =>
    a.kind === b.kind ? order.compare(a.name, b.name) : a.kind === "directory" ? -1 : 1
  );
  const json = prefersJson(accept);
  const body = json ? JSON.stringify(sorted.map(asJson)) : page(path, sorted, top);
  return {
    status: 200,
    fields: [
      ["Content-Type", json ? "application/json" : "text/html; charset=utf-8"],
      ["Cache-Control", "no-cache"],
      ["Vary", "Accept"],
    ],
    body: encoder.encode(body),
  };
}

function asJson({ name, kind, size, mtime }: Listed) {
  const time = mtime === null ? null : new Date(mtime).toISOString();
  return kind === "file" ? { name, type: kind, size, mtime: time } : { name, type: kind, mtime: time };
}

const STYLE =
  `:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600}
td,th{padding:.2rem .6rem;border-bottom:1px solid #8884}td:first-child{overflow-wrap:anywhere}
td+td,th+th{white-space:nowrap;text-align:right;color:#888}a{text-decoration:none}a:hover{text-decoration:underline}`;

function page(path: string, entries: readonly Listed[], top: boolean): string {
  const title = escape(path);
  const rows = entries.map(({ name, kind, size, mtime }) => {
    const slash = kind === "directory" ? "/" : "";
    // "./": a name with a colon would be read as a scheme.
    const link = `<a href="./${encodeURIComponent(name)}${slash}">${escape(name)}${slash}</a>`;
    const time = mtime === null ? "" : new Date(mtime).toISOString().slice(0, 16).replace("T", " ");
    return `<tr><td>${link}</td><td>${kind === "file" ? sizeText(size) : ""}</td><td>${time}</td></tr>`;
  });
  if (!top) rows.unshift('<tr><td><a href="../">../</a></td><td></td><td></td></tr>');
  const more = entries.length < MOST_LISTED ? "" : `<p>Only ${MOST_LISTED} names are shown.</p>\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${STYLE}</style></head>
<body><h1>${title}</h1>
<table><thead><tr><th>Name</th><th>Size</th><th>Changed (UTC)</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>
${more}</body></html>
`;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes for people. */
export function sizeText(size: number): string {
  let value = size, unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}
