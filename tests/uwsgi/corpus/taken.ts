/**
 * Packets that are taken.
 *
 * @module
 */
import { packet, packetOf, taken, type TakenCase, utf8, variable } from "./case.ts";

const MAX = 65_535;
const NAME = "REQUEST_METHOD";
/** What a variable of one letter with `room` bytes of a block can hold. */
const filling = (room: number) => "v".repeat(room - 5);

/** What nginx sends for a GET. */
export const GET: TakenCase["vars"] = [
  ["QUERY_STRING", "a=b"],
  ["REQUEST_METHOD", "GET"],
  ["CONTENT_TYPE", ""],
  ["CONTENT_LENGTH", ""],
  ["REQUEST_URI", "/p?a=b"],
  ["PATH_INFO", "/p"],
  ["SERVER_PROTOCOL", "HTTP/1.1"],
  ["REMOTE_ADDR", "127.0.0.1"],
  ["HTTP_HOST", "a.example"],
];

const everyByte = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");

export const TAKEN: readonly TakenCase[] = [
  taken("a GET of nginx", GET),
  taken("no variables", []),
  taken("one variable", [[NAME, "GET"]]),
  taken("a variable of one byte", [["A", ""]]),
  taken("empty values", [["CONTENT_LENGTH", ""], ["CONTENT_TYPE", ""]]),
  taken("an empty value in the middle", [["A", "1"], ["B", ""], ["C", "3"]]),
  taken("every byte in a value", [["A", everyByte]]),
  taken("a NUL in a value", [["PATH_INFO", "/a\0b"]]),
  taken("CRLF in a value", [["HTTP_X_A", "a\r\nB: c"]]),
  taken("a value that looks like a variable", [["A", variable("B", "c")]]),
  taken("a value that looks like a packet", [["A", packetOf(GET)]]),
  taken("a path in UTF-8", [["PATH_INFO", utf8("/日本/é")]]),
  taken("a path in Latin-1", [["PATH_INFO", "/\xe9"]]),
  taken("an encoded slash", [["REQUEST_URI", "/a%2Fb"], ["PATH_INFO", "/a/b"]]),
  taken("%00", [["REQUEST_URI", "/a%00b"], ["PATH_INFO", "/a\0b"]]),
  taken("UTF-8 in a query, raw", [["QUERY_STRING", utf8("q=ü")]]),
  taken("UTF-8 in a query, encoded", [["QUERY_STRING", "q=%C3%BC"]]),
  taken("names in lower case", [["uwsgi.version", "2"], ["x-a", "b"]]),
  taken("every mark in a name", [["!#$%&'*+-.^_`|~09AZaz", "1"]]),
  taken("what makes uWSGI run code", [["UWSGI_FILE", "/tmp/x.py"], ["UWSGI_SETENV", "A=b"]]),
  taken("a value of 255 bytes", [["A", "v".repeat(255)]]),
  taken("a value of 256 bytes", [["A", "v".repeat(256)]]),
  taken("a name of 256 bytes", [["N".repeat(256), "v"]]),
  taken("a value that fills the largest block", [["A", filling(MAX)]]),
  taken("a name that fills the largest block", [["N".repeat(MAX - 4), ""]]),
  taken("a block of one byte less than the largest", [["A", filling(MAX - 1)]]),
  taken("the largest block, of two variables", [["A", filling(32_768)], ["B", filling(32_767)]]),
  taken("many variables", Array.from({ length: 5_000 }, (_, i) => [`V${i}`, "v"] as const)),
  taken("a variable twice: the last wins", [["A", "1"], ["B", "2"], ["A", "3"]], [["A", "3"], ["B", "2"]]),
  taken("set, then emptied", [["CONTENT_LENGTH", "5"], ["CONTENT_LENGTH", ""]], [["CONTENT_LENGTH", ""]]),
  taken("names differ by case", [["A", "1"], ["a", "2"]]),
  taken("a field of two lines", [["HTTP_X_A", "1"], ["HTTP_X_A", "2"]], [["HTTP_X_A", "1, 2"]]),
  taken("a field of three lines", [["HTTP_VIA", "1"], ["HTTP_VIA", ""], ["HTTP_VIA", "3"]], [["HTTP_VIA", "1, , 3"]]),
  taken("two lines of cookies", [["HTTP_COOKIE", "a=1"], ["HTTP_COOKIE", "b=2"]], [["HTTP_COOKIE", "a=1; b=2"]]),
  taken("Host twice: the last wins", [["HTTP_HOST", "a"], ["HTTP_HOST", "b:80"]], [["HTTP_HOST", "b:80"]]),
  taken("as many lines as fit", Array(7_281).fill(["HTTP_", ""]), [["HTTP_", ", ".repeat(7_280)]]),
  { name: "a body behind it", bytes: packet(variable("A", "1")) + "\0\0\0\0body", vars: [["A", "1"]] },
  { name: "another packet behind it", bytes: packetOf(GET) + packetOf(GET), vars: GET },
];
