/** `--learn` prints options with which a handler does confined what it did unconfined. With the compiled binary. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { Learned, shorten } from "../../lib/gateway/learned.ts";
import * as others from "./app/others.ts";
import * as reads from "./app/reads.ts";
import { Surroundings } from "./world.ts";

/** Groups whose attempts are code that is seen; what runs in another thread is not. */
const GROUPS = {
  READS: reads.READS,
  WRITES: others.WRITES,
  NETWORK: others.NETWORK,
  UNIX_SOCKETS: others.UNIX_SOCKETS,
  ENVIRONMENT: others.ENVIRONMENT,
  PROGRAMS: others.PROGRAMS,
  SYSTEM: others.SYSTEM,
};

Deno.test("--learn prints the options that a handler needs", async () => {
  await using surroundings = await Surroundings.make();
  // Links that lead out are followed by the system, which nobody in the handler's process sees; each file is made once.
  const attempts = Object.entries(GROUPS).flatMap(([group, acts]) =>
    Object.keys(acts).filter((name) => !/link|^Deno.(?:mkdir|remove)$/.test(name)).map((name) => ({ group, name }))
  );
  const failed: string[] = [];
  const run = async (flags: readonly string[]) => {
    await using gateway = await surroundings.gateway("compiled", flags);
    for (const { group, name } of attempts) {
      const result = await gateway.attempt(group, name);
      if (result !== "succeeded") failed.push(`${flags}: ${group}: ${name}: ${result}`);
    }
    return await gateway.running.stop();
  };
  const { stdout } = await run(["--learn"]);
  const [, printed = ""] = /may touch what it was seen to touch:\n {2}(.+)$/m.exec(stdout) ?? [];
  const flags = [...printed.matchAll(/'([^']+)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  assertMatch(printed, /--allow-read=/);
  await run(flags);
  assertEquals(failed, []);
});

Deno.test("Learned gives the smallest options", () => {
  const learned = new Learned();
  assertEquals(learned.flags(), ["--allow-env=NOTHING"]);
  learned.add("read", "/srv/data/a");
  learned.add("read", "/srv/data");
  learned.add("net", "db:5432");
  learned.add("net", "cache:6379");
  learned.add("env", "HOME");
  learned.add("sys", "hostname");
  assertEquals(learned.flags(), [
    "--allow-read=/srv/data",
    "--allow-net=cache:6379,db:5432",
    "--allow-env=HOME",
    "--allow-sys=hostname",
  ]);
  assertEquals(learned.keys()[1], 'allow-net = ["cache:6379", "db:5432"]');
  learned.add("env", "");
  assertEquals(learned.keys()[2], "allow-env = true");
  assertEquals(learned.flags()[2], "--allow-env");
});

Deno.test("shorten() names a directory for many of its files", () => {
  const files = ["a", "b", "c", "d", "e"].map((name) => `/srv/${name}`);
  assertEquals(shorten(files), ["/srv"]);
  assertEquals(shorten(files.slice(1)), files.slice(1));
  assertEquals(shorten(["/srv", "/srv/a", "/srvx"]), ["/srv", "/srvx"]);
});
