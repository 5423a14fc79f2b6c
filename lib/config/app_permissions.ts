/**
 * What each application of a gateway may touch: what stackd.toml says of it where it is mounted, or else what is said of all.
 *
 * @module
 */
import type { WrittenApp } from "./apps.ts";
import type { AppOptions } from "./options.ts";
import { PERMISSION_KINDS, type Permissions, readPermissions } from "./permissions.ts";
import type { Reader } from "./reader.ts";
import type { System } from "./system.ts";

/**
 * Reads all of it; mistakes are noted, and what contradicts `--learn` and `--require-confinement` are such.
 *
 * @param env What `--env` and `--env-file` set: every handler sees these.
 */
export function permitApps(
  apps: readonly WrittenApp[],
  reader: Reader,
  system: Pick<System, "cwd">,
  env: Readonly<Record<string, string>>,
): AppOptions[] {
  const shared = readPermissions(reader, system, env);
  const permitted = apps.map(({ allow, ...app }): AppOptions => {
    return { ...app, permissions: allow === null ? shared : readPermissions(reader.within(allow), system, env) };
  });
  if (reader.has("learn")) refuseLearning(apps, reader);
  if (reader.has("require-confinement")) refuseFreedom(permitted, reader);
  return permitted;
}

function refuseLearning(apps: readonly WrittenApp[], reader: Reader): void {
  const given = PERMISSION_KINDS.filter((kind) => reader.has(`allow-${kind}`)).map((kind) => `--allow-${kind}`);
  const mounted = apps.flatMap(({ prefix, allow }) => allow === null ? [] : `the allow keys of the mount "${prefix}"`);
  const names = [...given, ...mounted];
  if (names.length === 0) return;
  const state = "the handler runs unconfined then, leave out";
  reader.mistakes.add("STACKD_USAGE", `Cannot use --learn: ${state} ${names.join(", ")}`);
}

function refuseFreedom(apps: readonly { prefix: string; permissions: Permissions | null }[], reader: Reader): void {
  const free = apps.filter(({ permissions }) => permissions === null).map(({ prefix }) => `"${prefix}"`);
  if (free.length === 0) return;
  const state = free.length === apps.length
    ? "nothing is to be confined, give --allow-read or another --allow option"
    : `the app at ${free.join(", ")} is not to be confined, give it allow-read or another allow key`;
  reader.mistakes.add("STACKD_USAGE", `Cannot use --require-confinement: ${state}`);
}
