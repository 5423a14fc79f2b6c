/**
 * Streams of requests: right ones, and right ones to which something has happened.
 *
 * @module
 */
import type { Random } from "./random.ts";

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: b.example\r\n\r\n";
const FIELDS = [
  "Accept: */*",
  "accept-language:de",
  "X-Empty:",
  "Cookie: a=b; c=d",
  "X-Obs: \x80\xff",
  "Connection: keep-alive",
  "Connection: X-Empty, Content-Length",
  "TE: trailers",
  "X_Under: a",
  `X-Long: ${"l".repeat(900)}`,
];
/** What mutations put in: the grammar's own words, and characters that look like its marks. */
const WORDS = [
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  "\0",
  "\x0b",
  "\x85",
  "\xa0",
  ":",
  ",",
  ";",
  "0",
  "1",
  "f",
  "g",
  "-",
  "+",
  "_",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "\r\nTransfer-Encoding : chunked",
  "Host: c.example\r\n",
  "Connection: close\r\n",
  "chunked",
  ", chunked",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "HTTP/1.0",
  " HTTP/1.1\r\n",
  SMUGGLED,
];

/** A chunked body with extensions, and trailers now and then. */
export function chunkedBody(random: Random): string {
  let body = "";
  for (let chunks = random.below(4); chunks > 0; chunks--) {
    const data = random.of(["x", "hello", "\r\n", "0\r\n\r\n", SMUGGLED, "d".repeat(1 + random.below(300))]);
    const size = random.of(["", "0", "000"]) + data.length.toString(16);
    const extension = random.once(4) ? random.of([";", ";a", ";a=b", ';a="b;c"', `;${"e".repeat(255)}`]) : "";
    body += `${random.once(2) ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
  }
  return `${body}${random.of(["0", "000", "0;last"])}\r\n${
    random.of(["", "", "X-T: 1\r\n", "X-T:\r\nX-U: 2\r\n"])
  }\r\n`;
}

function request(random: Random, number: number): string {
  const method = random.of(["GET", "POST", "PUT", "DELETE", "BREW"]);
  const isOld = random.once(8), framing = random.of(["none", "length", isOld ? "length" : "chunked"]);
  const fields = ["Host: a.example", ...Array.from({ length: random.below(4) }, () => random.of(FIELDS))];
  if (isOld) fields.push("Connection: keep-alive");
  let body = "";
  if (framing === "length") {
    body = random.of(["", "hello", SMUGGLED, "0\r\n\r\n", "b".repeat(random.below(3_000))]);
    fields.push(`${random.of(["Content-Length", "content-length"])}: ${body.length}`);
  } else if (framing === "chunked") {
    body = chunkedBody(random);
    fields.push(`Transfer-Encoding: ${random.of(["chunked", "Chunked"])}`);
  }
  const head = `${method} /${number} HTTP/1.${isOld ? 0 : 1}\r\n${fields.map((line) => `${line}\r\n`).join("")}\r\n`;
  return (random.once(10) ? "\r\n" : "") + head + body;
}

/** Does something to `text`. */
export function mutate(random: Random, text: string): string {
  const at = random.below(text.length + 1), end = Math.min(text.length, at + 1 + random.below(8));
  const [before, picked, after] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
  switch (random.below(6)) {
    case 0:
      return before + random.of(WORDS) + picked + after;
    case 1:
      return before + random.of(WORDS) + after;
    case 2:
      return before + after;
    case 3:
      return before + picked + picked + after;
    case 4:
      return before + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    default: {
      // In front of a line, where it does most.
      const line = text.indexOf("\r\n", at) + 2;
      return text.slice(0, line) + random.of(WORDS) + text.slice(line);
    }
  }
}

/** A stream of one to four requests; every other one is as it should be. */
export function stream(random: Random): string {
  let text = "";
  const requests = 1 + random.below(4);
  for (let number = 1; number <= requests; number++) text += request(random, number);
  if (random.once(2)) return text;
  for (let mutations = 1 + random.below(3); mutations > 0; mutations--) text = mutate(random, text);
  return text;
}
