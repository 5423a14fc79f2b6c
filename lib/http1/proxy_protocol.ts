/**
 * The PROXY protocol, versions 1 and 2: the header before a connection's first byte in which a TCP proxy says whom it
 * speaks for. Follows HAProxy's "The PROXY protocol Versions 1 & 2" (doc/proxy-protocol.txt).
 *
 * @module
 */
import { isIpv4, isIpv6 } from "../config/network.ts";
import { CR, latin1, LF, text } from "./bytes.ts";
import { bad } from "./reject.ts";
import { parseAddress } from "./trust.ts";

/** One end of a connection. */
export interface Endpoint {
  /** In normal form (RFC 5952), an IPv4-mapped address as IPv4. */
  readonly address: string;
  readonly port: number;
}

/** What a header says. */
export interface ProxyHeader {
  /** Its bytes; the request begins behind them. */
  readonly length: number;
  /** The client; null when the header names none (UNKNOWN, LOCAL, a unix socket): the connection's own peer counts. */
  readonly source: Endpoint | null;
  /** Where the client connected to; null as for `source`. */
  readonly destination: Endpoint | null;
}

const V1 = latin1("PROXY "), V2 = latin1("\r\n\r\n\0\r\nQUIT\n");
/** §2.1: the longest line, CRLF included. */
const MAX_LINE = 107;
/** Bytes of version 2 before what its length counts, and how much that may count here. */
const V2_HEAD = 16, MAX_V2_BODY = 4_096;
/** §2.2: version 2 with the commands LOCAL and PROXY. */
const LOCAL = 0x20, PROXY = 0x21;
/** Bytes of the addresses by family and transport; what is missing here, datagrams too, is refused. */
const ADDRESS_SIZES = new Map([[0x00, 0], [0x11, 12], [0x21, 36], [0x31, 216]]);
const UNSPEC = 0x00, TCP4 = 0x11, TCP6 = 0x21;

/**
 * Reads the header at bytes[start, end).
 *
 * @returns `"incomplete"` while what is there can still become a header.
 * @throws {Reject} 400 as soon as it cannot: it is no header, none of a stream, or longer than 107 bytes (version 1) or
 *   16 + 4096 bytes (version 2).
 */
export function parseProxyHeader(bytes: Uint8Array, start: number, end: number): "incomplete" | ProxyHeader {
  if (start >= end) return "incomplete";
  const version1 = bytes[start] !== CR;
  const signature = version1 ? V1 : V2;
  for (let i = 0; i < signature.length && start + i < end; i++) {
    if (bytes[start + i] !== signature[i]) throw bad("the connection does not begin with a PROXY header");
  }
  return version1 ? parseLine(bytes, start, end) : parseBinary(bytes, start, end);
}

function parseLine(bytes: Uint8Array, start: number, end: number): "incomplete" | ProxyHeader {
  let cr = start;
  while (cr < end && cr < start + MAX_LINE - 1 && bytes[cr] >= 32 && bytes[cr] < 127) cr++;
  if (cr - start === MAX_LINE - 1) throw bad("a PROXY header longer than 107 bytes");
  const ended = cr < end;
  if (ended && bytes[cr] !== CR) throw bad("a PROXY header with a byte that is no text");
  if (cr + 1 < end && bytes[cr + 1] !== LF) throw bad("a PROXY header with a bare CR");
  const [protocol = "", ...fields] = text(bytes, start + V1.length, cr).split(" ");
  const family = familyOf(protocol, ended || fields.length > 0);
  if (family !== null && (ended || fields.length > 0)) checkFields(family, fields, ended);
  if (cr + 2 > end) return "incomplete";
  const length = cr + 2 - start;
  if (family === null) return { length, source: null, destination: null };
  const [source = "", destination = "", sourcePort, destinationPort] = fields;
  return { length, source: endpoint(source, sourcePort), destination: endpoint(destination, destinationPort) };
}

/** A kind of field of version 1. */
interface Field {
  readonly what: string;
  /** Whether a text is one. */
  is(text: string): boolean;
  /** What can be put behind the beginning of one to make it whole, enough for every beginning. */
  readonly endings: readonly string[];
}

const zeros = (count: number, separator: string) => Array<string>(count).fill("0").join(separator);
/** 1 to `count` zeros, each also with a separator in front. */
const zeroEndings = (count: number, separator: string) =>
  Array.from({ length: count }, (_, index) => zeros(index + 1, separator)).flatMap((
    ending,
  ) => [ending, separator + ending]);

const IPV4: Field = { what: "an IPv4 address", is: isIpv4, endings: ["", ...zeroEndings(4, ".")] };
const IPV6: Field = {
  what: "an IPv6 address",
  is: isIpv6,
  endings: ["", ":", "::", ...zeroEndings(8, ":"), ...zeroEndings(4, ".")],
};
const PORT: Field = {
  what: "a port",
  is: (digits) => /^(0|[1-9]\d{0,4})$/.test(digits) && Number(digits) <= 65_535,
  endings: ["", "0"],
};

/** The kind of the addresses; null for UNKNOWN, and while more of the word is to come. */
function familyOf(protocol: string, whole: boolean): Field | null {
  const fits = (name: string) => whole ? name === protocol : name.startsWith(protocol);
  if (!["TCP4", "TCP6", "UNKNOWN"].some(fits)) throw bad("a PROXY header that is not of TCP4, TCP6 or UNKNOWN");
  return !whole || protocol === "UNKNOWN" ? null : protocol === "TCP4" ? IPV4 : IPV6;
}

/** Checks two addresses and two ports, of which the last that is there may lack its end unless the line has `ended`. */
function checkFields(family: Field, fields: readonly string[], ended: boolean): void {
  const kinds = [family, family, PORT, PORT];
  if (fields.length > kinds.length || (ended && fields.length < kinds.length)) {
    throw bad("a PROXY header without exactly two addresses and two ports");
  }
  for (const [index, field] of fields.entries()) {
    const kind = kinds[index] ?? PORT;
    const whole = ended || index < fields.length - 1;
    const fine = whole ? kind.is(field) : kind.endings.some((ending) => kind.is(field + ending));
    if (!fine) throw bad(`a PROXY header where ${kind.what} should be is none`);
  }
}

function endpoint(address: string, port: string | undefined): Endpoint {
  const bytes = parseAddress(address);
  if (bytes === null) throw bad("a PROXY header with a bad address"); // it was checked
  return { address: formatAddress(bytes), port: Number(port) };
}

function parseBinary(bytes: Uint8Array, start: number, end: number): "incomplete" | ProxyHeader {
  const seen = end - start;
  const command = bytes[start + 12], family = bytes[start + 13];
  if (seen > 12 && command !== LOCAL && command !== PROXY) throw bad("a PROXY header of unknown version or command");
  // LOCAL comes with any family, and whatever follows is skipped.
  const size = command === LOCAL ? 0 : ADDRESS_SIZES.get(family);
  if (seen > 13 && size === undefined) throw bad("a PROXY header of a family or transport that is not taken");
  if (seen > 14 && bytes[start + 14] << 8 > MAX_V2_BODY) throw bad("a PROXY header that is too long");
  if (seen < V2_HEAD || size === undefined) return "incomplete";
  const body = bytes[start + 14] << 8 | bytes[start + 15];
  if (body > MAX_V2_BODY) throw bad("a PROXY header that is too long");
  if (body < size) throw bad("a PROXY header too short for its addresses");
  const at = start + V2_HEAD, stop = at + body, length = V2_HEAD + body;
  if (command === PROXY && family !== UNSPEC) checkTlvs(bytes, at + size, Math.min(end, stop), stop);
  if (end < stop) return "incomplete";
  if (command === LOCAL || (family !== TCP4 && family !== TCP6)) return { length, source: null, destination: null };
  const width = family === TCP4 ? 4 : 16;
  const endpointAt = (index: number): Endpoint => {
    const address = bytes.subarray(at + index * width, at + (index + 1) * width);
    const port = at + 2 * width + 2 * index;
    return { address: formatAddress(address), port: bytes[port] << 8 | bytes[port + 1] };
  };
  return { length, source: endpointAt(0), destination: endpointAt(1) };
}

/** Checks that the extensions fill [at, stop), as far as they can be seen (§2.2: one of type, two of length, value). */
function checkTlvs(bytes: Uint8Array, at: number, seen: number, stop: number): void {
  while (at < stop) {
    const size = (at + 1 < seen ? bytes[at + 1] << 8 : 0) | (at + 2 < seen ? bytes[at + 2] : 0);
    if (at + 3 + size > stop) throw bad("a PROXY header whose extensions do not fit into it");
    if (at + 2 >= seen) return;
    at += 3 + size;
  }
}

/** 4 or 16 bytes as text: IPv6 as RFC 5952 §4 has it, IPv4-mapped as IPv4. */
function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes[2 * index] << 8 | bytes[2 * index + 1]);
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) return bytes.subarray(12).join(".");
  // The longest run of zeros, at least two, the first of equals.
  let from = 0, longest = 1;
  for (let index = 0, run = 0; index < 8; index++) {
    run = groups[index] === 0 ? run + 1 : 0;
    if (run > longest) [from, longest] = [index + 1 - run, run];
  }
  const texts = groups.map((group) => group.toString(16));
  if (longest === 1) return texts.join(":");
  return `${texts.slice(0, from).join(":")}::${texts.slice(from + longest).join(":")}`;
}
