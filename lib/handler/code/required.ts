/**
 * ES modules that CommonJS modules require. Nobody can wait for one at that moment, so they are evaluated before all else, in an order in
 * which each finds what it needs itself.
 *
 * @module
 */
import type { CodeGraph } from "./trace.ts";

/**
 * Their URLs: each stands behind those that anything it leads to requires.
 *
 * @param leads Where the imports of each file lead, by their URLs.
 */
export function requiredIn(
  { entry, files, edges }: Pick<CodeGraph, "entry" | "files" | "edges">,
  leads: ReadonlyMap<string, readonly string[]>,
): string[] {
  const required = new Set<string>();
  for (const targets of edges.values()) {
    for (const [key, url] of Object.entries(targets)) {
      if (key.startsWith("require ") && files.get(url)?.format === "module") required.add(url);
    }
  }
  return required.size < 2 ? [...required] : behindWhatTheyNeed(entry, leads).filter((url) => required.has(url));
}

/** All files, each behind those that it leads to; of a circle, one has to be the first. */
function behindWhatTheyNeed(entry: string, leads: ReadonlyMap<string, readonly string[]>): string[] {
  const order: string[] = [], seen = new Set([entry]);
  const path = [{ url: entry, targets: [...leads.get(entry) ?? []] }];
  for (let last; (last = path.at(-1)) !== undefined;) {
    const target = last.targets.shift();
    if (target === undefined) {
      order.push(last.url);
      path.pop();
    } else if (!seen.has(target)) {
      seen.add(target);
      path.push({ url: target, targets: [...leads.get(target) ?? []] });
    }
  }
  return order;
}
