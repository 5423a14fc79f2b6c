/**
 * A worker under `--watch`: browsers see what is wrong, with the handler that serves or with the one that was to follow it.
 *
 * @module
 */
import type { Respond } from "./adapt.ts";
import { DenoResponse } from "./deno_response.ts";
import { describeThrown } from "./stack.ts";
import { STATE_FIELD, watchPage } from "./watch_page.ts";

/** What a worker under `--watch` does beside serving. */
export class WatchMode {
  readonly #generation: number;
  /** Why the handler could not be loaded anew; null when it is the newest that serves. */
  #broken: string | null = null;
  #changes = 0;

  /** @param generation Whose worker this is. */
  constructor(generation: number) {
    this.#generation = generation;
  }

  get #state(): string {
    return `${this.#generation}.${this.#changes}`;
  }

  /** The handler could not be loaded anew, and why. */
  break(text: string): void {
    this.#broken = text;
    this.#changes++;
  }

  /** `respond`, but for browsers' questions, and for pages while the newest code does not load. */
  around(respond: Respond): Respond {
    return (request, info) => {
      if (request.headers.has(STATE_FIELD)) {
        info.settle();
        return new DenoResponse(null, {
          status: 204,
          headers: { [STATE_FIELD]: this.#state, "Cache-Control": "no-store" },
        });
      }
      const page = this.#broken === null ? null : this.#page(request, this.#broken);
      if (page === null) return respond(request, info);
      info.settle();
      return page;
    };
  }

  /** The page for what the handler threw; null when nobody looks at pages. */
  pageFor(request: Request, thrown: unknown): Response | null {
    return this.#page(request, `The handler threw ${describeThrown(thrown)}`);
  }

  #page(request: Request, text: string): Response | null {
    let accept: string | null;
    try {
      accept = request.headers.get("accept");
    } catch {
      return null; // its client has left
    }
    if (accept?.includes("text/html") !== true) return null;
    const { headers, body } = watchPage(text, this.#state, crypto.randomUUID());
    return new DenoResponse(request.method === "HEAD" ? null : body, { status: 500, headers });
  }
}
