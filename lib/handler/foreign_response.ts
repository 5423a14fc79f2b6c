/**
 * Responses of another implementation than Deno's: npm builds of frameworks for Deno bring undici's, and Hono's server for Node its own.
 *
 * @module
 */
import { DenoResponse } from "./deno_response.ts";

/** What such a class has in common with Deno's own. */
interface ForeignResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly bodyUsed: boolean;
  readonly type: string;
}

/** The same as a Response of Deno's own; null when it is none that could be sent. */
export function ownResponse(value: unknown): Response | null {
  if (!isResponse(value) || value.bodyUsed || value.type === "error") return null;
  const { body, status, statusText } = value;
  if (body?.locked) return null;
  try {
    const headers = new Headers();
    for (const [name, field] of value.headers) headers.append(name, field);
    return new DenoResponse(body, { status, statusText, headers });
  } catch {
    return null; // a status or a field that Deno's own do not have
  }
}

function isResponse(value: unknown): value is ForeignResponse {
  if (typeof value !== "object" || value === null) return false;
  const get = (key: PropertyKey): unknown => Reflect.get(value, key);
  const body = get("body");
  return get(Symbol.toStringTag) === "Response" && typeof get("status") === "number" &&
    typeof Object(get("headers"))[Symbol.iterator] === "function" && (body === null || body instanceof ReadableStream);
}
