/** The directory for private sockets. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { makePrivateDirectory } from "../../lib/process/private_dir.ts";
import { TestDirectory } from "../support/stackd.ts";

/** Runs `act` with another TMPDIR. */
function withTemporary<Value>(directory: string, act: () => Value): Value {
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", directory);
  try {
    return act();
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
}

Deno.test("makePrivateDirectory() makes a directory that nobody else may enter, and removes it with all in it", () => {
  const directory = makePrivateDirectory();
  assertEquals((Deno.statSync(directory.path).mode ?? 0) & 0o777, 0o700);
  Deno.writeTextFileSync(`${directory.path}/file`, "");
  directory.remove();
  assertThrows(() => Deno.statSync(directory.path), Deno.errors.NotFound);
  directory.remove();
});

Deno.test("restore() makes the directory anew when it was tidied away, and takes nobody else's", () => {
  const directory = makePrivateDirectory();
  directory.restore();
  Deno.removeSync(directory.path);
  directory.restore();
  assertEquals((Deno.statSync(directory.path).mode ?? 0) & 0o777, 0o700);
  Deno.removeSync(directory.path);
  Deno.writeTextFileSync(directory.path, "");
  assertThrows(() => directory.restore(), Deno.errors.AlreadyExists);
  Deno.removeSync(directory.path);
  if (Deno.uid() === 0) {
    Deno.mkdirSync(directory.path);
    Deno.chownSync(directory.path, 65_534, 65_534);
    assertThrows(() => directory.restore(), Deno.errors.AlreadyExists);
  }
  directory.remove();
});

Deno.test("makePrivateDirectory() keeps paths short enough for sockets", () => {
  using long = new TestDirectory();
  const deep = long.at("x".repeat(60));
  Deno.mkdirSync(deep);
  const directory = withTemporary(deep, makePrivateDirectory);
  assert(directory.path.startsWith("/tmp/stackd-"), directory.path);
  directory.remove();
  assertEquals([...Deno.readDirSync(deep)], []);
});

Deno.test("makePrivateDirectory() says why it cannot", () => {
  const error = assertThrows(() => withTemporary("/nowhere", makePrivateDirectory), StackdError);
  assertEquals([error.code, error.exitCode], ["STACKD_LISTEN", 1]);
  assert(error.message.startsWith("Cannot make a directory for private sockets: "));
});
