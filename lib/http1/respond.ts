/**
 * Sends an `Answer` of our own: static files, redirects, errors. Head and a small body go out in one write.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import type { Answer } from "./answer.ts";
import { put, putText } from "./bytes.ts";
import { dateLine } from "./date.ts";
import type { Exchange } from "./exchange.ts";
import { SERVER, writeCounted } from "./prepared.ts";
import { sendFile } from "./send_file.ts";

const NONE = new Uint8Array(0);
/** Statuses that never have a body nor its length (RFC 9110 §8.6). */
const bodiless = (status: number) => status === 204 || status === 304 || status < 200;

/** Where answers are put together. The kernel mostly takes one at once; memory of its own would cost as much as the rest of it. */
const table = new Uint8Array(16_384);
/** What a head takes beside its text and its date: the Connection field, at most 24 bytes, and line ends. */
const ROOM = 64;

/**
 * Sends `answer` to the client of `exchange` and records it there. Throws `ClientGone`, and `BrokenFile` for a file that ends early or
 * changes: it ends the connection, because its length was promised.
 */
export async function respond(exchange: Exchange, answer: Answer): Promise<void> {
  const { body } = answer, file = body === null || typeof body === "string" || body instanceof Uint8Array ? null : body;
  try {
    exchange.settleBody();
    exchange.status = answer.status;
    const length = body === null ? 0 : body.length;
    const isSent = length > 0 && !exchange.isHead && !bodiless(answer.status);
    const withHead = isSent && (typeof body === "string" || body instanceof Uint8Array) ? body : "";
    const out = putAnswer(exchange, answer, length, withHead);
    exchange.started = true;
    exchange.bytesSent = withHead.length;
    if (isSent && file !== null) return await sendFile(exchange, out.slice(), file);
    const sent = exchange.connection.writeNow(out, 0, out.length);
    if (sent === out.length) return;
    const rest = out.buffer === table.buffer ? out.slice(sent) : out.subarray(sent);
    await writeCounted(exchange, rest, 0, rest.length);
  } finally {
    file?.file.close();
  }
}

/** The answer's head and `body` in bytes, good until the next answer. */
function putAnswer(
  exchange: Exchange,
  answer: Answer,
  length: number,
  body: Uint8Array | string,
): Uint8Array<ArrayBuffer> {
  let head = `HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? "Unknown"}\r\n`;
  // What a route says of these itself is not said twice.
  let server = SERVER, date = dateLine();
  for (const [name, value] of answer.fields) {
    head += `${name}: ${value}\r\n`;
    if (isServer(name)) server = "";
    else if (isDate(name)) date = NONE;
  }
  if (!bodiless(answer.status)) head += `Content-Length: ${length}\r\n`;
  head += server;
  const most = head.length + date.length + ROOM + body.length;
  const out = most <= table.length ? table : new Uint8Array(most);
  let at = exchange.putConnection(out, put(date, out, putText(head, out, 0)));
  out[at++] = 13;
  out[at++] = 10;
  return out.subarray(0, typeof body === "string" ? putText(body, out, at) : put(body, out, at));
}

const isServer = (name: string) => name.length === 6 && name.toLowerCase() === "server";
const isDate = (name: string) => name.length === 4 && name.toLowerCase() === "date";
