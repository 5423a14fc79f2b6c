/**
 * What answers a route's requests: each kind of action, built once, run for each request.
 *
 * @module
 */
import { DEFAULTS } from "../config/defaults.ts";
import type { RouteOptions } from "../config/route_options.ts";
import type { Answer } from "../http1/answer.ts";
import { latin1 } from "../http1/bytes.ts";
import type { BufferPool } from "../http1/buffers.ts";
import { compileChoice } from "./choice.ts";
import type { Act } from "./answering.ts";
import type { Groups } from "./groups.ts";
import { HandedFiles } from "./handed_files.ts";
import { headPool, putRequest } from "./heads.ts";
import { putPacket } from "./put_packet.ts";
import { type Relay, relay } from "./relay.ts";
import { compileShaping } from "./shaping.ts";
import { staticAct } from "./static_act.ts";
import { render } from "./template.ts";

/** What actions are built with. */
export interface ActionContext {
  readonly groups: Groups;
  /** Bytes; the largest head of a request. */
  readonly maxHeadSize: number;
  /** Lends buffers for heads to which nothing of a route's is added. */
  readonly heads: BufferPool;
}

/** The action of a route. Throws `STACKD_CONFIG_INVALID` for a directory that is gone. */
export function compileAction(options: RouteOptions, context: ActionContext): Act {
  const { action } = options;
  switch (action.kind) {
    case "upstream": {
      const target = compileRelay(options, context);
      return (route, exchange, client) => relay(exchange, target, client, route);
    }
    case "static":
      return staticAct(options);
    case "redirect":
      return (route, exchange, client) =>
        route.answer(exchange, client, redirect(action.status, render(action.location, exchange, client)));
    case "respond": {
      const body = new TextEncoder().encode(action.body);
      const answer: Answer = { status: action.status, fields: [["Content-Type", action.contentType]], body };
      return (route, exchange, client) => route.answer(exchange, client, answer);
    }
  }
}

function compileRelay(options: RouteOptions, { groups, maxHeadSize, heads }: ActionContext): Relay {
  if (options.action.kind !== "upstream") throw new TypeError("not a route to an upstream");
  const group = groups.get(options.action.group), { limits, servers } = group.options;
  const isUwsgi = servers.some(({ target }) => target.protocol === "uwsgi");
  // An application that is told SCRIPT_NAME writes it into what it says about places.
  const shaping = compileShaping(isUwsgi ? { ...options, restorePrefix: false } : options, maxHeadSize);
  return {
    group,
    choice: compileChoice(group.options),
    shaping,
    putRequest: isUwsgi ? putPacket : putRequest,
    // A uWSGI has few processes, and none of them does anything else while it waits for a client.
    collected: options.bufferRequests ?? isUwsgi ? "all" : isUwsgi ? "chunked" : "none",
    readAhead: options.bufferResponses ?? (isUwsgi ? DEFAULTS.readAhead : 0),
    handed: options.internalFiles === null ? null : new HandedFiles(options.internalFiles),
    readTimeout: options.upstreamTimeout ?? limits.readTimeout,
    streamTimeout: options.upstreamTimeout ?? limits.streamTimeout ?? limits.readTimeout,
    heads: shaping === null ? heads : headPool(maxHeadSize, shaping.room),
  };
}

function redirect(status: number, location: string): Answer {
  return {
    status,
    fields: [["Location", location], ["Content-Type", "text/plain; charset=utf-8"]],
    body: latin1(`${status} ${location}\n`),
  };
}
