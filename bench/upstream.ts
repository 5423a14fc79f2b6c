/**
 * `deno run -A upstream.ts UNIX_SOCKET PORT [SOCKETS]`: what all contestants relay to, on both transports. A bare loop, because
 * `Deno.serve` closes the connection after a request with a body of more than a kilobyte, and connecting anew would then be
 * half of what is measured.
 *
 * @module
 */
const encoder = new TextEncoder();

function answer(body: string): Uint8Array {
  const date = new Date().toUTCString();
  return encoder.encode(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nDate: ${date}\r\n\r\n${body}`,
  );
}

const HELLO = answer("Hello, world! ".repeat(4)), LARGE = answer("a".repeat(100_000));
const LENGTH = /\ncontent-length: *(\d+)/i;

async function serve(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536), decoder = new TextDecoder();
  for (let n = 0;;) {
    let text = decoder.decode(buffer.subarray(0, n));
    while (!text.includes("\r\n\r\n")) {
      const read = await conn.read(buffer.subarray(n));
      if (read === null) return;
      n += read;
      text = decoder.decode(buffer.subarray(0, n));
    }
    const head = text.indexOf("\r\n\r\n") + 4;
    const length = head + Number(LENGTH.exec(text.slice(0, head))?.[1] ?? 0);
    while (n < length) {
      const read = await conn.read(buffer.subarray(n));
      if (read === null) return;
      n += read;
    }
    buffer.copyWithin(0, length, n);
    n -= length;
    const bytes = text.startsWith("GET /100k ") ? LARGE : HELLO;
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  }
}

async function accept(listener: Deno.Listener): Promise<void> {
  for await (const conn of listener) {
    serve(conn).catch(() => {}).finally(() => {
      try {
        conn.close();
      } catch { /* the client was first */ }
    });
  }
}

const [path, port, sockets = "1"] = Deno.args;
const listeners: Deno.Listener[] = [Deno.listen({ hostname: "127.0.0.1", port: Number(port) })];
for (let i = 0; i < Number(sockets); i++) {
  const own = i === 0 ? path : `${path}.${i}`;
  listeners.push(Deno.listen({ transport: "unix", path: own }));
  Deno.chmodSync(own, 0o666); // nginx's worker runs as another user
}
await Promise.all(listeners.map(accept));
