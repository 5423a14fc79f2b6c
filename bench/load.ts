/**
 * `deno task bench load`: from the start of the program to the first answer, for handlers with more and more packages, beside two programs of
 * Deno's that do nothing else; and under --watch, from a change to the answer of the new code.
 *
 * @module
 */
import { resolve } from "@std/path";
import { compileFloor } from "./load_floor.ts";

const BINARY = Deno.env.get("STACKD_BINARY") ?? resolve("dist/stackd");
const ROUNDS = 15;
const PACKAGES = ["hono@4.13.19", "zod@4.6.7", "express@5.3.0", "@oakserver/oak@14.1.0"];
/** How often an answer is asked for, ms. */
const INTERVAL = 1;
const OPTIONS = ["--access-log", "off"];
/** Where the imports of younger files lead is not kept, ms, and a bit. */
const SETTLED = 2_200;

/** A handler, and how long its first answer may take, ms: without what a start before it has found out, and with it. */
interface Contestant {
  readonly name: string;
  readonly cold: number | null;
  /** Null where nothing is kept. */
  readonly warm: number | null;
  readonly module: string;
}

const CONTESTANTS: readonly Contestant[] = [
  {
    name: "plain TypeScript",
    cold: 150,
    warm: null,
    module: 'import { answer } from "./answer.ts";\nexport default (): Response => new Response(answer);\n',
  },
  {
    name: "Hono and zod",
    cold: 1_000,
    warm: 300,
    module: 'import { Hono } from "hono";\nimport { z } from "zod";\n' +
      'export default new Hono().get("/", (c) => c.text(z.string().parse("answer")));\n',
  },
  {
    name: "Express",
    cold: null,
    warm: Infinity,
    module: 'import express from "express";\nexport default () => new Response(typeof express);\n',
  },
  {
    name: "oak",
    cold: null,
    warm: Infinity,
    module: 'import { Application } from "@oakserver/oak";\nexport default () => new Response(typeof Application);\n',
  },
];

/** Runs it. */
export async function benchLoad(): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "stackd bench " });
  const path = (name: string) => `${directory}/${name.replaceAll(" ", "-")}.ts`;
  try {
    Deno.writeTextFileSync(`${directory}/package.json`, "{}");
    Deno.writeTextFileSync(`${directory}/answer.ts`, 'export const answer: string = "answer";\n');
    for (const { name, module } of CONTESTANTS) Deno.writeTextFileSync(path(name), module);
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...PACKAGES];
    await new Deno.Command("npm", { args, cwd: directory, stdin: "null", stdout: "null" }).output();
    const floor = await compileFloor(directory);
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    console.log("from exec, ms".padEnd(44), "fastest  median  slowest  limit");
    print("a program of Deno's that does nothing", await times(() => nothing(floor)), null);
    print("two of them, the second answers", await times(() => firstAnswer(floor, directory, [])), null);
    for (const { name, cold, warm } of CONTESTANTS) {
      const start = (cache: string) => firstAnswer(BINARY, directory, [...OPTIONS, "--code-cache", cache, path(name)]);
      print(name, await times(() => start("off")), cold);
      if (warm === null) continue;
      await start(`${directory}/cache`);
      print(`${name}, warm`, await times(() => start(`${directory}/cache`)), warm === Infinity ? null : warm);
    }
    let round = 0;
    print("--watch, a change 3 imports deep", await times(() => afterChange(directory, round++)), 1_000);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

async function times(measure: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await measure());
  return times.sort((a, b) => a - b);
}

function print(name: string, times: readonly number[], limit: number | null): void {
  const [fastest = 0] = times, median = times[times.length >> 1] ?? 0, slowest = times.at(-1) ?? 0;
  const figures = [fastest, median, slowest].map((ms) => ms.toFixed(0).padStart(7));
  console.log(name.padEnd(44), figures.join(" "), String(limit ?? "").padStart(8));
}

async function nothing(program: string): Promise<number> {
  const begun = performance.now();
  await new Deno.Command(program, { args: ["nothing"], stdin: "null" }).spawn().status;
  return performance.now() - begun;
}

async function firstAnswer(program: string, directory: string, args: readonly string[]): Promise<number> {
  const socket = `${directory}/x.sock`;
  if (program !== BINARY) await Deno.remove(socket).catch(() => {}); // it leaves its own behind
  const begun = performance.now();
  const started = start(program, ["--socket", socket, ...args]);
  await answer(socket, (text) => text.includes("answer") || text.includes("function"));
  const took = performance.now() - begun;
  await stop(started);
  return took;
}

async function afterChange(directory: string, round: number): Promise<number> {
  const write = (name: string, text: string) => Deno.writeTextFileSync(`${directory}/${name}.ts`, text);
  write("w0", 'import { a } from "./w1.ts";\nexport default () => new Response(a);\n');
  write("w1", 'export { a } from "./w2.ts";\n');
  write("w2", 'export { a } from "./w3.ts";\n');
  write("w3", 'export const a = "old";\n');
  const socket = `${directory}/w.sock`;
  const gateway = start(BINARY, [...OPTIONS, "--watch", "--socket", socket, `${directory}/w0.ts`]);
  await answer(socket, (text) => text.endsWith("old"));
  const begun = performance.now();
  write("w3", `export const a = "new ${round}";\n`);
  await answer(socket, (text) => text.endsWith(`new ${round}`));
  const took = performance.now() - begun;
  await stop(gateway);
  return took;
}

function start(program: string, args: readonly string[]): Deno.ChildProcess {
  const all = ["gateway", ...args];
  return new Deno.Command(program, { args: all, stdin: "null", stdout: "null", stderr: "null" }).spawn();
}

async function stop(gateway: Deno.ChildProcess): Promise<void> {
  gateway.kill("SIGINT");
  await gateway.status;
}

/** Asks until an answer is right; by hand, because what asks shares the processors with what is measured. */
async function answer(socket: string, isRight: (text: string) => boolean): Promise<void> {
  while (!isRight(await ask(socket).catch(() => ""))) await new Promise((resolve) => setTimeout(resolve, INTERVAL));
}

/** A whole response as it came. */
async function ask(path: string): Promise<string> {
  using conn = await Deno.connect({ transport: "unix", path });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  const decoder = new TextDecoder(), chunk = new Uint8Array(4_096);
  let text = "";
  for (let count; (count = await conn.read(chunk)) !== null;) text += decoder.decode(chunk.subarray(0, count));
  return text;
}
