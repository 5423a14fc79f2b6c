/**
 * A front in the test's own process, with short limits, whose access and error log are kept.
 *
 * @module
 */
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { plainGroup } from "../../lib/config/groups.ts";
import type { Limits, ListenAddress, TrustedProxies, UpstreamLimits } from "../../lib/config/options.ts";
import { plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { type Front, startFront } from "../../lib/front/front.ts";
import { fileCalls } from "../../lib/http1/file_calls.ts";
import { sever } from "../../lib/http1/sever.ts";
import type { AccessLog, AccessLogEntry, Span } from "../../lib/observe/access_log.ts";
import { fromLatin1, RawClient } from "./raw_http.ts";
import "./quiet_loop.ts";
import type { TestUpstream } from "./test_upstream.ts";
import { until } from "./until.ts";

// The first use of these opens libc for good: here, lest a test be held to have leaked it.
const nowhere: Deno.NetAddr = { transport: "tcp", hostname: "0.0.0.0", port: 0 };
sever({ remoteAddr: nowhere, localAddr: nowhere } as Deno.Conn);
fileCalls();

/** An access log that keeps its lines. */
export class MemoryLog implements AccessLog {
  readonly enabled = true;
  readonly takesRecords = false;
  readonly entries: AccessLogEntry[] = [];

  write(entry: AccessLogEntry): void {
    this.entries.push(entry);
  }

  writeSpans(
    remoteAddress: string,
    source: Uint8Array,
    requestLine: Span,
    status: number,
    bytes: number,
    referer: Span,
    userAgent: Span,
  ): void {
    const text = ({ start, end }: Span) => fromLatin1(source.subarray(start, end));
    const orNull = (span: Span) => span.end > span.start ? text(span) : null;
    this.entries.push({
      remoteAddress,
      requestLine: text(requestLine),
      status,
      bytes,
      referer: orNull(referer),
      userAgent: orNull(userAgent),
    });
  }

  writeRecord(): void {}

  reopen(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits for the `n`th line. */
  entry(n = 1): Promise<AccessLogEntry> {
    return until(`the access log has ${n} lines`, () => this.entries[n - 1]);
  }
}

/** What a test may say about its front; everything else is the default. */
export interface TestFrontOptions {
  /** Answers below `/`. */
  readonly upstream?: Pick<TestUpstream, "target">;
  /** Further routes. */
  readonly routes?: readonly RouteOptions[];
  readonly limits?: Partial<Limits>;
  readonly upstreamLimits?: Partial<UpstreamLimits>;
  readonly trustedProxies?: TrustedProxies;
  /** Where lines go in place of {@linkcode TestFront.log}. */
  readonly accessLog?: AccessLog;
  /** @default {127.0.0.1, a free port} */
  readonly listen?: ListenAddress;
}

/** A running front. */
export class TestFront implements AsyncDisposable {
  readonly front: Front;
  readonly log = new MemoryLog();
  /** Lines of the error log since it was started. */
  readonly errors = new ErrorLog();
  readonly #clients: RawClient[] = [];

  constructor(options: TestFrontOptions = {}) {
    const { upstream, routes = [] } = options;
    const limits = { ...DEFAULTS.upstream, ...options.upstreamLimits };
    const toUpstream: RouteOptions[] = upstream === undefined
      ? []
      : [plainRoute("/", { kind: "upstream", group: plainGroup([upstream.target], limits) })];
    this.front = startFront({
      listen: [options.listen ?? { transport: "tcp", hostname: "127.0.0.1", port: 0 }],
      routes: [...toUpstream, ...routes],
      limits: { ...DEFAULTS.limits, ...options.limits },
      trustedProxies: options.trustedProxies ?? { unix: false, networks: [] },
      accessLog: options.accessLog ?? this.log,
    });
  }

  get address(): ListenAddress {
    return this.front.addresses[0];
  }

  /** A connection, closed with the front at the latest. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.address);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.front.close();
    // What was open has been closed by now; this waits until all of it has noticed.
    await this.front.drain(5_000);
    this.errors[Symbol.dispose]();
  }
}

type WriteSync = typeof Deno.stderr.writeSync;
const listening = new Set<ErrorLog>();
let writeSync: WriteSync | null = null;

/** Keeps what is written to standard error while it is open, and from being seen. */
export class ErrorLog implements Disposable {
  text = "";

  constructor() {
    listening.add(this);
    if (writeSync !== null) return;
    writeSync = Deno.stderr.writeSync;
    Deno.stderr.writeSync = (bytes) => {
      for (const log of listening) log.text += new TextDecoder().decode(bytes);
      return bytes.length;
    };
  }

  [Symbol.dispose](): void {
    listening.delete(this);
    if (listening.size > 0 || writeSync === null) return;
    Deno.stderr.writeSync = writeSync;
    writeSync = null;
  }
}
