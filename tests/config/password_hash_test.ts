import { assert, assertEquals, assertThrows } from "@std/assert";
import { isUserName, parseHtpasswd, parsePasswordHash } from "../../lib/config/password_hash.ts";
import { ValueError } from "../../lib/config/values.ts";

const REST = "abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ.";
const SALT = "c2FsdHNhbHRzYWx0c2FsdA==";
const DIGEST = "X1ZZN8Gu1D0PvLdmpmgiSOP+77NQgUlgWDjaXh3iflI=";
const SHA = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";

Deno.test("parsePasswordHash() takes bcrypt as it is", () => {
  for (const text of [`$2a$04$${REST}`, `$2b$10$${REST}`, `$2y$14$${REST}`]) {
    assertEquals(parsePasswordHash(text), { kind: "bcrypt", text });
  }
});

Deno.test("parsePasswordHash() takes SHA-1 apart", () => {
  const hash = parsePasswordHash(SHA);
  assert(hash.kind === "sha1");
  assertEquals([hash.digest.length, hash.digest[0], hash.digest[19]], [20, 0x5b, 0xd8]);
});

Deno.test("parsePasswordHash() takes PBKDF2 apart, in passlib's base64 too", () => {
  const plain = parsePasswordHash(`$pbkdf2-sha256$1000$${SALT}$${DIGEST}`);
  const passlib = `$pbkdf2-sha256$1000$${SALT}$${DIGEST}`.replaceAll("=", "").replaceAll("+", ".");
  assertEquals(parsePasswordHash(passlib), plain);
  assert(plain.kind === "pbkdf2");
  assertEquals([plain.iterations, new TextDecoder().decode(plain.salt)], [1_000, "saltsaltsaltsalt"]);
  assertEquals([plain.digest.length, plain.digest[0]], [32, 0x5f]);
});

Deno.test("parsePasswordHash() says what is allowed, and never repeats what it was given", async (t) => {
  const bcrypt = "it is no whole bcrypt hash", cost = "a bcrypt cost of 4 to 14 is needed";
  const allowed = "a bcrypt hash ($2y$…, of htpasswd -B), $pbkdf2-sha256$ITERATIONS$SALT$HASH or {SHA}… is needed";
  const sha = "{SHA} needs the base64 of a SHA-1 hash", pbkdf2 = "it is no $pbkdf2-sha256$ITERATIONS$SALT$HASH";
  const cases: [text: string, message: string][] = [
    ["", allowed],
    ["plain-secret", allowed],
    ["{PLAIN}plain-secret", allowed],
    ["{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", allowed],
    ["rqXexS6ZhobKA", allowed],
    ["$5$saltsalt$xyz", allowed],
    ["$6$saltsalt$xyz", allowed],
    ["$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00", `MD5 hashes are not taken; ${allowed}`],
    ["$1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00", `MD5 hashes are not taken; ${allowed}`],
    [` $2b$10$${REST}`, allowed],
    [`$2b$10$${REST} `, bcrypt],
    [`$2b$10$${REST}\n`, bcrypt],
    [`$2b$10$${REST.slice(1)}`, bcrypt],
    [`$2b$10$${REST}a`, bcrypt],
    [`$2b$1$${REST}`, bcrypt],
    [`$2$10$${REST}`, bcrypt],
    [`$2x$10$${REST}`, bcrypt],
    [`$2b$10$${REST.replace("uuP", "uvP")}`, bcrypt],
    [`$2b$10$${REST.slice(0, -1)}/`, bcrypt],
    [`$2b$10$${REST.replace("a", "=")}`, bcrypt],
    [`$2b$03$${REST}`, cost],
    [`$2b$15$${REST}`, cost],
    [`$2b$99$${REST}`, cost],
    ["{SHA}", sha],
    ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9", sha],
    [`${SHA}=`, sha],
    ["{SHA}!6ph5Mm5Pz8GgiULbPgzG37mj9g=", sha],
    ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gAAAAA", sha],
    [`$pbkdf2-sha256$${SALT}$${DIGEST}`, pbkdf2],
    [`$pbkdf2-sha256$0$${SALT}$${DIGEST}`, pbkdf2],
    [`$pbkdf2-sha256$01000$${SALT}$${DIGEST}`, pbkdf2],
    [`$pbkdf2-sha256$1e3$${SALT}$${DIGEST}`, pbkdf2],
    [`$pbkdf2-sha256$1000$${SALT}$${DIGEST}$`, pbkdf2],
    [`$pbkdf2-sha256$1000$!${SALT}$${DIGEST}`, pbkdf2],
    [`$pbkdf2-sha256$1000$${SALT}$${DIGEST} `, pbkdf2],
    [`$pbkdf2-sha256$10000001$${SALT}$${DIGEST}`, "at most 10000000 iterations are allowed"],
    [`$pbkdf2-sha256$9999999999$${SALT}$${DIGEST}`, "at most 10000000 iterations are allowed"],
    [`$pbkdf2-sha256$1000$$${DIGEST}`, "a salt of 8 to 64 bytes is needed"],
    [`$pbkdf2-sha256$1000$c2FsdA$${DIGEST}`, "a salt of 8 to 64 bytes is needed"],
    [`$pbkdf2-sha256$1000$${btoa("s".repeat(65))}$${DIGEST}`, "a salt of 8 to 64 bytes is needed"],
    [`$pbkdf2-sha256$1000$${SALT}$`, "a hash of 32 bytes is needed"],
    [`$pbkdf2-sha256$1000$${SALT}$${SALT}`, "a hash of 32 bytes is needed"],
    [`$pbkdf2-sha1$1000$${SALT}$${DIGEST}`, allowed],
  ];
  for (const [text, message] of cases) {
    await t.step(JSON.stringify(text), () => {
      const error = assertThrows(() => parsePasswordHash(text), ValueError, message);
      assert(!error.message.includes("plain-secret") && !error.message.includes("abcdef"), error.message);
    });
  }
});

Deno.test("parseHtpasswd() reads names and hashes", () => {
  const text = [
    "# staff",
    "",
    `anna:${SHA}`,
    `bert:$2y$10$${REST}\r`,
    "  \t",
    `çelik und co:${SHA}:a comment: of nginx's kind`,
    "#gone:plain-secret",
    "\r",
  ].join("\n");
  const users: [string, string][] = [["anna", SHA], ["bert", `$2y$10$${REST}`], ["çelik und co", SHA]];
  assertEquals([...parseHtpasswd(text)], users);
  assertEquals([...parseHtpasswd(`${text}\n`)], users);
});

Deno.test("parseHtpasswd() may find nobody", () => {
  for (const text of ["", "\n", "# nobody", "\r\n\r\n"]) assertEquals(parseHtpasswd(text).size, 0);
});

Deno.test("parseHtpasswd() names the line that is wrong, and not what is on it", async (t) => {
  const cases: [text: string, message: string][] = [
    ["plain-secret", "line 1: it is not NAME:HASH"],
    [`# one\n\nanna:${SHA}\nbert:plain-secret\n`, "line 4: a bcrypt hash ("],
    [`anna:${SHA}\r\nbert:$apr1$plain-secret\r\n`, "line 2: MD5 hashes are not taken"],
    [`anna:`, "line 1: a bcrypt hash ("],
    [`:${SHA}`, "line 1: it has no user name that can be sent"],
    [`an\tna:${SHA}`, "line 1: it has no user name that can be sent"],
    [`anna:${SHA}\nbert:${SHA}\nanna:${SHA}`, "line 3: its user name is on a line before"],
    [`anna:${SHA} `, "line 1: {SHA} needs the base64"],
  ];
  for (const [text, message] of cases) {
    await t.step(JSON.stringify(text), () => {
      const error = assertThrows(() => parseHtpasswd(text), ValueError, message);
      assert(!error.message.includes("plain-secret"), error.message);
    });
  }
});

Deno.test("isUserName() takes what Basic can carry", () => {
  for (const name of ["a", "Ünal", "a b", "名前", "user@example.org"]) assert(isUserName(name), name);
  for (const name of ["", "a:b", "a\nb", "a\0", "a\x7f", "a\x85"]) assert(!isUserName(name), JSON.stringify(name));
});
