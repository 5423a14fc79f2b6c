/**
 * `deno task compile`: makes the executable, dist/stackd for this platform or dist/stackd-TARGET for another one.
 *
 *     deno task compile [--target TARGET] [--release] [--output PATH]
 *
 * The base binary is, in this order: the file that `DENORT_BIN` names; Deno's own, when it is downloaded already or can
 * be; the one restored from the npm registry (denort.ts), which a release refuses.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { dirname, join, resolve } from "@std/path";
import { bundle, ISOLATE } from "./bundle.ts";
import { RESTORABLE_TARGET, restoredDenort, userCacheDirectory } from "./denort.ts";
import { DENO_VERSION, ROOT, runTool, ToolError } from "./tool.ts";

/** What `deno compile --target` of the pinned Deno offers. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
];

/** How long Deno's download host may take to answer before it counts as out of reach, in milliseconds. */
const REACH_TIMEOUT = 4_000;

/** What to compile, for whom. */
export interface CompileOptions {
  /** Where the executable goes. */
  output: string;
  /** One of {@linkcode TARGETS}. */
  target: string;
  /** Refuses a base binary that was restored. */
  release: boolean;
}

/** Where the base binary comes from. */
export type Base = "named" | "deno" | "restored";

/** What the choice of the base binary depends on; the last two are asked for only when it comes to them. */
export interface BaseFacts {
  denortBin: string | undefined;
  target: string;
  release: boolean;
  downloaded: () => Promise<boolean>;
  reachable: () => Promise<boolean>;
}

/**
 * Picks the base binary.
 *
 * @throws {ToolError} Deno's own cannot be had, and a restored one would be wrong for the target or for a release.
 */
export async function chooseBase(facts: BaseFacts): Promise<Base> {
  if (facts.denortBin !== undefined) return "named";
  if (await facts.downloaded() || await facts.reachable()) return "deno";
  const unreachable = "Deno's download host cannot be reached from here";
  const cure = `run this where it can be, or set "DENORT_BIN" to the path of the target's denort ${DENO_VERSION}`;
  if (facts.release) throw new ToolError(`Cannot compile a release: ${unreachable}; ${cure}`);
  if (facts.target === RESTORABLE_TARGET) return "restored";
  const except = `only "${RESTORABLE_TARGET}" does without it`;
  throw new ToolError(`Cannot compile for "${facts.target}": ${unreachable}, and ${except}; ${cure}`);
}

/**
 * Reads the command line; a relative `--output` starts from `directory`.
 *
 * @throws {ToolError} It is wrong; exit code 2.
 */
export function parseCompileArgs(args: string[], directory: string): CompileOptions {
  const flags = parseArgs(args, {
    string: ["target", "output"],
    boolean: ["release"],
    unknown: (argument) => {
      throw new ToolError(`Cannot use "${argument}": allowed are --target TARGET, --release and --output PATH`, 2);
    },
  });
  const { target, output } = flags;
  if (typeof target === "string" && !TARGETS.includes(target)) {
    throw new ToolError(`Cannot compile for "${target}": the targets are ${TARGETS.join(", ")}`, 2);
  }
  if (output === "") throw new ToolError("Cannot compile: --output needs a path", 2);
  return {
    output: typeof output === "string" ? resolve(directory, output) : join(ROOT, "dist", executableName(target)),
    target: typeof target === "string" ? target : Deno.build.target,
    release: flags.release === true,
  };
}

/**
 * Compiles and, when the executable is for this platform, runs it once.
 *
 * @returns Its version line, or undefined when it cannot run here.
 * @throws {ToolError} There is no base binary, the program does not compile, or the executable does not run.
 */
export async function compile(options: CompileOptions): Promise<string | undefined> {
  if (Deno.version.deno !== DENO_VERSION) {
    const cure = `run "npx -y deno@${DENO_VERSION} task compile"`;
    throw new ToolError(`Cannot compile with Deno "${Deno.version.deno}": "${DENO_VERSION}" is needed; ${cure}`);
  }
  const env = await baseEnvironment(options);
  await Deno.mkdir(dirname(options.output), { recursive: true });
  await run(["check", "--quiet", "--frozen", join(ROOT, "cli.ts")]);
  const directory = bundleDirectory(options.output);
  try {
    await run(denoArgs(options, directory, await bundle(directory)), env);
  } finally {
    await Deno.remove(directory, { recursive: true }).catch(() => {}); // it was not made
  }
  return options.target === Deno.build.target ? await versionOf(options.output) : undefined;
}

/** Below the project, whose configuration holds there; the same for the same output, so that the executable is, too. */
function bundleDirectory(output: string): string {
  return join(ROOT, "dist", `.bundle-${output.replaceAll(/[^\w.-]/g, "_")}`);
}

async function run(args: string[], env: Record<string, string> = {}): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env, stdin: "null" }).spawn().status;
  if (!success) throw new ToolError(`Cannot compile "${join(ROOT, "cli.ts")}": deno ${args[0]} failed`);
}

function denoArgs({ output, target }: CompileOptions, directory: string, entry: string): string[] {
  return [
    "compile",
    "--quiet",
    "--allow-all",
    "--no-prompt",
    "--frozen",
    // What was bundled has been checked.
    "--no-check",
    "--config",
    join(ROOT, "deno.json"),
    // Packages that only tests use stay out.
    "--exclude-unused-npm",
    // The cache would be a file with a known name in the directory for temporary files, where anybody may put one.
    "--no-code-cache",
    "--app-name",
    "stackd",
    // The isolate of a confined handler is started by its URL.
    "--include",
    join(directory, ISOLATE),
    "--target",
    target,
    "--output",
    output,
    entry,
  ];
}

/** What `deno compile` needs in its environment to take the chosen base binary. */
export async function baseEnvironment(
  { target, release }: Pick<CompileOptions, "target" | "release">,
): Promise<Record<string, string>> {
  const file = `release/v${DENO_VERSION}/denort-${target}.zip`;
  const base = await chooseBase({
    denortBin: Deno.env.get("DENORT_BIN"),
    target,
    release,
    downloaded: async () => await exists(join(await denoDirectory(), "dl", file)),
    reachable: () => answers(`https://dl.deno.land/${file}`),
  });
  if (base !== "restored") return {};
  console.error(
    "Deno's download host is out of reach: taking the base binary from the npm registry (not for releases)",
  );
  return { DENORT_BIN: await restoredDenort(userCacheDirectory((name) => Deno.env.get(name))) };
}

async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stdin: "null" }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(REACH_TIMEOUT) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function versionOf(executable: string): Promise<string> {
  const command = new Deno.Command(executable, { args: ["version"], stdin: "null", stderr: "inherit" });
  const { success, code, stdout } = await command.output();
  if (!success) throw new ToolError(`Cannot run "${executable} version": it ended with exit code ${code}`);
  return new TextDecoder().decode(stdout).trim();
}

function executableName(target: unknown): string {
  const name = typeof target === "string" ? `stackd-${target}` : "stackd";
  return `${target ?? Deno.build.target}`.includes("windows") ? `${name}.exe` : name;
}

if (import.meta.main) {
  await runTool(async (args) => {
    const started = performance.now();
    // A task runs in the project's root, and says here where it was called.
    const directory = Deno.env.get("INIT_CWD") ?? Deno.cwd();
    const options = parseCompileArgs(args, directory);
    const version = await compile(options);
    const megabytes = ((await Deno.stat(options.output)).size / 1e6).toFixed(1);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${options.output}, ${megabytes} MB, ${version ?? options.target}, ${seconds} s`);
    return 0;
  });
}
