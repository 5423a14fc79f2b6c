/**
 * `error-pages` of a route. The pages are read here, so that none is missing when it is needed.
 *
 * @module
 */
import { contentType } from "@std/media-types/content-type";
import { extname } from "@std/path";
import type { ErrorPage } from "../route_options.ts";
import { ValueError } from "../values.ts";
import { type Context, readNamed } from "./context.ts";
import { text } from "./parsers.ts";
import type { Section } from "./section.ts";

/** Reads the key; mistakes are noted. The fewer statuses a page is for, the earlier it stands. */
export function readErrorPages(route: Section, context: Context): ErrorPage[] {
  const section = route.table("error-pages");
  const pages: ErrorPage[] = [];
  for (const [key, , place] of section?.free() ?? []) {
    const [, digits] = /^([45](?:\d\d|xx))$/.exec(key) ?? [];
    if (digits === undefined) {
      section?.mistake(place, `"${key}" is no status of an error: 404 is one, and 5xx stands for all from 500 to 599`);
      continue;
    }
    const [from, to] = [Number(digits.replace("xx", "00")), Number(digits.replace("xx", "99"))];
    const page = section?.one(key, (value): ErrorPage => {
      const { path, body } = readNamed(text(value), context);
      return { from, to, path, body, contentType: mediaType(path) };
    }, null);
    if (page) pages.push(page);
  }
  return pages.toSorted((a, b) => (a.to - a.from) - (b.to - b.from));
}

/** Shown by browsers, so a page whose type they would save to disk is a mistake. */
function mediaType(path: string): string {
  const type = contentType(extname(path))?.replace("charset=UTF-8", "charset=utf-8");
  if (type === undefined) throw new ValueError(`the type of "${path}" is not known; name it as 404.html`);
  return type;
}
