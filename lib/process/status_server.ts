/**
 * The server that tells the status (uWSGI's --stats, with its --stats-http in one): uwsgitop, `nc` and `curl` all read it.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { type ClientServer, endClient, serveClients, writeAll } from "./client_server.ts";
import { type Status, toUwsgiStats } from "./status.ts";

/** How long a client has to show that it speaks HTTP, ms. */
const HTTP_WAIT = 100;
/** How long it may take in all, ms. */
const STATUS_TIMEOUT = 5_000;
/** The longest HTTP request, bytes. */
const MAX_REQUEST = 16_384;
const MAX_CLIENTS = 64;

/**
 * Gives every client the status as JSON and closes; in an HTTP response to who sends a request within 100 ms, at any path.
 * There is no permission for other web sites' pages to read it, unlike with uWSGI. A unix socket gets mode 660.
 *
 * @param status Called for each client.
 * @throws {StackdError} As {@linkcode serveClients}.
 */
export function startStatusServer(address: ListenAddress, status: () => Status): Promise<ClientServer> {
  const serve = async (conn: Deno.Conn) => {
    const timer = setTimeout(() => endClient(conn), STATUS_TIMEOUT);
    try {
      const request = await readRequest(conn);
      await writeAll(conn, answerTo(request, status));
      await conn.closeWrite();
      for (const rest = new Uint8Array(4_096); await conn.read(rest) !== null;); // unread bytes would cut the answer off
    } finally {
      clearTimeout(timer);
    }
  };
  return serveClients(address, { mode: 0o660, most: MAX_CLIENTS, serve });
}

/** What an HTTP client sends, its head at least; what anybody else sends, as far as it has come; "" for nothing in time. */
async function readRequest(conn: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(MAX_REQUEST);
  const silent = Promise.withResolvers<null>();
  const timer = setTimeout(() => silent.resolve(null), HTTP_WAIT);
  const first = conn.read(chunk);
  first.catch(() => {}); // it goes on when nothing has come, and ends with the connection
  let count = await Promise.race([first, silent.promise]).finally(() => clearTimeout(timer));
  let text = "";
  for (const decoder = new TextDecoder(); count !== null; count = await conn.read(chunk)) {
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
    if (!/^[A-Z]+( |$)/.test(text) || /\r?\n\r?\n/.test(text) || text.length >= MAX_REQUEST) break;
  }
  return text;
}

function answerTo(request: string, status: () => Status): string {
  const [, method] = /^([A-Z]+) \S+ HTTP\/1\.[01]\r?\n/.exec(request) ?? [];
  if (method !== undefined && method !== "GET" && method !== "HEAD") {
    return "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  let body: string;
  try {
    body = `${JSON.stringify(toUwsgiStats(status()), null, 2)}\n`;
  } catch (thrown) {
    logError(`Cannot tell the status: ${messageOf(thrown)}`);
    return method === undefined
      ? ""
      : "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  if (method === undefined) return body;
  const length = new TextEncoder().encode(body).length;
  const fields = ["Content-Type: application/json", `Content-Length: ${length}`, "Cache-Control: no-store"];
  const head = ["HTTP/1.1 200 OK", ...fields, "Connection: close", "", ""].join("\r\n");
  return method === "HEAD" ? head : head + body;
}
