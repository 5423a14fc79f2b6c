/** The directory for private sockets. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { basename, dirname } from "@std/path";
import { StackdError } from "../../lib/errors.ts";
import { makePrivateDirectory } from "../../lib/process/private_dir.ts";
import { ROOT, TestDirectory } from "../support/stackd.ts";

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
  Deno.removeSync(directory.path, { recursive: true });
  directory.restore();
  assertEquals((Deno.statSync(directory.path).mode ?? 0) & 0o777, 0o700);
  Deno.removeSync(directory.path, { recursive: true });
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

Deno.test("makePrivateDirectory() goes elsewhere where handlers may write, also by another name, or in what is not there yet", () => {
  using temporary = new TestDirectory();
  Deno.mkdirSync(temporary.at("tmp"));
  Deno.symlinkSync(temporary.at("tmp"), temporary.at("link"));
  const make = (...written: string[]) => {
    const directory = withTemporary(
      temporary.at("tmp"),
      () => makePrivateDirectory(null, [{ permissions: null }, { permissions: { write: written } }]),
    );
    directory.remove();
    return dirname(directory.path);
  };
  assertEquals(make(), temporary.at("tmp"));
  Deno.mkdirSync(temporary.at("tmp/beside"));
  assertEquals(make(temporary.at("tmp/beside")), temporary.at("tmp"));
  Deno.removeSync(temporary.at("tmp/beside"));
  for (const written of ["tmp", "link", ".", "tmp/new/file"]) {
    const parent = make(temporary.at(written));
    assert(!parent.startsWith(temporary.path), `${written}: ${parent}`);
  }
  assertEquals([...Deno.readDirSync(temporary.at("tmp"))], []);
});

Deno.test({
  name: "makePrivateDirectory() is not in /dev for a confined handler, which could not read there",
  ignore: Deno.build.os !== "linux", // which has /dev/shm
  fn() {
    for (const [permissions, stays] of [[null, true], [{ write: [] }, false]] as const) {
      const directory = withTemporary("/dev/shm", () => makePrivateDirectory(null, [{ permissions }]));
      directory.remove();
      assertEquals(dirname(directory.path) === "/dev/shm", stays);
    }
  },
});

Deno.test("makePrivateDirectory() says why it cannot", () => {
  const error = assertThrows(() => withTemporary("/nowhere", makePrivateDirectory), StackdError);
  assertEquals([error.code, error.exitCode], ["STACKD_LISTEN", 1]);
  assert(error.message.startsWith(`Cannot make a directory for private sockets in TMPDIR "/nowhere": `));
});

Deno.test("makePrivateDirectory() removes those of dead supervisors, and nothing else", async () => {
  using temporary = new TestDirectory();
  const make = () => withTemporary(temporary.path, () => makePrivateDirectory());
  const names = () => [...Deno.readDirSync(temporary.path)].map(({ name }) => name).sort();
  // Made by a process that is killed: the kernel gives its lock back.
  const script = temporary.write(
    "dead.ts",
    `import { makePrivateDirectory } from "${import.meta.resolve("../../lib/process/private_dir.ts")}";
     const { path } = makePrivateDirectory();
     Deno.writeTextFileSync(path + "/1.sock", "");
     Deno.kill(Deno.pid, "SIGKILL");`,
  );
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${ROOT}deno.json`, script],
    env: { TMPDIR: temporary.path },
    stdin: "null",
  });
  assertEquals((await command.output()).signal, "SIGKILL");
  const [dead = ""] = names().filter((name) => name.startsWith("stackd-"));
  assertEquals([...Deno.readDirSync(temporary.at(dead))].map(({ name }) => name).sort(), ["1.sock", "lock"]);

  Deno.mkdirSync(temporary.at("stackd-without-lock"));
  Deno.mkdirSync(temporary.at("stackd-linked"));
  Deno.symlinkSync(script, temporary.at("stackd-linked/lock"));
  Deno.symlinkSync(temporary.at(dead), temporary.at("stackd-link"));
  temporary.write("other/lock", "");
  const living = make();
  const kept = ["dead.ts", "other", "stackd-link", "stackd-linked", "stackd-without-lock"];
  assertEquals(names(), [...kept, basename(living.path)].sort());
  // A lock is held as long as its directory is used, also in one that was made anew.
  make().remove();
  Deno.removeSync(living.path, { recursive: true });
  living.restore();
  const third = make();
  assertEquals(names(), [...kept, basename(living.path), basename(third.path)].sort());
  living.remove();
  third.remove();
  assertEquals(names(), kept);
});
