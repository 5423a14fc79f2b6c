/**
 * Where an embedded server listens, for the program around it.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";

/** Where an embedded proxy or gateway accepts connections. */
export type ServerAddress =
  | {
    /** A port. */
    readonly transport: "tcp";
    /** Empty for every address, IPv4 and IPv6. */
    readonly hostname: string;
    /** The real one, where port 0 was asked for. */
    readonly port: number;
  }
  | {
    /** A unix socket. */
    readonly transport: "unix";
    /** Absolute. */
    readonly path: string;
  };

/** What of an address is the program's business. */
export function toServerAddress(address: ListenAddress): ServerAddress {
  if (address.transport === "unix") return { transport: "unix", path: address.path };
  return { transport: "tcp", hostname: address.hostname, port: address.port };
}
