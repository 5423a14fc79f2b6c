/**
 * What a handler module may import from stackd, and what a program that embeds stackd needs. It re-exports only.
 *
 * @example Type a handler
 * ```ts ignore
 * import type { Handler } from "@stackd/stackd";
 *
 * export default ((request, info) => new Response(`${info.requestId} ${request.url}\n`)) satisfies Handler;
 * ```
 *
 * @example A whole site in one program
 * ```ts ignore
 * import { createProxy, serveGateway } from "@stackd/stackd";
 *
 * await using gateway = await serveGateway({ module: "app.ts", socket: "app.sock" });
 * await using proxy = await createProxy({ listen: "8080", upstream: { "/": "unix:app.sock" } });
 * ```
 *
 * @module
 */
export type { ServerAddress } from "./lib/embed/address.ts";
export { type GatewayHandle, type GatewayStatus, serveGateway } from "./lib/embed/gateway.ts";
export { type HandlerHandle, type HandlerOptions, loadHandler } from "./lib/embed/handler.ts";
export { createProxy, type ProxyHandle } from "./lib/embed/proxy.ts";
export type { GatewayOptions, Permission, ProxyOptions, ServerOptions, Size } from "./lib/embed/settings.ts";
export { type ErrorCode, StackdError, type StackdErrorOptions } from "./lib/errors.ts";
export type {
  Application,
  Environ,
  ErrorStream,
  Handler,
  HandlerModule,
  HandlerObject,
  HealthHook,
  Info,
  LifecycleHook,
  LifecycleInfo,
  Piece,
  Pieces,
  RemoteAddress,
  StartResponse,
} from "./lib/handler/contract.ts";
export type { WorkerStatus } from "./lib/process/status.ts";
export { VERSION } from "./lib/version.ts";
