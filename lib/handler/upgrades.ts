/**
 * Requests that a handler has made WebSockets of. From that moment on their connections are no more HTTP's, and Deno ends its whole
 * server when the answer is not the upgrade's response; so that response is remembered, and is the answer whatever happens afterwards.
 *
 * @module
 */
import { rawHeaders } from "./request_view.ts";

const UPGRADE = Symbol("stackd upgrade");

/** A request with what is remembered on it: "opening" while Deno upgrades it. */
interface Upgraded extends Request {
  [UPGRADE]?: Response | "opening";
}

/** Remembers upgrades from now on; gives back a function that undoes it. */
export function rememberUpgrades(): () => void {
  const original = Object.getOwnPropertyDescriptor(Deno, "upgradeWebSocket");
  if (original === undefined) return () => {};
  const { configurable = true, enumerable = true, get, value } = original;
  // Deno loads WebSockets when they are first asked for.
  const native = (): typeof Deno.upgradeWebSocket => get === undefined ? value : get.call(Deno);

  const upgradeWebSocket = (request: Upgraded, options?: Deno.UpgradeWebSocketOptions): Deno.WebSocketUpgrade => {
    try {
      rawHeaders(request).forEach(() => {}); // else nobody could ask for them any more
    } catch { /* it is no request, or over: Deno says so */ }
    if (request instanceof Object) request[UPGRADE] = "opening";
    try {
      const upgrade = native()(request, options);
      request[UPGRADE] = upgrade.response;
      return upgrade;
    } catch (thrown) {
      if (request instanceof Object) delete request[UPGRADE];
      throw thrown;
    }
  };
  Object.defineProperty(Deno, "upgradeWebSocket", {
    value: upgradeWebSocket,
    configurable,
    enumerable,
    writable: true,
  });
  return () => Object.defineProperty(Deno, "upgradeWebSocket", original);
}

/** Whether a request is, or is becoming, a WebSocket. */
export function isUpgraded(request: Request): boolean {
  return (request as Upgraded)[UPGRADE] !== undefined;
}

/** The response of a request's upgrade; null when it has not been upgraded. */
export function upgradeOf(request: Request): Response | null {
  const { [UPGRADE]: response } = request as Upgraded;
  return response === undefined || response === "opening" ? null : response;
}
