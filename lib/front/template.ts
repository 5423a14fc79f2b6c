/**
 * Values with variables, filled in for a request.
 *
 * @module
 */
import type { Template, Variable } from "../config/template.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { Client } from "./forwarded.ts";
import { bareHost } from "./host_router.ts";

/** The value of `template` for one request, one character a byte, without control characters. */
export function render(template: Template, exchange: Exchange, client: Client | null): string {
  let value = "";
  for (const part of template) {
    value += typeof part === "string" ? asBytes(part) : valueOf(part.variable, exchange, client);
  }
  return withoutControls(value);
}

/** The value of a template without variables; of another one, what is between them. */
export function renderConstant(template: Template): string {
  return withoutControls(template.map((part) => typeof part === "string" ? asBytes(part) : "").join(""));
}

/** Nothing a request holds may end the line it is written to. */
function withoutControls(value: string): string {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  return value.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, "");
}

/** Whether a template is the same for all requests. */
export function isConstant(template: Template): boolean {
  return template.every((part) => typeof part === "string");
}

/** Text as it is written into heads: one character for each byte of its UTF-8. */
function asBytes(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

function valueOf(variable: Variable, exchange: Exchange, client: Client | null): string {
  switch (variable) {
    case "args":
      return queryOf(exchange).slice(1);
    case "is_args":
      return queryOf(exchange).length > 1 ? "?" : "";
    case "host":
      return bareHost(hostOf(exchange, client));
    case "http_host":
      return hostOf(exchange, client);
    case "proxy_add_x_forwarded_for":
      return client?.chain ?? exchange.connection.peer ?? "";
    case "remote_addr":
      return exchange.clientAddress ?? "unix:";
    case "request_id":
      return exchange.requestId;
    case "request_method":
      return exchange.method;
    case "request_uri":
      return originForm(exchange);
    case "scheme":
      return client?.scheme ?? "http";
    case "server_port":
      return portOf(exchange.connection.wire.localAddr);
    case "uri":
      return exchange.normalPath ?? originForm(exchange).split("?", 1)[0];
  }
}

/** The host that the client asked for, with its port; empty when it named none. */
export function hostOf(exchange: Exchange, client: Client | null): string {
  return client?.host ?? exchange.head.host(exchange.bytes);
}

/** Path and query as the client sent them. */
export function originForm(exchange: Exchange): string {
  const { head, bytes } = exchange;
  return head.absolute?.target ?? head.target(bytes);
}

function queryOf(exchange: Exchange): string {
  const target = originForm(exchange), at = target.indexOf("?");
  return at === -1 ? "" : target.slice(at);
}

function portOf(address: Deno.Addr): string {
  return address.transport === "tcp" ? String(address.port) : "";
}
