/**
 * Where something listens: addresses and paths, as options name them.
 *
 * @module
 */
import { dirname } from "@std/path";
import { formatAddress, parseAddress, parseSocketPath } from "./address.ts";
import type { FileValue } from "./file/proxy_section.ts";
import type { ListenAddress, ListenOption } from "./options.ts";
import type { Reader } from "./reader.ts";
import type { System } from "./system.ts";
import { ValueError } from "./values.ts";

/** The values of an option that names addresses; none may be there twice. Mistakes are noted. */
export function readListen(
  reader: Reader,
  name: "listen" | "http" | "uwsgi-socket",
  parse: (text: string, written: FileValue | null) => ListenOption,
  system: System,
): ListenOption[] {
  const seen = new Map<string, string>();
  return reader.all(name, (text, written) => {
    const address = parse(text, written);
    if (address.transport === "unix") checkPlace(address.path, system);
    const twin = seen.get(formatAddress(address));
    // Port 0 is another port every time.
    if (twin !== undefined && (address.transport !== "tcp" || address.port !== 0)) {
      throw new ValueError(twin === text ? "it is given twice" : `it is the same address as "${twin}"`);
    }
    seen.set(formatAddress(address), text);
    return address;
  });
}

/** An address, or the path of a unix socket: what has a slash in it, or follows `unix:`. Throws {@linkcode ValueError}. */
export function parseSocketOrPort(text: string, system: System): ListenAddress {
  // As a host without a port, a file's name would get a puzzling answer.
  if (!/[/:]/.test(text) && !/^\d+$/.test(text)) {
    throw new ValueError(
      `it is PATH or [HOST:]PORT, and a path has a slash in it; write "./${text}" or "${text}:PORT"`,
    );
  }
  if (!text.includes("/")) return parseAddress(text, system.cwd);
  const path = parseSocketPath(text.replace(/^unix:/, ""), system.cwd);
  return { transport: "unix", path: checkPlace(path, system) };
}

/** A path that something is about to be made at, when its directory is there. */
export function checkPlace(absolute: string, system: System): string {
  if (system.kindOf(absolute) === "directory") throw new ValueError("it is a directory");
  const parent = dirname(absolute);
  const kind = system.kindOf(parent);
  if (kind === "denied") throw new ValueError(`permission denied to see "${parent}"`);
  if (kind !== "directory") throw new ValueError(`there is no directory "${parent}"`);
  return absolute;
}
