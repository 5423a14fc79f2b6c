/**
 * Who may ask at all, by address: networks that are allowed and denied, the most specific one first.
 *
 * @module
 */
import { isNetwork } from "../config/network.ts";
import type { AccessOptions } from "../config/route_options.ts";
import { StackdError } from "../errors.ts";
import { contains, type Network, parseAddress, parseNetwork } from "../http1/trust.ts";

/** An access list, ready to be asked. */
export interface Access {
  /** Whether a client may ask; null is a peer on a unix socket, known by no address. What is no address may not. */
  allows(address: string | null): boolean;
}

/** An entry with an address or a network. */
interface Entry {
  readonly network: Network;
  readonly allowed: boolean;
}

/** Decisions that are remembered, so that a busy client's address is parsed once. */
const MAX_REMEMBERED = 1_024;

/**
 * Prepares an access list. The longest network that has the client's address decides, whatever the order of the entries;
 * where it is both allowed and denied, it is allowed. When none has it, the client is allowed if the list allows nobody by
 * name, and denied otherwise: `allow = ["10.0.0.0/8"]` is nginx's `allow 10.0.0.0/8; deny all;`. An empty list allows all.
 *
 * IPv4-mapped IPv6 addresses are the IPv4 ones that they stand for, so `::/0` is every IPv6 client and no IPv4 one.
 *
 * @throws {StackdError} `STACKD_CONFIG_INVALID` for an entry that is no network, no address and not `unix`.
 */
export function compileAccess({ allow, deny }: AccessOptions): Access {
  const otherwise = allow.length === 0;
  if (otherwise && deny.length === 0) return { allows: () => true };
  const unix = allow.includes("unix") || (otherwise && !deny.includes("unix"));
  const entries = [...entriesOf(allow, true), ...entriesOf(deny, false)];
  // Longest first; the sort is stable, so that allowed stays before denied.
  entries.sort((one, other) => other.network.bits - one.network.bits);
  const remembered = new Map<string, boolean>();
  return {
    allows(address) {
      if (address === null) return unix;
      const known = remembered.get(address);
      if (known !== undefined) return known;
      const allowed = decide(entries, address, otherwise);
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(address, allowed);
      return allowed;
    },
  };
}

function decide(entries: readonly Entry[], address: string, otherwise: boolean): boolean {
  const bytes = parseAddress(address);
  if (bytes === null) return false; // a list of denials cannot tell whether it is meant
  for (const { network, allowed } of entries) if (contains(network, bytes)) return allowed;
  return otherwise;
}

function entriesOf(texts: readonly string[], allowed: boolean): Entry[] {
  return texts.filter((text) => text !== "unix").map((text) => {
    if (isNetwork(text)) return { network: parseNetwork(text), allowed };
    const state = "it is no address, no network as 10.0.0.0/8, and not unix";
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot ${allowed ? "allow" : "deny"} "${text}": ${state}`);
  });
}
