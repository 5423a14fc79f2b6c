/**
 * Lines of the access log in other formats than `combined`: compiled once, to a function that writes a request's line.
 *
 * @module
 */
import type { LogFormat, LogPart, LogVariable } from "../config/log_format.ts";
import type { LogRecord, UpstreamUse } from "./log_record.ts";
import { localTime } from "./local_time.ts";

/** Writes the line of a request, without its newline. */
export type LineWriter = (record: LogRecord) => string;

/** Longest value of a line, characters. */
const MAX_VALUE = 8_192;

/** Compiles a format; null for `combined`, which is written without strings. `now`: ms since 1970. */
export function compileLogFormat(format: LogFormat, now: () => number = Date.now): LineWriter | null {
  switch (format.kind) {
    case "combined":
      return null;
    case "json":
      return (record) => jsonLine(record, now());
    case "template": {
      const parts = format.parts.map((part) => typeof part === "string" ? part : compile(part, now));
      return (record) => {
        let line = "";
        for (const part of parts) line += typeof part === "string" ? part : part(record);
        return line;
      };
    }
  }
}

function compile(part: LogPart, now: () => number): (record: LogRecord) => string {
  if ("variable" in part) return VARIABLES[part.variable](now);
  const { field } = part;
  return (record) => escaped(record.field(field) ?? "");
}

/** How each variable is written. What cannot hold anything of the client's needs no escape. */
const VARIABLES: Readonly<Record<LogVariable, (now: () => number) => (record: LogRecord) => string>> = {
  args: () => ({ target }) => escaped(queryOf(target)),
  body_bytes_sent: () => ({ bytes }) => bytes === null ? "-" : String(bytes),
  host: () => ({ host }) => escaped(host),
  msec: (now) => () => seconds(now()),
  pid: () => () => String(Deno.pid),
  remote_addr: () => ({ remoteAddress }) => remoteAddress,
  remote_user: () => () => "-",
  request: () => ({ requestLine }) => escaped(requestLine),
  request_id: () => ({ requestId }) => escaped(requestId),
  request_method: () => ({ method }) => escaped(method),
  request_time: () => ({ duration }) => seconds(duration),
  request_uri: () => ({ target }) => escaped(target),
  server_protocol: () => ({ protocol }) => escaped(protocol),
  status: () => ({ status }) => String(status),
  time_iso8601: (now) => everySecond(now, isoTime),
  time_local: (now) => everySecond(now, localTime),
  upstream_addr: () => ({ upstreams }) => upstreams.map(addressOf).join(", ") || "-",
  upstream_response_time: () => ({ upstreams }) => upstreams.map(({ duration }) => seconds(duration)).join(", ") || "-",
};

/** A time that is written anew when another second has begun. */
function everySecond(now: () => number, write: (date: Date) => string): () => string {
  let second = -1, text = "";
  return () => {
    const current = Math.floor(now() / 1_000);
    if (current !== second) text = write(new Date((second = current) * 1_000));
    return text;
  };
}

/** nginx's $time_iso8601: with the local offset, and no fraction. */
function isoTime(date: Date): string {
  const offset = -date.getTimezoneOffset(), minutes = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, "0");
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)}${zone}`;
}

/** The line's names are nginx's; what is not there is null. */
function jsonLine(record: LogRecord, now: number): string {
  const { upstreams } = record;
  return JSON.stringify({
    time: new Date(now).toISOString(),
    remote_addr: record.remoteAddress,
    request_id: record.requestId,
    request_method: decoded(record.method),
    request_uri: decoded(record.target),
    server_protocol: decoded(record.protocol),
    host: decoded(record.host),
    status: record.status,
    body_bytes_sent: record.bytes,
    request_time: rounded(record.duration),
    upstream_addr: upstreams.length === 0 ? null : upstreams.map(addressOf).join(", "),
    upstream_response_time: upstreams.length === 0
      ? null
      : rounded(upstreams.reduce((sum, { duration }) => sum + duration, 0)),
    http_referer: decoded(record.field("referer")),
    http_user_agent: decoded(record.field("user-agent")),
  });
}

/** Bytes as the text that they are meant to be, UTF-8; null for nothing. What JSON cannot hold, it escapes itself. */
function decoded(value: string | null): string | null {
  if (value === null || value === "") return null;
  const cut = value.slice(0, MAX_VALUE);
  if (/^[\x20-\x7e]*$/.test(cut)) return cut;
  return new TextDecoder().decode(Uint8Array.from(cut, (character) => character.charCodeAt(0)));
}

/** As nginx writes a variable into a line: `"`, `\` and what is no visible ASCII as \xHH, `-` for nothing. */
function escaped(value: string): string {
  if (value === "") return "-";
  const cut = value.length > MAX_VALUE ? value.slice(0, MAX_VALUE) : value;
  return cut.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, (character) => {
    return `\\x${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

function addressOf({ address }: UpstreamUse): string {
  return address;
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at === -1 ? "" : target.slice(at + 1);
}

/** Milliseconds in seconds, as nginx writes them: `0.012`. */
function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(3);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds) / 1_000;
}
