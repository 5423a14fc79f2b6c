/**
 * A confined handler does not get out, compiled and from source; what it tries works with the option that allows it, or, where there
 * is none, unconfined: so that no attempt fails for another reason.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { landlockVersion } from "../../lib/confine/landlock.ts";
import type { World } from "./app/attempt.ts";
import * as others from "./app/others.ts";
import * as reads from "./app/reads.ts";
import { type Mode, Surroundings } from "./world.ts";

const GROUPS = { ...reads, ...others };
type Group = keyof typeof GROUPS;

/** The options that allow a group's attempts; null: only without any of them. */
const ALLOWED_BY: Record<Group, ((world: Omit<World, "supervisor">) => string[]) | null> = {
  READS: ({ outside }) => [`--allow-read=${outside}`, "--allow-env", "--allow-sys"],
  IMPORTS: ({ outside }) => [`--allow-read=${outside}`],
  TEXT_IMPORTS: ({ outside }) => [`--allow-read=${outside}`],
  READS_ELSEWHERE: ({ outside }) => [`--allow-read=${outside}`],
  WRITES: ({ outside }) => [`--allow-write=${outside}`],
  CHANGES: ({ outside }) => [`--allow-read=${outside}`, `--allow-write=${outside}`],
  LINKS: () => ["--allow-read", "--allow-write"],
  NETWORK: ({ port }) => [`--allow-net=127.0.0.1:${port}`],
  LISTENING: ({ free }) => [`--allow-net=127.0.0.1:${free}`],
  UNIX_SOCKETS: ({ socket }) => [
    `--allow-net=unix:${socket},127.0.0.1:80`,
    `--allow-read=${socket}`,
    `--allow-write=${socket}`,
  ],
  ENVIRONMENT: () => ["--allow-env=STACKD_TEST_*"],
  PROGRAMS: () => ["--allow-run=true,/bin/true"],
  SYSTEM:
    () => ["--allow-sys=hostname,networkInterfaces,umask,cpus,getPriority,inspector,osRelease,homedir,getegid,ca"],
  LIBRARIES: () => ["--allow-ffi"],
  NEVER: null,
};

/** What an attempt that is held comes to. */
const HELD =
  /NotCapable|^\w+: (?:\w+: )?Requires \w+ access|PermissionDenied|Permission denied|E(?:ACCES|PERM)|it is denied|not open|Failed to spawn|too many attached|failed to open preopen/;

const NO_LANDLOCK = landlockVersion() === 0;

for (const mode of ["compiled", "source"] satisfies Mode[]) {
  /** A source run knows no imports of text. */
  const groups = (Object.keys(GROUPS) as Group[]).filter((group) => mode === "compiled" || group !== "TEXT_IMPORTS");
  const attempts = groups.flatMap((group) => Object.keys(GROUPS[group]).map((name) => ({ group, name })));
  const title = `a confined handler, ${mode}`;

  Deno.test({
    name: `${title}, does not get out${NO_LANDLOCK ? " (skipped: this kernel has no Landlock)" : ""}`,
    ignore: NO_LANDLOCK,
    async fn() {
      await using surroundings = await Surroundings.make();
      await using gateway = await surroundings.gateway(mode, ["--allow-env=NOTHING"]);
      assert(attempts.length >= 40);
      const escaped: string[] = [], otherwise: string[] = [];
      for (const { group, name } of attempts) {
        const result = await gateway.attempt(group, name);
        if (result === "succeeded") escaped.push(`${group}: ${name}`);
        else if (!HELD.test(result)) otherwise.push(`${group}: ${name}: ${result}`);
      }
      assertEquals({ escaped, otherwise }, { escaped: [], otherwise: [] });
      assertMatch(
        gateway.running.stderr,
        /denied read access to ".*secret\.txt": --allow-read=.*secret\.txt would allow it/,
      );
    },
  });

  Deno.test(`${title}, gets at what it is allowed`, async () => {
    await using surroundings = await Surroundings.make();
    const held: string[] = [];
    for (const group of groups) {
      const flags = ALLOWED_BY[group]?.(surroundings.world) ?? [];
      await using gateway = await surroundings.gateway(mode, flags);
      for (const name of Object.keys(GROUPS[group])) {
        const result = await gateway.attempt(group, name);
        if (result !== "succeeded") held.push(`${group}: ${name}: ${result}`);
      }
    }
    assertEquals(held, []);
  });
}
