/**
 * `deno task bench load`: from the start of the program to the first answer, for handlers with more and more packages; and under --watch,
 * from a change to the answer of the new code.
 *
 * @module
 */
import { resolve } from "@std/path";

const BINARY = Deno.env.get("STACKD_BINARY") ?? resolve("dist/stackd");
const ROUNDS = 11;
const PACKAGES = ["hono@4.13.19", "zod@4.6.7", "express@5.3.0", "@oakserver/oak@14.1.0"];
/** How often an answer is asked for, ms. */
const INTERVAL = 1;

/** A handler, and how long its first answer may take, ms. */
interface Contestant {
  readonly name: string;
  readonly limit: number | null;
  readonly module: string;
}

const CONTESTANTS: readonly Contestant[] = [
  {
    name: "plain TypeScript",
    limit: 150,
    module: 'import { answer } from "./answer.ts";\nexport default (): Response => new Response(answer);\n',
  },
  {
    name: "Hono and zod",
    limit: 300,
    module: 'import { Hono } from "hono";\nimport { z } from "zod";\n' +
      'export default new Hono().get("/", (c) => c.text(z.string().parse("answer")));\n',
  },
  {
    name: "Express",
    limit: null,
    module: 'import express from "express";\nexport default () => new Response(typeof express);\n',
  },
  {
    name: "oak",
    limit: null,
    module: 'import { Application } from "@oakserver/oak";\nexport default () => new Response(typeof Application);\n',
  },
];

/** Runs it. */
export async function benchLoad(): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "stackd bench " });
  try {
    Deno.writeTextFileSync(`${directory}/package.json`, "{}");
    Deno.writeTextFileSync(`${directory}/answer.ts`, 'export const answer: string = "answer";\n');
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...PACKAGES];
    await new Deno.Command("npm", { args, cwd: directory, stdin: "null", stdout: "null" }).output();
    console.log("from exec to the first answer, ms".padEnd(36), "fastest  median  slowest  limit");
    for (const { name, limit, module } of CONTESTANTS) {
      const path = `${directory}/${name.replaceAll(" ", "-")}.ts`;
      Deno.writeTextFileSync(path, module);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) times.push(await firstAnswer(directory, path));
      print(name, times, limit);
    }
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await afterChange(directory, round));
    print("--watch, a change 3 imports deep", times, 1_000);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function print(name: string, times: number[], limit: number | null): void {
  times.sort((a, b) => a - b);
  const [fastest = 0] = times, median = times[times.length >> 1] ?? 0, slowest = times.at(-1) ?? 0;
  const figures = [fastest, median, slowest].map((ms) => ms.toFixed(0).padStart(7));
  console.log(name.padEnd(36), figures.join(" "), String(limit ?? "").padStart(8));
}

async function firstAnswer(directory: string, module: string): Promise<number> {
  const socket = `${directory}/x.sock`;
  const begun = performance.now();
  const gateway = start(["--socket", socket, module]);
  await answer(socket, () => true);
  const took = performance.now() - begun;
  await stop(gateway);
  return took;
}

async function afterChange(directory: string, round: number): Promise<number> {
  const write = (name: string, text: string) => Deno.writeTextFileSync(`${directory}/${name}.ts`, text);
  write("w0", 'import { a } from "./w1.ts";\nexport default () => new Response(a);\n');
  write("w1", 'export { a } from "./w2.ts";\n');
  write("w2", 'export { a } from "./w3.ts";\n');
  write("w3", 'export const a = "old";\n');
  const socket = `${directory}/w.sock`;
  const gateway = start(["--watch", "--socket", socket, `${directory}/w0.ts`]);
  await answer(socket, (text) => text === "old");
  const begun = performance.now();
  write("w3", `export const a = "new ${round}";\n`);
  await answer(socket, (text) => text.startsWith("new"));
  const took = performance.now() - begun;
  await stop(gateway);
  return took;
}

function start(args: readonly string[]): Deno.ChildProcess {
  const all = ["gateway", "--access-log", "off", ...args];
  return new Deno.Command(BINARY, { args: all, stdin: "null", stdout: "null", stderr: "null" }).spawn();
}

async function stop(gateway: Deno.ChildProcess): Promise<void> {
  gateway.kill("SIGINT");
  await gateway.status;
}

/** Asks until an answer is right. */
async function answer(socket: string, isRight: (text: string) => boolean): Promise<void> {
  for (;;) {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const text = await fetch("http://localhost/", { client }).then((response) => response.text(), () => null);
    if (text !== null && isRight(text)) return;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
