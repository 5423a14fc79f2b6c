/**
 * Asks a server for one of {@linkcode CASES}.
 *
 * @module
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { fieldOf, fromLatin1, latin1, type RawClient, type RawResponse } from "../support/raw_http.ts";
import type { Case } from "./case.ts";

/** An answer, its body as text after its coding was undone. */
export interface Answered extends RawResponse {
  readonly text: string;
}

/** Sends the request of `case_`, with the server's own validators in it. */
export async function askFor(client: RawClient, { method, target, lines }: Case): Promise<Answered> {
  const filled: string[] = [];
  for (const line of lines) {
    if (!/\{(?:etag|modified)\}/.test(line)) {
      filled.push(line);
      continue;
    }
    // Those of what Accept-Encoding selects.
    const selecting = lines.filter((other) => other.startsWith("Accept-Encoding:"));
    const known = await send(client, "HEAD", target, selecting);
    filled.push(
      line.replace("{etag}", fieldOf(known, "etag") ?? "none").replace(
        "{modified}",
        fieldOf(known, "last-modified") ?? "none",
      ),
    );
  }
  return await send(client, method, target, filled);
}

async function send(client: RawClient, method: string, target: string, lines: readonly string[]): Promise<Answered> {
  await client.send([`${method} ${target} HTTP/1.1`, "Host: example.org", ...lines, "", ""].join("\r\n"));
  const response = await client.response({ toHead: method === "HEAD" });
  return { ...response, text: decode(response) };
}

function decode(response: RawResponse): string {
  const bytes = latin1(response.body);
  if (bytes.length === 0) return "";
  switch (fieldOf(response, "content-encoding")) {
    case "gzip":
      return fromLatin1(gunzipSync(bytes));
    case "br":
      return fromLatin1(brotliDecompressSync(bytes));
    case "zstd":
      return fromLatin1(zstdDecompressSync(bytes));
    default:
      return response.body;
  }
}
