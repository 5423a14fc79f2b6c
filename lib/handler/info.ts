/**
 * The second argument of a handler. Made for every request, so it works out nothing before it is asked.
 *
 * @module
 */
import { TICK } from "../http1/deadlines.ts";
import { clientAddress, type Trust } from "../http1/trust.ts";
import { acceptRequestId } from "../observe/request_id.ts";
import type { Background } from "./background.ts";
import type { Info, RemoteAddress } from "./contract.ts";
import { rawHeaders } from "./request_view.ts";
import { isUpgraded } from "./upgrades.ts";

/** What all requests of one socket have in common. */
export interface Site {
  readonly workerId: number;
  /** The mount prefix that the front has taken off every path; empty without one. */
  readonly prefix: string;
  /** Whether only our own front gets here, which says when it has taken more off a path. */
  readonly isPrivate: boolean;
  /** How long our front gives a request, ms, which then leaves as a client does; null where the worker keeps the time. @default {null} */
  readonly frontTimeout?: number | null;
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
  readonly #begun: number;
  #requestId: string | undefined;
  #remoteAddr: RemoteAddress | undefined;
  #controller: AbortController | undefined;
  #answered = false;
  #left = false;

  /** `begun`: when the request came, monotonic ms. */
  constructor(request: Request, site: Site, begun: number = performance.now()) {
    this.#request = request;
    this.#site = site;
    this.#begun = begun;
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
    // Deno aborts its own signal after every answer, and at an upgrade; only before, that means that the client has left.
    const { signal } = this.#request;
    const leave = () => {
      if (this.#answered || isUpgraded(this.#request)) return;
      if (this.#isLate()) return this.expire();
      this.leave();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    return controller.signal;
  }

  /**
   * Whether it is for the time that it is our front that leaves. Time in which it waited for the client's body is not counted there, and
   * not known here: a client that breaks off so late an upload counts as this.
   */
  #isLate(): boolean {
    const { frontTimeout = null } = this.#site;
    return frontTimeout !== null && performance.now() - this.#begun >= frontTimeout - TICK;
  }

  /** The request took too long: its signal is aborted, and what comes of it is not wanted any more. */
  expire(): void {
    if (this.#answered) return;
    void this.signal;
    this.#controller?.abort(new DOMException("The request took too long", "TimeoutError"));
  }

  /** The client has left before the answer. */
  leave(): void {
    this.#left = true;
    this.#controller?.abort(new DOMException("The client has left", "AbortError"));
  }

  /** Whether the client is known to have left; only known when the handler asked for the signal, or was reading the body. */
  get clientLeft(): boolean {
    return this.#left;
  }

  /** Whether `thrown` is how a handler gives up when its signal is aborted, and no fault of its own. */
  isGivingUp(thrown: unknown): boolean {
    const signal = this.#controller?.signal;
    if (signal?.aborted !== true) return false;
    return thrown === signal.reason || (this.#left && thrown instanceof Error && thrown.name === "AbortError");
  }

  /** Ends the time in which a leaving client aborts the signal: the handler has answered. */
  settle(): void {
    this.#answered = true;
  }

  waitUntil(promise: PromiseLike<unknown>): void {
    this.#site.background.add(promise, this.requestId);
  }
}
