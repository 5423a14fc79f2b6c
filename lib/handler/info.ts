/**
 * The second argument of a handler. Made for every request, so it works out nothing before it is asked.
 *
 * @module
 */
import { clientAddress, type Trust } from "../http1/trust.ts";
import { acceptRequestId } from "../observe/request_id.ts";
import type { Background } from "./background.ts";
import type { Info, RemoteAddress } from "./contract.ts";
import { rawHeaders } from "./request_view.ts";

/** What all requests of one socket have in common. */
export interface Site {
  readonly workerId: number;
  /** The mount prefix that the front has taken off every path; empty without one. */
  readonly prefix: string;
  /** Whether only our own front gets here, which says when it has taken more off a path. */
  readonly isPrivate: boolean;
  /** Who is believed; null when the socket's peers are not, whatever they say. */
  readonly trust: Trust | null;
  /** Makes a request id. */
  readonly nextId: () => string;
  readonly background: Background;
}

/** See {@linkcode Info}. */
export class RequestInfo implements Info {
  readonly #request: Request;
  readonly #site: Site;
  #requestId: string | undefined;
  #remoteAddr: RemoteAddress | undefined;
  #controller: AbortController | undefined;
  #answered = false;

  constructor(request: Request, site: Site) {
    this.#request = request;
    this.#site = site;
  }

  get workerId(): number {
    return this.#site.workerId;
  }

  get prefix(): string {
    const { prefix, isPrivate } = this.#site;
    return isPrivate ? this.#field("x-forwarded-prefix") ?? prefix : prefix;
  }

  get requestId(): string {
    if (this.#requestId !== undefined) return this.#requestId;
    const given = this.#site.trust === null ? null : this.#field("x-request-id");
    return this.#requestId = acceptRequestId(given) ?? this.#site.nextId();
  }

  get remoteAddr(): RemoteAddress {
    return this.#remoteAddr ??= this.#findClient();
  }

  #findClient(): RemoteAddress {
    const { trust } = this.#site;
    if (trust !== null) {
      const chain = this.#field("x-forwarded-for");
      const address = clientAddress(null, chain ?? this.#field("x-real-ip"), trust);
      if (address !== null) return { transport: "tcp", hostname: address };
    }
    return { transport: "unix", hostname: "unix:" };
  }

  /** A field; null too when the request is over and was not asked for it in time. */
  #field(name: string): string | null {
    try {
      return rawHeaders(this.#request).get(name);
    } catch {
      return null;
    }
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = this.#controller = new AbortController();
    // Deno aborts its own signal after every answer; only before it, that means that the client has left.
    const { signal } = this.#request;
    const leave = () => {
      if (!this.#answered) controller.abort(new DOMException("The client has left", "AbortError"));
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    return controller.signal;
  }

  /** The request took too long: its signal is aborted, and what comes of it is not wanted any more. */
  expire(): void {
    if (this.#answered) return;
    void this.signal;
    this.#controller?.abort(new DOMException("The request took too long", "TimeoutError"));
  }

  /** Whether the client is known to have left; only known when the handler asked for the signal. */
  get clientLeft(): boolean {
    return this.#controller?.signal.aborted ?? false;
  }

  /** Ends the time in which a leaving client aborts the signal: the handler has answered. */
  settle(): void {
    this.#answered = true;
  }

  waitUntil(promise: PromiseLike<unknown>): void {
    this.#site.background.add(promise, this.requestId);
  }
}
