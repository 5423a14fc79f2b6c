/** The longest network decides, allowed before denied; whoever is in none is denied once somebody is allowed by name. */
import { assertEquals, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { compileAccess } from "../../lib/front/access.ts";

type Case = [allow: string[], deny: string[], address: string | null, allowed: boolean];

const CASES: Case[] = [
  // An empty list.
  [[], [], "203.0.113.7", true],
  [[], [], "2001:db8::1", true],
  [[], [], null, true],
  // Only allowed ones: everybody else is denied.
  [["10.0.0.0/8"], [], "10.255.255.255", true],
  [["10.0.0.0/8"], [], "11.0.0.0", false],
  [["10.0.0.0/8"], [], "::1", false],
  [["10.0.0.0/8"], [], null, false],
  [["10.0.0.0/8", "::1"], [], "::1", true],
  [["unix"], [], null, true],
  [["unix"], [], "127.0.0.1", false],
  // Only denied ones: everybody else is allowed.
  [[], ["10.0.0.0/8"], "10.1.2.3", false],
  [[], ["10.0.0.0/8"], "11.0.0.0", true],
  [[], ["10.0.0.0/8"], "2001:db8::1", true],
  [[], ["10.0.0.0/8"], null, true],
  [[], ["unix"], null, false],
  [[], ["unix"], "10.0.0.1", true],
  // Both: the longest decides, in whatever order.
  [["10.0.0.0/8"], ["10.1.0.0/16"], "10.1.2.3", false],
  [["10.0.0.0/8"], ["10.1.0.0/16"], "10.2.2.3", true],
  [["10.0.0.0/8", "10.1.2.0/24"], ["10.1.0.0/16"], "10.1.2.3", true],
  [["10.0.0.0/8", "10.1.2.0/24"], ["10.1.0.0/16", "10.1.2.3"], "10.1.2.3", false],
  [["10.0.0.0/8", "10.1.2.0/24"], ["10.1.0.0/16", "10.1.2.3"], "10.1.2.4", true],
  [["10.1.2.0/24"], ["10.0.0.0/8"], "10.1.2.3", true],
  [["10.1.2.0/24"], ["10.0.0.0/8"], "10.1.3.3", false],
  // Both, and no entry has it.
  [["10.1.2.0/24"], ["10.0.0.0/8"], "192.0.2.1", false],
  [["10.1.2.0/24"], ["10.0.0.0/8"], null, false],
  [["0.0.0.0/0", "::/0"], ["10.0.0.0/8"], "192.0.2.1", true],
  [["0.0.0.0/0", "::/0"], ["10.0.0.0/8"], "10.0.0.1", false],
  [["0.0.0.0/0", "::/0"], ["10.0.0.0/8"], "2001:db8::1", true],
  // As long: allowed wins.
  [["10.0.0.0/8"], ["10.0.0.0/8"], "10.0.0.1", true],
  [["10.9.9.9/8"], ["10.1.1.1/8"], "10.0.0.1", true],
  [["unix"], ["unix"], null, true],
  // Odd lengths.
  [["192.168.4.0/22"], [], "192.168.7.255", true],
  [["192.168.4.0/22"], [], "192.168.8.0", false],
  [[], ["0.0.0.0/0"], "255.255.255.255", false],
  [["127.0.0.1"], [], "127.0.0.1", true],
  [["127.0.0.1"], [], "127.0.0.2", false],
  // IPv6, its spellings and zones.
  [["2001:db8::/33"], [], "2001:db8:7fff::1", true],
  [["2001:db8::/33"], [], "2001:db8:8000::1", false],
  [["2001:db8::/32"], ["2001:db8:1::/48"], "2001:DB8:1::5", false],
  [["::1"], [], "0:0:0:0:0:0:0:1", true],
  [["fe80::/10"], [], "fe80::1%eth0", true],
  // IPv4-mapped is IPv4, on either side; IPv4 is not in ::/0.
  [["10.0.0.0/8"], [], "::ffff:10.0.0.1", true],
  [[], ["10.0.0.0/8"], "::ffff:a00:1", false],
  [["::ffff:10.0.0.0/104"], [], "10.1.1.1", true],
  [["10.0.0.0/8"], ["::ffff:10.1.0.0/112"], "10.1.1.1", false],
  [[], ["::/0"], "10.0.0.1", true],
  [[], ["::/0"], "::ffff:10.0.0.1", true],
  [["::/0"], [], "10.0.0.1", false],
  // What is no address may not, even where only others are denied.
  [["10.0.0.0/8"], [], "10.0.0.1.1", false],
  [[], ["10.0.0.0/8"], "nonsense", false],
  [[], ["10.0.0.0/8"], "010.0.0.1", false],
  [[], ["10.0.0.0/8"], "", false],
  [["unix"], [], "unix", false],
];

Deno.test("allows() goes by the longest network", async (t) => {
  for (const [allow, deny, address, allowed] of CASES) {
    await t.step(`allow [${allow}] deny [${deny}]: ${address}`, () => {
      const access = compileAccess({ allow, deny });
      // Twice: the second answer is remembered.
      assertEquals([access.allows(address), access.allows(address)], [allowed, allowed]);
    });
  }
});

Deno.test("the order of the entries does not matter", () => {
  const allow = ["10.0.0.0/8", "10.1.2.0/24", "::1"], deny = ["10.1.0.0/16", "10.1.2.3", "10.0.0.0/8"];
  const one = compileAccess({ allow, deny });
  const other = compileAccess({ allow: allow.toReversed(), deny: deny.toReversed() });
  for (const address of ["10.0.0.1", "10.1.0.1", "10.1.2.1", "10.1.2.3", "::1", "::2", null]) {
    assertEquals(one.allows(address), other.allows(address), String(address));
  }
});

Deno.test("allows() stays right for more addresses than it remembers", () => {
  const access = compileAccess({ allow: ["10.0.0.0/9"], deny: [] });
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 3_000; index++) {
      const second = index % 256;
      assertEquals(access.allows(`10.${second}.${index >> 8}.1`), second < 128);
    }
  }
});

Deno.test("an entry that is no network is refused", async (t) => {
  for (const text of ["", "all", "10.0.0.0/33", "10.0.0/8", "010.0.0.1", "::/129", "example.org", "unix:/run/x.sock"]) {
    await t.step(`"${text}"`, () => {
      const state = "it is no address, no network as 10.0.0.0/8, and not unix";
      const allowing = () => compileAccess({ allow: [text], deny: [] });
      const denying = () => compileAccess({ allow: [], deny: ["unix", text] });
      assertThrows(allowing, StackdError, `Cannot allow "${text}": ${state}`);
      assertThrows(denying, StackdError, `Cannot deny "${text}": ${state}`);
    });
  }
});
