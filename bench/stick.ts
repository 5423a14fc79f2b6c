/**
 * `deno run -A stick.ts PORT UPSTREAM` (a port or a unix socket): a measuring stick, not a proxy. How cheap can a relaying HTTP/1.1 loop on `Deno.Conn` be?
 * It scans heads as bytes, validates field names and values, strips hop-by-hop fields, adds forwarding fields, frames by
 * Content-Length and pools upstream connections. It has no chunked bodies, limits, deadlines, routing or logs: what a complete
 * engine costs above this line is what its features cost.
 *
 * @module
 */
const [port, target] = Deno.args;
const encoder = new TextEncoder();

const IS_TOKEN = new Uint8Array(256);
for (const byte of encoder.encode("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
  IS_TOKEN[byte] = 1;
}

/** The few field names that matter, by length: everything else is copied as it came, in runs. */
const SPECIAL: Uint8Array[][] = [];
for (
  const name of [
    "te",
    "host",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "expect",
    "trailer",
    "proxy-connection",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "forwarded",
  ]
) (SPECIAL[name.length] ??= []).push(encoder.encode(name));

function special(b: Uint8Array, start: number, length: number): Uint8Array | null {
  const sameLength = SPECIAL[length];
  if (sameLength === undefined) return null;
  for (const name of sameLength) {
    let i = 0;
    while (i < length && (b[start + i] === name[i] || (b[start + i] | 32) === name[i])) i++;
    if (i === length) return name;
  }
  return null;
}

class Head {
  end = 0; // where the body begins in the input
  kept = 0; // bytes written to the output
  contentLength = -1;
  close = false;
  host = false;
}

/** Scans one head in b[0..n) and copies the lines to keep into `out`, without the final empty line; false: incomplete. */
function scan(b: Uint8Array, n: number, out: Uint8Array, head: Head): boolean {
  let i = b.indexOf(10);
  if (i < 0 || i >= n) return false;
  i++;
  let runStart = 0, kept = 0;
  head.contentLength = -1;
  head.close = head.host = false;
  for (;;) {
    if (i + 1 >= n) return false;
    if (b[i] === 13) {
      if (b[i + 1] !== 10) throw new Error("bare CR");
      break;
    }
    const start = i;
    while (IS_TOKEN[b[i]] === 1) i++;
    if (i >= n) return false;
    if (b[i] !== 58 || i === start) throw new Error("bad field name");
    const length = i - start;
    let value = ++i;
    while (b[i] > 31 || b[i] === 9) i++;
    if (i + 1 >= n) return false;
    if (b[i] !== 13 || b[i + 1] !== 10) throw new Error("bad field value");
    const name = special(b, start, length);
    if (name !== null) {
      while (b[value] === 32 || b[value] === 9) value++;
      let keep = false;
      if (length === 4) keep = head.host = true;
      else if (length === 14 && name[0] === 99) {
        if (head.contentLength >= 0 || value === i) throw new Error("bad Content-Length");
        let x = 0;
        for (let k = value; k < i; k++) {
          const digit = b[k] - 48;
          if (digit < 0 || digit > 9) throw new Error("bad Content-Length");
          x = x * 10 + digit;
        }
        head.contentLength = x;
        keep = true;
      } else if (length === 10 && name[0] === 99 && (b[value] | 32) === 99) head.close = true;
      else if (length === 17 && name[0] === 116) throw new Error("chunked is not part of this stick");
      if (!keep) {
        if (start > runStart) {
          out.set(b.subarray(runStart, start), kept);
          kept += start - runStart;
        }
        runStart = i + 2;
      }
    }
    i += 2;
  }
  if (i > runStart) {
    out.set(b.subarray(runStart, i), kept);
    kept += i - runStart;
  }
  head.end = i + 2;
  head.kept = kept;
  return true;
}

type Upstream = { conn: Deno.Conn; buffer: Uint8Array };
const idle: Upstream[] = [];
const connect = async (): Promise<Upstream> => ({
  conn: /^\d+$/.test(target)
    ? await Deno.connect({ hostname: "127.0.0.1", port: Number(target) })
    : await Deno.connect({ transport: "unix", path: target }),
  buffer: new Uint8Array(16384),
});
const KEEP_ALIVE = encoder.encode("connection: keep-alive\r\n\r\n"),
  CLOSE = encoder.encode("connection: close\r\n\r\n");

async function writeAll(conn: Deno.Conn, bytes: Uint8Array, length: number) {
  let written = await conn.write(bytes.subarray(0, length));
  while (written < length) written += await conn.write(bytes.subarray(written, length));
}

async function serve(client: Deno.Conn) {
  const peer = (client.remoteAddr as Deno.NetAddr).hostname;
  const forwarded = encoder.encode(`x-forwarded-for: ${peer}\r\nx-real-ip: ${peer}\r\nx-forwarded-proto: http\r\n\r\n`);
  const input = new Uint8Array(16384), out = new Uint8Array(32768), request = new Head(), response = new Head();
  for (let n = 0;;) {
    while (n === 0 || !scan(input, n, out, request)) {
      const read = await client.read(n === 0 ? input : input.subarray(n));
      if (read === null) return;
      n += read;
    }
    if (!request.host) throw new Error("no Host");
    out.set(forwarded, request.kept);
    let length = request.kept + forwarded.length;
    let rest = Math.max(request.contentLength, 0);
    const early = Math.min(rest, n - request.end);
    out.set(input.subarray(request.end, request.end + early), length);
    length += early;
    rest -= early;
    input.copyWithin(0, request.end + early, n);
    n -= request.end + early;
    const upstream = idle.pop() ?? await connect();
    await writeAll(upstream.conn, out, length);
    while (rest > 0) {
      const read = await client.read(input);
      if (read === null) throw new Error("client left");
      await writeAll(upstream.conn, input, read);
      rest -= read;
    }
    let m = 0;
    while (m === 0 || !scan(upstream.buffer, m, out, response)) {
      const read = await upstream.conn.read(m === 0 ? upstream.buffer : upstream.buffer.subarray(m));
      if (read === null) throw new Error("upstream left");
      m += read;
    }
    const tail = request.close ? CLOSE : KEEP_ALIVE;
    out.set(tail, response.kept);
    length = response.kept + tail.length;
    rest = Math.max(response.contentLength, 0);
    const got = Math.min(rest, m - response.end);
    out.set(upstream.buffer.subarray(response.end, response.end + got), length);
    rest -= got;
    await writeAll(client, out, length + got);
    while (rest > 0) {
      const read = await upstream.conn.read(upstream.buffer);
      if (read === null) throw new Error("upstream left");
      await writeAll(client, upstream.buffer, read);
      rest -= read;
    }
    idle.push(upstream);
    if (request.close) return;
  }
}

for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: Number(port) })) {
  serve(conn).catch(() => {}).finally(() => {
    try {
      conn.close();
    } catch { /* already closed */ }
  });
}
