/** Source maps of copies become those of the originals. */
import { assertEquals } from "@std/assert";
import { stripTypeScriptTypes } from "node:module";
import { mapToOriginal, withoutLines } from "../../../lib/handler/code/source_map.ts";

function mapOf(source: string): { sources: string[]; mappings: string } {
  const [, base64 = ""] = /base64,(.*)$/.exec(source) ?? [];
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(base64)));
}

Deno.test("mapToOriginal() names the original, and counts no line that was put above it", () => {
  const options = { mode: "transform", sourceMap: true } as const;
  const text = "enum A { One }\nconst x: number = A.One;\nexport { x };\n";
  const original = mapOf(stripTypeScriptTypes(text, options));
  const copied = stripTypeScriptTypes(`/** above */\n${text}`, options);
  const mapped = mapToOriginal(copied, "file:///srv/app.ts", 1);
  assertEquals(mapOf(mapped).sources, ["file:///srv/app.ts"]);
  // The comment has places of its own; behind it all is the same.
  const [, ...behind] = original.mappings.split(",");
  assertEquals(mapOf(mapped).mappings.endsWith(`,${behind.join(",")}`), true);
  assertEquals(mapped.split("\n//# ")[0], copied.split("\n//# ")[0], "the text stays");
});

Deno.test("mapToOriginal() leaves what has no map alone", () => {
  assertEquals(mapToOriginal("export default 1;", "file:///a.js", 1), "export default 1;");
});

Deno.test("withoutLines() changes the first place alone, of any size", () => {
  assertEquals(withoutLines("AACA,CAAC;AACA", 1), "AAAA,CAAC;AACA");
  assertEquals(withoutLines(";;AAEA;AACA", 2), ";;AAAA;AACA");
  assertEquals(withoutLines("gCAiCqBA,C", 1), "gCAgCqBA,C");
  assertEquals(withoutLines("AAAA", 1), "AADA");
  assertEquals(withoutLines("", 1), "");
});
