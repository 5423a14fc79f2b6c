/**
 * Clients that keep asking while something happens to the server. Nothing that befalls a request ends them: every one is
 * counted by what became of it.
 *
 * @module
 */
import type { ListenAddress } from "../../lib/config/options.ts";
import { fieldOf, RawClient } from "./raw_http.ts";
import { until } from "./until.ts";

/** The status of an answer; "lost" when a connection ended without one; "refused" when there was no connection. */
export type Outcome = number | "lost" | "refused";

/** One request. */
export interface Sent {
  readonly method: "GET" | "POST";
  /** Which client sent it: each sends one after the other. */
  readonly client: number;
  /** When it was sent, monotonic ms. */
  readonly from: number;
  /** When its outcome was known; Infinity as long as there is none. */
  readonly until: number;
  /** null as long as it is not known. */
  readonly outcome: Outcome | null;
  readonly body: string;
  /** For a failure: what the client saw. */
  readonly why: string;
}

/** How much is asked for. Without any: 400 requests a second, every fifth a POST. */
export interface LoadOptions {
  /** @default {16} */
  readonly clients?: number;
  /** From one request of a client to its next, ms; the answer's time counts in it. @default {40} */
  readonly period?: number;
  /** @default {"/"} */
  readonly path?: string;
}

/** Every so many requests of a client one is a POST. */
const POSTS = 5;

/** Running clients, each on a connection that it keeps as long as it can. */
export class Load implements AsyncDisposable {
  readonly sent: Sent[] = [];
  readonly #address: ListenAddress;
  readonly #period: number;
  readonly #path: string;
  readonly #running: Promise<unknown>;
  #answered = 0;
  #stopped = false;

  /** Starts the clients. */
  constructor(address: ListenAddress, { clients = 16, period = 40, path = "/" }: LoadOptions = {}) {
    this.#address = address;
    this.#period = period;
    this.#path = path;
    this.#running = Promise.all(Array.from({ length: clients }, (_, id) => this.#run(id, id * period / clients)));
  }

  async #run(id: number, delay: number): Promise<void> {
    await wait(delay);
    let client: RawClient | null = null;
    for (let i = id + 1; !this.#stopped; i++) {
      const begun = performance.now();
      client = await this.#ask(id, i % POSTS === 0 ? "POST" : "GET", client);
      await wait(begun + this.#period - performance.now());
    }
    client?.close();
  }

  /** One request; gives the connection for the next one, if there may be one. */
  async #ask(id: number, method: "GET" | "POST", kept: RawClient | null): Promise<RawClient | null> {
    let request: Sent = {
      method,
      client: id,
      from: performance.now(),
      until: Infinity,
      outcome: null,
      body: "",
      why: "",
    };
    const at = this.sent.push(request) - 1;
    const settle = (result: Pick<Sent, "outcome"> & Partial<Sent>) => {
      request = this.sent[at] = { ...request, ...result, until: performance.now() };
    };
    let client: RawClient;
    try {
      client = kept ?? await RawClient.connect(this.#address);
    } catch (thrown) {
      settle({ outcome: "refused", why: String(thrown) });
      return null;
    }
    try {
      await client.send(
        `${method} ${this.#path} HTTP/1.1\r\nHost: load.example\r\n${
          method === "POST" ? "Content-Length: 5\r\n\r\nhello" : "\r\n"
        }`,
      );
      const response = await client.response({ timeout: 20_000 });
      settle({ outcome: response.status, body: response.body, why: response.status === 200 ? "" : response.reason });
      this.#answered++;
      if (fieldOf(response, "connection")?.toLowerCase() !== "close") return client;
    } catch (thrown) {
      settle({ outcome: "lost", why: String(thrown) });
    }
    client.close();
    return null;
  }

  /** Waits for `n` more answers, whatever their status. */
  async answers(n: number): Promise<void> {
    const wanted = this.#answered + n;
    await until(`${n} more requests are answered`, () => this.#answered >= wanted);
  }

  /** Answers a second, from the first request on. */
  get rate(): number {
    return this.#answered / (performance.now() - this.sent[0].from) * 1_000;
  }

  /** How many requests came to what: `{ "GET 200": 512, "POST 502": 1 }`. Those that are in flight do not count. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { method, outcome } of this.sent) {
      if (outcome === null) continue;
      const key = `${method} ${outcome}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** The requests that came to anything but a 200. */
  get failed(): Sent[] {
    return this.sent.filter(({ outcome }) => outcome !== null && outcome !== 200);
  }

  /** The requests that have no outcome yet. */
  get inFlight(): Sent[] {
    return this.sent.filter(({ outcome }) => outcome === null);
  }

  /** Lets every client end the request that it has sent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
