/** What may stand in Host: the grammar, and nothing beyond it that two readers could take for two hosts. */
import { assertEquals } from "@std/assert";
import { latin1 } from "../../lib/http1/bytes.ts";
import { isHost } from "../../lib/http1/host.ts";

const takesHost = (host: string) => isHost(latin1(`]${host}]`), 1, 1 + host.length);

Deno.test("isHost() takes a host with an optional port", () => {
  const hosts = "a a.example. A-b_c~1 1.2.3.4 1.2.3.4:80 a:0 a:65535 a: [::1] [::1]:80 [1:2::3.4.5.6] !$&'()*+,;="
    .split(" ");
  assertEquals(hosts.filter(takesHost), hosts);
});

Deno.test("isHost() takes nothing else", () => {
  const ports = ": :80 a:b a:65536 a:123456 a:80:80 a:-1 [::1]a [::1]:a [::1]80".split(" ");
  const literals = "[ [] [:] [::1 ::1 ::1] [::g] a[::1] a]".split(" ");
  const marks = 'a@b a/b a\\b a?b a#b "a" <a> %41 a\0 a\t \x80'.split(" ");
  const numbers = "1 1.2.3 1.2.3.256 1.2.3.4.5 a.1 1..2".split(" ");
  const hosts = ["", " ", "a b", ...ports, ...literals, ...marks, ...numbers];
  assertEquals(hosts.filter(takesHost), []);
});

Deno.test("isHost() takes nothing that a URL cannot hold, for handlers get one", () => {
  const numbers = "1.2.3.09 1.2.3.0x4 0x7f.1 a.0x5 a.0x 256 4294967296 0 a.1. 1.2.3.4. 0x.0x.0.0".split(" ");
  const literals = "[::ffff:1.2.3.4] [1:2] [::::] [1::2::3] [12345::] [::1.2.3] [::1.2.3.256]".split(" ");
  const names = "xn-- xn--a a..b .a - _ a:65535 a:65536 %41".split(" ");
  const taken = [...numbers, ...literals, ...names].filter(takesHost);
  assertEquals(taken.filter((host) => !URL.canParse(`http://${host}/`)), []);
});
