/**
 * Sends an `Answer` of our own: static files, redirects, errors. Head and a small body go out in one write.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import type { Answer } from "./answer.ts";
import { latin1, put } from "./bytes.ts";
import { dateLine } from "./date.ts";
import type { Exchange } from "./exchange.ts";
import { SERVER } from "./prepared.ts";
import { sendFile } from "./send_file.ts";

const NONE = new Uint8Array(0);
/** Statuses that never have a body nor its length (RFC 9110 §8.6). */
const bodiless = (status: number) => status === 204 || status === 304 || status < 200;

/**
 * Sends `answer` to the client of `exchange` and records it there. Throws `ClientGone`; a file that ends early, or changes, ends
 * the connection, because its length was promised.
 */
export async function respond(exchange: Exchange, answer: Answer): Promise<void> {
  const { body } = answer;
  try {
    exchange.settleBody();
    exchange.status = answer.status;
    const length = body === null ? 0 : body.length;
    const head = encodeHead(exchange, answer, length);
    exchange.started = true;
    const { connection } = exchange;
    if (length === 0 || exchange.isHead || bodiless(answer.status)) {
      await connection.write(head, 0, head.length);
    } else if (body instanceof Uint8Array) {
      const whole = new Uint8Array(head.length + body.length);
      put(body, whole, put(head, whole, 0));
      exchange.bytesSent = body.length;
      await connection.write(whole, 0, whole.length);
    } else if (body !== null) {
      await sendFile(exchange, head, body);
    }
  } finally {
    if (body !== null && !(body instanceof Uint8Array)) body.file.close();
  }
}

function encodeHead(exchange: Exchange, answer: Answer, length: number): Uint8Array<ArrayBuffer> {
  let head = `HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? "Unknown"}\r\n`;
  // What a route says of these itself is not said twice.
  let server = SERVER, date = dateLine();
  for (const [name, value] of answer.fields) {
    head += `${name}: ${value}\r\n`;
    if (/^server$/i.test(name)) server = "";
    if (/^date$/i.test(name)) date = NONE;
  }
  if (!bodiless(answer.status)) head += `Content-Length: ${length}\r\n`;
  const bytes = latin1(head + server);
  const out = new Uint8Array(bytes.length + date.length + 64);
  let at = put(date, out, put(bytes, out, 0));
  at = exchange.putConnection(out, at);
  out[at++] = 13;
  out[at++] = 10;
  return out.subarray(0, at);
}
