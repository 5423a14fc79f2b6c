import { assert, assertEquals, fail } from "@std/assert";
import { join } from "@std/path";
import { guardAgainstDeath } from "../../tools/orphans.ts";
import { pause, ROOT } from "../../tools/tool.ts";

const ORPHANS = join(ROOT, "tools", "orphans.ts");

/** Waits for a condition, and fails when it takes too long. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition();) {
    if (Date.now() > deadline) fail(`Waited in vain until ${what}`);
    await pause(20);
  }
}

/** Whether a process runs; one that has ended and waits for its parent's notice does not. */
function runs(pid: number): boolean {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).outputSync();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** The first line that a process prints. */
async function firstLine(process: Deno.ChildProcess): Promise<string> {
  for await (const chunk of process.stdout) return new TextDecoder().decode(chunk).trim();
  return fail("The process printed nothing");
}

Deno.test("guardAgainstDeath() ends the processes and removes the directory when its own process is killed", async () => {
  const directory = await Deno.makeTempDir({ prefix: "stackd-guard-" });
  const script = `import { guardAgainstDeath } from ${JSON.stringify(ORPHANS)};
    const pids = [1, 2].map(() => new Deno.Command("sleep", { args: ["600"] }).spawn().pid);
    guardAgainstDeath(pids, ${JSON.stringify(directory)});
    console.log(pids.join(" "));
    setInterval(() => {}, 1000);`;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", script], stdout: "piped" }).spawn();
  const pids = (await firstLine(process)).split(" ").map(Number);
  assert(pids.every(runs));
  process.kill("SIGKILL");
  await process.status;
  await until("the processes have ended", () => !pids.some(runs));
  await until("the directory is removed", () => !exists(directory));
});

Deno.test("Guard.release() leaves everything as it is", async () => {
  const directory = await Deno.makeTempDir({ prefix: "stackd-guard-" });
  const sleep = new Deno.Command("sleep", { args: ["600"] }).spawn();
  await guardAgainstDeath([sleep.pid], directory).release();
  assertEquals([runs(sleep.pid), exists(directory)], [true, true]);
  sleep.kill("SIGKILL");
  await sleep.status;
  await Deno.remove(directory);
});

Deno.test("onNpxGone() calls back when the npx above is killed", { ignore: Deno.build.os !== "linux" }, async () => {
  const script = `import { onNpxGone } from ${JSON.stringify(ORPHANS)};
    onNpxGone(() => Deno.exit(7));
    console.log(Deno.pid);
    setInterval(() => {}, 1000);`;
  // A shell that bears npx's title, with a shell between it and the script, which survives it.
  const npx = new Deno.Command("bash", {
    args: [
      "-c",
      `exec -a "npm exec deno" bash -c 'sh -c "\\"$0\\" eval \\"\\$1\\"; true" "$0" "$1"; true' "$0" "$1"`,
      Deno.execPath(),
      script,
    ],
    stdout: "piped",
  }).spawn();
  const pid = Number(await firstLine(npx));
  assert(runs(pid));
  npx.kill("SIGKILL");
  await npx.status;
  await until("the script has ended", () => !runs(pid));
});
