/**
 * `deno run -A gateway_load.ts PATH CONNECTIONS SECONDS`: loads a server on a unix socket, which wrk cannot. Each connection is
 * kept open and has one request under way at a time. Prints the outcome as JSON.
 *
 * @module
 */

/** What is printed; latencies are in milliseconds. */
export interface Outcome {
  readonly requests: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 200 or had another length than the first, and connections that broke. */
  readonly errors: number;
}

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
const STATUS = "HTTP/1.1 200".length;

/** The length of the whole answer that begins in `bytes`, whose head must be complete. */
function lengthOf(bytes: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(bytes);
  const head = text.indexOf("\r\n\r\n") + 4, body = /\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1];
  if (!text.startsWith("HTTP/1.1 200 ") || head < 4 || body === undefined) throw new Error(`not an answer: ${text}`);
  return head + Number(body);
}

class Load {
  readonly latencies: number[] = [];
  errors = 0;
  readonly #path: string;
  readonly #end: number;
  #length = 0;

  constructor(path: string, end: number) {
    this.#path = path;
    this.#end = end;
  }

  /** Requests again and again, over a connection that is opened anew when it breaks. */
  async client(): Promise<void> {
    while (performance.now() < this.#end) {
      try {
        using conn = await Deno.connect({ transport: "unix", path: this.#path });
        await this.#requests(conn);
      } catch {
        this.errors++;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  async #requests(conn: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(4_096);
    for (let started = performance.now(); started < this.#end;) {
      await conn.write(REQUEST); // so few bytes fit at once
      let n = 0;
      do {
        const read = await conn.read(n === 0 ? buffer : buffer.subarray(n));
        if (read === null) throw new Error("the server left");
        n += read;
        this.#length ||= lengthOf(buffer.subarray(0, n));
        if (buffer[STATUS - 3] !== 50) throw new Error("not a 2xx");
      } while (n < this.#length);
      if (n > this.#length) throw new Error("too long");
      const now = performance.now();
      this.latencies.push(now - started);
      started = now;
    }
  }
}

const [path, connections, seconds] = Deno.args;
const started = performance.now();
const load = new Load(path, started + Number(seconds) * 1_000);
await Promise.all(Array.from({ length: Number(connections) }, () => load.client()));
const elapsed = (performance.now() - started) / 1_000, requests = load.latencies.length;
const sorted = Float64Array.from(load.latencies).sort();
const percentile = (part: number) => sorted[Math.min(Math.floor(requests * part), requests - 1)] ?? 0;
const { errors } = load;
const outcome: Outcome = { requests, rate: requests / elapsed, p50: percentile(0.5), p99: percentile(0.99), errors };
console.log(JSON.stringify(outcome));
