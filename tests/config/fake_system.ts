/** A machine for tests: what stands where, and its accounts. @module */
import { resolve } from "@std/path";
import type { PathKind, System } from "../../lib/config/system.ts";

/** A system in `/home/app` where only these paths exist; relative ones are below it. */
export function fakeSystem(paths: Readonly<Record<string, PathKind>> = {}, uid = 0): System {
  const cwd = "/home/app";
  const kinds = new Map<string, PathKind>([["/", "directory"], ["/run", "directory"], [cwd, "directory"]]);
  for (const [path, kind] of Object.entries(paths)) kinds.set(resolve(cwd, path), kind);
  return {
    cwd,
    cpus: 4,
    uid,
    read: (path) => path === "/home/app/app.env" ? "A=1\nB=2\n" : null,
    kindOf: (path) => kinds.get(path) ?? "missing",
    passwd: () => "www-data:x:33:34::/var/www:/bin/false\n",
    group: () => "adm:x:4:\n",
  };
}
