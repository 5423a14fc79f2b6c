/**
 * Content codings (RFC 9110 §8.4, §12.5.3): which a client wants, and which content is worth them. Pure rules, shared by
 * files and by what is relayed.
 *
 * @module
 */

/** A coding that stackd knows, by its name in Content-Encoding. */
export type Coding = "br" | "zstd" | "gzip";

/** All, in the order in which they are taken when a client likes them equally: the smaller results first. */
export const CODINGS: readonly Coding[] = ["br", "zstd", "gzip"];

/** Shorter content gains nothing, bytes; nginx's gzip_min_length is 20. */
export const MIN_LENGTH = 256;

/** Types that are worth it: text, and what is text by another name. */
const TEXT =
  /^(?:text\/|application\/(?:json|javascript|xml|xhtml\+xml|wasm|manifest\+json|x-javascript)|image\/svg\+xml|font\/(?:ttf|otf)|[^;]+\+(?:json|xml))/i;

/** Whether content of a media type becomes much smaller. */
export function isWorthCompressing(contentType: string): boolean {
  return TEXT.test(contentType);
}

/**
 * The codings that an Accept-Encoding value prefers to content as it is, best first: higher q-values, then those that are
 * smaller. `identity` counts when it is named itself; what is not named is acceptable only where `*` is.
 */
export function preferredCodings(acceptEncoding: string): readonly Coding[] {
  const qualities = new Map<string, number>();
  for (const member of acceptEncoding.toLowerCase().split(",")) {
    const [name, ...parameters] = member.split(";").map((part) => part.trim());
    if (name !== "") qualities.set(name === "x-gzip" ? "gzip" : name, qualityOf(parameters));
  }
  const any = qualities.get("*") ?? 0, identity = qualities.get("identity") ?? 0;
  const quality = (coding: Coding) => qualities.get(coding) ?? any;
  return CODINGS.filter((coding) => quality(coding) > 0 && quality(coding) >= identity)
    .toSorted((a, b) => quality(b) - quality(a));
}

/** The q of a member's parameters, 0 to 1; 1 when it has none or an unreadable one. */
function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 1;
}
