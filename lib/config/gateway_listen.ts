/**
 * Where a gateway listens: HTTP on a unix socket and on ports, the uwsgi protocol on either.
 *
 * @module
 */
import { formatAddress, parseHttpListen, parsePassed, parseSocketPath } from "./address.ts";
import { DEFAULTS } from "./defaults.ts";
import { parseNetworks } from "./network.ts";
import type { GatewayOptions, ListenOption, UwsgiListen } from "./options.ts";
import { parseOwner } from "./owner.ts";
import { checkPlace, parseSocketOrPort, readListen } from "./read_listen.ts";
import type { Reader } from "./reader.ts";
import type { System } from "./system.ts";
import { parseMode, ValueError } from "./values.ts";

/** What of a gateway's options is about this. */
export type GatewayListen = Pick<GatewayOptions, "socket" | "http" | "uwsgi" | "socketMode" | "socketOwner">;

/** Reads them. Mistakes are noted; that it would listen nowhere is one. */
export function readGatewayListen(reader: Reader, system: System): GatewayListen {
  const { mistakes } = reader;
  const socket = reader.one("socket", (text) => {
    if (text.startsWith("unix:")) throw new ValueError(`write the path alone, "${text.slice("unix:".length)}"`);
    return checkPlace(parseSocketPath(text, system.cwd), system);
  }, null);
  const http = readListen(reader, "http", parseHttpListen, system);
  const uwsgi = readUwsgi(reader, system, [...http, ...(socket === null ? [] : [unix(socket)])]);
  if (!reader.has("socket") && !reader.has("http") && !reader.has("uwsgi-socket")) {
    const flag = "--socket PATH or --http [HOST:]PORT";
    reader.miss("Cannot start the gateway: no address to listen on", flag, "socket or http in [gateway]");
  }
  const hasFile = reader.has("socket") || uwsgi.some(({ transport }) => transport === "unix");
  for (const name of ["chmod-socket", "chown-socket"] as const) {
    if (reader.has(name) && !hasFile) mistakes.add("STACKD_USAGE", `Cannot use --${name}: there is no --socket`);
  }
  return {
    socket,
    http,
    uwsgi,
    socketMode: reader.one("chmod-socket", parseMode, DEFAULTS.socketMode),
    socketOwner: reader.one("chown-socket", (text) => parseOwner(text, system), null),
  };
}

/** @param others Where HTTP is spoken: no address has both. */
function readUwsgi(reader: Reader, system: System, others: readonly ListenOption[]): ListenOption[] {
  const spoken: UwsgiListen = {
    allowFrom: reader.one("uwsgi-allow-from", parseNetworks, DEFAULTS.uwsgiAllowFrom),
  };
  const addresses = readListen(reader, "uwsgi-socket", (text) => {
    const address = parsePassed(text) ?? parseSocketOrPort(text, system);
    const name = formatAddress(address);
    if (others.some((other) => formatAddress(other) === name && !isAnyPort(other))) {
      throw new ValueError("HTTP is spoken there");
    }
    return address;
  }, system);
  if (reader.has("uwsgi-allow-from")) {
    const refuse = (state: string) => reader.mistakes.add("STACKD_USAGE", `Cannot use --uwsgi-allow-from: ${state}`);
    if (!reader.has("uwsgi-socket")) refuse("there is no --uwsgi-socket");
    else if (addresses.length > 0 && addresses.every(({ transport }) => transport === "unix")) {
      refuse("who may connect to a unix socket is up to its file's mode, --chmod-socket");
    }
  }
  // How large a body may be is the business of the server in front.
  return addresses.map((address) => ({ ...address, maxBody: 0, uwsgi: spoken }));
}

function isAnyPort(address: ListenOption): boolean {
  return address.transport === "tcp" && address.port === 0;
}

function unix(path: string): ListenOption {
  return { transport: "unix", path };
}
