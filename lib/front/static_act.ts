/**
 * Answers requests of a route with the files of a directory.
 *
 * @module
 */
import type { RouteOptions } from "../config/route_options.ts";
import { STATIC_DEFAULTS } from "../config/static_options.ts";
import type { Answer, Field } from "../http1/answer.ts";
import { errorAnswer } from "../http1/error_answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { Served } from "../static/answers.ts";
import { ask } from "../static/asked.ts";
import { StaticFiles } from "../static/files.ts";
import { openStaticRoot } from "../static/root.ts";
import type { Act, Answering } from "./answering.ts";
import { HeadEdits } from "./edits.ts";
import type { Client } from "./forwarded.ts";

/** The act for a route with files. Throws `STACKD_CONFIG_INVALID` for a directory that is gone. */
export function staticAct({ action, prefix, responseFields }: RouteOptions): Act {
  if (action.kind !== "static") throw new TypeError("not a route with files");
  const edits = HeadEdits.compile(responseFields);
  const change = edits === null ? (fields: readonly Field[]) => fields : edits.constant();
  const files = new StaticFiles(openStaticRoot(action.root), action.options ?? STATIC_DEFAULTS, change ?? undefined);
  const slow = slowAct(files, prefix);
  // Fields that differ from request to request cannot be prepared.
  return change === null
    ? slow
    : (route, exchange, client) => answerAtOnce(files, exchange) ?? slow(route, exchange, client);
}

/** Sends what is prepared; null when it is not, or when not all of it is wanted. */
function answerAtOnce(files: StaticFiles, exchange: Exchange): Promise<void> | null {
  const { head, bytes, normalPath } = exchange;
  if (!head.isMethod(bytes, "GET") && !head.isMethod(bytes, "HEAD")) return null;
  const asked = ask(bytes, head.fields.start, head.fields.end);
  if (asked.special) return null;
  const prepared = normalPath === null
    ? files.ready(bytes, head.targetStart, head.pathEnd, asked)
    : files.readyAt(normalPath, asked);
  return prepared === null ? null : prepared.send(exchange);
}

function slowAct(files: StaticFiles, prefix: string): Act {
  return (route, exchange, client) => {
    const target = exchange.head.target(exchange.bytes), queryAt = target.indexOf("?");
    const originalPath = queryAt === -1 ? target : target.slice(0, queryAt);
    const path = exchange.normalPath ?? originalPath;
    const served = files.serve({
      method: exchange.method,
      path: prefix === "/" ? path : path.slice(prefix.length),
      originalPath,
      key: path,
      query: queryAt === -1 ? "" : target.slice(queryAt),
      field: (name) => exchange.field(name),
    });
    return served instanceof Promise
      ? served.then((served) => send(route, exchange, client, served))
      : send(route, exchange, client, served);
  };
}

function send(route: Answering, exchange: Exchange, client: Client | null, served: Served): Promise<void> {
  return route.answer(exchange, client, served.kind === "answer" ? served.answer : refusal(route, exchange, served));
}

/** The route's page for an error, or ours. */
function refusal(route: Answering, exchange: Exchange, { status, fields }: Served & { kind: "refused" }): Answer {
  const accept = exchange.field("accept"), { requestId } = exchange;
  return route.withErrorPage(errorAnswer(status, { accept, requestId, extra: fields }));
}
