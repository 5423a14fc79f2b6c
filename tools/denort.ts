/**
 * Deno's base binary for `deno compile`, `denort`, made from the npm registry: for development and CI on a network that
 * reaches the registry and not Deno's own downloads.
 *
 * A package that ships a program compiled by the same Deno contains that Deno's base binary, with a program added that
 * can be taken off again. Both ends are pinned by hash.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "@std/path";
import { withoutPayload } from "./elf_payload.ts";
import { fileInTar } from "./tar.ts";
import { DENO_VERSION, ToolError } from "./tool.ts";

/** The one target whose base binary can be restored. */
export const RESTORABLE_TARGET = "x86_64-unknown-linux-gnu";

const PACKAGE = "@chelonia/cli-x64-linux@3.4.0";
const PACKAGE_SHA512 = "ey7BqNiIOY2PkpN/UYxjpmOG1A7HmplyadP80omXTG1DVu1fbz7ro/d4gRPtHaxPRkNJTS24lDejc5/rT/3RMA==";
const PROGRAM = "package/chel";
const DENORT_SHA256 = "723d45cca4f68bd66652da1e0d45562b0700317c1535981035f50f078785a131";

/**
 * The path of the restored base binary in the user's cache; it is made there when it is missing or not the pinned one.
 *
 * @throws {ToolError} npm cannot be run or does not reach the package, or what it brings is not the pinned package.
 */
export async function restoredDenort(cacheDirectory: string): Promise<string> {
  const path = join(cacheDirectory, "stackd", `denort-${DENO_VERSION}-${RESTORABLE_TARGET}`);
  if (await isPinned(path)) return path;
  const denort = withoutPayload(await compiledProgram());
  if (await sha256(denort) !== DENORT_SHA256) throw failure("what it holds is not the pinned base binary");
  await writeAtomically(path, denort);
  return path;
}

/**
 * Where a user's caches are: `$XDG_CACHE_HOME`, or `~/.cache` (XDG Base Directory Specification).
 *
 * @throws {ToolError} Neither can be told from the environment.
 */
export function userCacheDirectory(env: (name: string) => string | undefined): string {
  const xdg = env("XDG_CACHE_HOME");
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  const home = env("HOME");
  if (home !== undefined && isAbsolute(home)) return join(home, ".cache");
  throw new ToolError('Cannot find the cache directory: neither "XDG_CACHE_HOME" nor "HOME" is an absolute path');
}

async function isPinned(path: string): Promise<boolean> {
  try {
    return await sha256(await Deno.readFile(path)) === DENORT_SHA256;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The compiled program inside the package. npm fetches it: it knows the user's registry, proxy and certificates. */
async function compiledProgram(): Promise<Uint8Array> {
  const directory = await Deno.makeTempDir({ prefix: "stackd-denort-" });
  try {
    const packed = join(directory, await npmPack(directory));
    const tarball = await Deno.readFile(packed);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", tarball)).toBase64();
    if (digest !== PACKAGE_SHA512) throw failure("it is not the pinned package");
    const unzipped = ReadableStream.from([tarball]).pipeThrough(new DecompressionStream("gzip"));
    return await fileInTar(unzipped, PROGRAM);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Has npm fetch the package into a directory; answers the file's name. */
async function npmPack(directory: string): Promise<string> {
  const { success, stdout, stderr } = await runNpm(["pack", PACKAGE, "--silent"], directory);
  const decoder = new TextDecoder();
  const name = decoder.decode(stdout).trim().split("\n").at(-1);
  if (!success || name === undefined || name === "") {
    throw failure(`"npm pack" failed: ${decoder.decode(stderr).trim()}`);
  }
  return name;
}

async function runNpm(args: string[], cwd: string): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command("npm", { args, cwd, stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw failure('there is no "npm" on the PATH');
    throw error;
  }
}

/** Writes an executable file so that nobody ever sees a part of it. */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const part = await Deno.makeTempFile({ dir: dirname(path), suffix: ".part" });
  try {
    await Deno.writeFile(part, bytes);
    await Deno.chmod(part, 0o755);
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part);
    throw error;
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function failure(state: string): ToolError {
  return new ToolError(`Cannot restore Deno's base binary from the npm package "${PACKAGE}": ${state}`);
}
