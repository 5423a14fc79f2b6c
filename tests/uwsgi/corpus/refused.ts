/**
 * Packets that are refused: sizes that lie, names that are none, and what is no WSGI request at all.
 *
 * @module
 */
import { le, packet, refused, type RefusedCase, variable } from "./case.ts";

const A1 = variable("A", "1");
const HTTP = "HTTP was sent to a uwsgi socket";
const TLS = "TLS was sent to a uwsgi socket";
const PROXY = "a PROXY header was sent to a uwsgi socket";

const sizes: readonly RefusedCase[] = [
  refused("a block of one byte", packet("\x01"), "a byte is left over (at byte 0 of the block)", 4),
  refused("a byte behind the last variable", packet(A1 + "\0"), "a byte is left over (at byte 6 of the block)", 9),
  refused(
    "two bytes behind the last variable, a name's size",
    packet(A1 + le(1)),
    "a name of 1 bytes where the block has 0 left (at byte 6 of the block)",
  ),
  refused("NULs behind the last variable", packet(A1 + "\0\0\0\0"), "a name is empty (at byte 6 of the block)", 12),
  refused("an empty name", packet(variable("", "1") + A1), "a name is empty (at byte 0 of the block)", 6),
  refused("an empty name and no value", packet(variable("", "")), "a name is empty (at byte 0 of the block)", 6),
  refused(
    "a name that is one byte longer than the block",
    packet(variable("A", "1", 5)),
    "a name of 5 bytes where the block has 4 left (at byte 0 of the block)",
    6,
  ),
  refused(
    "a name of 65,535 bytes",
    packet(variable("A", "1", 65_535)),
    "a name of 65535 bytes where the block has 4 left (at byte 0 of the block)",
    6,
  ),
  refused(
    "a name up to the end of the block",
    packet(le(4) + "ABCD"),
    "a name has no value (at byte 0 of the block)",
    6,
  ),
  refused(
    "a name and half a size",
    packet(le(3) + "ABC\0"),
    "a name has no value (at byte 0 of the block)",
    6,
  ),
  refused(
    "a value that is one byte longer than the block",
    packet(variable("A", "1", 1, 2)),
    "a value of 2 bytes where the block has 1 left (at byte 3 of the block)",
    9,
  ),
  refused(
    "a value of 65,535 bytes",
    packet(variable("A", "1", 1, 65_535)),
    "a value of 65535 bytes where the block has 1 left (at byte 3 of the block)",
    9,
  ),
  refused(
    "a value of the second variable that lies",
    packet(A1 + variable("B", "2", 1, 3) + variable("C", "")),
    "a name of 67 bytes where the block has 1 left (at byte 14 of the block)",
    20,
  ),
  refused(
    "sizes in network order",
    packet("\0\x01A\0\x011"),
    "a name of 256 bytes where the block has 4 left (at byte 0 of the block)",
    6,
  ),
  refused(
    "a block that says one byte less than it has",
    packet(A1 + A1, 11),
    "a value of 1 bytes where the block has 0 left (at byte 9 of the block)",
    15,
  ),
  refused("a block that ends within a size", packet(A1 + A1, 7), "a byte is left over (at byte 6 of the block)", 9),
  refused(
    "a value that is shorter than it says it is",
    packet(variable("A", "12", 1, 1) + A1),
    "a name of 306 bytes where the block has 5 left (at byte 6 of the block)",
    12,
  ),
  refused(
    "a variable beyond the largest block",
    packet(variable("A", "v".repeat(65_531)), 65_535),
    "a value of 65531 bytes where the block has 65530 left (at byte 3 of the block)",
    9,
  ),
  refused(
    "a block of 64 KiB, whose size carried into modifier2",
    packet(variable("A", "v".repeat(65_531)), 0, 0, 1),
    "modifier2 is 1; a WSGI request has 0",
    4,
  ),
];

const names: readonly RefusedCase[] = [
  ...[" ", "=", "\0", "\n", ":", "/", '"', "\x7f", "\x80", "\xe9"].map((character) =>
    refused(
      `${JSON.stringify(character)} in a name`,
      packet(variable(`A${character}B`, "1")),
      "a name has a character that is not allowed (at byte 3 of the block)",
      8,
    )
  ),
  refused(
    "a bad name in the second variable",
    packet(A1 + variable(" ", "1")),
    "a name has a character that is not allowed (at byte 8 of the block)",
    13,
  ),
];

const known: [modifier: number, meaning: string][] = [
  [5, "a PSGI request, for Perl"],
  [7, "a RACK request, for Ruby"],
  [9, "a CGI request"],
  [14, "a PHP request"],
  [17, "a job for the spooler"],
  [22, "code to evaluate"],
  [30, "a WSGI request whose SCRIPT_NAME is still to be taken off PATH_INFO"],
  [98, "a graceful reload"],
  [100, "a ping"],
  [111, "a cache operation"],
  [173, "RPC"],
  [224, "a subscription"],
  [255, "a generic response"],
  [4, "which nobody uses"],
  [123, "which nobody uses"],
];

const modifiers: readonly RefusedCase[] = [
  ...known.map(([modifier, meaning]) =>
    refused(
      `modifier1 ${modifier}`,
      packet(A1, A1.length, modifier),
      `modifier1 is ${modifier}, ${meaning}; only 0, a WSGI request, is taken`,
      1,
    )
  ),
  refused("modifier2 1", packet(A1, A1.length, 0, 1), "modifier2 is 1; a WSGI request has 0", 4),
  refused("modifier2 255", packet(A1, A1.length, 0, 255), "modifier2 is 255; a WSGI request has 0", 4),
];

const others: readonly RefusedCase[] = [
  ...["GET / HTTP/1.1\r\n\r\n", "POST /p HTTP/1.1\r\n", "HEAD / HTTP/1.0\r\n", "OPTIONS * HTTP/1.1\r\n", "PUT /"].map(
    (line) => refused(`HTTP: ${line.trim()}`, line, HTTP, 1),
  ),
  refused("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP, 1),
  refused("a letter of HTTP", "G", HTTP),
  refused("TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", TLS, 3),
  refused("PROXY's first version", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", PROXY, 4),
  refused("PROXY's second version", "\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c", PROXY, 4),
  refused(
    "an HTTP response",
    "HTTP/1.1 200 OK\r\n\r\n",
    "modifier1 is 72, an HTTP response; only 0, a WSGI request, is taken",
    2,
  ),
  refused(
    "FastCGI",
    "\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0",
    "modifier1 is 1, reserved; only 0, a WSGI request, is taken",
    1,
  ),
  refused("SCGI", "70:CONTENT_LENGTH\0", "modifier1 is 55, which nobody uses; only 0, a WSGI request, is taken", 1),
  refused(
    "a word that begins like a method",
    "GETX / ",
    "modifier1 is 71, which nobody uses; only 0, a WSGI request, is taken",
    4,
  ),
];

export const REFUSED: readonly RefusedCase[] = [...sizes, ...names, ...modifiers, ...others];
