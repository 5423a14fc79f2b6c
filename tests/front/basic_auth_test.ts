/** Whose name and password a field holds, at what cost, and for how long that is remembered. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { compileBasicAuth, Gate, type Gates } from "../../lib/front/basic_auth.ts";

/** From other programs: libxcrypt, jBCrypt's tests, Apache, passlib's documentation, Python's hashlib. */
const USERS: [name: string, password: string, hash: string][] = [
  ["y", "geheim", "$2y$04$abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ."],
  ["b", "grüße", "$2b$04$abcdefghijklmnopqrstuuukcFUuF1uD2.SsVXl2Kxf7oTFxL3IEq"],
  ["a", "abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"],
  ["sha", "password", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="],
  ["passlib", "password", "$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44"],
  ["Jürgen", "grüße:1", "$pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA==$IOXYNkN0kV8U3gmfQ7hj2meHTnOAS0hEOk2R6u03EcU="],
  ["empty", "", "$pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA==$uI9ntqgoy4fsA9FtgkP2eFRKAX8lJvDl5bYKgzad3gk="],
];
const PBKDF2 = "$pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA==$X1ZZN8Gu1D0PvLdmpmgiSOP+77NQgUlgWDjaXh3iflI=";

const options = (...users: [string, string][]) => ({ realm: "staff", users: new Map(users) });
const all = () => compileBasicAuth(options(...USERS.map(([name, , hash]): [string, string] => [name, hash])));

/** A field's value for `pair`, NAME:PASSWORD. */
function basic(pair: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(pair)))}`;
}

/** Counts what is compared. */
class CountingGate extends Gate {
  runs = 0;
  override run(work: () => Promise<boolean>): Promise<boolean> {
    this.runs++;
    return super.run(work);
  }
}

function countingGates() {
  return { bcrypt: new CountingGate(1, 8), pbkdf2: new CountingGate(1, 8) };
}

Deno.test("check() finds the user of a right password, in every kind of hash", async (t) => {
  const auth = all();
  for (const [name, password] of USERS) {
    await t.step(name, async () => {
      assertEquals(await auth.check(basic(`${name}:${password}`), 0), name);
      assertEquals(await auth.check(basic(`${name}:${password}x`), 0), null);
      assertEquals(await auth.check(basic(`${name}x:${password}`), 0), null);
      if (password !== "") assertEquals(await auth.check(basic(`${name}:`), 0), null);
    });
  }
});

Deno.test("check() takes the scheme in any case and more than one space", async () => {
  const value = basic("sha:password").slice("Basic ".length);
  for (const field of [`basic ${value}`, `BASIC   ${value}`, `Basic ${value.replaceAll("=", "")}`]) {
    assertEquals(await all().check(field, 0), "sha", field);
  }
});

Deno.test("check() takes nothing that is not Basic", async (t) => {
  const value = btoa("sha:password");
  const cases: (string | null)[] = [
    null,
    "",
    "Basic",
    "Basic ",
    `Basic${value}`,
    `Basic\t${value}`,
    ` Basic ${value}`,
    `Basic ${value} x`,
    `Basic ${value}, Basic ${value}`,
    `Bearer ${value}`,
    `Basic ${value}=`,
    `Basic ${value}====`,
    `Basic =${value}`,
    "Basic sha:password",
    "Basic A",
    "Basic c2hh-_",
    `Basic ${btoa("shapassword")}`,
    `Basic ${btoa("sha:password\0")}`,
    `Basic ${btoa("sha\r\n:password")}`,
    `Basic ${btoa("sha:password\x7f")}`,
    `Basic ${btoa("sha:pass\xffword")}`,
    `Basic ${btoa("\xef\xbb\xbfsha:password")}`,
    `Basic ${"A".repeat(100_000)}`,
    basic(":password"),
    basic(":"),
    basic("__proto__:x"),
    basic("constructor:x"),
  ];
  for (const field of cases) {
    await t.step(JSON.stringify(field)?.slice(0, 60), async () => assertEquals(await all().check(field, 0), null));
  }
});

Deno.test("check() compares for a name that nobody has as for one that somebody has", async () => {
  const gates = countingGates();
  const auth = compileBasicAuth(options(["anna", PBKDF2]), gates);
  assertEquals(await auth.check(basic("anna:wrong"), 0), null);
  assertEquals(gates.pbkdf2.runs, 1);
  assertEquals(await auth.check(basic("nobody:wrong"), 0), null);
  assertEquals(gates.pbkdf2.runs, 2);
  // Even somebody's own password does not let an unknown name in.
  assertEquals(await auth.check(basic("nobody:x"), 0), null);
  assertEquals(gates.pbkdf2.runs, 3);
});

Deno.test("check() always compares an unknown name with a hash of the same kind", async () => {
  const gates = countingGates();
  const auth = compileBasicAuth(options(["anna", PBKDF2], ["bert", USERS[0]?.[2] ?? ""]), gates);
  const kinds = new Set<string>();
  for (let index = 0; index < 24; index++) {
    const before = gates.bcrypt.runs;
    await auth.check(basic(`nobody${index}:one`), 0);
    const kind = gates.bcrypt.runs - before;
    await auth.check(basic(`nobody${index}:two`), 0);
    assertEquals(gates.bcrypt.runs - before, 2 * kind);
    kinds.add(kind === 1 ? "bcrypt" : "pbkdf2");
  }
  assertEquals(kinds.size, 2); // whichever kinds the users have, unknown names have too
});

Deno.test("without users nobody is let in", async () => {
  const auth = compileBasicAuth(options());
  assertEquals(await auth.check(basic("anna:x"), 0), null);
});

Deno.test("a right password is remembered for 60 s, a wrong one is not", async () => {
  const gates = countingGates();
  const auth = compileBasicAuth(options(["anna", PBKDF2]), gates);
  const ask = async (pair: string, now: number) => [await auth.check(basic(pair), now), gates.pbkdf2.runs];
  assertEquals(await ask("anna:x", 1_000), ["anna", 1]);
  assertEquals(await ask("anna:x", 1_001), ["anna", 1]);
  assertEquals(await ask("anna:x", 60_999), ["anna", 1]);
  assertEquals(await ask("anna:x", 61_000), ["anna", 2]);
  assertEquals(await ask("anna:x", 120_999), ["anna", 2]);
  assertEquals(await ask("anna:y", 121_000), [null, 3]);
  assertEquals(await ask("anna:y", 121_000), [null, 4]);
});

Deno.test("what is remembered is bounded, the oldest goes first", async () => {
  const gates = countingGates();
  const auth = compileBasicAuth(options(["anna", PBKDF2], ["sha", USERS[3]?.[2] ?? ""]), gates);
  assertEquals(await auth.check(basic("anna:x"), 0), "anna");
  // Another spelling is another field.
  for (let spaces = 2; spaces <= 1_025; spaces++) {
    assertEquals(await auth.check(basic("sha:password").replace(" ", " ".repeat(spaces)), 0), "sha");
  }
  assertEquals(gates.pbkdf2.runs, 1);
  assertEquals(await auth.check(basic("anna:x"), 1), "anna");
  assertEquals(gates.pbkdf2.runs, 2);
});

Deno.test("the same field is compared once for all that ask at a time", async () => {
  const gates = countingGates();
  const auth = compileBasicAuth(options(["anna", PBKDF2]), gates);
  const answers = await Promise.all(Array.from({ length: 50 }, () => auth.check(basic("anna:x"), 0)));
  assertEquals(new Set(answers), new Set(["anna"]));
  assertEquals(gates.pbkdf2.runs, 1);
});

Deno.test("beyond those that may wait, nobody is let in, and the next is again", async () => {
  const gates: Gates = { bcrypt: new Gate(1, 2), pbkdf2: new Gate(1, 2) };
  const names = ["a", "b", "c", "d", "e"];
  const auth = compileBasicAuth(options(...names.map((name): [string, string] => [name, PBKDF2])), gates);
  // The five get to the gate in an order that is not ours.
  const answers = await Promise.all(names.map((name) => auth.check(basic(`${name}:x`), 0)));
  assert(answers.filter((name) => name !== null).length >= 3);
  for (const name of names) assertEquals(await auth.check(basic(`${name}:x`), 0), name);
});

Deno.test("Gate runs so many at once, lets so many wait in turn, and refuses the rest", async () => {
  const gate = new Gate(2, 2);
  const ends: (() => void)[] = [], begun: number[] = [];
  const start = (id: number) =>
    gate.run(() => {
      begun.push(id);
      return new Promise((resolve) => ends.push(() => resolve(true)));
    });
  const runs = [0, 1, 2, 3].map(start);
  assertEquals(await start(4), false);
  assertEquals(begun, [0, 1]);
  ends[1]?.();
  await runs[1];
  while (begun.length < 3) await Promise.resolve();
  assertEquals(begun, [0, 1, 2]);
  runs.push(start(5)); // there is room to wait again
  assertEquals(begun, [0, 1, 2]);
  for (let index = 0; index < 5; index++) {
    while (ends[index] === undefined) await Promise.resolve();
    ends[index]?.();
  }
  assertEquals(await Promise.all(runs), [true, true, true, true, true]);
  assertEquals(begun, [0, 1, 2, 3, 5]);
});

Deno.test("Gate goes on after a failure", async () => {
  const gate = new Gate(1, 1);
  const failing = gate.run(() => Promise.reject(new TypeError("broken")));
  const next = gate.run(() => Promise.resolve(true));
  await assertRejects(() => failing, TypeError, "broken");
  assertEquals(await next, true);
  assertEquals(await gate.run(() => Promise.resolve(true)), true);
});

Deno.test("the challenge quotes the realm (RFC 7617 §2)", () => {
  const cases: [realm: string, challenge: string][] = [
    ["staff", 'Basic realm="staff", charset="UTF-8"'],
    ["", 'Basic realm="", charset="UTF-8"'],
    ['the "inner" \\ circle', 'Basic realm="the \\"inner\\" \\\\ circle", charset="UTF-8"'],
    ["Büro", 'Basic realm="B\xc3\xbcro", charset="UTF-8"'],
  ];
  for (const [realm, challenge] of cases) {
    assertEquals(compileBasicAuth({ realm, users: new Map() }).challenge, challenge);
  }
});

Deno.test("what cannot be used is refused when it is configured", async (t) => {
  const hash = "$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00";
  const cases: [realm: string, name: string, hash: string, message: string][] = [
    ["a\r\nb", "anna", PBKDF2, 'Cannot use the realm "a\\r\\nb": it has control characters'],
    ["staff", "an:na", PBKDF2, 'Cannot take the password of "an:na": a user name has no colon'],
    ["staff", "", PBKDF2, 'Cannot take the password of "": a user name has no colon'],
    ["staff", "anna", hash, 'Cannot take the password of "anna": MD5 hashes are not taken'],
    ["staff", "anna", "secret", 'Cannot take the password of "anna": a bcrypt hash'],
  ];
  for (const [realm, name, hash, message] of cases) {
    await t.step(message, () => {
      const error = assertThrows(
        () => compileBasicAuth({ realm, users: new Map([[name, hash]]) }),
        StackdError,
        message,
      );
      assertEquals(error.code, "STACKD_CONFIG_INVALID");
      assert(!error.message.includes("secret"));
    });
  }
});
