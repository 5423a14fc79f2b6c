import { assertEquals, assertThrows } from "@std/assert";
import { isIpv4, isIpv6, isNetwork, parseTrustedProxies } from "../../lib/config/network.ts";
import { ValueError } from "../../lib/config/values.ts";

Deno.test("isIpv4() knows dotted decimal", () => {
  for (const text of ["0.0.0.0", "127.0.0.1", "255.255.255.255", "10.20.30.40"]) assertEquals(isIpv4(text), true, text);
  for (
    const text of ["", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.04", "1.2.3.x", "1..2.3", " 1.2.3.4"]
  ) {
    assertEquals(isIpv4(text), false, text);
  }
});

Deno.test("isIpv6() knows groups, their gap and an IPv4 end", () => {
  const good = [
    "::",
    "::1",
    "1::",
    "fd00::",
    "2001:db8::1",
    "2001:DB8:0:0:8:800:200C:417A",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "::ffff:10.0.0.1",
    "1:2:3:4:5:6:1.2.3.4",
    "::1.2.3.4",
  ];
  const bad = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2::3",
    "12345::",
    "g::",
    "1:",
    ":1",
    "1.2.3.4",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3.256",
    "1:2:3:4:5:6:7:1.2.3.4",
    "[::1]",
    "fe80::1%eth0",
    " ::1",
  ];
  for (const text of good) assertEquals(isIpv6(text), true, text);
  for (const text of bad) assertEquals(isIpv6(text), false, text);
});

Deno.test("isNetwork() knows addresses and prefixes", () => {
  for (const text of ["10.0.0.0/8", "0.0.0.0/0", "1.2.3.4", "1.2.3.4/32", "::1", "::/0", "fd00::/8", "::1/128"]) {
    assertEquals(isNetwork(text), true, text);
  }
  for (
    const text of [
      "",
      "/8",
      "10.0.0.0/",
      "10.0.0.0/33",
      "10.0.0.0/08",
      "10.0.0.0/-1",
      "10/8",
      "::/129",
      "::1/8/8",
      "a/8",
    ]
  ) {
    assertEquals(isNetwork(text), false, text);
  }
});

Deno.test("parseTrustedProxies() reads a list", async (t) => {
  await t.step("of networks and unix", () => {
    assertEquals(parseTrustedProxies("10.0.0.0/8,unix, ::1"), { unix: true, networks: ["10.0.0.0/8", "::1"] });
    assertEquals(parseTrustedProxies("unix"), { unix: true, networks: [] });
    assertEquals(parseTrustedProxies("127.0.0.1"), { unix: false, networks: ["127.0.0.1"] });
  });
  for (const [text, entry] of [["10.0.0.0/8,", ""], ["localhost", "localhost"], ["unix,10.0.0.0/99", "10.0.0.0/99"]]) {
    await t.step(`"${text}" is refused`, () => {
      assertThrows(() => parseTrustedProxies(text ?? ""), ValueError, `"${entry}" is no address`);
    });
  }
});
