/**
 * A finished exchange as a line of the access log, from the bytes of its head.
 *
 * @module
 */
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, type Fields } from "../http1/fields.ts";
import type { AccessLog, Span } from "../observe/access_log.ts";
import { ExchangeRecord } from "./exchange_record.ts";

// One of each is enough: a line is written before the next begins.
const requestLine: Span = { start: 0, end: 0 };
const referer: Span = { start: 0, end: 0 };
const userAgent: Span = { start: 0, end: 0 };

/** Writes the line of `exchange`. */
export function logExchange(log: AccessLog, exchange: Exchange): void {
  if (log.takesRecords) return log.writeRecord(new ExchangeRecord(exchange));
  const { head, bytes } = exchange;
  if (exchange.readable) {
    requestLine.start = head.methodStart;
    requestLine.end = head.fields.start - 2;
    setSpan(referer, head.fields, FIELD.REFERER);
    setSpan(userAgent, head.fields, FIELD.USER_AGENT);
  } else {
    ({ start: requestLine.start, end: requestLine.end } = exchange.connection.firstLine());
    referer.start =
      referer.end =
      userAgent.start =
      userAgent.end =
        0;
  }
  const address = exchange.clientAddress ?? exchange.connection.peer ?? "unix:";
  log.writeSpans(address, bytes, requestLine, exchange.status, exchange.bytesSent, referer, userAgent);
}

function setSpan(span: Span, fields: Fields, id: number): void {
  const index = fields.find(id);
  span.start = index === -1 ? 0 : fields.valueStart(index);
  span.end = index === -1 ? 0 : fields.valueEnd(index);
}
