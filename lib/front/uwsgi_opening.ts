/**
 * Reads the packet of a connection on which the uwsgi protocol is spoken, and makes an HTTP request of it.
 *
 * @module
 */
import { latin1, putText } from "../http1/bytes.ts";
import { MEDIUM } from "../http1/buffers.ts";
import type { Told } from "../http1/connection.ts";
import type { Deadlines, Expiring } from "../http1/deadlines.ts";
import { bad, Reject } from "../http1/reject.ts";
import type { Wire } from "../http1/wire.ts";
import { UwsgiError } from "../uwsgi/error.ts";
import { decodePacket, HEADER_SIZE, MAX_BLOCK_SIZE, packetLength } from "../uwsgi/packet.ts";
import { requestFrom } from "../uwsgi/request_vars.ts";
import type { Opening } from "./opening.ts";
import { toHttp } from "./uwsgi_head.ts";

/** Bytes of what was refused that the access log is given. */
const SHOWN = 256;
const LATE: unique symbol = Symbol("late");

/**
 * The opening of a connection that has just been accepted. What is no request that can be taken is one with a refusal, for an
 * answer is plain HTTP here, too: the client of the server in front is to see it. Null: nothing came within `timeout` ms, or
 * before the peer left. `begun` is called when only a part of it has come.
 */
export async function readUwsgiOpening(
  wire: Wire,
  deadlines: Deadlines,
  timeout: number,
  begun: () => void = () => {},
): Promise<Opening | null> {
  const late = Promise.withResolvers<typeof LATE>();
  const waiting: Expiring = { deadline: deadlines.after(timeout), expire: () => late.resolve(LATE) };
  deadlines.add(waiting);
  let bytes = MEDIUM.take(), end = 0, reading = false;
  try {
    // Reading costs what is there, so that a peer that dribbles must have sent twice as much before it is read again.
    for (let due = 1;;) {
      if (end === bytes.length) bytes = larger(bytes);
      reading = true;
      const n = await Promise.race([read(wire, bytes.subarray(end)), late.promise]);
      if (n === LATE) return end === 0 ? null : refused(bytes, end, new Reject(408, "its packet took too long"));
      reading = false;
      if (n === 0) return end === 0 ? null : refused(bytes, end, bad(`it ended after ${end} bytes of its packet`));
      end += n;
      if (end < due) continue;
      const opening = openingOf(bytes, end);
      if (opening !== null) return opening;
      if (due === 1) begun();
      due = Math.min(end < HEADER_SIZE ? HEADER_SIZE : packetLength(bytes, 0), end * 2);
    }
  } finally {
    deadlines.delete(waiting);
    // A read that still goes on, after a time-out, may write to it.
    if (!reading) MEDIUM.give(bytes);
  }
}

/** What bytes[0, end) come to; null while more is needed. */
function openingOf(bytes: Uint8Array, end: number): Opening | null {
  let vars: ReadonlyMap<string, string> | null = null;
  try {
    const packet = decodePacket(bytes, 0, end);
    if (packet === "incomplete") return null;
    vars = packet.vars;
    const request = requestFrom(vars);
    const { head, prefix } = toHttp(request);
    const first = new Uint8Array(head.length + end - packet.length);
    first.set(bytes.subarray(packet.length, end), putText(head, first, 0));
    return { client: request.remoteAddress, first, told: { scheme: request.scheme, prefix, refusal: null } };
  } catch (thrown) {
    if (!(thrown instanceof UwsgiError)) throw thrown;
    const refusal = new Reject(thrown.status, thrown.message);
    return vars === null ? refused(bytes, end, refusal) : refusedRequest(vars, refusal);
  }
}

/** A refusal of what was no packet: the access log shows how it began. */
function refused(bytes: Uint8Array, end: number, refusal: Reject): Opening {
  return { client: undefined, first: bytes.slice(0, Math.min(end, SHOWN)), told: refusing(refusal) };
}

/** A refusal of the request in a packet: the access log shows what would have been its line. */
function refusedRequest(vars: ReadonlyMap<string, string>, refusal: Reject): Opening {
  const line = ["REQUEST_METHOD", "REQUEST_URI", "SERVER_PROTOCOL"].map((name) => vars.get(name) ?? "").join(" ");
  return { client: undefined, first: latin1(`${line.trim()}\r\n`), told: refusing(refusal) };
}

function refusing(refusal: Reject): Told {
  return { scheme: "http", prefix: "", refusal };
}

/** 0 at the end, and when the connection was reset or closed. */
async function read(wire: Wire, into: Uint8Array<ArrayBuffer>): Promise<number> {
  try {
    return await wire.read(into);
  } catch {
    return 0;
  }
}

/** The same bytes with room for all that the packet says it has, and a read's worth behind it. */
function larger(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(Math.min(packetLength(bytes, 0), HEADER_SIZE + MAX_BLOCK_SIZE) + MEDIUM.size);
  all.set(bytes);
  MEDIUM.give(bytes);
  return all;
}
