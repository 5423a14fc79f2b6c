import { assertEquals, assertThrows } from "@std/assert";
import { parseOwner } from "../../lib/config/owner.ts";
import { ValueError } from "../../lib/config/values.ts";

const accounts = {
  passwd: () => "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:34::/var/www:/bin/false\n42:x:7:8::/:/bin/sh\nbroken:x\n",
  group: () => "root:x:0:\nwww-data:x:33:\nadm:x:4:root,www-data\n",
};

Deno.test("parseOwner() finds names and takes numbers", async (t) => {
  const cases: [string, { uid: number; gid: number }][] = [
    ["root", { uid: 0, gid: 0 }],
    ["www-data", { uid: 33, gid: 34 }], // the user's own group, not the one of its name
    ["www-data:www-data", { uid: 33, gid: 33 }],
    ["www-data:adm", { uid: 33, gid: 4 }],
    ["33", { uid: 33, gid: 34 }],
    ["33:4", { uid: 33, gid: 4 }],
    ["1000:1000", { uid: 1000, gid: 1000 }],
    ["42", { uid: 7, gid: 8 }], // a name, though of digits
    ["4294967294:0", { uid: 4_294_967_294, gid: 0 }],
  ];
  for (const [text, owner] of cases) await t.step(text, () => assertEquals(parseOwner(text, accounts), owner));
});

Deno.test("parseOwner() refuses what is no owner", async (t) => {
  const cases: [string, string][] = [
    ["nobody", 'there is no user "nobody"'],
    ["nobody:adm", 'there is no user "nobody"'],
    ["broken", 'there is no user "broken"'],
    ["www-data:nope", 'there is no group "nope"'],
    ["1000", "user 1000 is not in /etc/passwd, so a group is needed: USER:GROUP"],
    ["4294967295:0", 'there is no user "4294967295"'],
    ["0:4294967295", 'there is no group "4294967295"'],
    ["-1:0", 'there is no user "-1"'],
    ["", "an owner is USER or USER:GROUP"],
    [":adm", "an owner is USER or USER:GROUP"],
    ["root:", "an owner is USER or USER:GROUP"],
    ["a:b:c", "an owner is USER or USER:GROUP"],
  ];
  for (const [text, message] of cases) {
    await t.step(`"${text}"`, () => void assertThrows(() => parseOwner(text, accounts), ValueError, message));
  }
});

Deno.test("parseOwner() takes numbers where there are no accounts", () => {
  assertEquals(parseOwner("33:33", { passwd: () => "", group: () => "" }), { uid: 33, gid: 33 });
});
