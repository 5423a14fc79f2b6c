/** Forwarding fields are believed from trusted peers only, from the right, up to the first address that is not trusted. */
import { assertEquals, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { clientAddress, compileTrust } from "../../lib/http1/trust.ts";

Deno.test("trusts() finds an address in the networks that are trusted", async (t) => {
  const cases: [networks: string[], address: string, trusted: boolean][] = [
    [[], "10.0.0.1", false],
    [["10.0.0.0/8"], "10.0.0.1", true],
    [["10.0.0.0/8"], "10.255.255.255", true],
    [["10.0.0.0/8"], "11.0.0.0", false],
    [["10.1.2.3/8"], "10.9.9.9", true],
    [["192.168.4.0/22"], "192.168.7.255", true],
    [["192.168.4.0/22"], "192.168.8.0", false],
    [["127.0.0.1"], "127.0.0.1", true],
    [["127.0.0.1"], "127.0.0.2", false],
    [["127.0.0.1/31"], "127.0.0.0", true],
    [["0.0.0.0/0"], "203.0.113.7", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["::1"], "::1", true],
    [["::1"], "0:0:0:0:0:0:0:1", true],
    [["::1"], "::2", false],
    [["fd00::/8"], "fdff:ffff::1", true],
    [["fd00::/8"], "fe00::1", false],
    [["2001:db8::/33"], "2001:db8:7fff::1", true],
    [["2001:db8::/33"], "2001:db8:8000::1", false],
    [["::/0"], "2001:db8::1", true],
    [["fe80::/10"], "fe80::1%eth0", true],
    [["10.0.0.0/8"], "::ffff:10.0.0.1", true],
    [["10.0.0.0/8"], "::ffff:0a00:0001", true],
    [["::ffff:10.0.0.0/104"], "10.1.1.1", true],
    [["::ffff:10.0.0.0/104"], "11.1.1.1", false],
    [["::ffff:10.0.0.1"], "10.0.0.1", true],
    [["10.0.0.0/8", "fd00::/8"], "fd00::1", true],
    [["10.0.0.0/8"], "nonsense", false],
    [["10.0.0.0/8"], "", false],
    [["10.0.0.0/8"], "10.0.0.1.1", false],
  ];
  for (const [networks, address, trusted] of cases) {
    await t.step(`[${networks}] ${address}`, () => {
      assertEquals(compileTrust({ unix: false, networks }).trusts(address), trusted);
    });
  }
});

Deno.test("trusts() takes unix sockets by their own word", () => {
  assertEquals(compileTrust({ unix: true, networks: [] }).trusts(null), true);
  assertEquals(compileTrust({ unix: false, networks: ["0.0.0.0/0", "::/0"] }).trusts(null), false);
});

Deno.test("compileTrust() names a network that it cannot read", () => {
  for (const network of ["", "10.0.0.0/33", "10.0.0/8", "localhost", "::1/129", "1.2.3.4/"]) {
    assertThrows(() => compileTrust({ unix: false, networks: [network] }), StackdError, `Cannot trust "${network}"`);
  }
});

Deno.test("clientAddress() is the rightmost address that is not trusted", async (t) => {
  const inside = { unix: true, networks: ["10.0.0.0/8", "::1"] };
  const cases: [peer: string | null, field: string | null, client: string | null][] = [
    ["203.0.113.7", null, "203.0.113.7"],
    ["203.0.113.7", "198.51.100.1", "203.0.113.7"], // an untrusted peer's word counts for nothing
    ["::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["10.0.0.1", null, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["10.0.0.1", "203.0.113.7, 10.0.0.2 ,10.0.0.3", "203.0.113.7"],
    ["10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"], // a client inside
    ["10.0.0.1", "203.0.113.7, unknown", "10.0.0.1"],
    ["10.0.0.1", "unknown, 203.0.113.7", "203.0.113.7"],
    ["10.0.0.1", "unknown, 10.0.0.2", "10.0.0.2"],
    ["10.0.0.1", "203.0.113.7,", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.7:51234", "203.0.113.7"],
    ["10.0.0.1", "[2001:db8::7]:51234", "2001:db8::7"],
    ["10.0.0.1", "[2001:db8::7]", "2001:db8::7"],
    ["10.0.0.1", "2001:db8::7", "2001:db8::7"],
    ["10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"],
    ["10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"],
    ["10.0.0.1", "[203.0.113.7]", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.7:port", "10.0.0.1"],
    ["10.0.0.1", '"203.0.113.7"', "10.0.0.1"],
    ["10.0.0.1", "203.0.113.7\r\nX: y", "10.0.0.1"],
    ["::1", "203.0.113.7", "203.0.113.7"],
    [null, "203.0.113.7", "203.0.113.7"],
    [null, null, null],
    [null, "garbage", null],
  ];
  for (const [peer, field, client] of cases) {
    await t.step(`${peer} ${JSON.stringify(field)}`, () => {
      assertEquals(clientAddress(peer, field, compileTrust(inside)), client);
    });
  }
  await t.step("a unix peer that is not trusted says nothing", () => {
    assertEquals(clientAddress(null, "203.0.113.7", compileTrust({ unix: false, networks: ["10.0.0.0/8"] })), null);
  });
});
