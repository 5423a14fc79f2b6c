/**
 * Whatever a module serves, as one function from request to response that never throws: what goes wrong in a handler is
 * answered with 500 and told in the error log, under one request id.
 *
 * @module
 */
import { latin1 } from "../http1/bytes.ts";
import { errorAnswer } from "../http1/error_answer.ts";
import { logError } from "../observe/log.ts";
import { isBrokenUpload } from "./broken_upload.ts";
import type { Handler } from "./contract.ts";
import { DenoResponse, isDenoResponse } from "./deno_response.ts";
import { ownResponse } from "./foreign_response.ts";
import type { RequestInfo } from "./info.ts";
import type { LoadedForm } from "./form.ts";
import { rawHeaders, targetOf } from "./request_view.ts";
import { isBodyTaken } from "./response_body.ts";
import { describeThrown } from "./stack.ts";
import { upgradeOf } from "./upgrades.ts";
import { fromApplication } from "./wsgi.ts";

/** Answers a request, whatever happens. It is no promise when the handler's own answer is none, which is cheaper. */
export type Respond = (request: Request, info: RequestInfo) => Response | Promise<Response>;

/** Gives what a browser is shown of what was thrown; null when it is to see nothing of it. */
export type Explain = (request: Request, thrown: unknown) => Response | null;

/** Makes one function of a module's form. `onException`: called for each request that its handler fails. */
export function adapt(form: LoadedForm, onException: () => void = () => {}, explain: Explain = () => null): Respond {
  const fail = (request: Request, info: RequestInfo, thrown: unknown) => {
    const answer = failed(request, info, thrown, onException);
    return upgradeOf(request) ?? explain(request, thrown) ?? answer;
  };
  const handler = handlerOf(form);
  return (request, info) => {
    let result: unknown;
    try {
      result = handler(request, info);
    } catch (thrown) {
      return fail(request, info, thrown);
    }
    if (!isThenable(result)) return answered(request, info, result, onException);
    return Promise.resolve(result).then(
      (settled) => answered(request, info, settled, onException),
      (thrown) => fail(request, info, thrown),
    );
  };
}

/** What a handler came to, as the answer. */
function answered(request: Request, info: RequestInfo, result: unknown, onException: () => void): Response {
  // Deno would never answer a request whose response it cannot send.
  const sendable = isDenoResponse(result) && !result.bodyUsed && result.type !== "error" && !isBodyTaken(result);
  const response = sendable ? result : ownResponse(result);
  if (response === null) {
    onException();
    return unfit(request, info, result);
  }
  info.settle();
  const upgrade = upgradeOf(request);
  if (upgrade === null || response.status === upgrade.status) return response;
  onException();
  logError(`The handler returned a Response for ${nameOf(request, info)}, which it had made a WebSocket`);
  return upgrade;
}

function handlerOf(form: LoadedForm): Handler {
  if (form.kind === "function") return form.handler;
  if (form.kind === "wsgi") return fromApplication(form.application);
  if (form.kind === "node") {
    const { listener } = form;
    const answering = import("./node_handler.ts"); // most handlers need none of it
    return async (request, info) => (await answering).answerWith(listener, request, info);
  }
  const { handler: object } = form;
  return (request, info) => object.fetch(request, info);
}

function failed(request: Request, info: RequestInfo, thrown: unknown, onException: () => void): Response {
  if (isBrokenUpload(thrown)) info.leave();
  else if (!info.isGivingUp(thrown)) {
    onException();
    logError(`The handler threw for ${nameOf(request, info)}: ${describeThrown(thrown)}`);
  }
  return failure(request, info);
}

function unfit(request: Request, info: RequestInfo, returned: unknown): Response {
  const what = returned instanceof DenoResponse
    ? returned.bodyUsed
      ? "a Response whose body was read before"
      : returned.type === "error"
      ? "Response.error()"
      : "a Response whose body is locked, because something else reads it"
    : `${Deno.inspect(returned, { depth: 0, strAbbreviateSize: 40 })} instead of a Response`;
  logError(`The handler returned ${what} for ${nameOf(request, info)}`);
  return failure(request, info);
}

/** The answer to a request that its handler failed; it says nothing but the id to ask the operator about. */
function failure(request: Request, info: RequestInfo): Response {
  info.settle();
  return upgradeOf(request) ?? toResponse(500, acceptOf(request), info.requestId);
}

/** An error answer of ours as a `Response`. */
export function toResponse(status: number, accept: string | null, requestId: string): Response {
  const { fields, body } = errorAnswer(status, { accept, requestId });
  const bytes = latin1(body);
  const headers = [...fields, ["Content-Length", String(bytes.length)], ["Server", "stackd"]].map((
    [name = "", value = ""],
  ): [string, string] => [name, value]);
  return new DenoResponse(bytes, { status, headers });
}

/** A request in the error log: without its query, which may hold what a log must not. */
export function nameOf(request: Request, info: RequestInfo): string {
  const id = `request id ${info.requestId}`;
  try {
    return `${request.method} ${JSON.stringify(info.prefix + targetOf(request).path)} (${id})`;
  } catch {
    return `a request whose client has left (${id})`; // and took with it what nobody had asked for
  }
}

function acceptOf(request: Request): string | null {
  try {
    return rawHeaders(request).get("accept");
  } catch {
    return null;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof Reflect.get(Object(value), "then") === "function";
}
